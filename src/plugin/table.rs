//! Columns and paragraphs for a terminal of 80 columns.

/// Columns of the narrowest terminal that people use.
pub(super) const COLUMNS: usize = 80;

/// Blanks between two columns.
const GAP: &str = "  ";

/// The table with its heading; each column is as wide as its widest cell.
pub(super) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = heading
        .iter()
        .enumerate()
        .map(|(column, title)| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| width(cell)).fold(width(title), usize::max)
        })
        .collect();
    let heading: Vec<String> = heading.iter().map(|title| (*title).to_owned()).collect();
    let lines = std::iter::once(&heading).chain(rows);
    lines.map(|cells| line(cells, &widths)).collect()
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, columns)| {
        // Padded by what is seen: a wide letter takes two columns.
        let blanks = columns.saturating_sub(width(cell));
        format!("{cell}{}", " ".repeat(blanks))
    });
    let line = padded.collect::<Vec<_>>().join(GAP);
    format!("{}\n", line.trim_end())
}

/// The text in lines that, behind `indent` blanks, fit into [`COLUMNS`]. A word that is
/// longer stays whole, so that it can be copied.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    let room = COLUMNS.saturating_sub(indent);
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// The text, cut so that it takes so many columns at most.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        if width(&kept) + letter_width(letter) + 1 > columns {
            break;
        }
        kept.push(letter);
    }
    format!("{kept}…")
}

fn width(text: &str) -> usize {
    text.chars().map(letter_width).sum()
}

/// Hangul, kana, CJK and full-width forms take two columns (Unicode UAX #11, the blocks
/// that are wide throughout).
const fn letter_width(letter: char) -> usize {
    match letter {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_in_korean_too() {
        let rows = [
            vec!["재고".to_owned(), "1".to_owned()],
            vec!["abcde".to_owned(), "2".to_owned()],
        ];
        assert_eq!(
            table(&["WHO", "N"], &rows),
            "WHO    N\n재고   1\nabcde  2\n"
        );
    }

    #[test]
    fn paragraphs_fit_behind_their_indent() {
        let text = wrapped(&"word ".repeat(40), 30);
        assert!(
            text.lines()
                .skip(1)
                .all(|line| line.starts_with(&" ".repeat(30)))
        );
        assert!(text.lines().skip(1).all(|line| line.len() <= COLUMNS));
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("재고 담당자", 6), "재고 …");
    }
}
