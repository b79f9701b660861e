//! The words of a notice: plain text that says what happened and what to do next.
//!
//! Whatever strangers may have written is made harmless here, so that no caller has to
//! remember it: a notice is read in mail clients and terminals.

use super::Subject;
use super::parts::{commands, factory, name, object, ordered, sentence, time, wanted, word};
use super::words::{next_step, what_happened};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Subjects of one notice. The longest text is then 180 × (a name of 253 bytes, four words
/// of 128, a sentence of 480 and 100 around them) = 242 kB, and SNS takes 256 KiB.
pub const SUBJECTS_MAX: usize = 180;

/// Longest sentence about one of many; a character is up to four bytes.
const SUMMARY_CHARACTERS_MAX: usize = 120;

/// Longest sentence about one alone: what a status holds.
const SENTENCE_CHARACTERS_MAX: usize = 1024;

/// Longest subject that SNS takes.
const SUBJECT_CHARACTERS_MAX: usize = 99;

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// One line of at most 99 printable ASCII characters.
    pub subject: String,
    /// Plain text of many lines.
    pub text: String,
    /// For filters and machines; no value is empty.
    pub attributes: BTreeMap<String, String>,
}

/// The notice about these subjects, of one kind, cause and Factory: the first one speaks
/// for all. Those beyond [`SUBJECTS_MAX`] are not in it.
pub fn compose(subjects: &[Subject]) -> Notice {
    let subjects = &subjects[..subjects.len().min(SUBJECTS_MAX)];
    match subjects {
        [] => Notice {
            subject: "[restock] nothing to tell".to_owned(),
            text: String::new(),
            attributes: BTreeMap::new(),
        },
        [one] => Notice {
            subject: headline(&format!("{} {}", one.kind.word(), name(one)), one),
            text: single(one),
            attributes: attributes(one, 1),
        },
        [first, ..] => {
            let count = subjects.len();
            let what = format!("{} requests {}", count, first.kind.word());
            Notice {
                subject: headline(&what, first),
                text: summary(first, subjects),
                attributes: attributes(first, count),
            }
        }
    }
}

/// The cause comes before the Factory: it is what a cut must not take away.
fn headline(what: &str, of: &Subject) -> String {
    let at = match &of.factory {
        Some(factory) => format!(" at {}", word(factory)),
        None => String::new(),
    };
    let line = format!("[restock] {what}: {}{at}", word(of.cause));
    line.chars().take(SUBJECT_CHARACTERS_MAX).collect()
}

fn single(of: &Subject) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{label:<9} {value}");
    };
    line("What", what_happened(of.kind));
    line("Cause", &word(of.cause));
    line("Message", &sentence(&of.message, SENTENCE_CHARACTERS_MAX));
    line("Object", &object(of));
    line("Request", of.request_id.as_str());
    line("Product", &wanted(of));
    line("Factory", &factory(of));
    if let Some(ordered) = ordered(of) {
        line("Ordered", &ordered);
    }
    line("Since", &time(of.at));
    line("Next", next_step(of));
    for command in commands(of, &name(of), &word(&of.namespace)) {
        line("", &command);
    }
    line(
        "Notice id",
        &format!("{} (the same if this is repeated)", word(&of.notice_id)),
    );
    text
}

fn summary(first: &Subject, subjects: &[Subject]) -> String {
    let mut text = format!(
        "What      {} times: {}\nCause     {}\nFactory   {}\nNext      {}\n",
        subjects.len(),
        what_happened(first.kind),
        word(first.cause),
        factory(first),
        next_step(first),
    );
    for command in commands(first, "NAME", "NAMESPACE") {
        let _ = writeln!(text, "          {command}");
    }
    text.push_str("\nNotice id, namespace/name, product, since (an id is the same if repeated):\n");
    for of in subjects {
        let _ = writeln!(
            text,
            "\n{} {} {} {}\n  {}",
            word(&of.notice_id),
            object(of),
            wanted(of),
            time(of.at),
            sentence(&of.message, SUMMARY_CHARACTERS_MAX),
        );
        if let Some(ordered) = ordered(of) {
            let _ = writeln!(text, "  Ordered {ordered}");
        }
    }
    text
}

fn attributes(of: &Subject, count: usize) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::from([
        ("NoticeKind".to_owned(), of.kind.word().to_owned()),
        ("NoticeCount".to_owned(), count.to_string()),
        ("Cause".to_owned(), word(of.cause)),
    ]);
    if count == 1 {
        attributes.insert("NoticeId".to_owned(), word(&of.notice_id));
        attributes.insert("RequestId".to_owned(), of.request_id.to_string());
    }
    if let Some(factory) = &of.factory {
        attributes.insert("Factory".to_owned(), word(factory));
    }
    // SNS refuses an attribute without a value, and the whole notice with it.
    attributes.retain(|_, value| !value.is_empty());
    attributes
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use crate::domain::message::plain_text;
    use crate::domain::notice::id;
    use crate::domain::order::RequestId;
    use crate::domain::time::Time;

    /// What strangers try: line breaks, terminal sequences, hidden and reordering
    /// characters, the longest letters.
    const HOSTILE: [&str; 8] = [
        "a\r\nBcc: all@example.com\r\n\r\nbody",
        "\u{1b}[2J\u{1b}]0;title\u{7}red",
        "invoice\u{202e}fdp.exe\u{2066}x\u{2069}",
        "zero\u{200b}width\u{feff}",
        "nul\0 and \u{85} and \u{2028}line",
        "\u{e0041}tag",
        "글레이즈드 도넛이 모두 팔렸습니다",
        "🍩",
    ];

    fn subject(message: &str) -> Subject {
        let request_id = RequestId::parse("abcdefghij2345672345").unwrap();
        Subject {
            notice_id: id(&request_id, Kind::Failed, 1),
            kind: Kind::Failed,
            name: request_id.object_name(),
            request_id,
            namespace: "shop".to_owned(),
            factory: Some("seoul".to_owned()),
            cause: "CallbackOverdue",
            product: "CP-502101".to_owned(),
            quantity: Some(7),
            ordered_at: Some(Time::from_micros(1_767_323_000_000_000)),
            order_id: Some("4b215eb7".to_owned()),
            message: message.to_owned(),
            at: Time::from_micros(1_767_323_045_678_901),
        }
    }

    /// The same text everywhere that takes any text.
    fn hostile(text: &str) -> Subject {
        Subject {
            notice_id: text.to_owned(),
            namespace: text.to_owned(),
            name: text.to_owned(),
            factory: Some(text.to_owned()),
            product: text.to_owned(),
            quantity: Some(u32::MAX),
            order_id: Some(text.to_owned()),
            ..subject(text)
        }
    }

    fn assert_harmless(notice: &Notice, of: &str) {
        let subject = &notice.subject;
        assert!(
            subject.len() <= SUBJECT_CHARACTERS_MAX,
            "{of:?}: {subject:?}"
        );
        let printable = |c: char| c.is_ascii_graphic() || c == ' ';
        assert!(subject.chars().all(printable), "{of:?}: {subject:?}");
        for line in notice.text.lines() {
            assert_eq!(line.trim(), plain_text(line, usize::MAX), "{of:?}");
        }
        for value in notice.attributes.values() {
            assert!(
                !value.is_empty() && value.chars().all(printable),
                "{of:?}: {value:?}"
            );
        }
    }

    #[test]
    fn who_ordered_nothing_is_told_to_order_again() {
        let of = |cause| Subject {
            cause,
            ..subject("Why.")
        };
        for cause in [
            "Refused",
            "Invalid",
            "FactoryUnreachable",
            "FactoryThrottled",
        ] {
            let text = compose(&[of(cause)]).text;
            assert!(text.contains("Its last attempt ordered nothing."), "{text}");
            let retry = "kubectl restock retry rr-abcdefghij2345672345 -n shop --reason TEXT";
            assert!(text.contains(retry), "{text}");
        }
        for cause in ["OrderOutcomeUnknown", "AttemptsExhausted", "Duplicate"] {
            let text = compose(&[of(cause)]).text;
            assert!(text.contains("If goods still come"), "{text}");
        }
    }

    #[test]
    fn one_notice_says_what_happened_and_what_to_do() {
        let notice = compose(&[subject("No callback came within 5 m.")]);
        assert_eq!(
            notice.subject,
            "[restock] failed rr-abcdefghij2345672345: CallbackOverdue at seoul"
        );
        for part in [
            "CallbackOverdue\n",
            "No callback came within 5 m.\n",
            "shop/rr-abcdefghij2345672345\n",
            "CP-502101 x 7\n",
            "Ordered   2026-01-02T03:03:20Z, as 4b215eb7\n",
            "2026-01-02T03:04:05Z\n",
            "kubectl describe rr rr-abcdefghij2345672345 -n shop\n",
        ] {
            assert!(notice.text.contains(part), "{part:?} in\n{}", notice.text);
        }
        assert!(notice.text.contains(&subject("").notice_id));
        assert_eq!(notice.attributes["NoticeId"], subject("").notice_id);
        assert_eq!(notice.attributes["NoticeKind"], "failed");
    }

    #[test]
    fn a_deleted_object_is_not_to_be_described() {
        let gone = Subject {
            kind: Kind::Gone,
            ..subject("overdue")
        };
        assert!(
            !compose(std::slice::from_ref(&gone))
                .text
                .contains("kubectl describe")
        );
        assert!(
            !compose(&[gone.clone(), gone])
                .text
                .contains("kubectl describe")
        );
    }

    #[test]
    fn a_summary_lists_every_id() {
        let many: Vec<Subject> = (0..SUBJECTS_MAX)
            .map(|number| Subject {
                notice_id: format!("id-{number}-end"),
                ..subject("late")
            })
            .collect();
        let notice = compose(&many);
        assert_eq!(
            notice.subject,
            "[restock] 180 requests failed: CallbackOverdue at seoul"
        );
        for one in &many {
            assert!(notice.text.contains(&one.notice_id), "{}", one.notice_id);
        }
        assert_eq!(notice.attributes["NoticeCount"], "180");
        assert!(!notice.attributes.contains_key("NoticeId"));
    }

    #[test]
    fn text_of_strangers_can_neither_break_lines_nor_hide_anything() {
        for text in HOSTILE {
            let one = hostile(text);
            assert_harmless(&compose(std::slice::from_ref(&one)), text);
            assert_harmless(&compose(&[one.clone(), one]), text);
        }
        let korean = compose(&[subject(HOSTILE[6])]);
        assert!(
            korean.text.contains(HOSTILE[6]),
            "free text may be any language"
        );
    }

    #[test]
    fn the_longest_notice_fits_into_a_publish() {
        let longest: Vec<Subject> = ["a", "🍩"]
            .map(|letter| letter.repeat(4_096))
            .map(|text| hostile(&text))
            .into_iter()
            .cycle()
            .take(SUBJECTS_MAX + 1)
            .map(|of| Subject {
                name: "n".repeat(500),
                product: "p".repeat(500),
                ..of
            })
            .map(|of| Subject {
                message: "🍩".repeat(4_096),
                ..of
            })
            .collect();
        let notice = compose(&longest);
        assert!(
            notice.text.len() < 250 * 1024,
            "{} bytes",
            notice.text.len()
        );
        assert_eq!(notice.attributes["NoticeCount"], SUBJECTS_MAX.to_string());
        let one = compose(&longest[..1]);
        assert!(one.text.len() < 16 * 1024, "{} bytes", one.text.len());
        assert!(one.subject.len() <= SUBJECT_CHARACTERS_MAX);
    }

    #[test]
    fn nothing_to_tell_is_no_panic() {
        assert!(compose(&[]).text.is_empty());
    }
}
