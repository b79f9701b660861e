//! Free text of strangers, made safe to show.

/// The text without what could break a line, hide or reorder what is shown, and without
/// blanks at its ends; at most `characters_max` characters of it.
pub fn plain_text(text: &str, characters_max: usize) -> String {
    let shown: String = text
        .chars()
        .filter(|c| !hides(*c))
        .take(characters_max)
        .collect();
    shown.trim().to_owned()
}

/// Control characters, and the invisible ones that Unicode TR36 names for spoofing:
/// zero-width characters, direction marks, overrides and isolates, tags. And what is no
/// character: SQS takes no message with one in it (AWS: SendMessage, MessageBody).
pub fn hides(c: char) -> bool {
    c.is_control()
        || u32::from(c) & 0xfffe == 0xfffe
        || matches!(c, '\u{fdd0}'..='\u{fdef}')
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
