//! Reads sources as rustfmt leaves them.

use std::fs;
use std::path::{Path, PathBuf};

/// One source file.
pub(crate) struct Source {
    /// From the root of the repository, with `/`.
    pub(crate) path: String,
    /// Its lines, without line ends.
    pub(crate) lines: Vec<String>,
    /// The first line of the test module, or one past the end.
    tests_from: usize,
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a readable source");
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let is_test_module = |pair: &[String]| {
            pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
        };
        let tests_from = lines
            .windows(2)
            .position(is_test_module)
            .unwrap_or(lines.len());
        let path = path
            .strip_prefix(root())
            .expect("a path below the root")
            .to_string_lossy()
            .into_owned();
        Self {
            path,
            lines,
            tests_from,
        }
    }

    /// `domain` for src/domain.rs and everything below src/domain/.
    pub(crate) fn part(&self) -> &str {
        let below = self.path.trim_start_matches("src/");
        below.split(['/', '.']).next().unwrap_or_default()
    }

    /// Lines of the program itself with their numbers: no tests, no comments.
    pub(crate) fn program(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.lines[..self.tests_from].iter().enumerate();
        numbered
            .map(|(index, line)| (index + 1, line.trim()))
            .filter(|(_, line)| !line.starts_with("//"))
    }

    /// Whether this file is one of the places, or below one.
    pub(crate) fn may(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below these directories, in order; one that is missing is empty.
pub(crate) fn sources(directories: &[&str]) -> Vec<Source> {
    let mut waiting: Vec<PathBuf> = directories.iter().map(|name| root().join(name)).collect();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a readable directory");
            waiting.extend(entries.map(|entry| entry.expect("a readable entry").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(Source::read(&path));
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(
        !found.is_empty(),
        "no sources below {directories:?}: is the test looking right?"
    );
    found
}

/// The programs, which are not of the library.
const PROGRAMS: &[&str] = &["src/main.rs", "src/command.rs", "src/bin/"];

/// All of the library.
pub(crate) fn library() -> Vec<Source> {
    let mut all = sources(&["src"]);
    all.retain(|source| !source.may(PROGRAMS));
    all
}

/// All that people read.
pub(crate) fn everything() -> Vec<Source> {
    sources(&[
        "src",
        "tests",
        "examples",
        "xtask/src",
        "hack/local-aws/src",
    ])
}

/// The first segment after each `crate::` of a text, those in braces included.
pub(crate) fn parts_named(text: &str) -> Vec<&str> {
    let mut named = Vec::new();
    for rest in text.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => named.push(first_word(rest)),
            Some(group) => named.extend(top_level(group).into_iter().map(first_word)),
        }
    }
    named.retain(|name| !name.is_empty());
    named
}

fn first_word(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    &text[..end]
}

/// The items of a group whose brace was opened right before the text.
fn top_level(text: &str) -> Vec<&str> {
    let (mut depth, mut from, mut items) = (1, 0, Vec::new());
    for (index, letter) in text.char_indices() {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        if depth == 0 || (letter == ',' && depth == 1) {
            items.push(text[from..index].trim());
            from = index + 1;
        }
        if depth == 0 {
            break;
        }
    }
    items
}

/// First line, name and length of each function with a body. rustfmt closes a function
/// at the depth at which it began.
pub(crate) fn functions(lines: &[String]) -> Vec<(usize, &str, usize)> {
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let depth = line.len() - line.trim_start().len();
        let closes = |line: &String| {
            let inner = line.trim_start();
            line.len() - inner.len() == depth && (inner == "}" || inner == "};")
        };
        let one_line = line.ends_with('}') || line.ends_with(';');
        if let Some(length) = lines[index..].iter().position(closes).filter(|_| !one_line) {
            found.push((index + 1, name, length + 1));
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let modifiers = [
        "pub",
        "pub(crate)",
        "pub(super)",
        "const",
        "async",
        "unsafe",
        "extern",
    ];
    let declares = before
        .split_whitespace()
        .all(|word| modifiers.contains(&word));
    declares.then(|| first_word(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imported_parts_are_seen() {
        assert_eq!(parts_named("use crate::edge::store;"), ["edge"]);
        let grouped = "use crate::{crd::{A, B}, domain};\nlet x = crate::admin::run();";
        assert_eq!(parts_named(grouped), ["crd", "domain", "admin"]);
    }

    #[test]
    fn functions_are_measured() {
        let text = "pub async fn long(\n    a: u8,\n) {\n    if a {\n    }\n}\nfn short() {}\n";
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(functions(&lines), [(1, "long", 6)]);
    }
}
