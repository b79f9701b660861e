//! The ways into a pod that the documents tell people: its program, and a port of it.

use super::installation::Installation;
use super::place::Place;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

/// Until a port is forwarded, and for its answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// A product that nobody sells.
const PRODUCTS: &str = "products:
  - {sku: CP-INSIDE, name: A donut, price: 1, openingStock: 3, reorderPoint: 1}
";

/// Runs commands of the ledger where the controller runs, and asks a role what it waits for.
pub(crate) async fn is_asked(shop: &Installation) {
    let controller = "deployment/restock-restock-operator-controller";
    let program = ["--", "/restock-operator", "products"];
    let apply = [
        &["exec", "-i", controller][..],
        &program,
        &["apply", "-f", "/dev/stdin"],
    ]
    .concat();
    shop.place.kubectl_with(&apply, PRODUCTS).await;
    let list = [&["exec", controller][..], &program, &["list"]].concat();
    let products = shop.place.kubectl(&list).await;
    assert!(products.contains("CP-INSIDE"), "{products}");

    let ready = readiness(&shop.place, "deployment/restock-restock-operator-relay").await;
    assert!(ready.contains("[+] topic"), "{ready}");
}

async fn readiness(place: &Place, whose: &str) -> String {
    let mut command = Command::new(std::env::var("KUBECTL").unwrap());
    let forward = [
        "port-forward",
        "--namespace",
        &place.namespace,
        whose,
        ":8080",
    ];
    command.args(forward).stdout(Stdio::piped());
    let mut forwarding = command.kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(forwarding.stdout.take().unwrap()).lines();
    let first = timeout(ANSWERED_WITHIN, lines.next_line()).await;
    let first = first.expect("it begins").unwrap().expect("a line");
    let address = first.split_whitespace().nth(2).unwrap();
    let client = reqwest::Client::builder().timeout(ANSWERED_WITHIN);
    let page = format!("http://{address}/readyz?verbose");
    let answer = client.build().unwrap().get(page).send().await.unwrap();
    let text = answer.text().await.unwrap();
    forwarding.kill().await.unwrap();
    text
}
