//! Needs helm. Proves: the relay is installed only where it is switched on, with an account of
//! its own at the ledger and on AWS, and none in the cluster.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support {
    pub(crate) mod chart;
}

use serde_json::Value;
use support::chart::{SHOP, of_kind, one, refusal, render};

#[test]
fn the_relay_is_installed_where_it_is_switched_on_and_has_its_own_account() {
    assert!(!Value::Array(render(&[])).to_string().contains("relay"));
    let said = refusal(&[SHOP[1]]);
    assert!(
        said.contains("stockTopicArn") && said.contains("required"),
        "{said}"
    );
    let objects = render(&[
        SHOP[0],
        SHOP[1],
        SHOP[2],
        "relay.databaseSecretName=outbox",
        "relay.replicas=3",
        "relay.settings.RUST_LOG=debug",
        "relay.serviceAccount.annotations={\"a\":\"irsa\"}",
        "networkPolicy.enabled=true",
    ]);
    let deployment = one(&objects, "Deployment", "-relay");
    assert_eq!(deployment["spec"]["replicas"], 3);
    let pod = deployment["spec"]["template"]["spec"].to_string();
    let topic = SHOP[2].split_once('=').unwrap().1;
    for has in [
        "\"secretName\":\"outbox\"",
        "\"args\":[\"relay\"]",
        "{\"name\":\"RUST_LOG\",\"value\":\"debug\"}",
        &format!("{{\"name\":\"RESTOCK_TOPIC_ARN\",\"value\":\"{topic}\"}}"),
    ] {
        assert!(pod.contains(has), "{has}: {pod}");
    }
    assert!(!pod.contains("restock-database\""), "{pod}");
    let account = one(&objects, "ServiceAccount", "-relay");
    assert_eq!(account["metadata"]["annotations"]["a"], "irsa");
    let bound = of_kind(&objects, "RoleBinding");
    let bound = bound.iter().map(|binding| binding["subjects"].to_string());
    assert!(
        bound
            .into_iter()
            .all(|subjects| !subjects.contains("relay"))
    );
    one(&objects, "PodDisruptionBudget", "-relay");
    let egress = one(&objects, "NetworkPolicy", "-relay")["spec"]["egress"].to_string();
    assert!(
        egress.contains("3306") && egress.contains("443"),
        "{egress}"
    );
    assert!(!egress.contains("6443"), "no way to the cluster: {egress}");
}
