//! How a process ends: told once it finishes what it holds, told twice it goes at once.

use super::Process;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// From the first signal to the end. The longest chains: a receiver accepts for 20 s and
/// then has 2 s for each answer; a controller has up to 10 s left of a POST and then 10 s
/// for each call that records its answer. Ends before the 60 s that the Deployments give
/// (`terminationGracePeriodSeconds`), so that what was left undone can still be logged.
const DRAIN_MAX: Duration = Duration::from_secs(50);

/// What a shell reports for a process that a SIGTERM ended.
const EXIT_CODE_FORCED: i32 = 143;

/// Cancels the token at the first SIGTERM or SIGINT; a second one ends the process.
#[expect(
    clippy::disallowed_methods,
    reason = "the signals are heard until the process is gone; told twice, it may not wait"
)]
pub fn listen(shutdown: CancellationToken) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // Not among the tasks that the drain waits for: it waits for the next signal.
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            if shutdown.is_cancelled() {
                tracing::warn!(signal = name, "told to stop again: going at once");
                std::process::exit(EXIT_CODE_FORCED);
            }
            tracing::info!(signal = name, "told to stop: finishing what is held");
            shutdown.cancel();
        }
    });
    Ok(())
}

/// Runs the role to its end and waits for its tasks, for at most `DRAIN_MAX` after the
/// signal, or after the role ended by itself.
pub async fn drain(
    process: &Process,
    role: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    drain_within(DRAIN_MAX, process, role).await
}

async fn drain_within(
    limit: Duration,
    process: &Process,
    role: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let orderly = async {
        let ending = role.await;
        // A role that failed must not leave its tasks at work for ever.
        process.shutdown.cancel();
        process.tasks.close();
        process.tasks.wait().await;
        ending
    };
    let too_late = async {
        process.shutdown.cancelled().await;
        tokio::time::sleep(limit).await;
    };
    tokio::select! {
        ending = orderly => ending,
        () = too_late => Err(anyhow::anyhow!(
            "stopped with {} tasks unfinished, {} s after the signal",
            process.tasks.len(),
            limit.as_secs(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[tokio::test]
    async fn tasks_hear_of_the_end_and_are_waited_for() {
        let process = Process::default();
        let finished = Arc::new(AtomicBool::new(false));
        let (shutdown, flag) = (process.shutdown.clone(), finished.clone());
        process.tasks.spawn(async move {
            shutdown.cancelled().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            flag.store(true, Ordering::SeqCst);
        });

        let failing = async { Err(anyhow::anyhow!("no queue")) };
        let ending = drain_within(Duration::from_secs(30), &process, failing).await;

        assert_eq!(ending.unwrap_err().to_string(), "no queue");
        assert!(
            finished.load(Ordering::SeqCst),
            "the task had been waited for"
        );
    }

    #[tokio::test]
    async fn a_role_that_does_not_end_is_left_behind() {
        let process = Process::default();
        process.tasks.spawn(std::future::pending::<()>());
        process.shutdown.cancel();

        let ending =
            drain_within(Duration::from_millis(10), &process, std::future::pending()).await;

        assert!(
            ending
                .unwrap_err()
                .to_string()
                .starts_with("stopped with 1 tasks unfinished")
        );
    }
}
