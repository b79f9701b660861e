//! A good end holds every expectation; each way to go wrong breaks the one that is about it.

use super::super::look::Request;
use super::super::outside::Mail;
use super::*;

const MALFORMED: &str = "message-1";

fn good_end(story: &Story) -> Look {
    let mut look = Look {
        dead_letters: 1,
        ..Look::default()
    };
    for scene in &story.scenes {
        look.orders.insert(scene.sku.clone(), scene.requests);
        look.stock.insert(scene.sku.clone(), scene.stock_after());
        let (phase, reason) = last_state(scene.end);
        for number in 0..scene.requests {
            look.requests.push(Request {
                name: format!("rr-{}-{number}.", scene.sku),
                product: scene.sku.clone(),
                phase: phase.to_owned(),
                reason: reason.to_owned(),
                notified: phase == "Failed",
            });
        }
    }
    let failed = look.requests.iter().filter(|one| one.phase == "Failed");
    let mut told: Vec<_> = failed.map(|one| one.name.clone()).collect();
    told.push(MALFORMED.to_owned());
    let mail = |text| Mail {
        subject: String::new(),
        text,
    };
    look.mail = told.into_iter().map(mail).collect();
    look
}

/// The texts of what does not hold after this change of a good end.
fn broken(crash: Crash, change: impl FnOnce(&mut Look)) -> Vec<String> {
    let story = Story::of("0a1b2c");
    let mut now = good_end(&story);
    change(&mut now);
    let evidence = Evidence {
        story: &story,
        before: &Look::default(),
        malformed_id: MALFORMED,
        crash,
        told: TOLD,
    };
    let all = expectations(&evidence, &now);
    let broken = all.into_iter().filter(|one| one.problem.is_some());
    broken.map(|one| one.text).collect()
}

const TOLD: [Told; 2] = [
    Told {
        sold: BUYERS - LATE_BUYERS,
        out_of_stock: LATE_BUYERS,
    },
    Told {
        sold: LATE_BUYERS,
        out_of_stock: 0,
    },
];

#[test]
fn a_buyer_too_many_and_one_too_few_are_seen() {
    let [first, again] = TOLD;
    for told in [[Told { sold: 21, ..first }, again], [first, first]] {
        let problem = sold_what_was_there(told).problem;
        assert!(problem.is_some(), "{told:?}");
    }
    assert!(sold_what_was_there(TOLD).problem.is_none());
}

const SURVIVED: Crash = Crash {
    in_between: true,
    stock_rose: true,
};

fn breaks(about: &str, change: impl FnOnce(&mut Look)) {
    let broken = broken(SURVIVED, change);
    assert!(
        broken.iter().any(|text| text.contains(about)),
        "{about}: {broken:?}"
    );
}

#[test]
fn a_good_end_holds_everything() {
    assert_eq!(broken(SURVIVED, |_| ()), Vec::<String>::new());
}

#[test]
fn a_missing_a_doubled_and_an_unfinished_request_are_seen() {
    breaks("SNS envelope: one request", |look| {
        look.requests
            .retain(|one| !one.product.starts_with("GLAZED"));
    });
    breaks("sent twice: one request", |look| {
        let twin = look
            .requests
            .iter()
            .find(|one| one.product.starts_with("TWIN"));
        let twin = twin.expect("it is there").clone();
        look.requests.push(twin);
    });
    breaks("storm: 20 requests", |look| {
        let storm = look
            .requests
            .iter_mut()
            .find(|one| one.product.starts_with("STORM"));
        storm.expect("it is there").phase = "Awaiting".to_owned();
    });
    breaks("malformed: no request", |look| {
        let mut stray = look.requests[0].clone();
        stray.product = "BROKEN-0a1b2c".to_owned();
        look.requests.push(stray);
    });
}

#[test]
fn a_second_order_and_wrong_stock_are_seen() {
    for count in [0, 2] {
        breaks("one order per request", |look| {
            look.orders.insert("TWIN-0a1b2c".to_owned(), count);
        });
    }
    breaks("stock = opening", |look| {
        look.stock.insert("MAPLE-0a1b2c".to_owned(), 30);
    });
    breaks("stock = opening", |look| look.stock.clear());
}

#[test]
fn silence_about_a_failure_is_seen() {
    breaks("each failed request was told", |look| {
        drop(look.mail.remove(0))
    });
    breaks("each failed request was told", |look| {
        look.requests
            .iter_mut()
            .for_each(|one| one.notified = false);
    });
    breaks("told, with its reason", |look| drop(look.mail.pop()));
    breaks("in the dead-letter queue", |look| look.dead_letters = 0);
    breaks("the queue is empty", |look| look.queue_depth = 1);
}

#[test]
fn a_crash_at_another_moment_proves_nothing() {
    for (in_between, stock_rose) in [(false, true), (true, false)] {
        let broken = broken(
            Crash {
                in_between,
                stock_rose,
            },
            |_| (),
        );
        assert_eq!(broken.len(), 1, "{broken:?}");
    }
}
