//! What was found, in 80 columns: what needs a person first, and what is as it should be counted.

use super::finding::{Answer, Finding, Verdict};
use crate::plugin::roles::Part;
use crate::process::columns::wrapped;

/// Columns before what is said: an indent, the longest verdict and a gap.
const INDENT: usize = 9;

/// A paragraph for each role; `whole` has every line.
pub(super) fn lines(answers: &[Answer], whole: bool) -> String {
    let paragraphs: Vec<String> = answers.iter().map(|one| paragraph(one, whole)).collect();
    paragraphs.join("\n")
}

fn paragraph(answer: &Answer, whole: bool) -> String {
    let mut text = format!("{}\n", heading(answer));
    let findings = answer.findings.iter();
    let mut shown: Vec<&Finding> = findings
        .filter(|one| whole || one.verdict != Verdict::Ok)
        .collect();
    // Of one verdict, in the order in which it was looked.
    shown.sort_by_key(|one| one.verdict);
    for one in shown {
        let said = wrapped(&format!("{}: {}", one.what, one.text), INDENT);
        text.push_str(&format!("  {:5}  {said}\n", word(one.verdict)));
    }
    text
}

fn heading(answer: &Answer) -> String {
    let version = answer.version.as_deref();
    let version = version.map_or_else(
        || "no answer".to_owned(),
        |version| format!("version {version}"),
    );
    let counts = [
        (answer.wrong(), "wrong"),
        (answer.count(Verdict::Note), "to note"),
        (answer.count(Verdict::Ok), "ok"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let Part {
        namespace,
        release,
        role,
    } = &answer.part;
    let of = release.as_ref().map(|release| format!(" of {release}"));
    wrapped(
        &format!(
            "{role}{} in namespace {namespace}, {version}: {}",
            of.unwrap_or_default(),
            counts.join(", ")
        ),
        0,
    )
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Wrong => "WRONG",
        Verdict::Note => "note",
        Verdict::Ok => "ok",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_comes_first_and_what_is_good_is_counted() {
        let answer = Answer {
            part: Part {
                namespace: "restock".to_owned(),
                release: Some("shop".to_owned()),
                role: "dlq".to_owned(),
            },
            service: Some("shop-dlq-read".to_owned()),
            version: Some("1.2.3".to_owned()),
            findings: vec![
                Finding::good("pods", "1 of 1"),
                Finding::note("notices", "better"),
                Finding::wrong("queue", "word ".repeat(30)),
            ],
        };
        let answers = [answer];
        let text = lines(&answers, false);
        let first = "dlq of shop in namespace restock, version 1.2.3: 1 wrong, 1 to note, 1 ok\n  WRONG  queue: word";
        assert!(text.starts_with(first), "{text}");
        assert!(text.ends_with("\n  note   notices: better\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert!(lines(&answers, true).ends_with("\n  ok     pods: 1 of 1\n"));
    }
}
