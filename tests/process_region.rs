//! Needs nothing but the program. Proves: a role that finds no AWS region says what to do, and
//! waits for it; it is not started again and again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/reserved.rs"]
mod reserved;

use reserved::Reserved;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// A start, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Nobody listens there, and none of these roles comes so far as to ask.
const DATABASE: (&str, &str) = ("RESTOCK_DATABASE_URL", "mysql://user:pass@127.0.0.1:1/none");

const QUEUE: (&str, &str) = ("RESTOCK_QUEUE_URL", "http://127.0.0.1:1/1/stock");

/// A role without a region, killed if the test fails.
struct Lost {
    child: Child,
    admin: Reserved,
}

impl Lost {
    fn start(role: &str, settings: &[(&str, &str)]) -> Self {
        let admin = Reserved::new();
        let child = Command::new(env!("CARGO_BIN_EXE_restock-operator"))
            .arg(role)
            .env_clear()
            // No node has any metadata for it.
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("RESTOCK_ADMIN_LISTEN", admin.address.to_string())
            .env("RESTOCK_READ_LISTEN", "127.0.0.1:0")
            .env("RESTOCK_LISTEN", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, admin }
    }

    async fn says(&mut self, words: &str) {
        let until = Instant::now() + PATIENCE;
        let readiness = format!("http://{}/readyz?verbose", self.admin.address);
        let mut said = String::new();
        while !said.contains(words) {
            let ended = self.child.try_wait().unwrap();
            assert_eq!(ended, None, "it ended, and said: {said}");
            assert!(Instant::now() < until, "not said: {words}; but: {said}");
            sleep(Duration::from_millis(50)).await;
            if let Ok(answer) = reqwest::get(&readiness).await {
                said = answer.text().await.unwrap_or_default();
            }
        }
    }

    async fn stop(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.unwrap().success());
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("it goes on");
    }
}

impl Drop for Lost {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_role_without_a_region_says_what_to_do_and_waits() {
    restock_operator::process::install_tls();
    let keys = format!("restock-region-{}", std::process::id());
    let keys = std::env::temp_dir().join(keys);
    std::fs::write(&keys, "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
    let path = keys.display().to_string();
    let topic = "arn:aws:sns:us-east-1:000000000000:topic";
    let of_roles: [(&str, &[(&str, &str)]); 5] = [
        ("ingest", &[QUEUE, ("RESTOCK_NAMESPACE", "shop")]),
        (
            "receiver",
            &[
                DATABASE,
                ("RESTOCK_INBOX_URL", "http://127.0.0.1:1/1/inbox"),
                ("RESTOCK_CALLBACK_KEYS_FILE", &path),
            ],
        ),
        (
            "dlq",
            &[
                DATABASE,
                QUEUE,
                ("RESTOCK_DLQ_URL", "http://127.0.0.1:1/1/dead"),
                ("RESTOCK_OPS_TOPIC_ARN", topic),
            ],
        ),
        ("relay", &[DATABASE, ("RESTOCK_TOPIC_ARN", topic)]),
        // By its database alone.
        ("sales", &[("RESTOCK_DATABASE_SECRET_ID", "shop/ledger")]),
    ];
    for (role, settings) in of_roles {
        let mut lost = Lost::start(role, settings);
        lost.says("AWS region").await;
        lost.says("set AWS_REGION").await;
        lost.says("kubectl rollout restart").await;
        assert!(lost.stop().await.success(), "{role}");
    }
    std::fs::remove_file(&keys).unwrap();
}
