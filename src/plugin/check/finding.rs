//! What was found of one role.

use crate::plugin::roles::Part;
use serde::Serialize;
use serde_json::Value;

/// A role, and all that was found of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    #[serde(flatten)]
    pub(super) part: Part,
    /// None: it has none to be asked by.
    pub(super) service: Option<String>,
    /// None: it did not answer.
    pub(super) version: Option<String>,
    pub(super) findings: Vec<Finding>,
}

impl Answer {
    pub(super) fn count(&self, verdict: Verdict) -> usize {
        let findings = self.findings.iter();
        findings.filter(|one| one.verdict == verdict).count()
    }

    /// How much of it needs a person.
    pub(super) fn wrong(&self) -> usize {
        self.count(Verdict::Wrong)
    }
}

/// What was looked at, and how it is.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    pub(super) what: String,
    pub(super) text: String,
}

/// The words of the role's own check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Wrong,
    Note,
    Ok,
}

impl Finding {
    pub(super) fn wrong(what: &str, text: impl Into<String>) -> Self {
        Self::of(Verdict::Wrong, what, text)
    }

    pub(super) fn note(what: &str, text: impl Into<String>) -> Self {
        Self::of(Verdict::Note, what, text)
    }

    pub(super) fn good(what: &str, text: impl Into<String>) -> Self {
        Self::of(Verdict::Ok, what, text)
    }

    fn of(verdict: Verdict, what: &str, text: impl Into<String>) -> Self {
        Self {
            verdict,
            what: what.to_owned(),
            text: text.into(),
        }
    }
}

/// What the role found. A word of another version is wrong: better looked at than passed over.
pub(super) fn of_page(page: &Value) -> Vec<Finding> {
    let Some(findings) = page["findings"].as_array() else {
        let to_do = "it answers what is no check: upgrade this program, or the operator";
        return vec![Finding::wrong("check", to_do)];
    };
    let finding = |one: &Value| {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        let verdict = match one["verdict"].as_str() {
            Some("ok") => Verdict::Ok,
            Some("note") => Verdict::Note,
            _ => Verdict::Wrong,
        };
        Finding::of(verdict, &text("what"), text("text"))
    };
    findings.iter().map(finding).collect()
}

/// Whether it is of another version than this program.
pub(super) fn of_version(version: &str) -> Option<Finding> {
    let own = env!("CARGO_PKG_VERSION");
    (version != own).then(|| {
        let text = format!("it is {version}, and this program {own}: use those of one version");
        Finding::note("version", text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_another_version_says_is_not_passed_over() {
        let page = json!({ "findings": [
            { "verdict": "ok", "what": "a", "text": "b" },
            { "verdict": "note" },
            { "verdict": "dreadful", "what": "c" },
            7,
        ]});
        let verdicts: Vec<_> = of_page(&page).iter().map(|one| one.verdict).collect();
        let (ok, note, wrong) = (Verdict::Ok, Verdict::Note, Verdict::Wrong);
        assert_eq!(verdicts, [ok, note, wrong, wrong]);
        assert_eq!(of_page(&json!({}))[0].verdict, wrong);
        assert!(of_version(env!("CARGO_PKG_VERSION")).is_none());
        assert_eq!(of_version("9.9.9").unwrap().verdict, note);
    }
}
