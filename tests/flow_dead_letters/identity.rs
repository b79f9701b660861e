//! Killed in mid-way: a letter goes back twice, and is one request.

use crate::cluster::in_namespace;
use crate::stock_queue::attributes;
use crate::{dlq, in_queues};
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use restock_operator::crd::request::RestockRequest;
use restock_operator::ingest;
use restock_operator::process::Process;
use restock_operator::process::args::NamespaceArgs;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_only_sqs_named_goes_back_under_its_old_name_and_twice_is_once() {
    in_queues(async |queues| {
        in_namespace(async |place| {
            let body = r#"{"MessageAttributeProductId": "CP-1"}"#;
            let id = queues.bury(body).await;
            let shown = dlq(&queues, &["show", &id, "-o", "json"]);
            let shown: Value = serde_json::from_str(&shown.out).unwrap();
            let (name, known_as) = (&shown[0]["request"], &shown[0]["knownAs"]);
            // As a redrive leaves it that is killed after it sent the copy.
            let copy = attributes(&[("EventId", &id)]);
            queues.queue.send(body, &copy).await.unwrap();
            let said = dlq(&queues, &["redrive", "--all", "--yes"]);
            assert_eq!(said.code, 0, "{said:?}");
            assert!(
                said.out.contains("To 1 of them only SQS gave an id"),
                "{said:?}"
            );
            assert!(
                said.out.contains("1 of 1 dead letter sent back"),
                "{said:?}"
            );
            assert_eq!(queues.depth().await, 2);

            let process = Process::default();
            let args = ingest::Args {
                queue_url: queues.queue.url().to_owned(),
                mapping_file: None,
                pollers: 1,
                namespace: NamespaceArgs {
                    namespace: place.namespace.clone(),
                },
            };
            let running = tokio::task::spawn(ingest::run(args, process.clone()));
            timeout(PATIENCE, async {
                while queues.depth().await > 0 {
                    sleep(Duration::from_millis(100)).await;
                }
            })
            .await
            .expect("both are read");
            process.shutdown.cancel();
            running.await.unwrap().unwrap();
            let api: Api<RestockRequest> = Api::namespaced(place.client.clone(), &place.namespace);
            let made = api.list(&ListParams::default()).await.unwrap().items;
            assert_eq!(made.len(), 1);
            assert_eq!(made[0].spec.source.as_ref().unwrap().event_id, id);
            assert_eq!(*name, made[0].name_any(), "as was said before");
            assert_eq!(queues.dead_letters().await, 0);
            // Should it die again, whatever is known of it finds it.
            queues.dead.send(body, &copy).await.unwrap();
            for known in [&*id, known_as.as_str().unwrap(), name.as_str().unwrap()] {
                let again = dlq(&queues, &["show", known]);
                assert_eq!(again.code, 0, "{known}: {again:?}");
            }
        })
        .await;
    })
    .await;
}
