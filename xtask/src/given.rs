//! Parts of the person's own, used instead of those started here.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::command;

/// A cluster, a database, an AWS: each only if it was named on purpose.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Given {
    /// `XTASK_KUBECONFIG`.
    pub(crate) kubeconfig: Option<PathBuf>,
    /// `XTASK_DATABASE_URL`, `mysql://USER:PASSWORD@HOST:PORT/SCHEMA`; the user may create
    /// schemas and users named `restock_...`.
    pub(crate) database_url: Option<String>,
    /// `XTASK_AWS_ENDPOINT_URL`; region and credentials then come from AWS_*.
    pub(crate) aws_endpoint: Option<String>,
}

impl Given {
    /// Reads the environment.
    pub(crate) fn from_environment() -> Self {
        let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            kubeconfig: read("XTASK_KUBECONFIG").map(PathBuf::from),
            database_url: read("XTASK_DATABASE_URL"),
            aws_endpoint: read("XTASK_AWS_ENDPOINT_URL"),
        }
    }

    /// Refuses a part that is not on this machine: tests write to all of them.
    pub(crate) fn check_local(&self, kubectl: &std::path::Path) -> Result<()> {
        if let Some(kubeconfig) = &self.kubeconfig {
            let mut view = Command::new(kubectl);
            view.arg("--kubeconfig")
                .arg(kubeconfig)
                .args(["config", "view", "--minify"]);
            let server = view.args(["--output", "jsonpath={.clusters[0].cluster.server}"]);
            check("XTASK_KUBECONFIG", &command::output(server)?)?;
        }
        if let Some(url) = &self.database_url {
            check("XTASK_DATABASE_URL", url)?;
        }
        if let Some(url) = &self.aws_endpoint {
            check("XTASK_AWS_ENDPOINT_URL", url)?;
        }
        Ok(())
    }
}

/// The URL may hold a password: it is never part of the message.
fn check(name: &str, url: &str) -> Result<()> {
    let url = Url::parse(url).with_context(|| format!("{name} holds no URL"))?;
    let host = url.host_str().unwrap_or_default();
    if !is_loopback(host) {
        bail!("{name} is not on this machine ({host}); add --external if that is meant");
    }
    Ok(())
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_passes_unasked() {
        for url in [
            "http://127.0.0.1:4566",
            "mysql://root:pw@localhost:3306/x",
            "https://[::1]:6443",
        ] {
            check("X", url).expect(url);
        }
        let elsewhere = [
            "https://sqs.example.com",
            "mysql://root:pw@10.0.0.1:3306/x",
            "http://127.0.0.1.example.com",
            "http://localhost@example.com",
            "https://[fe80::1]:6443",
        ];
        for url in elsewhere {
            check("X", url).expect_err(url);
        }
    }

    #[test]
    fn a_refusal_keeps_the_password() {
        let error = check("X", "mysql://root:secret@db.example/x").expect_err("not local");
        assert!(!format!("{error:#}").contains("secret"));
    }
}
