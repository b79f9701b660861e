//! A secret that is looked at again and again: a rotation needs no restart.

use super::Process;
use super::secret::{SecretError, SecretSource};
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt::Display;
use std::time::Duration;

/// How soon a changed file is noticed without being asked for: soon against the minute
/// that a mounted Secret takes to change, and far apart for a read of a local file.
pub const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A secret as it was last found good, and what is wrong with it since, if anything.
pub struct Followed {
    name: &'static str,
    source: SecretSource,
    text: SecretString,
    problem: Option<String>,
}

impl Followed {
    /// Reads it for the first time. `name` is what people call it.
    ///
    /// # Errors
    /// It cannot be read: there is no older one to go on with.
    pub async fn open(name: &'static str, source: SecretSource) -> Result<Self, SecretError> {
        let text = source.read().await?;
        Ok(Self {
            name,
            source,
            text,
            problem: None,
        })
    }

    /// Waits for the first one that `adopt` takes, unless it is a value. None at shutdown.
    ///
    /// # Errors
    /// A value that is not taken: it stays the same for the life of the process.
    pub async fn first<T>(
        name: &'static str,
        source: SecretSource,
        process: &Process,
        adopt: impl Fn(&SecretString) -> anyhow::Result<T>,
    ) -> anyhow::Result<Option<(Self, T)>> {
        let take = async || {
            let text = source.read().await?;
            anyhow::Ok((adopt(&text)?, text))
        };
        let mend = match &source {
            SecretSource::Value(_) => None,
            SecretSource::File(_) => Some("make or mend it, or the Secret that is mounted there"),
            SecretSource::Asked(_) => Some("make or mend it there"),
        };
        let first = match mend {
            None => Some(take().await?),
            Some(mend) => {
                let ask = async || take().await.map_err(|why| format!("{why:#}: {mend}"));
                process.wait_for(name, ask).await
            }
        };
        Ok(first.map(|(adopted, text)| {
            let problem = None;
            let followed = Self {
                name,
                source,
                text,
                problem,
            };
            (followed, adopted)
        }))
    }

    /// The text that was last found good.
    pub const fn text(&self) -> &SecretString {
        &self.text
    }

    /// Looks again, and has a changed text put to use by `adopt`. Answers what is wrong: a
    /// secret that is missing or refused by `adopt` changes nothing, the old one stays.
    /// That is logged once, not at every look.
    pub async fn look<E: Display>(
        &mut self,
        adopt: impl FnOnce(&SecretString) -> Result<(), E>,
    ) -> Option<&str> {
        let problem = self.replace(adopt).await.err();
        if let Some(problem) = &problem
            && self.problem.as_ref() != Some(problem)
        {
            tracing::warn!(secret = self.name, problem, "the old one stays in use");
        }
        self.problem = problem;
        self.problem.as_deref()
    }

    async fn replace<E: Display>(
        &mut self,
        adopt: impl FnOnce(&SecretString) -> Result<(), E>,
    ) -> Result<(), String> {
        let text = self.source.read().await;
        let text = text.map_err(|error| error.to_string())?;
        if text.expose_secret() != self.text.expose_secret() {
            adopt(&text).map_err(|error| format!("{error:#}"))?;
            tracing::info!(secret = self.name, "changed, and in use from now on");
            self.text = text;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::path::PathBuf;

    #[tokio::test]
    async fn a_changed_text_is_adopted_once_and_a_bad_one_never() {
        let name = format!("restock-followed-{}", std::process::id());
        let path: PathBuf = std::env::temp_dir().join(name);
        std::fs::write(&path, "one").unwrap();
        let source = SecretSource::File(path.clone());
        let mut followed = Followed::open("test", source).await.unwrap();
        let adopted = RefCell::new(Vec::new());
        let mut look = async |content: &str| {
            std::fs::write(&path, content).unwrap();
            let adopt = |text: &SecretString| match text.expose_secret() {
                "bad" => Err("refused"),
                good => {
                    adopted.borrow_mut().push(good.to_owned());
                    Ok(())
                }
            };
            followed.look(adopt).await.map(ToOwned::to_owned)
        };

        assert_eq!(look("one").await, None);
        assert_eq!(look("bad").await, Some("refused".to_owned()));
        assert_eq!(
            look("bad").await,
            Some("refused".to_owned()),
            "until it is mended"
        );
        assert!(look(" ").await.unwrap().contains("is empty"));
        assert_eq!(look("one").await, None);
        assert!(adopted.borrow().is_empty(), "the old text is no change");
        assert_eq!(look("two\n").await, None);
        assert_eq!(look("two").await, None);
        assert_eq!(*adopted.borrow(), ["two"]);
        std::fs::remove_file(&path).unwrap();
    }
}
