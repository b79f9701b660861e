//! Needs a Unix with `kill`. Proves how a process ends: it plays the parent and, run by
//! itself once more, the child.

use restock_operator::process::{Process, shutdown};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Tells the child what to be; without it the child's test does nothing.
const PART: &str = "PROCESS_SIGNALS_PART";

/// Longer than a child needs, and shorter than the drain.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn child() {
    let Ok(part) = std::env::var(PART) else {
        return;
    };
    let process = Process::default();
    shutdown::listen(process.shutdown.clone()).unwrap();
    if part == "stubborn" {
        process.tasks.spawn(std::future::pending::<()>());
    }
    println!("\nchild is up");
    let told = process.shutdown.clone();
    let role = async move {
        told.cancelled().await;
        println!("\nchild is told");
        Ok(())
    };
    shutdown::drain(&process, role).await.unwrap();
}

/// A child of this test, killed if the test fails.
struct Played {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Played {
    fn start(part: &str) -> Self {
        let program = std::env::current_exe().expect("this test");
        let mut child = Command::new(program)
            .args(["--exact", "child", "--nocapture"])
            .env(PART, part)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let output = child.stdout.take().expect("a pipe");
        Self {
            child,
            lines: BufReader::new(output).lines(),
        }
    }

    fn says(&mut self, line: &str) {
        let said = self.lines.any(|said| said.is_ok_and(|said| said == line));
        assert!(said, "the child ended without saying {line:?}");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.expect("kill").success());
    }

    fn end(&mut self) -> ExitStatus {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the child goes on");
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_signal_ends_the_process_in_order() {
    for name in ["TERM", "INT"] {
        let mut child = Played::start("orderly");
        child.says("child is up");
        child.signal(name);
        child.says("child is told");
        assert!(child.end().success(), "{name}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut child = Played::start("stubborn");
    child.says("child is up");
    child.signal("TERM");
    child.says("child is told");
    child.signal("TERM");
    assert_eq!(child.end().code(), Some(143));
}
