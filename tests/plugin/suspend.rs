//! Suspending and resuming, beside a controller that writes.

use crate::place::{api, ask, at_place, create, write_status};
use crate::requests::by_person;
use kube::ResourceExt as _;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};

#[tokio::test]
async fn it_says_what_it_did_and_the_object_says_who_did_it() {
    at_place(async |place| {
        create(&place, &by_person("one"), json!({})).await;
        create(&place, &by_person("sent"), json!({ "phase": "Awaiting" })).await;
        create(&place, &by_person("ended"), json!({ "phase": "Failed" })).await;
        let is_suspended = async |name| api(&place).get(name).await.unwrap().spec.suspend;

        let tried = ask(&place, &["suspend", "one", "--reason", "fire", "--dry-run"]);
        assert_eq!(
            tried.out,
            "restockrequest.restock.dev/one suspended (dry run)\n"
        );
        assert!(!is_suspended("one").await);

        let all = [
            "suspend",
            "--field-selector",
            "spec.productId=CP-502101",
            "--reason",
            "fire",
        ];
        let said = ask(&place, &all);
        said.expect(0, &["3 selected, 2 changed"]);
        assert_eq!(
            said.out,
            "restockrequest.restock.dev/ended unchanged: it has ended (Failed)\n\
             restockrequest.restock.dev/one suspended\n\
             restockrequest.restock.dev/sent suspended; the order that was already sent goes on\n"
        );
        assert!(is_suspended("one").await && is_suspended("sent").await);
        assert!(!is_suspended("ended").await);

        let again = ask(&place, &["suspend", "one", "--reason", "smoke"]);
        assert_eq!(
            again.out,
            "restockrequest.restock.dev/one unchanged: it is suspended already\n"
        );
        let story = ask(&place, &["status", "one"]).out;
        assert!(
            story.contains("  admin         suspended it: fire\n"),
            "{story}"
        );
        assert!(story.contains("kubectl restock resume one -n"), "{story}");
        let resumed = ask(&place, &["resume", "one", "missing", "--reason", "put out"]);
        resumed.expect(3, &["there is no request missing"]);
        assert!(!is_suspended("one").await);
    })
    .await;
}

#[tokio::test]
async fn neither_it_nor_a_controller_that_writes_meanwhile_loses_a_word() {
    at_place(async |place| {
        create(&place, &by_person("busy"), json!({})).await;
        let api = api(&place);
        let is_over = AtomicBool::new(false);
        let controller = async {
            let mut attempt = 0;
            while !is_over.load(Ordering::Relaxed) {
                attempt += 1;
                write_status(&api, "busy", json!({ "attempt": attempt })).await;
            }
            attempt
        };
        let person = async {
            for verb in ["suspend", "resume", "suspend", "resume", "suspend"] {
                let place = crate::cluster::Place {
                    client: place.client.clone(),
                    namespace: place.namespace.clone(),
                };
                let asked = tokio::task::spawn_blocking(move || {
                    ask(&place, &[verb, "busy", "--reason", verb])
                });
                let said = asked.await.unwrap();
                assert_eq!(said.code, 0, "{said:?}");
            }
            is_over.store(true, Ordering::Relaxed);
        };
        let (attempts, ()) = tokio::join!(controller, person);
        let found = api.get("busy").await.unwrap();
        assert!(found.spec.suspend);
        assert_eq!(found.status.as_ref().unwrap().attempt, Some(attempts));
        assert!(found.annotations()["restock.dev/suspension"].contains("\"suspend\":true"));
    })
    .await;
}
