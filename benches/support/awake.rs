//! Processors that do not sleep while it is measured.
//!
//! One buyer leaves them idle between any two steps, and to wake a sleeping processor of a virtual
//! machine takes longer than a statement of the database: whoever keeps a processor busy for
//! nothing would seem to be the faster one (Linux, "CPU idle polling inside the guest": haltpoll).

use std::process::{Child, Command, Stdio};
use std::thread::available_parallelism;

/// Runs only where nobody else wants to, and ends with the process that started it.
const SPIN: &str = "while kill -0 $PPID 2>/dev/null; do \
     i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; done";

/// One process for each processor, stopped in the end.
pub(crate) struct Awake(Vec<Child>);

impl Awake {
    /// Fails where there is no `chrt` (util-linux), which gives such a process its place.
    pub(crate) fn keep() -> Self {
        let processors = available_parallelism().expect("it runs on some").get();
        let spin = |_| {
            let mut chrt = Command::new("chrt");
            chrt.args(["--idle", "0", "sh", "-c", SPIN]);
            let child = chrt.stdin(Stdio::null()).spawn();
            child.expect("chrt of util-linux is installed")
        };
        Self((0..processors).map(spin).collect())
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // Already gone is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
