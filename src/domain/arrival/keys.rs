//! The keys that sign callback URLs, as an operator writes them into a file.

use data_encoding::BASE64;
use ring::hmac;
use std::fmt;

/// Keys that a file may hold. A rotation needs two, an interrupted one three; the rest is
/// room. More would only be forgotten keys that still open the door.
pub const KEYS_MAX: usize = 8;

/// Bytes of a key: the digest's own size, so that no key is weaker than the MAC.
const KEY_BYTES: usize = 32;

/// Characters of a key id: it is repeated in every URL.
const KEY_ID_CHARACTERS_MAX: usize = 32;

/// What is wrong with a key file. Never repeats what the file says: it is a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// No line holds a key.
    #[error("there is no key in it; write a line `<id> <base64 of 32 random bytes>`")]
    Empty,
    /// More keys than [`KEYS_MAX`].
    #[error("there are more than {KEYS_MAX} keys in it")]
    TooMany,
    /// A line is neither a key nor a comment.
    #[error("line {line}: {problem}")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// What is expected there.
        problem: &'static str,
    },
}

pub(super) struct SigningKey {
    pub(super) id: String,
    pub(super) mac: hmac::Key,
}

/// An ordered set of keys: the first signs, all verify.
pub struct KeyRing {
    keys: Vec<SigningKey>,
}

impl KeyRing {
    /// Reads lines of `<id> <base64 of 32 bytes>`; empty lines and lines that begin with
    /// `#` are skipped.
    ///
    /// # Errors
    /// [`KeyFileError`] names the line and what is expected there.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        let mut keys: Vec<SigningKey> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let line_error = |problem| KeyFileError::Line {
                line: index + 1,
                problem,
            };
            let key = parse_line(line).map_err(line_error)?;
            if keys.iter().any(|other| other.id == key.id) {
                return Err(line_error("this key id was used above"));
            }
            if keys.len() == KEYS_MAX {
                return Err(KeyFileError::TooMany);
            }
            keys.push(key);
        }
        if keys.is_empty() {
            Err(KeyFileError::Empty)
        } else {
            Ok(Self { keys })
        }
    }

    /// The ids, in order: what may be logged of a ring.
    pub fn ids(&self) -> Vec<&str> {
        self.keys.iter().map(|key| key.id.as_str()).collect()
    }

    pub(super) fn signing(&self) -> &SigningKey {
        self.keys.first().expect("parse refuses an empty ring")
    }

    pub(super) fn find(&self, id: &str) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.id == id)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("ids", &self.ids())
            .finish_non_exhaustive()
    }
}

fn parse_line(line: &str) -> Result<SigningKey, &'static str> {
    let mut words = line.split_whitespace();
    let (Some(id), Some(secret), None) = (words.next(), words.next(), words.next()) else {
        return Err("expected two words, `<id> <base64 of 32 bytes>`");
    };
    // No dot: a path segment of dots would be taken out of the URL on its way.
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if id.len() > KEY_ID_CHARACTERS_MAX || !id.chars().all(allowed) {
        return Err("a key id has 1 to 32 letters, digits, _ or -");
    }
    let bytes = BASE64
        .decode(secret.as_bytes())
        .map_err(|_| "the key is not base64")?;
    if bytes.len() != KEY_BYTES {
        return Err("the key does not have 32 bytes");
    }
    Ok(SigningKey {
        id: id.to_owned(),
        mac: hmac::Key::new(hmac::HMAC_SHA256, &bytes),
    })
}
