//! Waiting for the answers to many words, on a way that is not always good.

use crate::api_way::ApiWay;
use crate::cluster::Place;
use crate::limited::Limited;
use crate::place::{api, ask_as, at_place, create, write_status};
use crate::requests::by_person;
use crate::support::{Said, plugin};
use kube::api::{DeleteParams, ListParams};
use serde_json::json;
use std::time::Duration;

const REQUESTS: usize = 30;

/// Questions until a right that was just granted is known: of some 20 ms each.
const TRIES_MAX: u32 = 500;

/// A list to choose by, one where the watch begins, the watch itself, and as many again.
const READS_OF_LISTS_MAX: usize = 6;

/// Has all that failed ordered again, on this way.
async fn retry_all(place: &Place, way: &ApiWay) -> Said {
    let (namespace, setting) = (place.namespace.clone(), way.setting());
    let asked = tokio::task::spawn_blocking(move || {
        let words = [
            "retry",
            "--field-selector",
            "status.phase=Failed",
            "--wait",
            "60",
        ];
        let reason = ["--reason", "mended", "-n", &namespace];
        let (variable, path) = (setting.0, setting.1.as_str());
        plugin(&[&words[..], &reason].concat(), "", &[(variable, path)])
    });
    asked.await.unwrap()
}

/// As a controller does that takes up every word, but for the last one, which is deleted.
async fn take_all_up(place: &Place, count: usize) {
    let api = api(place);
    let said = async || {
        let all = api.list(&ListParams::default()).await.unwrap();
        let words = all.into_iter().filter(|one| one.spec.resolution.is_some());
        words.collect::<Vec<_>>()
    };
    while said().await.len() < count {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for one in said().await {
        let name = one.metadata.name.unwrap();
        if name == "last" {
            api.delete(&name, &DeleteParams::default()).await.unwrap();
            continue;
        }
        let mut handled = serde_json::to_value(one.spec.resolution.unwrap()).unwrap();
        handled["outcome"] = json!("Done");
        handled["at"] = json!("2100-01-01T10:00:00.000000Z");
        write_status(&api, &name, json!({ "handledResolution": handled })).await;
    }
}

/// The word is said all the same, and what to do is said too.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_watch_cannot_wait() {
    at_place(async |place| {
        create(&place, &by_person("one"), refused()).await;
        let user = Limited::new(&place.client, &place.namespace);
        let verbs = json!(["get", "list", "patch"]);
        let rule = json!([{ "apiGroups": ["restock.dev"], "resources": ["restockrequests"],
            "verbs": verbs }]);
        user.allow(&place.namespace, "speak", &rule).await;
        let (variable, path) = user.setting();
        let retry = || {
            let words = ["retry", "one", "--reason", "mended", "--wait", "60"];
            ask_as(&place, &words, "", &[(variable, path.as_str())])
        };
        // The server's caches of rights follow in their own time.
        let mut asked = (0..TRIES_MAX).map(|_| retry());
        let said = asked
            .find(|said| !said.out.is_empty())
            .expect("the rights are there");
        said.expect(
            1,
            &[
                "cannot watch requests in namespace",
                "--wait 0; the word stays said",
            ],
        );
        assert!(
            said.out.contains("one said: Retry of attempt 1"),
            "{said:?}"
        );
        user.close().await;
    })
    .await;
}

fn refused() -> serde_json::Value {
    json!({
        "phase": "Failed", "reason": "Refused", "message": "said elsewhere", "attempt": 1,
        "orderOutcome": "Refused", "product": "CP-502101", "quantity": 7,
        "factory": { "name": "north", "uid": "11111111-0000-4000-8000-000000000001" },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_words_wait_they_are_one_watch() {
    at_place(async |place| {
        for number in 1..REQUESTS {
            create(&place, &by_person(&format!("r-{number}")), refused()).await;
        }
        create(&place, &by_person("last"), refused()).await;
        let way = ApiWay::new(&place.client, &place.namespace).await;
        let (said, ()) = tokio::join!(retry_all(&place, &way), take_all_up(&place, REQUESTS));
        said.expect(3, &["request last was deleted before the word was seen"]);
        let done = said
            .out
            .lines()
            .filter(|line| line.contains(" done; now Failed, Refused"));
        assert_eq!(done.count(), REQUESTS - 1, "{said:?}");
        let reads = way.reads();
        assert!(reads <= REQUESTS + READS_OF_LISTS_MAX, "{reads} reads");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_the_server_has_forgotten_begins_anew_and_says_so() {
    at_place(async |place| {
        create(&place, &by_person("one"), refused()).await;
        create(&place, &by_person("two"), refused()).await;
        let way = ApiWay::new(&place.client, &place.namespace).await;
        way.forget(2);
        let (said, ()) = tokio::join!(retry_all(&place, &way), take_all_up(&place, 2));
        said.expect(0, &["too old resource version: it is looked at anew"]);
        assert_eq!(said.err.matches("too old").count(), 1, "{said:?}");
        assert_eq!(said.out.matches(" done; now ").count(), 2, "{said:?}");
    })
    .await;
}
