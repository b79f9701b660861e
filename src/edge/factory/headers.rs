//! Headers from a mounted Secret.

use crate::edge::factory::TargetError;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use std::path::Path;

/// More headers than any factory asks for.
const HEADERS_MAX: usize = 16;

/// They say where the order ends: a wrong one would cut it, or hide another one in it.
const FRAMING: [HeaderName; 2] = [CONTENT_LENGTH, TRANSFER_ENCODING];

/// Every file of the directory is a header: its name, and its content as the value. Names
/// with a dot first are the mount's own.
pub(super) fn read(directory: &Path) -> Result<HeaderMap, TargetError> {
    let missing = |why: String| TargetError::HeadersMissing(why);
    let entries = std::fs::read_dir(directory)
        .map_err(|error| missing(format!("{}: {error}", directory.display())))?;
    let mut headers = HeaderMap::new();
    for entry in entries {
        let path = entry.map_err(|error| missing(error.to_string()))?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('.') {
            continue;
        }
        let text =
            std::fs::read_to_string(&path).map_err(|error| missing(format!("{name}: {error}")))?;
        let key =
            HeaderName::try_from(&name).map_err(|_| missing(format!("{name} is no header")))?;
        if FRAMING.contains(&key) {
            return Err(missing(format!("{name} cannot be set")));
        }
        let mut value = HeaderValue::try_from(text.trim())
            .map_err(|_| missing(format!("the value of {name} is no header value")))?;
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    if headers.is_empty() || headers.len() > HEADERS_MAX {
        let count = headers.len();
        return Err(missing(format!(
            "{count} headers, 1 to {HEADERS_MAX} are expected"
        )));
    }
    Ok(headers)
}
