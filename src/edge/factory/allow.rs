//! Which hosts a Factory may point to: the operator's own list, whatever objects say.

use crate::edge::factory::TargetError;
use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Names and networks. A name may resolve to any address but those of this host and its
/// links; an address, and any of those, must be in a listed network.
#[derive(Clone, Debug, Default)]
pub struct AllowList {
    names: Arc<BTreeSet<String>>,
    networks: Arc<Vec<IpNet>>,
}

/// An entry that is neither a name nor a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a host name nor a network such as 10.0.0.0/8")]
pub struct NotAnEntry(String);

impl AllowList {
    /// Reads host names, addresses and networks.
    ///
    /// # Errors
    /// [`NotAnEntry`].
    pub fn parse(entries: &[String]) -> Result<Self, NotAnEntry> {
        let mut list = (BTreeSet::new(), Vec::new());
        for entry in entries
            .iter()
            .map(|entry| entry.trim())
            .filter(|entry| !entry.is_empty())
        {
            if let Ok(network) = entry.parse::<IpNet>() {
                list.1.push(network);
            } else if let Ok(address) = entry.parse::<IpAddr>() {
                list.1.push(IpNet::from(address));
            } else if is_name(entry) {
                list.0.insert(entry.to_ascii_lowercase());
            } else {
                return Err(NotAnEntry(entry.to_owned()));
            }
        }
        Ok(Self {
            names: Arc::new(list.0),
            networks: Arc::new(list.1),
        })
    }

    /// Whether a Factory may have this `url`.
    ///
    /// # Errors
    /// [`TargetError`] says why not.
    pub fn check(&self, url: &str) -> Result<(), TargetError> {
        let url = Url::parse(url).map_err(|why| TargetError::InvalidUrl(why.to_string()))?;
        self.admit(&url)
    }

    /// Whether an order may go to this URL. An address in the URL is checked here, for the
    /// resolver never sees it.
    pub(super) fn admit(&self, url: &Url) -> Result<(), TargetError> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let admitted = match host.parse::<IpAddr>() {
            Ok(address) => self.lists(address),
            Err(_) => self.names.contains(&host.to_ascii_lowercase()),
        };
        admitted
            .then_some(())
            .ok_or_else(|| TargetError::HostNotAllowed(host.to_owned()))
    }

    fn lists(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    /// Whether a listed name may lead to this address.
    fn may_resolve_to(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let near = match address {
            IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
            // fd00:ec2::254 is the metadata service; unique local addresses go with it.
            IpAddr::V6(v6) => {
                v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_unicast_link_local()
                    || v6.is_unique_local()
            }
        };
        !near || self.lists(address)
    }
}

fn is_name(entry: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    entry.len() <= 253 && entry.chars().all(allowed)
}

/// Resolves like the system and drops what the list does not admit: checked where the
/// connection is made, so that a name cannot change its mind in between.
pub(super) struct GuardedResolver {
    allow: AllowList,
}

impl GuardedResolver {
    pub(super) fn new(allow: AllowList) -> Self {
        Self { allow }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow = self.allow.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let admitted: Vec<SocketAddr> = found
                .into_iter()
                .filter(|found| allow.may_resolve_to(found.ip()))
                .collect();
            if admitted.is_empty() {
                return Err(
                    format!("{} leads to no address that is allowed", name.as_str()).into(),
                );
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> AllowList {
        let entries: Vec<_> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        AllowList::parse(&entries).expect("valid entries")
    }

    fn admits(list: &AllowList, url: &str) -> bool {
        list.admit(&Url::parse(url).expect("a valid URL")).is_ok()
    }

    #[test]
    fn only_what_is_listed_is_admitted() {
        let list = list(&["factory.example", "10.1.0.0/16", "::1"]);
        assert!(admits(&list, "https://Factory.example/api"));
        assert!(admits(&list, "https://10.1.2.3/api"));
        assert!(admits(&list, "https://[::1]:8080/"));
        assert!(!admits(&list, "https://factory.example.evil.example/"));
        assert!(!admits(&list, "https://10.2.0.1/"));
        assert!(!admits(&list, "https://169.254.169.254/latest/meta-data"));
        assert!(
            !admits(&list, "https://2852039166/"),
            "the same address as one number"
        );
    }

    #[test]
    fn a_listed_name_does_not_lead_to_this_host_or_its_links() {
        let list = list(&["factory.example"]);
        for near in [
            "127.0.0.1",
            "169.254.169.254",
            "::1",
            "::ffff:127.0.0.1",
            "fd00:ec2::254",
        ] {
            assert!(
                !list.may_resolve_to(near.parse().expect("an address")),
                "{near}"
            );
        }
        assert!(list.may_resolve_to("10.0.0.5".parse().expect("an address")));
    }

    #[test]
    fn an_entry_that_is_neither_is_named() {
        let entries = ["https://factory.example".to_owned()];
        assert!(AllowList::parse(&entries).is_err());
    }
}
