//! Columns and paragraphs for a terminal of 80 columns.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns of the narrowest terminal that people use.
pub(crate) const COLUMNS: usize = 80;

/// Blanks between two columns.
const GAP: &str = "  ";

/// The table with its heading; each column is as wide as its widest cell.
pub(crate) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = heading
        .iter()
        .enumerate()
        .map(|(column, title)| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| cell.width())
                .fold(title.width(), usize::max)
        })
        .collect();
    let heading: Vec<String> = heading.iter().map(|title| (*title).to_owned()).collect();
    let lines = std::iter::once(&heading).chain(rows);
    lines.map(|cells| line(cells, &widths)).collect()
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, columns)| {
        // Padded by what is seen: a wide letter takes two columns.
        let blanks = columns.saturating_sub(cell.width());
        format!("{cell}{}", " ".repeat(blanks))
    });
    let line = padded.collect::<Vec<_>>().join(GAP);
    format!("{}\n", line.trim_end())
}

/// The text in lines that, behind `indent` blanks, fit into [`COLUMNS`]. A word that is
/// longer stays whole, and so does what stands in backticks, so that a command can be copied.
pub(crate) fn wrapped(text: &str, indent: usize) -> String {
    let room = COLUMNS.saturating_sub(indent);
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in words(text) {
        if !line.is_empty() && line.width() + 1 + word.width() > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// What may stand on a line of its own; one blank between the words of a command.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        match words.last_mut() {
            Some(command) if is_open => {
                command.push(' ');
                command.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        let is_odd = word.matches('`').count() % 2 == 1;
        // A backtick without its fellow is a letter like any other.
        is_open = is_odd != is_open && (is_open || behind.contains('`'));
        rest = behind.trim_start();
    }
    words
}

/// The text, cut so that it takes so many columns at most.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut taken = "…".width();
    let fits = |letter: &char| {
        taken += letter.width().unwrap_or_default();
        taken <= columns
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
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
    fn a_command_is_on_one_line_and_a_lonely_backtick_holds_nothing_together() {
        let command = format!("`kubectl {}`", ["word"; 30].join(" "));
        let text = wrapped(&format!("Say {command}, or not. {}", "word ".repeat(20)), 7);
        assert!(text.contains(&format!("\n       {command},")), "{text}");
        let lonely = wrapped(&format!("a ` b {}", "word ".repeat(40)), 0);
        assert!(lonely.lines().all(|line| line.len() <= COLUMNS), "{lonely}");
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
        assert_eq!(cut("재고 담당자", 6), "재고…");
    }
}
