//! The legacy factory.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::READY_LIMIT;
use crate::progress::Step;
use crate::state::{RunDirectory, State};

/// Starts it, unless it runs.
pub(crate) fn start(run: &RunDirectory, state: &State, program: &Path) -> Result<()> {
    let factory = run.background("factory");
    if factory.runs() {
        return Ok(());
    }
    let step = Step::begin("starting the legacy factory");
    let mut command = Command::new(program);
    command.args(["--listen", &format!("127.0.0.1:{}", state.ports.factory)]);
    command.args(["--delay-ms", &state.factory_delay_ms.to_string()]);
    factory.start(command)?;
    factory.wait_ready(READY_LIMIT, || super::listens(state.ports.factory))?;
    step.done();
    Ok(())
}

/// Stops it.
pub(crate) fn stop(run: &RunDirectory) -> Result<()> {
    run.background("factory").stop()
}
