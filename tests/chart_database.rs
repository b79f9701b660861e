//! Needs helm. Proves that all who need the ledger are told of it by one source: a Secret, or
//! a secret of AWS Secrets Manager.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support {
    pub(crate) mod chart;
}

use serde_json::Value;
use support::chart::{one, refusal, render};

/// The relay cannot be without.
const TOPIC: &str = "stockTopicArn=arn:aws:sns:eu-central-1:123456789012:stock";

#[test]
fn the_ledger_has_one_source_and_an_address_no_password() {
    let both = refusal(&["database.secretsManagerId=shop/ledger"]);
    assert!(both.contains("one of the two"), "{both}");
    let none = refusal(&["migrate.secretName="]);
    assert!(none.contains("the ledger of migrate"), "{none}");
    let database = "database={\"secretName\":\"\",\"secretsManagerId\":\"shop/ledger\",\
        \"address\":\"mysql://db/restock\"}";
    let objects = render(&[database, "tests.order=true"]);
    let pod = one(&objects, "Deployment", "-receiver").to_string();
    assert!(!pod.contains("RESTOCK_DATABASE_URL_FILE") && !pod.contains("restock-database"));
    let told = Value::Array(objects)
        .to_string()
        .matches("RESTOCK_DATABASE_SECRET_ID")
        .count();
    assert_eq!(told, 7, "three roles, their checks, and the order test");
}

#[test]
fn a_migration_by_secrets_manager_knows_its_region() {
    let migrate = "migrate={\"secretName\":\"\",\"secretsManagerId\":\"shop/owner\"}";
    let job = one(&render(&[migrate]), "Job", "-migrate").to_string();
    assert!(job.contains("\"RESTOCK_DATABASE_SECRET_ID\",\"value\":\"shop/owner\""));
    assert!(job.contains("AWS_REGION"), "{job}");
    let plain = one(&render(&[]), "Job", "-migrate").to_string();
    assert!(!plain.contains("AWS_REGION"), "{plain}");
}

#[test]
fn sales_and_relay_may_each_have_a_secret_of_their_own() {
    for role in ["sales", "relay"] {
        let values = format!(
            "{role}={{\"enabled\":true,\"databaseSecretName\":\"\",\
             \"databaseSecretsManagerId\":\"shop/{role}\"}}"
        );
        let objects = render(&[&values, TOPIC]);
        let pod = one(&objects, "Deployment", &format!("-{role}")).to_string();
        let told = format!("\"RESTOCK_DATABASE_SECRET_ID\",\"value\":\"shop/{role}\"");
        assert!(pod.contains(&told), "{pod}");
        assert!(!pod.contains("RESTOCK_DATABASE_URL_FILE"), "{pod}");
    }
}
