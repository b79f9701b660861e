//! Where a secret comes from, read again whenever it is needed.

use secrecy::SecretString;
use std::io::Read;
use std::path::PathBuf;

/// Longer than any database URL or key file; a path given by mistake, such as that of a
/// log, must not fill the memory.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The one place a secret was told to come from.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// A flag or an environment variable: fixed for the life of the process.
    Value(SecretString),
    /// A file, usually a mounted Secret: read at each use, so that a rotation needs no
    /// restart.
    File(PathBuf),
}

/// Why a secret could not be had; names the file, never what is in it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file is missing, unreadable or not text.
    #[error("cannot read the secret file {path}: {error}")]
    Unreadable {
        /// The file as it was told.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file is there, but blank.
    #[error("the secret file {0} is empty")]
    Empty(PathBuf),
    /// The file is longer than any secret.
    #[error("the secret file {0} is longer than 64 KiB: is this the right file?")]
    TooLong(PathBuf),
}

impl SecretSource {
    /// The secret as it is now, without the line ends that editors add.
    ///
    /// Reads synchronously: a mounted Secret lives in memory.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        let path = match self {
            SecretSource::Value(value) => return Ok(value.clone()),
            SecretSource::File(path) => path,
        };
        let mut text = String::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text))
            .map_err(|error| SecretError::Unreadable {
                path: path.clone(),
                error,
            })?;
        if u64::try_from(text.len()).is_ok_and(|length| length > FILE_BYTES_MAX) {
            return Err(SecretError::TooLong(path.clone()));
        }
        match text.trim() {
            "" => Err(SecretError::Empty(path.clone())),
            secret => Ok(secret.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    /// A file of this test alone, gone with it.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str, content: &str) -> Self {
            let name = format!("restock-secret-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::write(&path, content).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_file_is_read_again_and_trimmed() {
        let file = Scratch::new("rotated", "first\n");
        let source = SecretSource::File(file.0.clone());
        assert_eq!(source.read().unwrap().expose_secret(), "first");
        std::fs::write(&file.0, "second").unwrap();
        assert_eq!(source.read().unwrap().expose_secret(), "second");
    }

    #[test]
    fn a_file_without_a_secret_is_refused_by_name() {
        let empty = Scratch::new("empty", " \n");
        let long = Scratch::new("long", &"x".repeat(64 * 1024 + 1));
        let missing = PathBuf::from("/nonexistent/url");
        for path in [&empty.0, &long.0, &missing] {
            let error = SecretSource::File(path.clone())
                .read()
                .unwrap_err()
                .to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }

    #[test]
    fn nothing_prints_a_secret() {
        let source = SecretSource::Value("hunter2".into());
        assert!(!format!("{source:?}").contains("hunter2"));
    }
}
