//! Needs an API server (KUBECONFIG). Proves that it takes the lease as we write it, and
//! that of two candidates one leads.

use k8s_openapi::api::coordination::v1::Lease as Record;
use kube::api::{Api, DeleteParams};
use restock_operator::process::Process;
use restock_operator::process::lease::Lease;
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test]
async fn a_real_api_server_takes_the_lease_and_gives_it_to_one() {
    assert!(
        std::env::var_os("KUBECONFIG").is_some(),
        "KUBECONFIG is not set: run `cargo xtask test`, which starts an API server"
    );
    restock_operator::process::install_tls();
    let client = kube::Client::try_default()
        .await
        .expect("the API server of KUBECONFIG");
    let name = format!("lease-test-{}", std::process::id());
    let records: Api<Record> = Api::namespaced(client.clone(), "default");
    let stand = |identity: &str| {
        let process = Process::default();
        let leads = Lease::spawn(client.clone(), "default", &name, identity, &process);
        (process, leads)
    };
    let patience = Duration::from_secs(15);

    let (first, mut first_leads) = stand("first");
    timeout(patience, first_leads.wait_for(|leads| *leads))
        .await
        .expect("a leader")
        .expect("one");
    let (second, mut second_leads) = stand("second");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(
        *first_leads.borrow() && !*second_leads.borrow(),
        "renewed, and not taken"
    );

    first.shutdown.cancel();
    first.tasks.close();
    first.tasks.wait().await;
    timeout(patience, second_leads.wait_for(|leads| *leads))
        .await
        .expect("a heir")
        .expect("one");
    let spec = records
        .get(&name)
        .await
        .expect("the lease")
        .spec
        .expect("a spec");
    assert_eq!(spec.holder_identity.as_deref(), Some("second"));
    assert_eq!(spec.lease_transitions, Some(2));

    second.shutdown.cancel();
    second.tasks.close();
    second.tasks.wait().await;
    records
        .delete(&name, &DeleteParams::default())
        .await
        .expect("the lease deleted");
}
