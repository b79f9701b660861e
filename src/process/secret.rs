//! Where a secret comes from, read again whenever it is needed.

use futures::future::BoxFuture;
use secrecy::SecretString;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// Another system, asked at each use.
    Asked(Ask),
}

/// How another system is asked: whoever knows it says so.
#[derive(Clone)]
pub struct Ask(Arc<dyn Fn() -> Asking + Send + Sync>);

/// The answer, or why there is none: the words name the secret, and hold nothing of it.
pub type Asking = BoxFuture<'static, Result<SecretString, String>>;

impl Ask {
    /// By this function.
    pub fn by(ask: impl Fn() -> Asking + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Ask")
    }
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
    /// The other system did not give it.
    #[error("{0}")]
    Unanswered(String),
}

impl SecretSource {
    /// The secret as it is now.
    ///
    /// # Errors
    /// It cannot be had: a value always can.
    pub async fn read(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::File(path) => read_file(path),
            Self::Asked(Ask(ask)) => ask().await.map_err(SecretError::Unanswered),
        }
    }
}

/// What a file holds now, without the line ends that editors add.
///
/// Reads synchronously: a mounted Secret lives in memory.
pub(super) fn read_file(path: &Path) -> Result<SecretString, SecretError> {
    let path = path.to_owned();
    let mut text = String::new();
    let read = std::fs::File::open(&path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
    if let Err(error) = read {
        return Err(SecretError::Unreadable { path, error });
    }
    if u64::try_from(text.len()).is_ok_and(|length| length > FILE_BYTES_MAX) {
        return Err(SecretError::TooLong(path));
    }
    match text.trim() {
        "" => Err(SecretError::Empty(path)),
        secret => Ok(secret.into()),
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
        assert_eq!(read_file(&file.0).unwrap().expose_secret(), "first");
        std::fs::write(&file.0, "second").unwrap();
        assert_eq!(read_file(&file.0).unwrap().expose_secret(), "second");
    }

    #[test]
    fn a_file_without_a_secret_is_refused_by_name() {
        let empty = Scratch::new("empty", " \n");
        let long = Scratch::new("long", &"x".repeat(64 * 1024 + 1));
        let missing = PathBuf::from("/nonexistent/url");
        for path in [&empty.0, &long.0, &missing] {
            let error = read_file(path).unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }

    #[test]
    fn nothing_prints_a_secret() {
        let source = SecretSource::Value("hunter2".into());
        assert!(!format!("{source:?}").contains("hunter2"));
    }
}
