//! Files that a person hands in.

use anyhow::bail;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The text of a file that may have so many bytes.
///
/// # Errors
/// If it has more, cannot be read, or is no text.
pub(super) fn read(path: &Path, bytes_max: u64) -> anyhow::Result<String> {
    let mut text = String::new();
    // One byte more than allowed, so that a cut file is not taken for a whole one.
    File::open(path)?
        .take(bytes_max + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > bytes_max {
        bail!("the file has more than {bytes_max} bytes");
    }
    Ok(text)
}
