//! Programs that `up` builds once and keeps in a cache of the user's, by version.

mod apt;
mod buildah;
mod cache;
mod go;
mod local_aws;
mod mariadb;
mod needs;
mod node;

pub(crate) use buildah::buildah;
pub(crate) use go::{Kubernetes, Node, helm, k6, kubeconform, kubernetes, node, only_kubectl};
pub(crate) use local_aws::local_aws;
pub(crate) use mariadb::{MariaDb, mariadb};
pub(crate) use needs::check as check_needs;
use node::packages as node_packages;
