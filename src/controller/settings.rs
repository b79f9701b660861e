//! What a person can set about the controller.

use crate::domain::policy::Policy;
use crate::process::args::{DatabaseArgs, NamespacesArgs, NoLeaseNamespace, OpsArgs};
use std::path::PathBuf;
use std::time::Duration;

/// Settings of the controller role.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The ledger.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Where the requests are.
    #[command(flatten)]
    pub namespaces: NamespacesArgs,
    /// Whom to tell.
    #[command(flatten)]
    pub ops: OpsArgs,
    /// Public base URL of the receiver, as the factory reaches it
    #[arg(long, env = "RESTOCK_CALLBACK_URL", value_name = "URL")]
    pub callback_url: String,
    /// Base URL of the receiver within the cluster, for goods that a person says have come;
    /// without one, the public base URL
    #[arg(long, env = "RESTOCK_RECEIVER_URL", value_name = "URL")]
    pub receiver_url: Option<String>,
    /// File with the callback keys; the first one signs
    #[arg(long, env = "RESTOCK_CALLBACK_KEYS_FILE", value_name = "PATH")]
    pub callback_keys_file: PathBuf,
    /// Hosts and networks that Factories may point to, separated by commas
    #[arg(
        long,
        env = "RESTOCK_FACTORY_ALLOW",
        value_delimiter = ',',
        required = true
    )]
    pub factory_allow: Vec<String>,
    /// Directory below which the Secrets of headersFrom are mounted, by name
    #[arg(
        long,
        env = "RESTOCK_FACTORY_HEADERS",
        default_value = "/etc/restock/headers"
    )]
    pub factory_headers: PathBuf,
    /// Passes at a time. Each holds at most one connection per neighbour
    #[arg(
        long,
        env = "RESTOCK_CONCURRENCY",
        default_value_t = 32,
        value_parser = clap::value_parser!(u16).range(1..=256)
    )]
    pub concurrency: u16,
    /// Name of this candidate for the lease; without one, every controller works at once
    #[arg(long, env = "RESTOCK_LEASE_IDENTITY", value_name = "POD")]
    pub lease_identity: Option<String>,
    /// Seconds that a pass leaves an order alone that another process may be sending
    #[arg(long, env = "RESTOCK_GUARD_SECONDS", default_value_t = 45)]
    pub guard_seconds: u64,
    /// Seconds that the ledger must have answered before a callback counts as overdue
    #[arg(long, env = "RESTOCK_LEDGER_SETTLE_SECONDS", default_value_t = 120)]
    pub ledger_settle_seconds: u64,
    /// Seconds after the deadline that a verdict waits for an empty callback inbox
    #[arg(long, env = "RESTOCK_INBOX_GRACE_SECONDS", default_value_t = 600)]
    pub inbox_grace_seconds: u64,
    /// Seconds for which failures of one cause are collected into one notice
    #[arg(long, env = "RESTOCK_NOTICE_INTERVAL_SECONDS", default_value_t = 60)]
    pub notice_interval_seconds: u64,
    /// Seconds after which a Succeeded request is deleted
    #[arg(long, env = "RESTOCK_TTL_SUCCEEDED_SECONDS", default_value_t = 600)]
    pub ttl_succeeded_seconds: u64,
    /// Seconds after which a Failed request is deleted
    #[arg(long, env = "RESTOCK_TTL_FAILED_SECONDS", default_value_t = 86_400)]
    pub ttl_failed_seconds: u64,
}

impl Args {
    /// Namespace and candidate of the election; none if there is no election.
    ///
    /// # Errors
    /// There is one, and it has no namespace.
    pub(super) fn election(&self) -> Result<Option<(&str, &str)>, NoLeaseNamespace> {
        let Some(identity) = self.lease_identity.as_deref() else {
            return Ok(None);
        };
        Ok(Some((self.namespaces.of_lease()?, identity)))
    }

    /// Where this process reaches the receiver, without a slash at its end.
    pub(super) fn receiver_base(&self) -> &str {
        let url = self.receiver_url.as_ref().unwrap_or(&self.callback_url);
        url.trim_end_matches('/')
    }

    /// A Factory's policy, with what only this process can set.
    pub(super) fn policy(&self, of_factory: Policy) -> Policy {
        Policy {
            guard_time: Duration::from_secs(self.guard_seconds),
            ledger_settle: Duration::from_secs(self.ledger_settle_seconds),
            inbox_grace: Duration::from_secs(self.inbox_grace_seconds),
            ..of_factory
        }
    }
}
