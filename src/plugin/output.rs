//! The forms of an answer.

use super::failure::Failure;
use super::screen;
use serde::Serialize;

/// How to print an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    /// JSON, for programs
    Json,
    /// YAML, for programs and people
    Yaml,
    /// For people, with all columns and nothing left out
    Wide,
    /// Names only, one a line
    Name,
}

/// Kind and group, as kubectl writes them before a name.
pub(super) const NAME_PREFIX: &str = "restockrequest.restock.dev";

/// A request's name, as `-o name` has it.
pub(super) fn full_name(name: &str) -> String {
    format!("{NAME_PREFIX}/{name}")
}

/// Names of requests, a line each.
pub(super) fn print_names<'a>(names: impl Iterator<Item = &'a str>) {
    let lines = names.map(|name| format!("{}\n", full_name(name)));
    screen::print(&lines.collect::<String>());
}

/// Prints what programs read.
pub(super) fn json(answer: &impl Serialize) -> Result<(), Failure> {
    let text = escaped(&json_text(answer)?, |c| {
        let mut units = [0; 2];
        let units = c.encode_utf16(&mut units).iter();
        units.map(|unit| format!("\\u{unit:04x}")).collect()
    });
    screen::print_data(&format!("{text}\n"));
    Ok(())
}

/// Prints what programs and people read.
pub(super) fn yaml(answer: &impl Serialize) -> Result<(), Failure> {
    screen::print_data(&yaml_text(answer)?);
    Ok(())
}

/// The YAML itself. Where a text or a name in it would steer a terminal, it is written as JSON,
/// which is YAML too and has all of them in quotes: only there can they be escapes.
pub(super) fn yaml_text(answer: &impl Serialize) -> Result<String, Failure> {
    let text = serde_saphyr::to_string(answer).map_err(|why| unwritable(&why))?;
    if !text.contains(screen::steers) {
        return Ok(text);
    }
    let escape = |c| format!("\\U{:08X}", u32::from(c));
    Ok(format!("{}\n", escaped(&json_text(answer)?, escape)))
}

fn json_text(answer: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(answer).map_err(|why| unwritable(&why))
}

/// What steers a terminal stands only in texts: JSON itself has none of it.
fn escaped(json: &str, escape: impl Fn(char) -> String) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match screen::steers(c) {
            true => text.push_str(&escape(c)),
            false => text.push(c),
        }
    }
    text
}

fn unwritable(why: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        format!("the answer cannot be written: {why}"),
        "Ask without -o.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// Such as a reader of YAML may take for something else, or a terminal too.
    const HOSTILE: [&str; 68] = [
        "",
        " ",
        "yes",
        "no",
        "on",
        "~",
        "null",
        "true",
        "1e3",
        "0x1f",
        "0o7",
        "1_000",
        "012",
        ".inf",
        "1:30",
        "2026-11-26",
        "=",
        "<<",
        "- a",
        "a: b",
        "a #b",
        "#",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%",
        "@",
        "`",
        "'",
        "\"",
        "\\",
        "\\u202e",
        "---",
        "...",
        "\0",
        "a\0b",
        "\u{7}",
        "\u{1b}[31mred",
        "\u{9b}2J",
        "\u{7f}",
        "\r",
        "a\r\nb",
        "\n",
        "a\n",
        "a\n\n",
        "\na",
        " a\n  b",
        "a \nb\t\n",
        "\t",
        "a\tb",
        "\u{85}",
        "\u{2028}",
        "a\u{2029}b",
        "\u{feff}",
        "a\u{202e}b",
        "\u{200b}yes",
        "yes\u{200b}",
        "1\u{2066}",
        "\u{ad}",
        "\u{e0001}",
        "\u{fdd0}",
        "\u{ffff}",
        "\u{10ffff}",
        "재고 부족",
        "👨\u{200d}👩",
        "\u{202e}\": 1, \"a",
    ];

    /// Whoever reads it reads what was written, and the terminal shows all of it.
    fn comes_back(value: &Value) {
        let yaml = yaml_text(value).unwrap();
        assert!(!yaml.contains(screen::steers), "{yaml:?}");
        let back: Value = serde_saphyr::from_str(&yaml).unwrap_or_else(|why| {
            panic!("{yaml:?} of {value:?}: {why}");
        });
        assert_eq!(back, *value, "{yaml:?}");
    }

    #[test]
    fn hostile_texts_keep_their_type_and_their_place() {
        for text in HOSTILE {
            let long = format!("{text} {}{text}", "word ".repeat(40));
            for text in [text, long.as_str()] {
                comes_back(&json!({ text: text, "list": [text, { text: 1 }], "n": 1e3 }));
                comes_back(&json!(text));
            }
        }
        comes_back(&json!([
            u64::MAX,
            i64::MIN,
            0.1,
            true,
            null,
            [],
            {},
            [[]],
            [{}]
        ]));
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read(name in any::<String>(), text in any::<String>()) {
            comes_back(&json!({ name: [text] }));
        }
    }
}
