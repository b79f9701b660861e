//! What does not add up, as lines of 80 columns.

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// What was looked at: a word.
    pub(super) what: &'static str,
    /// Of which product or request.
    pub(super) of: String,
    /// What the other side says.
    pub(super) expected: String,
    /// What it says.
    pub(super) found: String,
}

/// The result of one part of the audit.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Products or requests.
    pub(super) looked_at: usize,
    /// What is wrong with them.
    pub(super) differences: Vec<Difference>,
}

pub(super) const HEADER: &str = "WHAT     OF                        EXPECTED                FOUND";

/// One difference. Only what is longer than its column pushes the rest to the right: a
/// name that is cut is worth nothing.
pub(super) fn line(one: &Difference) -> String {
    let Difference {
        what,
        of,
        expected,
        found,
    } = one;
    format!("{what:<8} {of:<25} {expected:<23} {found}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_80_columns_and_stands_under_its_header() {
        let line = line(&Difference {
            what: "arrival",
            of: "rr-abcdefghij2345672345".to_owned(),
            expected: "an arrival of attempt 1".to_owned(),
            found: "none in the ledger".to_owned(),
        });
        assert!(line.len() <= 80, "{line}");
        assert_eq!(line.find("rr-"), HEADER.find("OF"));
        assert_eq!(line.find("an arrival"), HEADER.find("EXPECTED"));
        assert_eq!(line.find("none"), HEADER.find("FOUND"));
    }
}
