//! Processes that outlive the command that started them, and are stopped by pid.

use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Set in the environment of every part, to the path of its pid file. A process
/// without it is not ours, whatever pid it was given; one with it is ours, even
/// if the pid file was lost (`cargo clean`) or never written (this command was killed).
/// No RESTOCK_* name: the operator's roles refuse those that they do not know.
const MARK: &str = "XTASK_PART";
const POLL: Duration = Duration::from_millis(50);
/// The system shows the environment of a new process within milliseconds.
const MARK_LIMIT: Duration = Duration::from_secs(5);
/// A part has this long to end by itself before it is killed.
const STOP_GRACE: Duration = Duration::from_secs(15);
const KILL_LIMIT: Duration = Duration::from_secs(10);
const TAIL_LINES: usize = 20;

/// One part: its name, and the directory for its pid file and log.
pub(crate) struct Background {
    name: &'static str,
    directory: PathBuf,
}

impl Background {
    /// Names a part; starts nothing.
    pub(crate) fn new(name: &'static str, directory: PathBuf) -> Self {
        Self { name, directory }
    }

    /// Where its output goes, of this and of earlier starts.
    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join(format!("{}.log", self.name))
    }

    fn pid_file(&self) -> PathBuf {
        self.directory.join(format!("{}.pid", self.name))
    }

    /// Whether it runs as the process of its pid file.
    pub(crate) fn runs(&self) -> bool {
        let text = std::fs::read_to_string(self.pid_file()).unwrap_or_default();
        text.trim().parse().is_ok_and(|pid| self.owns(pid))
    }

    /// Whether the process with this pid is this part. A zombie is not: it has
    /// no environment any more.
    fn owns(&self, pid: i32) -> bool {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mark = format!("{MARK}={}", self.pid_file().display());
        environment
            .split(|byte| *byte == 0)
            .any(|entry| entry == mark.as_bytes())
    }

    /// All processes of this part, with a pid file or without.
    fn processes(&self) -> Vec<i32> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let pids = names.filter_map(|name| name.parse().ok());
        pids.filter(|pid| self.owns(*pid)).collect()
    }

    /// Starts it, in a process group of its own so that Ctrl-C here does not end it.
    pub(crate) fn start(&self, mut command: Command) -> Result<()> {
        // One without a pid file may still hold the port and the data.
        self.stop()?;
        std::fs::create_dir_all(&self.directory)?;
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())?;
        command.env(MARK, self.pid_file()).process_group(0);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", self.name))?;
        std::fs::write(self.pid_file(), format!("{}\n", child.id()))?;
        // A moment longer, the new process has no environment to be known by: asked
        // then, it would count as ended.
        let deadline = Instant::now() + MARK_LIMIT;
        while !self.runs() && child.try_wait()?.is_none() && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    /// Waits until it is ready; an end or a time-out is an error with its last lines.
    pub(crate) fn wait_ready(&self, limit: Duration, ready: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !ready() {
            let problem = if !self.runs() {
                "ended"
            } else if Instant::now() > deadline {
                "is not ready in time"
            } else {
                std::thread::sleep(POLL);
                continue;
            };
            let log = self.log();
            bail!(
                "{} {problem}; the end of {}:\n{}",
                self.name,
                log.display(),
                self.tail()
            );
        }
        Ok(())
    }

    /// Asks it to end, kills it if it has not after the grace time, and waits until it is gone.
    pub(crate) fn stop(&self) -> Result<()> {
        for (signal, limit) in [(Signal::TERM, STOP_GRACE), (Signal::KILL, KILL_LIMIT)] {
            for pid in self.processes() {
                self.signal(pid, signal)?;
            }
            if self.gone(limit) {
                return match std::fs::remove_file(self.pid_file()) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
                    _ => Ok(()),
                };
            }
        }
        bail!("{} does not end, not even killed", self.name)
    }

    /// Kills it at once: no chance to end in order.
    pub(crate) fn kill(&self) -> Result<()> {
        for pid in self.processes() {
            self.signal(pid, Signal::KILL)?;
        }
        if !self.gone(KILL_LIMIT) {
            bail!("{} does not end, not even killed", self.name);
        }
        Ok(())
    }

    fn signal(&self, pid: i32, signal: Signal) -> Result<()> {
        let Some(Ok(process)) = Pid::from_raw(pid).map(|pid| pidfd_open(pid, PidfdFlags::empty()))
        else {
            return Ok(());
        };
        // Looked at again after the descriptor was opened: from here on, a pid
        // that is given away meanwhile cannot be hit.
        if self.owns(pid) {
            let sent = pidfd_send_signal(process, signal);
            sent.with_context(|| format!("cannot stop {}", self.name))?;
        }
        Ok(())
    }

    fn gone(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while !self.processes().is_empty() {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(POLL);
        }
        true
    }

    fn tail(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(name: &str) -> Background {
        let directory = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let part = Background::new("sleeper", directory);
        let mut command = Command::new("sleep");
        command.arg("60");
        part.start(command).expect("sleep starts");
        part
    }

    fn end(part: &Background) {
        part.stop().expect("it stops");
        assert!(part.processes().is_empty());
        std::fs::remove_dir_all(&part.directory).expect("the directory goes");
    }

    #[test]
    fn a_part_is_started_and_stopped() {
        let part = sleeper("stopped");
        part.stop().expect("it stops");
        assert!(!part.runs());
        assert!(!part.pid_file().exists());
        end(&part);
    }

    #[test]
    fn a_pid_given_to_another_process_is_left_alone() {
        let part = sleeper("ours");
        let other = sleeper("other");
        part.stop().expect("it stops");
        std::fs::copy(other.pid_file(), part.pid_file()).expect("copied");
        assert!(!part.runs());
        part.stop().expect("nothing to stop");
        assert!(other.runs());
        end(&part);
        end(&other);
    }

    #[test]
    fn a_part_that_lost_its_pid_file_is_stopped_all_the_same() {
        let part = sleeper("stray");
        std::fs::remove_file(part.pid_file()).expect("removed");
        assert!(!part.runs());
        assert_eq!(part.processes().len(), 1);
        end(&part);
    }
}
