//! Which cluster, and which part of it.

use super::failure::Failure;
use crate::crd::request::RestockRequest;
use crate::domain::message::plain_text;
use crate::domain::order::ID_CHARACTERS_MAX;
use crate::edge::cluster;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::core::DynamicObject;
use kube::{Api, Client, CustomResourceExt as _};

/// Who this program is in `managedFields`.
pub(super) const FIELD_MANAGER: &str = "kubectl-restock";

/// Of these options, in the help of each command: they are the same everywhere.
const HEADING: &str = "Where";

/// The same words as kubectl's own.
#[derive(Debug, clap::Args)]
pub(super) struct Target {
    /// Context of the kubeconfig; if not set, the current one
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING)]
    context: Option<String>,
    /// Namespace; if not set, that of the context
    #[arg(short, long, global = true, value_name = "NAME", help_heading = HEADING)]
    namespace: Option<String>,
    /// Look at all namespaces
    #[arg(short = 'A', long, global = true, conflicts_with = "namespace", help_heading = HEADING)]
    pub(super) all_namespaces: bool,
}

/// A cluster, and where in it to look.
pub(super) struct Place {
    /// The cluster.
    pub(super) client: Client,
    /// None: in all namespaces.
    pub(super) namespace: Option<String>,
}

impl Target {
    /// Connects.
    pub(super) async fn place(&self) -> Result<Place, Failure> {
        let client = match &self.context {
            Some(context) => cluster::client_of(context).await,
            None => cluster::client().await,
        };
        let client = client.map_err(|why| {
            Failure::new(
                format!("no cluster to ask: {why}"),
                "Set KUBECONFIG, or name a context with --context: `kubectl config \
                 get-contexts` lists them.",
            )
        })?;
        let one = || {
            let named = self.namespace.clone();
            named.unwrap_or_else(|| client.default_namespace().to_owned())
        };
        let namespace = (!self.all_namespaces).then(one);
        Ok(Place { client, namespace })
    }

    /// Connects, to look at named requests: a name says nothing without its namespace.
    pub(super) async fn namespace_of_names(&self) -> Result<(Place, String), Failure> {
        self.place().await?.of_names()
    }
}

impl Place {
    /// With its one namespace: a name says nothing without it.
    pub(super) fn of_names(self) -> Result<(Self, String), Failure> {
        match self.namespace.clone() {
            Some(namespace) => Ok((self, namespace)),
            None => Err(Failure::usage(
                "a name cannot be looked for in all namespaces",
                "Name its namespace with -n instead of -A.",
            )),
        }
    }

    /// One namespace of it.
    pub(super) fn narrowed(&self, namespace: &str) -> Self {
        Self {
            client: self.client.clone(),
            namespace: Some(namespace.to_owned()),
        }
    }

    /// The requests there, as they are stored.
    pub(super) fn requests(&self) -> Api<DynamicObject> {
        let resource = RestockRequest::api_resource();
        match &self.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }

    /// The caller's name, as the API server knows it: what a kubeconfig calls them says
    /// nothing.
    pub(super) async fn caller(&self) -> Result<String, Failure> {
        let reviews: Api<SelfSubjectReview> = Api::all(self.client.clone());
        let review = cluster::create(&reviews, &SelfSubjectReview::default(), false).await;
        let review = review.map_err(|why| Failure::of_cluster("ask who you are", &why))?;
        let user = review.status.and_then(|status| status.user_info);
        let name = user.and_then(|user| user.username).unwrap_or_default();
        Ok(plain_text(&name, ID_CHARACTERS_MAX))
    }

    /// In words, after "requests".
    pub(super) fn words(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("in namespace {namespace}"),
            None => "in all namespaces".to_owned(),
        }
    }
}
