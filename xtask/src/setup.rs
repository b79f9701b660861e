//! What the parts hold once they run: resources, schema, products, queues, topics.

mod aws;
mod cluster;
mod queues;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use data_encoding::BASE64;

use crate::command;
use crate::progress::Step;
use crate::random;
use crate::shell_env;
use crate::state::{RunDirectory, State};

pub(crate) use aws::configuration as aws_configuration;
pub(crate) use cluster::kubectl;

/// Its name in the run directory: the keys that sign callback URLs.
pub(crate) const CALLBACK_KEYS: &str = "callback-keys";

/// Builds the operator, its kubectl plugin and the legacy factory; answers where the factory is.
pub(crate) fn build_operator() -> Result<PathBuf> {
    let mut cargo = command::cargo();
    cargo.args(["build", "--bin", "restock-operator"]);
    cargo.args(["--bin", "kubectl-restock", "--example", "factory"]);
    command::run("building the operator and the legacy factory", &mut cargo)?;
    built("examples/factory")
}

/// A program that cargo put beside this one.
pub(crate) fn built(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let directory = here.parent().context("this program lies in no directory")?;
    Ok(directory.join(name))
}

/// Sets all up; what is there already stays.
pub(crate) fn set_up(run: &RunDirectory, state: &mut State) -> Result<()> {
    let step = Step::begin("setting up queues, topics, schema, products and resources");
    if !run.path(CALLBACK_KEYS).exists() {
        let key = BASE64.encode(&random::key()?);
        run.write_private(CALLBACK_KEYS, &format!("k1 {key}\n"))?;
    }
    state.aws = aws::set_up(state)?;
    run.save(state)?;
    cluster::apply_definitions(run, state)?;
    operator(run, state, &["migrate"])?;
    operator(
        run,
        state,
        &["products", "apply", "-f", "manifests/samples/products.yaml"],
    )?;
    cluster::apply_factory(run, state)?;
    step.done();
    Ok(())
}

/// Runs an administrative command of the operator, as a person would.
pub(crate) fn operator(run: &RunDirectory, state: &State, arguments: &[&str]) -> Result<String> {
    let mut operator = Command::new(built("restock-operator")?);
    operator
        .current_dir(run.checkout(""))
        .envs(shell_env::variables(run, state));
    command::output(operator.args(arguments))
}
