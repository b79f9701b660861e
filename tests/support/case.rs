//! One object, and what the server says against it.

use serde_json::Value;

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) object: Value,
    pub(crate) refused_with: Option<&'static str>,
    /// Whether it is a CEL rule that decides, and not a length, a pattern or a type.
    pub(crate) by_rule: bool,
}

impl Case {
    pub(crate) fn new(name: &str, object: Value, refused_with: Option<&'static str>) -> Self {
        Self {
            name: name.to_owned(),
            object,
            refused_with,
            by_rule: false,
        }
    }

    pub(crate) fn ruled(self) -> Self {
        Self {
            by_rule: true,
            ..self
        }
    }

    /// Fails unless this was said against the object.
    pub(crate) fn check(&self, said: Option<&str>) {
        match (said, self.refused_with) {
            (None, None) => {}
            (Some(said), Some(words)) => {
                assert!(
                    said.contains(words),
                    "{}: said {said:?}, not {words:?}",
                    self.name
                );
            }
            (said, expected) => panic!("{}: said {said:?}, not {expected:?}", self.name),
        }
    }
}

/// `base` with the fields of this JSON text in its spec.
pub(crate) fn with(mut base: Value, fields: &str) -> Value {
    let fields: Value = serde_json::from_str(fields).unwrap();
    for (key, value) in fields.as_object().unwrap() {
        base["spec"][key] = value.clone();
    }
    base
}
