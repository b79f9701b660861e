//! `cargo xtask e2e`: the tests that install on a real cluster, on the local parts and on the
//! cluster of `cargo xtask cluster up`.

mod images;

use std::fs::File;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use crate::cluster::{Cluster, network, runtime};
use crate::command;
use crate::given::Given;
use crate::parts::{self, UpOptions};
use crate::shell_env;
use crate::state::RunDirectory;
use crate::test;
use crate::tools;

/// The programs with these tests; one after the other, for the definitions of a cluster are
/// there once. `cargo test` passes them over: there they say that they need this command.
const TESTS: [&str; 4] = [
    "cluster_install",
    "cluster_load",
    "cluster_manifests",
    "cluster_trouble",
];

/// Options of `e2e`.
#[derive(Args)]
pub(crate) struct EndToEndOptions {
    #[command(flatten)]
    up: UpOptions,
    /// Passed on to the tests.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Starts what is needed and runs the tests; the exit code is theirs.
pub(crate) fn run(run: &RunDirectory, options: &EndToEndOptions, lock: File) -> Result<ExitCode> {
    let given = Given::from_environment();
    if given.kubeconfig.is_some() {
        bail!("these tests end pods and delete definitions: unset XTASK_KUBECONFIG");
    }
    // Before the long builds: one message must name all that is missing.
    tools::check_needs(run, &given, true)?;
    let state = parts::up(run, &options.up)?;
    let helm = tools::helm(run)?;
    let cluster = Cluster::of(run);
    cluster.up(run)?;
    for archive in [images::factory(run)?, images::next(run)?] {
        cluster.load(&archive)?;
    }
    // The tests only use the parts: another command may run beside them.
    drop(lock);
    let mut cargo = command::cargo();
    cargo.args(["test", "--no-fail-fast"]);
    cargo.args(TESTS.iter().flat_map(|test| ["--test", test]));
    cargo.args(["--", "--ignored", "--nocapture"]);
    cargo.args(&options.arguments);
    cargo.envs(shell_env::of_the_parts(run, &state));
    cargo.env("KUBECONFIG", cluster.kubeconfig());
    cargo.env("HELM", helm).env("KUBECTL", &state.kubectl);
    cargo.env("CLUSTER_HOST", network::HOST);
    cargo.env("CLUSTER_NODE", network::NODE);
    cargo.env("CLUSTER_RUNTIME", runtime::SOCKET);
    cargo.env("CLUSTER_AUDIT_LOG", cluster.audit_log());
    let code = test::run_tests(&mut cargo)?;
    eprintln!(
        "parts and cluster still run, for the next time: `cargo xtask down` and \
         `cargo xtask cluster down` stop them"
    );
    Ok(code)
}
