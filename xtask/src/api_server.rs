//! What an API server and those who talk to it share: the administrator's token, the keys of
//! service accounts, its certificate, a kubeconfig.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use crate::random;
use crate::state::write_private;

const TOKENS: &str = "tokens.csv";
const ACCOUNT_KEY: &str = "service-account.key";
const ACCOUNT_PUBLIC_KEY: &str = "service-account.pub";

/// The directory that holds them.
pub(crate) struct ApiServer(pub(crate) PathBuf);

impl ApiServer {
    /// Writes what is to be there before the server starts. `url` is where clients find it.
    pub(crate) fn write_credentials(&self, token: &str, url: &str) -> Result<()> {
        let tokens = format!("{token},admin,admin,\"system:masters\"\n");
        write_private(&self.0.join(TOKENS), &tokens)?;
        let (key, public_key) = (self.account_key(), self.0.join(ACCOUNT_PUBLIC_KEY));
        if !key.exists() || !public_key.exists() {
            let (private, public) = random::key_pair()?;
            write_private(&key, &private)?;
            write_private(&public_key, &public)?;
        }
        // JSON is YAML: any program that reads a kubeconfig reads this.
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{
                "name": "local",
                "cluster": {"server": url, "certificate-authority": self.certificate()},
            }],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{
                "name": "local",
                "context": {"cluster": "local", "user": "admin", "namespace": "default"},
            }],
            "current-context": "local",
        });
        let kubeconfig = serde_json::to_string_pretty(&kubeconfig)?;
        write_private(&self.kubeconfig(), &kubeconfig)
    }

    /// The options that name these files, and those that every server here has.
    pub(crate) fn options(&self) -> Vec<String> {
        let files = [
            ("cert-dir", "certificates"),
            ("token-auth-file", TOKENS),
            ("service-account-signing-key-file", ACCOUNT_KEY),
            ("service-account-key-file", ACCOUNT_PUBLIC_KEY),
        ];
        let option = |(name, file)| format!("--{name}={}", self.0.join::<&str>(file).display());
        let mut options: Vec<String> = files.into_iter().map(option).collect();
        options.extend(
            [
                "--authorization-mode=RBAC",
                "--service-cluster-ip-range=10.96.0.0/16",
                "--profiling=false",
            ]
            .map(str::to_owned),
        );
        options
    }

    /// For the administrator.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.0.join("kubeconfig")
    }

    /// Made by the server itself when it first starts; clients trust it.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.0.join("certificates/apiserver.crt")
    }

    /// Signs the tokens of service accounts.
    pub(crate) fn account_key(&self) -> PathBuf {
        self.0.join(ACCOUNT_KEY)
    }
}
