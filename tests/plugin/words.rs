//! Words of people, beside a controller that writes: who said what stays on the object, and
//! what cannot be, or should not be, is not said.

use crate::cluster::Place;
use crate::place::{api, ask, at_place, create, write_status};
use crate::requests::by_person;
use crate::support::{Said, Terminal};
use kube::api::{Patch, PatchParams};
use restock_operator::crd::resolution::Resolution;
use restock_operator::crd::words::Verb;
use restock_operator::edge::cluster::{self, ClusterError};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// An order that the factory has, or may have.
fn ordered(phase: &str, reason: &str, outcome: &str) -> Value {
    json!({
        "phase": phase, "reason": reason, "message": "said elsewhere", "attempt": 1,
        "orderOutcome": outcome, "product": "CP-502101", "quantity": 7,
        "factory": { "name": "north", "uid": "11111111-0000-4000-8000-000000000001" },
    })
}

fn in_doubt() -> Value {
    ordered("Failed", "OrderOutcomeUnknown", "Unknown")
}

fn refused() -> Value {
    ordered("Failed", "Refused", "Refused")
}

/// Says it, and does not wait: nobody would answer.
fn say(place: &Place, words: &[&str]) -> Said {
    ask(
        place,
        &[words, &["--reason", "called", "--wait", "0"]].concat(),
    )
}

async fn said(place: &Place, name: &str) -> Option<Resolution> {
    api(place).get(name).await.unwrap().spec.resolution
}

/// As a controller does that takes it up.
async fn take_up(place: &Place, name: &str, refusal: Option<&str>) {
    let mut handled = serde_json::to_value(said(place, name).await.unwrap()).unwrap();
    handled["outcome"] = json!(if refusal.is_some() { "Refused" } else { "Done" });
    handled["message"] = json!(refusal);
    handled["at"] = json!("2100-01-01T10:00:00.000000Z");
    write_status(&api(place), name, json!({ "handledResolution": handled })).await;
}

#[tokio::test]
async fn a_word_is_about_the_attempt_that_is_there_and_keeps_nothing_of_the_word_before() {
    at_place(async |place| {
        create(&place, &by_person("one"), in_doubt()).await;
        let tried = say(
            &place,
            &["resolve", "one", "arrived", "--quantity", "5", "--dry-run"],
        );
        assert_eq!(
            tried.out,
            "restockrequest.restock.dev/one said: Arrived of attempt 1; 5 came, and 7 were \
             ordered (dry run)\n"
        );
        assert_eq!(said(&place, "one").await, None);

        say(&place, &["resolve", "one", "arrived", "--quantity", "5"]).expect(0, &[]);
        let word = said(&place, "one").await.unwrap();
        assert_eq!((word.verb, word.quantity), (Verb::Arrived, Some(5)));
        assert_eq!((word.attempt, word.by.as_str()), (1, "admin"));
        take_up(&place, "one", Some("nobody knows")).await;

        let next = say(&place, &["resolve", "one", "not-placed"]);
        assert_eq!(
            next.out,
            "restockrequest.restock.dev/one said: NotPlaced of attempt 1\n"
        );
        let word = said(&place, "one").await.unwrap();
        assert_eq!((word.verb, word.quantity), (Verb::NotPlaced, None));
    })
    .await;
}

#[tokio::test]
async fn several_are_spoken_of_at_once_and_what_the_controller_would_refuse_is_not_said() {
    at_place(async |place| {
        let placed = ordered("Awaiting", "OrderPlaced", "Placed");
        create(&place, &by_person("a-new"), json!({})).await;
        create(&place, &by_person("b-sent"), placed).await;
        create(&place, &by_person("c-over"), refused()).await;
        let all = ["cancel", "--field-selector", "spec.productId=CP-502101"];
        let answer = say(&place, &all);
        answer.expect(
            5,
            &[
                "Cancel of request b-sent, attempt 1 is refused: the factory has the order, or \
                 may have it",
                "Cancel of request c-over, attempt 1 is refused: it is over",
            ],
        );
        assert_eq!(
            answer.out,
            "restockrequest.restock.dev/a-new said: Cancel of attempt 0\n"
        );
        assert_eq!(said(&place, "a-new").await.unwrap().verb, Verb::Cancel);
        assert!(said(&place, "b-sent").await.is_none() && said(&place, "c-over").await.is_none());

        let sent = say(&place, &["cancel", "b-sent"]);
        sent.expect(5, &["goods that come are counted", "suspend b-sent -n"]);
        say(&place, &["resolve", "c-over", "placed"]).expect(5, &["nobody is in doubt"]);
        say(&place, &["retry", "b-sent"]).expect(5, &["not overdue", "can be retried"]);
        let nothing = ["resolve", "a-new", "arrived", "--quantity", "5"];
        say(&place, &nothing).expect(5, &["not taken up yet"]);
        say(&place, &["retry", "missing", "c-over"]).expect(3, &["there is no request missing"]);
        assert_eq!(said(&place, "c-over").await.unwrap().verb, Verb::Retry);
    })
    .await;
}

#[tokio::test]
async fn the_same_word_is_one_word_and_nobody_speaks_over_another() {
    at_place(async |place| {
        create(&place, &by_person("one"), refused()).await;
        let twice = say(&place, &["retry", "one", "one"]);
        twice.expect(0, &[]);
        assert_eq!(twice.out.lines().count(), 1, "{twice:?}");
        let again = say(&place, &["retry", "one"]);
        assert_eq!(
            again.out,
            "restockrequest.restock.dev/one unchanged: Retry of attempt 1 is said already\n"
        );
        take_up(&place, "one", None).await;
        let done = say(&place, &["retry", "one"]);
        assert_eq!(done.code, 0, "{done:?}");
        assert!(
            done.out
                .contains("this very word was done at 2100-01-01T10:00:00Z")
        );
        take_up(&place, "one", Some("not now")).await;
        say(&place, &["retry", "one"]).expect(5, &["refused already", "not now", "--reason"]);

        let other = json!({ "verb": "Retry", "attempt": 1, "reason": "mine", "by": "kim" });
        let patch = Patch::Merge(json!({ "spec": { "resolution": other } }));
        let parameters = PatchParams::default();
        api(&place).patch("one", &parameters, &patch).await.unwrap();
        let words = ["retry", "one", "--reason", "another", "--wait", "0"];
        let refused = ask(&place, &words);
        refused.expect(
            5,
            &["the word of kim, Retry of attempt 1", "\"op\": \"remove\""],
        );
        assert_eq!(said(&place, "one").await.unwrap().by, "kim");
    })
    .await;
}

#[tokio::test]
async fn nothing_is_ordered_a_second_time_unless_somebody_says_so_in_so_many_words() {
    at_place(async |place| {
        for name in ["a", "b", "c"] {
            create(&place, &by_person(name), in_doubt()).await;
        }
        create(&place, &by_person("sure"), refused()).await;
        say(&place, &["retry", "a", "sure"]).expect(
            2,
            &[
                "a, attempt 1: said elsewhere",
                "nothing was said",
                "--although-the-factory-may-have-it",
            ],
        );
        assert!(said(&place, "a").await.is_none() && said(&place, "sure").await.is_none());

        // What stands beside the question is told all the same.
        let beside = say(&place, &["retry", "missing", "a"]);
        beside.expect(2, &["there is no request missing", "nothing was said"]);

        let tried = say(&place, &["retry", "a", "--dry-run"]);
        tried.expect(0, &["a, attempt 1: said elsewhere"]);
        let (namespace, flag) = (&place.namespace, "--although-the-factory-may-have-it");
        say(&place, &["retry", "a", flag]).expect(0, &[]);
        assert_eq!(said(&place, "a").await.unwrap().verb, Verb::Retry);
        let end_of_input = "\u{4}";
        for (name, typed, code) in [
            ("b", "y\n", 1),
            ("b", end_of_input, 1),
            ("c", "order again\n", 0),
        ] {
            let words = [
                "retry", name, "--reason", "lost", "--wait", "0", "-n", namespace,
            ];
            let mut terminal = Terminal::run(&words);
            let question = "takes none back. Retry them only if it says that it has no such \
                            order. Type `order again` to go on:";
            terminal.answer(question, typed);
            let asked = terminal.ended();
            assert_eq!(asked.code, code, "{asked:?}");
            let in_vain = "error: nothing was said: it was not confirmed";
            assert_eq!(asked.out.contains(in_vain), code == 1, "{asked:?}");
        }
        assert!(said(&place, "b").await.is_none());
        assert_eq!(said(&place, "c").await.unwrap().reason, "lost");
    })
    .await;
}

/// The answer to it may be lost, and then the word is about an order in doubt.
#[tokio::test]
async fn while_an_order_is_being_sent_a_retry_may_be_a_second_one_too() {
    at_place(async |place| {
        let sending = ordered("Placing", "Ordering", "NotPlaced");
        create(&place, &by_person("one"), sending).await;
        say(&place, &["retry", "one"]).expect(
            2,
            &[
                "one, attempt 1: an order is being sent now",
                "nothing was said",
            ],
        );
        assert!(said(&place, "one").await.is_none());
        let flag = "--although-the-factory-may-have-it";
        say(&place, &["retry", "one", flag]).expect(0, &[]);
        assert_eq!(said(&place, "one").await.unwrap().verb, Verb::Retry);
    })
    .await;
}

#[tokio::test]
async fn who_waits_hears_what_became_of_it_and_who_waits_in_vain_too() {
    at_place(async |place| {
        create(&place, &by_person("one"), refused()).await;
        let words = ["retry", "one", "--reason", "mended", "--wait"];
        let vain = ask(&place, &[&words[..], &["1"]].concat());
        vain.expect(
            6,
            &[
                "was not taken up within 1 s",
                "It stays said",
                "kubectl restock check",
            ],
        );
        let again = ask(&place, &[&words[..], &["1"]].concat());
        again.expect(6, &["was not taken up within 1 s"]);
        assert!(again.out.contains("is said already"), "{again:?}");
        take_up(&place, "one", None).await;

        let done = answered(&place, "headers mended", None).await;
        done.expect(0, &["Waiting for the controller, 60 s at most"]);
        let last = done.out.lines().last().unwrap();
        assert_eq!(
            last,
            "restockrequest.restock.dev/one done; now Failed, Refused"
        );
        let not = answered(&place, "once more", Some("the shop is closed")).await;
        not.expect(
            5,
            &["Retry of request one, attempt 1 is refused: the shop is closed"],
        );
    })
    .await;
}

/// Says it, waits, and is answered so.
async fn answered(place: &Place, reason: &'static str, refusal: Option<&str>) -> Said {
    let other = Place {
        client: place.client.clone(),
        namespace: place.namespace.clone(),
    };
    let words = ["retry", "one", "--reason", reason, "--wait", "60"];
    let asked = tokio::task::spawn_blocking(move || ask(&other, &words));
    let is_said = |word: Resolution| word.reason == reason;
    while !said(place, "one").await.is_some_and(is_said) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    take_up(place, "one", refusal).await;
    asked.await.unwrap()
}

/// Somebody else's word, or object, since it was read: the operations do not fit any more.
#[tokio::test]
async fn what_was_changed_since_it_was_read_is_a_conflict_and_a_bad_word_is_not() {
    at_place(async |place| {
        create(&place, &by_person("one"), refused()).await;
        let word = json!({ "verb": "Retry", "attempt": 1, "reason": "mine", "by": "kim" });
        let patched = async |seen: Value, word: &Value| {
            let operations = json!([
                { "op": "test", "path": "/spec", "value": seen },
                { "op": "add", "path": "/spec/resolution", "value": word },
            ]);
            cluster::patch_by(&api(&place), "one", "kim", operations, false).await
        };
        let object = api(&place).get("one").await.unwrap();
        let seen = serde_json::to_value(&object.spec).unwrap();
        let bad = json!({ "verb": "Retry", "attempt": 1, "reason": " ", "by": "kim" });
        let refused = patched(seen.clone(), &bad).await;
        assert!(
            matches!(refused, Err(ClusterError::Refused(_))),
            "{refused:?}"
        );
        patched(seen.clone(), &word).await.unwrap();
        let late = patched(seen, &word).await;
        assert!(matches!(late, Err(ClusterError::Conflict(_))), "{late:?}");
    })
    .await;
}

#[tokio::test]
async fn neither_a_word_nor_what_the_controller_writes_meanwhile_is_lost() {
    at_place(async |place| {
        create(&place, &by_person("busy"), refused()).await;
        let api = api(&place);
        let is_over = AtomicBool::new(false);
        let controller = async {
            let mut retries = 0;
            while !is_over.load(Ordering::Relaxed) {
                retries += 1;
                write_status(&api, "busy", json!({ "retries": retries })).await;
                if api.get("busy").await.unwrap().spec.resolution.is_some() {
                    take_up(&place, "busy", None).await;
                }
            }
            retries
        };
        let person = async {
            for reason in ["1st", "2nd", "3rd", "4th", "5th"] {
                let place = Place {
                    client: place.client.clone(),
                    namespace: place.namespace.clone(),
                };
                let words = ["retry", "busy", "--reason", reason, "--wait", "60"];
                let asked = tokio::task::spawn_blocking(move || ask(&place, &words));
                let answer = asked.await.unwrap();
                assert_eq!(answer.code, 0, "{answer:?}");
                assert!(answer.out.contains(" done; now "), "{answer:?}");
            }
            is_over.store(true, Ordering::Relaxed);
        };
        let (retries, ()) = tokio::join!(controller, person);
        let status = api.get("busy").await.unwrap().status.unwrap();
        assert_eq!(status.retries, Some(retries));
        assert_eq!(status.handled_resolution.unwrap().reason, "5th");
    })
    .await;
}

#[tokio::test]
async fn the_story_says_who_said_what_when_why_and_what_became_of_it() {
    at_place(async |place| {
        create(&place, &by_person("one"), in_doubt()).await;
        say(&place, &["resolve", "one", "arrived", "--quantity", "5"]).expect(0, &[]);
        let story = ask(&place, &["status", "one"]).out;
        let waiting = "What admin said, Arrived, is not done yet.";
        assert!(story.contains(waiting), "{story}");
        take_up(&place, "one", None).await;
        let story = ask(&place, &["status", "one"]).out;
        let done = "10:00:00  controller    did what admin said, Arrived of attempt 1, 5 pieces:\n";
        assert!(story.contains(done) && !story.contains(waiting), "{story}");
        take_up(&place, "one", Some("it is too late")).await;
        let story = ask(&place, &["status", "one"]).out;
        assert!(story.contains("refused what admin said"), "{story}");
        assert!(story.contains("Why: it is too late"), "{story}");

        // Another number of pieces is another word.
        let patch = Patch::Merge(json!({ "spec": { "resolution": { "quantity": 6 } } }));
        let parameters = PatchParams::default();
        api(&place).patch("one", &parameters, &patch).await.unwrap();
        let story = ask(&place, &["status", "one"]).out;
        assert!(story.contains(waiting), "{story}");
    })
    .await;
}
