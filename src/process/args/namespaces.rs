//! Which namespaces a process works in: one, or for the controller several or all.

use kube::Client;
use kube::api::Api;
use kube::core::{NamespaceResourceScope, Resource};
use std::fmt;

/// Namespaces of one list. Each costs two watches, which are two open connections, a query
/// of the ledger every second and three lists or queries a minute: 64 connections and some
/// 35 queries a second. Whoever has more watches all of them, which costs what one costs.
const NAMESPACES_MAX: usize = 32;

/// Stands for all namespaces. No namespace can be called so.
const ALL: &str = "*";

/// Where the requests are.
#[derive(Clone, Debug, clap::Args)]
pub struct NamespaceArgs {
    /// Namespace of the RestockRequests
    #[arg(long, env = "RESTOCK_NAMESPACE", default_value = "default", value_parser = only_one)]
    pub namespace: String,
}

/// Where the requests are, for who works in several namespaces, and where the lease is.
#[derive(Clone, Debug, clap::Args)]
pub struct NamespacesArgs {
    /// Namespaces of the RestockRequests and Factories, separated by commas; or * for all
    #[arg(
        id = "namespace",
        long = "namespace",
        env = "RESTOCK_NAMESPACE",
        value_name = "NAMESPACE,…",
        default_value = "default",
        value_parser = Namespaces::parse
    )]
    pub watched: Namespaces,
    /// Namespace of the lease; if not set: the first of those that are watched
    #[arg(
        long,
        env = "RESTOCK_LEASE_NAMESPACE",
        value_name = "NAMESPACE",
        value_parser = label
    )]
    pub lease_namespace: Option<String>,
}

impl NamespacesArgs {
    /// Where the lease is.
    ///
    /// # Errors
    /// All namespaces are watched, and nobody has said which of them has the lease.
    pub fn of_lease(&self) -> Result<&str, NoLeaseNamespace> {
        let first = self.watched.areas().iter().find_map(Area::namespace);
        let named = self.lease_namespace.as_deref();
        named.or(first).ok_or(NoLeaseNamespace)
    }
}

/// All namespaces are watched, and nobody has said which of them has the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "RESTOCK_NAMESPACE is {ALL}, which names no namespace for the lease: set \
     RESTOCK_LEASE_NAMESPACE, usually to the namespace of the pod"
)]
pub struct NoLeaseNamespace;

/// Namespaces by name, each once, or all of them; never none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespaces(Vec<Area>);

/// What one watch covers: one namespace, or the whole cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Area {
    /// The namespace of this name.
    Namespace(String),
    /// All namespaces.
    Cluster,
}

impl Namespaces {
    /// Reads names with commas between them, or a star.
    ///
    /// # Errors
    /// In words for people: what is wrong with which name.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == ALL {
            return Ok(Self(vec![Area::Cluster]));
        }
        let mut areas = Vec::new();
        for name in text.split(',') {
            let area = match name {
                ALL => return Err(format!("{ALL} stands for all namespaces: it stands alone")),
                "" => return Err("a name is empty: one comma stands between two names".to_owned()),
                name => Area::Namespace(label(name)?),
            };
            if areas.contains(&area) {
                return Err(format!("{name} is there twice"));
            }
            areas.push(area);
        }
        match areas.len() {
            ..=NAMESPACES_MAX => Ok(Self(areas)),
            count => Err(format!(
                "{count} namespaces, and at most {NAMESPACES_MAX} can be named; {ALL} stands for all"
            )),
        }
    }

    /// What is watched, each by itself.
    pub fn areas(&self) -> &[Area] {
        &self.0
    }
}

impl Area {
    /// Whether the namespace is in it.
    pub fn has(&self, namespace: &str) -> bool {
        self.namespace().is_none_or(|own| own == namespace)
    }

    /// The one namespace that it is; none if it is all of them.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Namespace(name) => Some(name),
            Self::Cluster => None,
        }
    }

    /// The objects of one kind in it.
    pub fn api<K>(&self, client: &Client) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        match self {
            Self::Namespace(name) => Api::namespaced(client.clone(), name),
            Self::Cluster => Api::all(client.clone()),
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.namespace().unwrap_or("all namespaces"))
    }
}

pub(crate) fn only_one(text: &str) -> Result<String, String> {
    if text == ALL || text.contains(',') {
        return Err("one namespace here: the controller alone takes several".to_owned());
    }
    label(text)
}

/// A namespace is a DNS label: 1 to 63 of [a-z0-9-], no dash at either end (RFC 1123).
fn label(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = (1..=63).contains(&text.len()) && text.bytes().all(allowed);
    if fits && !text.starts_with('-') && !text.ends_with('-') {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} is no namespace: 1 to 63 of a-z, 0-9 and -, with no - at either end"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<Area> {
        let area = |name: &&str| Area::Namespace((*name).to_owned());
        names.iter().map(area).collect()
    }

    #[test]
    fn a_namespace_is_a_dns_label() {
        for good in ["default", "a", "shop-1"] {
            assert_eq!(only_one(good), Ok(good.to_owned()));
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a/b", &"x".repeat(64)] {
            assert!(only_one(bad).is_err(), "{bad}");
            assert!(Namespaces::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_or_several_by_name_or_all_by_a_star() {
        let areas = |text| Namespaces::parse(text).unwrap().0;
        assert_eq!(areas("shop"), named(&["shop"]));
        assert_eq!(areas("b,a,c"), named(&["b", "a", "c"]));
        assert_eq!(areas("*"), [Area::Cluster]);
    }

    #[test]
    fn what_is_wrong_with_a_list_is_said() {
        let refused = |text: &str| Namespaces::parse(text).unwrap_err();
        for text in ["a,", ",a", "a,,b", ","] {
            assert!(refused(text).contains("a name is empty"), "{text}");
        }
        assert_eq!(refused("a,b,a"), "a is there twice");
        for text in ["*,a", "a,*", "*,*"] {
            assert!(refused(text).contains("stands alone"), "{text}");
        }
        assert!(refused("a, b").contains("\" b\" is no namespace"));
        let many = |count: usize| (0..count).map(|n| format!("n{n}")).collect::<Vec<_>>();
        assert!(Namespaces::parse(&many(NAMESPACES_MAX).join(",")).is_ok());
        assert!(refused(&many(NAMESPACES_MAX + 1).join(",")).starts_with("33 namespaces"));
    }

    #[test]
    fn who_works_in_one_namespace_says_so_of_a_list() {
        for text in ["a,b", "*"] {
            assert!(only_one(text).unwrap_err().contains("one namespace here"));
        }
    }

    #[test]
    fn the_lease_has_one_namespace() {
        let of_lease = |watched, lease_namespace: Option<&str>| {
            let args = NamespacesArgs {
                watched: Namespaces::parse(watched).unwrap(),
                lease_namespace: lease_namespace.map(str::to_owned),
            };
            args.of_lease().map(str::to_owned)
        };
        assert_eq!(of_lease("b,a", None), Ok("b".to_owned()));
        assert_eq!(of_lease("b,a", Some("own")), Ok("own".to_owned()));
        assert_eq!(of_lease("*", Some("own")), Ok("own".to_owned()));
        assert_eq!(of_lease("*", None), Err(NoLeaseNamespace));
    }

    #[test]
    fn an_area_has_its_own_namespace_or_every_one() {
        assert!(named(&["a"])[0].has("a") && !named(&["a"])[0].has("b"));
        assert!(Area::Cluster.has("a"));
    }
}
