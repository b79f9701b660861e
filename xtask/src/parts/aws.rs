//! The local AWS.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::READY_LIMIT;
use crate::progress::Step;
use crate::state::{RunDirectory, State};

/// Starts it, unless it runs. It keeps all in memory: queues are made anew by the set-up.
pub(crate) fn start(run: &RunDirectory, state: &State, program: &Path) -> Result<()> {
    let server = run.background("local-aws");
    if server.runs() {
        return Ok(());
    }
    let step = Step::begin("starting the local AWS");
    let mut command = Command::new(program);
    command.arg(state.ports.aws.to_string());
    server.start(command)?;
    server.wait_ready(READY_LIMIT, || super::listens(state.ports.aws))?;
    step.done();
    Ok(())
}

/// Stops it.
pub(crate) fn stop(run: &RunDirectory) -> Result<()> {
    run.background("local-aws").stop()
}
