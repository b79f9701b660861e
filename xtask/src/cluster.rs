//! `cargo xtask cluster`: a real cluster of one node, for root, in a network namespace that has
//! no way out of this machine.

mod control;
mod dns;
mod images;
pub(crate) mod network;
mod node;
pub(crate) mod runtime;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Subcommand;

use crate::api_server::ApiServer;
use crate::command;
use crate::given::Given;
use crate::process::Background;
use crate::random;
use crate::state::{RunDirectory, write_private};
use crate::tools;

/// A started part has this long to be ready: each needs some seconds on an idle machine.
const READY_LIMIT: Duration = Duration::from_secs(120);

/// What to do with the cluster.
#[derive(Subcommand)]
pub(crate) enum ClusterCommand {
    /// Starts it (what is missing is built or installed first), and loads the image.
    Up {
        /// Allow a given cluster that is not on this machine.
        #[arg(long)]
        external: bool,
    },
    /// Stops it, and removes all it wrote.
    Down,
}

/// Starts or stops it.
pub(crate) fn run(run: &RunDirectory, command: &ClusterCommand) -> Result<()> {
    let given = Given::from_environment();
    if let Some(kubeconfig) = &given.kubeconfig {
        if let ClusterCommand::Up { external: false } = command {
            given.check_local(&tools::only_kubectl(run)?)?;
        }
        println!(
            "XTASK_KUBECONFIG is set: {} is used as it is",
            kubeconfig.display()
        );
        return Ok(());
    }
    let cluster = Cluster::of(run);
    match command {
        ClusterCommand::Up { .. } => cluster.up(run),
        ClusterCommand::Down => cluster.down(),
    }
}

/// Where its files are.
pub(crate) struct Cluster {
    directory: PathBuf,
}

impl Cluster {
    /// The one of this checkout.
    pub(crate) fn of(run: &RunDirectory) -> Self {
        Self {
            directory: run.checkout("target/cluster"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn background(&self, name: &'static str) -> Background {
        Background::new(name, self.path("processes"))
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap_or(&self.directory))?;
        write_private(&path, text)?;
        Ok(path)
    }

    fn server(&self) -> ApiServer {
        ApiServer(self.directory.clone())
    }

    /// What the pods did with the API server, a JSON object a line.
    pub(crate) fn audit_log(&self) -> PathBuf {
        self.path("audit.log")
    }

    /// Loads the images of this archive.
    pub(crate) fn load(&self, archive: &Path) -> Result<()> {
        runtime::load(archive)
    }

    /// How to reach it as its administrator.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.server().kubeconfig()
    }

    /// Starts it, unless it runs, and loads the image as it is now.
    pub(crate) fn up(&self, run: &RunDirectory) -> Result<()> {
        if !rustix::process::geteuid().is_root() {
            bail!("only root can start a cluster here; or set XTASK_KUBECONFIG to one of yours");
        }
        let programs = tools::node(run)?;
        let archives = images::make(self, run)?;
        std::fs::create_dir_all(&self.directory)?;
        network::create()?;
        control::start(self, &programs, &self.token()?)?;
        runtime::start(self, &archives)?;
        dns::start(self, &programs)?;
        node::start(self, &programs)?;
        println!("The cluster is up:");
        println!("  export KUBECONFIG={}", self.kubeconfig().display());
        println!("  cargo xtask cluster down     stops it and removes all it wrote");
        Ok(())
    }

    /// What uses another goes before it. Repeated after an interruption, it goes on.
    fn down(&self) -> Result<()> {
        node::stop(self)?;
        dns::stop(self)?;
        runtime::stop(self)?;
        control::stop(self)?;
        network::remove()?;
        match std::fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The administrator's bearer token, made once.
    fn token(&self) -> Result<String> {
        let path = self.path("token");
        if !path.exists() {
            self.write("token", &random::password()?)?;
        }
        Ok(std::fs::read_to_string(path)?)
    }

    fn kubectl(&self, programs: &tools::Node, arguments: &[&str]) -> Result<String> {
        let mut kubectl = Command::new(&programs.kubectl);
        kubectl.arg("--kubeconfig").arg(self.kubeconfig());
        command::output(kubectl.arg("--request-timeout=5s").args(arguments))
    }
}
