//! Whether an image is as small and as closed as the documents promise.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command;

/// Bytes of the largest image: the program and the certificates need little more than half.
const SIZE_MAX: u64 = 30_000_000;

/// Nobody that a node knows.
const USER: &str = "65532:65532";

/// What the Dockerfile says of the image.
const LABELS: [&str; 5] = ["title", "description", "licenses", "version", "revision"];

/// Refuses an archive of an image that is not so.
pub(super) fn inspect(archive: &Path) -> Result<()> {
    let manifest = member(archive, "manifest.json")?;
    let config = manifest[0]["Config"].as_str();
    let config = member(archive, config.context("the image has no configuration")?)?;
    check(std::fs::metadata(archive)?.len(), &config["config"])
}

/// A file of the archive, which is JSON.
fn member(archive: &Path, name: &str) -> Result<Value> {
    let mut tar = Command::new("tar");
    tar.arg("--extract").arg("--to-stdout").arg("--file");
    let text = command::output(tar.arg(archive).arg(name))?;
    serde_json::from_str(&text).with_context(|| format!("{name} of the image"))
}

fn check(size: u64, config: &Value) -> Result<()> {
    if size > SIZE_MAX {
        bail!("the image has {size} bytes, more than {SIZE_MAX}");
    }
    if config["User"] != USER {
        bail!("the image runs as {}, not as {USER}", config["User"]);
    }
    for label in LABELS {
        let name = format!("org.opencontainers.image.{label}");
        match config["Labels"][&name].as_str() {
            None | Some("" | "unknown") => bail!("the image says nothing by its label {name}"),
            Some(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        let labels = LABELS.map(|label| (format!("org.opencontainers.image.{label}"), json!("x")));
        json!({ "User": USER, "Labels": Value::from_iter(labels) })
    }

    #[test]
    fn an_image_is_small_has_a_user_and_says_what_it_is() {
        check(SIZE_MAX, &good()).expect("a good image");
        let refused =
            |size: u64, config: &Value| check(size, config).expect_err("refused").to_string();
        assert!(refused(SIZE_MAX + 1, &good()).contains("bytes"));
        let mut root = good();
        root["User"] = json!("");
        assert!(refused(1, &root).contains("runs as"));
        let mut unnamed = good();
        unnamed["Labels"]["org.opencontainers.image.revision"] = json!("unknown");
        assert!(refused(1, &unnamed).contains("image.revision"));
    }
}
