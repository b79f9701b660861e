//! Needs a database. Proves that a letter which was redriven and died again is told from one that
//! only lies beside its equals, in whatever order they are met, and that a doubt is waited out.
#![allow(clippy::unwrap_used)]

#[path = "support/ledger.rs"]
mod ledger;

use ledger::{Ledger, request};
use restock_operator::domain::time::Time;
use restock_operator::edge::store::dead_letters::{NotedDeadLetter, SeenDeadLetter};
use std::time::Duration;

const HOLD: Duration = Duration::from_secs(60);

/// Nothing is known to have gone.
const NEVER: Time = Time::from_micros(i64::MIN);

/// A letter that only its content names.
fn nameless(message_id: &str, sent_at: Time) -> SeenDeadLetter {
    SeenDeadLetter {
        request_id: request("content"),
        is_named: false,
        formerly: None,
        message_id: message_id.to_owned(),
        reason: "no product id".to_owned(),
        sent_at: Some(sent_at),
    }
}

fn named(id: &str, message_id: &str, sent_at: Time) -> SeenDeadLetter {
    SeenDeadLetter {
        request_id: request(id),
        is_named: true,
        ..nameless(message_id, sent_at)
    }
}

fn noted(letter: &SeenDeadLetter) -> NotedDeadLetter {
    NotedDeadLetter {
        request_id: letter.request_id.clone(),
        message_id: letter.message_id.clone(),
    }
}

async fn settle(ledger: &Ledger, gone_before: Time) {
    for death in ledger.unsettled_deaths(100).await.unwrap() {
        ledger.settle_death(&death, gone_before).await.unwrap();
    }
}

/// Those that can be told now, and how often each died before.
async fn told(ledger: &Ledger) -> Vec<(String, u32)> {
    let claimant = format!("claimant-{}", ledger.now().await.unwrap().as_micros());
    let claimed = ledger.claim_untold(100, &claimant, HOLD).await.unwrap();
    ledger.mark_told(&claimed, "n").await.unwrap();
    let letters = claimed.into_iter();
    letters
        .map(|letter| (letter.message_id, letter.died_before))
        .collect()
}

fn expected(letters: &[(&str, u32)]) -> Vec<(String, u32)> {
    let letters = letters.iter();
    letters
        .map(|(id, deaths)| ((*id).to_owned(), *deaths))
        .collect()
}

#[tokio::test]
async fn equal_letters_that_lie_there_together_died_once_each_and_return_for_the_second_time() {
    let ledger = Ledger::create().await;
    let long_ago = Time::from_micros(0);
    let first = ["m1", "m2", "m3"].map(|id| nameless(id, long_ago));
    for letter in &first {
        ledger.see_dead_letter(letter).await.unwrap();
    }
    let once = expected(&[("m1", 0), ("m2", 0), ("m3", 0)]);
    assert_eq!(told(&ledger).await, once, "known at once");

    // One more comes, and the look that meets it meets the others after it.
    let now = ledger.now().await.unwrap();
    ledger.see_dead_letter(&nameless("m4", now)).await.unwrap();
    assert_eq!(told(&ledger).await, [], "one of the others, perhaps");
    let others: Vec<_> = first.iter().map(noted).collect();
    ledger.see_dead_letters_again(&others).await.unwrap();
    settle(&ledger, NEVER).await;
    assert_eq!(told(&ledger).await, expected(&[("m4", 0)]));

    for deaths in [1, 2] {
        let now = ledger.now().await.unwrap();
        let returned: Vec<_> = ["a", "b", "c", "d"]
            .map(|id| nameless(&format!("{id}{deaths}"), now))
            .to_vec();
        for letter in &returned {
            ledger.see_dead_letter(letter).await.unwrap();
        }
        settle(&ledger, now).await;
        let again = told(&ledger).await;
        assert!(
            again.len() == 4 && again.iter().all(|(_, before)| *before == deaths),
            "{again:?}"
        );
    }
}

#[tokio::test]
async fn an_equal_letter_that_may_be_hidden_is_waited_for_and_one_that_has_gone_is_not() {
    let ledger = Ledger::create().await;
    let (began, hidden) = (ledger.now().await.unwrap(), nameless("m1", NEVER));
    ledger.see_dead_letter(&hidden).await.unwrap();
    assert_eq!(told(&ledger).await.len(), 1);
    let now = ledger.now().await.unwrap();
    for id in ["m2", "m3"] {
        ledger.see_dead_letter(&nameless(id, now)).await.unwrap();
    }
    // A look that met neither m1 nor all that is there; whoever is killed and comes again.
    for _ in 0..2 {
        settle(&ledger, began).await;
        assert_eq!(told(&ledger).await, []);
        for id in ["m2", "m3"] {
            ledger.see_dead_letter(&nameless(id, now)).await.unwrap();
        }
    }
    // Nobody met it for long enough.
    settle(&ledger, now).await;
    assert_eq!(told(&ledger).await, expected(&[("m2", 1), ("m3", 1)]));
    // It was hidden for longer than anybody hides one: what was told stays as it was told.
    ledger
        .see_dead_letters_again(&[noted(&hidden)])
        .await
        .unwrap();
    settle(&ledger, now).await;
    assert_eq!(told(&ledger).await, []);
}

#[tokio::test]
async fn a_letter_with_an_id_of_its_own_is_again_without_a_doubt() {
    let ledger = Ledger::create().await;
    let sent = async || ledger.now().await.unwrap();
    let first = named("a", "m1", sent().await);
    ledger.see_dead_letter(&first).await.unwrap();
    let second = named("a", "m2", sent().await);
    ledger.see_dead_letter(&second).await.unwrap();
    // It was sent twice: the first is met by the same look.
    ledger
        .see_dead_letters_again(&[noted(&first)])
        .await
        .unwrap();
    settle(&ledger, NEVER).await;
    assert_eq!(told(&ledger).await, expected(&[("m1", 0), ("m2", 0)]));
    for (id, deaths) in [("m3", 1), ("m4", 2)] {
        let again = named("a", id, sent().await);
        ledger.see_dead_letter(&again).await.unwrap();
        settle(&ledger, NEVER).await;
        assert_eq!(told(&ledger).await, expected(&[(id, deaths)]));
    }
}

#[tokio::test]
async fn a_letter_that_says_which_one_it_was_is_that_one_and_no_equal_of_it() {
    let ledger = Ledger::create().await;
    let long_ago = Time::from_micros(0);
    let first = ["m1", "m2"].map(|id| nameless(id, long_ago));
    for letter in &first {
        ledger.see_dead_letter(letter).await.unwrap();
    }
    told(&ledger).await;
    let now = ledger.now().await.unwrap();
    let returned = SeenDeadLetter {
        formerly: Some(noted(&first[0])),
        ..named("b", "m3", now)
    };
    ledger.see_dead_letter(&returned).await.unwrap();
    // Its sender gave this one an id, and it is equal to the others by chance.
    let stranger = SeenDeadLetter {
        formerly: Some(NotedDeadLetter {
            message_id: "event-1".to_owned(),
            ..noted(&first[0])
        }),
        ..named("c", "m4", now)
    };
    ledger.see_dead_letter(&stranger).await.unwrap();
    assert_eq!(told(&ledger).await, expected(&[("m3", 1), ("m4", 0)]));
    let dead_again = SeenDeadLetter {
        message_id: "m5".to_owned(),
        sent_at: Some(ledger.now().await.unwrap()),
        ..returned
    };
    ledger.see_dead_letter(&dead_again).await.unwrap();
    let pool = ledger.schema.pool().await;
    let since = "SELECT one.first_died_at = first.first_seen_at FROM dead_letter one \
         JOIN dead_letter first ON first.message_id = 'm1' WHERE one.message_id = 'm5'";
    assert_eq!(told(&ledger).await, expected(&[("m5", 2)]));
    let since: i64 = sqlx::query_scalar(since).fetch_one(&pool).await.unwrap();
    assert_eq!(since, 1, "since the first of them");
}
