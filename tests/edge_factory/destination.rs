//! Where an order may go at all.

use crate::posting::{allow, target};
use restock_operator::edge::factory::{AllowList, FactoryClient, Target, TargetError};
use restock_operator::process::install_tls;

fn reason(target: &Target, allow: &AllowList) -> &'static str {
    install_tls();
    match FactoryClient::new(target, allow) {
        Ok(_) => "Ready",
        Err(error) => error.reason(),
    }
}

#[test]
fn only_http_can_carry_an_order() {
    let list = allow(&["127.0.0.1", "factory.example"]);
    for (url, expected) in [
        ("http://127.0.0.1/api", "Ready"),
        ("https://factory.example/api?shop=1", "Ready"),
        ("ftp://127.0.0.1/api", "InvalidUrl"),
        ("ws://127.0.0.1/api", "InvalidUrl"),
        ("factory://127.0.0.1/api", "InvalidUrl"),
        ("file:///etc/passwd", "InvalidUrl"),
        ("data:text/plain,order", "InvalidUrl"),
        ("/api/manufactures", "InvalidUrl"),
        ("http://", "InvalidUrl"),
        ("http://buyer@127.0.0.1/", "InvalidUrl"),
        ("http://buyer:secret@127.0.0.1/", "InvalidUrl"),
        ("http://127.0.0.2/api", "HostNotAllowed"),
        ("http://factory.example.evil.example/", "HostNotAllowed"),
    ] {
        assert_eq!(reason(&target(url.to_owned()), &list), expected, "{url}");
    }
}

#[test]
fn plain_http_needs_a_word_of_its_own() {
    let list = allow(&["127.0.0.1"]);
    let secure = |url: &str| Target {
        allow_insecure: false,
        ..target(url.to_owned())
    };
    assert_eq!(reason(&secure("http://127.0.0.1/"), &list), "InvalidUrl");
    assert_eq!(reason(&secure("https://127.0.0.1/"), &list), "Ready");
}

#[test]
fn a_refused_url_is_not_repeated_with_its_password() {
    let target = target("http://buyer:hunter2@127.0.0.1/".to_owned());
    let error: TargetError = FactoryClient::new(&target, &allow(&["127.0.0.1"])).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
