//! A secret that is looked at again and again: a rotation needs no restart.

use super::Process;
use super::secret::{SecretError, SecretSource};
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt::Display;
use std::time::Duration;
use tokio::time::timeout;

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
    pub fn open(name: &'static str, source: SecretSource) -> Result<Self, SecretError> {
        let text = source.read()?;
        Ok(Self {
            name,
            source,
            text,
            problem: None,
        })
    }

    /// Waits for the first one that `adopt` takes, where it comes from a file. None at shutdown.
    ///
    /// # Errors
    /// A value that is no file and not taken: it stays the same for the life of the process.
    pub async fn first<T>(
        name: &'static str,
        source: SecretSource,
        process: &Process,
        adopt: impl Fn(&SecretString) -> anyhow::Result<T>,
    ) -> anyhow::Result<Option<(Self, T)>> {
        let take = || {
            let text = source.read()?;
            anyhow::Ok((adopt(&text)?, text))
        };
        let first = match &source {
            SecretSource::Value(_) => Some(take()?),
            SecretSource::File(_) => {
                let mend = "make or mend it, or the Secret that is mounted there";
                let ask = async || take().map_err(|why| format!("{why:#}: {mend}"));
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
    pub fn look<E: Display>(
        &mut self,
        adopt: impl FnOnce(&SecretString) -> Result<(), E>,
    ) -> Option<&str> {
        let problem = self.replace(adopt).err();
        if let Some(problem) = &problem
            && self.problem.as_ref() != Some(problem)
        {
            tracing::warn!(secret = self.name, problem, "the old one stays in use");
        }
        self.problem = problem;
        self.problem.as_deref()
    }

    fn replace<E: Display>(
        &mut self,
        adopt: impl FnOnce(&SecretString) -> Result<(), E>,
    ) -> Result<(), String> {
        let text = self.source.read().map_err(|error| error.to_string())?;
        if text.expose_secret() != self.text.expose_secret() {
            adopt(&text).map_err(|error| format!("{error:#}"))?;
            tracing::info!(secret = self.name, "changed, and in use from now on");
            self.text = text;
        }
        Ok(())
    }

    /// Follows the secret until shutdown. Readiness shows what is wrong with it, and stays:
    /// the old one may be good for long, and where it is not others say so.
    pub async fn follow<E: Display>(
        mut self,
        adopt: impl Fn(&SecretString) -> Result<(), E>,
        process: Process,
    ) {
        let condition = process.health.condition(self.name);
        condition.ready();
        while timeout(LOOK_EVERY, process.shutdown.cancelled())
            .await
            .is_err()
        {
            match self.look(&adopt) {
                None => condition.ready(),
                Some(why) => condition.ready_but(&format!("the old one stays in use: {why}")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::path::PathBuf;

    #[test]
    fn a_changed_text_is_adopted_once_and_a_bad_one_never() {
        let name = format!("restock-followed-{}", std::process::id());
        let path: PathBuf = std::env::temp_dir().join(name);
        std::fs::write(&path, "one").unwrap();
        let mut followed = Followed::open("test", SecretSource::File(path.clone())).unwrap();
        let adopted = RefCell::new(Vec::new());
        let mut look = |content: &str| {
            std::fs::write(&path, content).unwrap();
            let problem = followed.look(|text| match text.expose_secret() {
                "bad" => Err("refused"),
                good => {
                    adopted.borrow_mut().push(good.to_owned());
                    Ok(())
                }
            });
            problem.map(ToOwned::to_owned)
        };

        assert_eq!(look("one"), None);
        assert_eq!(look("bad"), Some("refused".to_owned()));
        assert_eq!(
            look("bad"),
            Some("refused".to_owned()),
            "until it is mended"
        );
        assert!(look(" ").unwrap().contains("is empty"));
        assert_eq!(look("one"), None);
        assert!(adopted.borrow().is_empty(), "the old text is no change");
        assert_eq!(look("two\n"), None);
        assert_eq!(look("two"), None);
        assert_eq!(*adopted.borrow(), ["two"]);
        std::fs::remove_file(&path).unwrap();
    }
}
