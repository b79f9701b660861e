//! The mapping as a file that may change while the process runs.

use super::{Mapping, MappingError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// Longest mapping file we read, in bytes: four expressions and their comments.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Longest wait for the file: a mounted ConfigMap is local.
const READ_DEADLINE: Duration = Duration::from_secs(5);

/// A mapping file and what it said when it was last read.
#[derive(Debug)]
pub struct MappingFile {
    path: PathBuf,
    text: String,
}

impl MappingFile {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// [`MappingError`]: at the start there is no older mapping to go on with.
    pub async fn open(path: &Path) -> Result<(Self, Mapping), MappingError> {
        let text = read(path).await?;
        let mapping = Mapping::parse(&text)?;
        Ok((
            Self {
                path: path.to_owned(),
                text,
            },
            mapping,
        ))
    }

    /// The new mapping if the file has changed since it was last found good. A bad file
    /// is an error at every call until it is mended.
    ///
    /// # Errors
    /// [`MappingError`]: the caller keeps its mapping.
    pub async fn reload(&mut self) -> Result<Option<Mapping>, MappingError> {
        // Compared by content: a mounted ConfigMap is swapped by a symbolic link, and
        // its modification time says little.
        let text = read(&self.path).await?;
        if text == self.text {
            return Ok(None);
        }
        let mapping = Mapping::parse(&text)?;
        self.text = text;
        Ok(Some(mapping))
    }
}

async fn read(path: &Path) -> Result<String, MappingError> {
    let unreadable = |why: String| MappingError::Unreadable {
        path: path.display().to_string(),
        why,
    };
    let reading = async {
        let mut text = String::new();
        let file = tokio::fs::File::open(path).await?;
        // One byte more than allowed, so that a cut file is not taken for a whole one.
        file.take(FILE_BYTES_MAX + 1)
            .read_to_string(&mut text)
            .await?;
        Ok::<_, std::io::Error>(text)
    };
    match tokio::time::timeout(READ_DEADLINE, reading).await {
        Ok(Ok(text)) if text.len() as u64 > FILE_BYTES_MAX => {
            Err(unreadable(format!("larger than {FILE_BYTES_MAX} bytes")))
        }
        Ok(Ok(text)) => Ok(text),
        Ok(Err(why)) => Err(unreadable(why.to_string())),
        Err(_) => Err(unreadable(format!(
            "no answer in {} s",
            READ_DEADLINE.as_secs()
        ))),
    }
}
