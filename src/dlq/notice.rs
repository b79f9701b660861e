//! The words of a notice about dead letters.

use crate::domain::message::plain_text;
use crate::domain::notice::Notice;
use crate::domain::order::short_hash;
use crate::domain::time::Time;
use crate::edge::store::dead_letters::DeadLetter;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Letters of one notice: 200 × (ids of 128 each, a reason of 255 characters of up to
/// four bytes, three times) stay below the 256 KiB that SNS takes.
pub(super) const LETTERS_MAX: u32 = 200;

/// Longest reason that is shown: what the ledger keeps.
const REASON_CHARACTERS_MAX: usize = 255;

/// Where letters whereabouts.
#[derive(Clone, Copy)]
pub(super) struct Whereabouts<'a> {
    /// In this queue.
    pub(super) queue_arn: &'a str,
    /// Beside so many that nobody can look at.
    pub(super) behind: u64,
    /// The namespace of the release that says so, where it is known.
    pub(super) namespace: Option<&'a str>,
}

/// One notice for these letters, grouped by reason, and its stable id.
pub(super) fn compose(letters: &[DeadLetter], whereabouts: &Whereabouts<'_>) -> (String, Notice) {
    let id = id(letters);
    let (count, messages) = counted(letters);
    let attributes = [
        ("NoticeKind", "dead-letter".to_owned()),
        ("NoticeCount", count.to_string()),
        ("NoticeId", id.clone()),
    ];
    let notice = Notice {
        subject: format!(
            "[restock] {count} dead {messages}{}: could not become an order",
            again(letters)
        ),
        text: text(letters, whereabouts, &id),
        attributes: attributes
            .map(|(key, value)| (key.to_owned(), value))
            .into(),
    };
    (id, notice)
}

/// The same letters give the same id, in whatever order they come.
fn id(letters: &[DeadLetter]) -> String {
    let mut keys: Vec<String> = letters
        .iter()
        .map(|letter| format!("{}/{}", letter.request_id, letter.message_id))
        .collect();
    keys.sort_unstable();
    short_hash(keys.join("\n").as_bytes())
}

fn counted(letters: &[DeadLetter]) -> (usize, &'static str) {
    let count = letters.len();
    (count, if count == 1 { "message" } else { "messages" })
}

/// How many of them died before, if any.
fn again(letters: &[DeadLetter]) -> String {
    match letters.iter().filter(|one| one.died_before > 0).count() {
        0 => String::new(),
        count => format!(" ({count} again)"),
    }
}

fn text(letters: &[DeadLetter], whereabouts: &Whereabouts<'_>, id: &str) -> String {
    let (count, messages) = counted(letters);
    let Whereabouts {
        queue_arn, behind, ..
    } = whereabouts;
    let of_release = whereabouts.namespace.map(|name| format!(" -n {name}"));
    let of_release = of_release.unwrap_or_default();
    let mut text = format!(
        "What      {count} {messages} could not become a restock request{}. Kept in\n          \
         {queue_arn}\n\
         Next      Mend what each reason names: the sender, or the mapping. Look at one, then\n          \
         send all or some back, or throw some away (docs/runbook.md, dead-letter):\n          \
         kubectl restock dlq show ID{of_release}\n          \
         kubectl restock dlq redrive --all{of_release}\n          \
         kubectl restock dlq redrive ID{of_release}\n          \
         kubectl restock dlq discard ID{of_release} --because TEXT --save FILE\n\
         Notice id {id} (the same if this is repeated)\n",
        again(letters)
    );
    if *behind > 0 {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "More      and about {behind} more that cannot be looked at: they stand behind others\n          \
             of their message groups. Send those back or discard them first"
        );
    }
    for (reason, letters) in by_reason(letters) {
        let reason = plain_text(reason, REASON_CHARACTERS_MAX);
        let _ = writeln!(text, "\n{}: {reason}", times(letters.len()));
        for letter in letters {
            text.push_str(&line(letter));
        }
    }
    text
}

/// A letter, with its first and its last time.
fn line(letter: &DeadLetter) -> String {
    let message = plain_text(&letter.message_id, REASON_CHARACTERS_MAX);
    let again = match letter.died_before {
        0 => String::new(),
        before => format!(", again (death {})", u64::from(before) + 1),
    };
    format!(
        "  {} message {message} sent {}, first seen {}, last seen {}{again}\n",
        letter.request_id,
        utc(letter.sent_at.unwrap_or(letter.first_seen_at)),
        utc(letter.first_died_at.unwrap_or(letter.first_seen_at)),
        utc(letter.last_seen_at)
    )
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        _ => format!("{count} times"),
    }
}

/// The most frequent reason first.
fn by_reason(letters: &[DeadLetter]) -> Vec<(&str, Vec<&DeadLetter>)> {
    let mut groups: BTreeMap<&str, Vec<&DeadLetter>> = BTreeMap::new();
    for letter in letters {
        groups.entry(&letter.reason).or_default().push(letter);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, letters)| std::cmp::Reverse(letters.len()));
    groups
}

/// To the second: nobody compares dead letters by less.
fn utc(time: Time) -> String {
    let second = time.as_micros().div_euclid(1_000_000);
    Timestamp::from_second(second)
        .map(|time| time.to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::RequestId;

    fn letter(number: u32, reason: &str) -> DeadLetter {
        DeadLetter {
            request_id: RequestId::parse(&format!("request-{number}")).unwrap(),
            message_id: format!("message-{number}"),
            reason: reason.to_owned(),
            sent_at: Some(Time::from_micros(0)),
            first_seen_at: Time::default(),
            last_seen_at: Time::default(),
            times_seen: 1,
            died_before: 0,
            first_died_at: None,
        }
    }

    fn whereabouts(behind: u64) -> Whereabouts<'static> {
        Whereabouts {
            queue_arn: "arn:aws:sqs:eu-central-1:123456789012:dead",
            behind,
            namespace: Some("restock"),
        }
    }

    #[test]
    fn letters_are_counted_by_reason_and_every_one_is_listed() {
        let letters = [
            letter(1, "no\r\nBcc: x\u{202e}"),
            letter(2, "why"),
            letter(3, "why"),
        ];
        let (id, notice) = compose(&letters, &whereabouts(0));
        assert!(!notice.text.contains("More"));
        // A move by SQS alone takes from a letter the id that only SQS gave it.
        assert!(!notice.text.contains("aws sqs"), "{}", notice.text);
        for command in ["show ID", "redrive --all", "redrive ID", "discard ID"] {
            let command = format!("\n          kubectl restock dlq {command} -n restock");
            assert!(notice.text.contains(&command), "{}", notice.text);
        }
        assert_eq!(
            notice.subject,
            "[restock] 3 dead messages: could not become an order"
        );
        let twice = notice.text.find("\n2 times: why\n").unwrap();
        let once = notice.text.find("\nonce: noBcc: x\n").unwrap();
        assert!(twice < once);
        for number in 1..=3 {
            let line = format!(
                "request-{number} message message-{number} sent 1970-01-01T00:00:00Z, first seen \
                 1970-01-01T00:00:00Z, last seen 1970-01-01T00:00:00Z\n"
            );
            assert!(notice.text.contains(&line), "{}", notice.text);
        }
        assert_eq!(notice.attributes["NoticeId"], id);
        let mut reversed = letters.to_vec();
        reversed.reverse();
        let (repeated, notice) = compose(&reversed, &whereabouts(12));
        assert_eq!(repeated, id);
        assert!(
            notice
                .text
                .contains("\nMore      and about 12 more that cannot be looked at")
        );
    }

    #[test]
    fn what_died_before_is_told_as_again() {
        let again = DeadLetter {
            died_before: 2,
            first_seen_at: Time::from_micros(9_000_000),
            last_seen_at: Time::from_micros(9_000_000),
            first_died_at: Some(Time::from_micros(1_000_000)),
            ..letter(1, "why")
        };
        let (_, notice) = compose(&[again, letter(2, "why")], &whereabouts(0));
        assert_eq!(
            notice.subject,
            "[restock] 2 dead messages (1 again): could not become an order"
        );
        let line = "first seen 1970-01-01T00:00:01Z, last seen 1970-01-01T00:00:09Z, again \
                    (death 3)\n";
        assert!(notice.text.contains(line), "{}", notice.text);
    }

    #[test]
    fn the_longest_notice_is_taken_by_sns() {
        let letters: Vec<_> = (0..LETTERS_MAX)
            .map(|n| DeadLetter {
                died_before: u32::MAX,
                ..letter(n, &"글".repeat(255))
            })
            .collect();
        let namespace = "n".repeat(63);
        let whereabouts = Whereabouts {
            namespace: Some(&namespace),
            ..whereabouts(9)
        };
        let (_, notice) = compose(&letters, &whereabouts);
        assert!(notice.text.len() < crate::edge::sns::MESSAGE_BYTES_MAX);
    }
}
