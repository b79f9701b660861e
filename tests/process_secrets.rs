//! Needs nothing. Proves: a process whose secret file is missing or wrong says so, waits for
//! a person to mend it, and begins by itself; one that was told a wrong value ends.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use restock_operator::ledger;
use restock_operator::process::Process;
use restock_operator::process::args::DatabaseArgs;
use restock_operator::process::callback_keys::CallbackKeys;
use restock_operator::process::followed::LOOK_EVERY;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::timeout;

/// Two looks, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(2 * LOOK_EVERY.as_secs() + 10);

/// A path of one test's own, and nothing there.
struct Missing(PathBuf);

impl Missing {
    fn new(name: &str) -> Self {
        let name = format!("restock-secrets-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Missing {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn said(process: &Process) -> String {
    format!("{:?}", process.health.readiness())
}

async fn says(process: &Process, words: &str) {
    let saying = async {
        while !said(process).contains(words) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = timeout(PATIENCE, saying).await.is_ok();
    assert!(in_time, "not said: {words:?}; but: {}", said(process));
}

#[tokio::test]
async fn a_missing_file_and_then_a_wrong_one_are_waited_for() {
    let (file, process) = (Missing::new("keys"), Process::default());
    let waiting = {
        let (path, process) = (file.0.clone(), process.clone());
        tokio::spawn(async move { CallbackKeys::wait(path, &process).await })
    };
    says(&process, &file.0.display().to_string()).await;
    says(&process, "the Secret that is mounted there").await;
    std::fs::write(&file.0, "no key\n").unwrap();
    says(&process, "the callback key file is no such").await;
    std::fs::write(&file.0, "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
    let keys = timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert_eq!(keys.unwrap().unwrap().ring().ids(), ["k1"]);
    assert!(!said(&process).contains("the Secret"), "{}", said(&process));
}

#[tokio::test]
async fn shutdown_ends_the_wait() {
    let (file, process) = (Missing::new("never"), Process::default());
    process.shutdown.cancel();
    let ended = CallbackKeys::wait(file.0.clone(), &process).await;
    assert!(ended.unwrap().is_none());
}

#[tokio::test]
async fn a_wrong_value_ends_what_it_was_told_to() {
    let database = DatabaseArgs::at("postgres://somewhere".into());
    let following = ledger::follow(&database, &Process::default(), 1).await;
    assert!(following.is_err());
}
