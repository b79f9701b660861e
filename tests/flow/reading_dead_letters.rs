//! `kubectl restock dlq list`.

use crate::support::plugin::is_harmless;
use crate::support::reading::{clear, free_address, serve};
use crate::support::shop::in_shop;
use crate::{NARROW, ask};
use restock_operator::domain::order::RequestId;
use restock_operator::edge::store::dead_letters::SeenDeadLetter;
use serde_json::{Value, json};
use std::time::Duration;

const LETTERS: u32 = 120;

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_by_reason_and_hostile_ones_do_no_harm() {
    in_shop(json!({}), |shop| async move {
        let address = free_address();
        serve(&shop.place, "controller", Some(address)).await;
        let _controller = shop.controller_with(&[("RESTOCK_READ_LISTEN", address.to_string())]);
        for number in 0..LETTERS {
            let reason = match number {
                7 => "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e} 한국어 \r\n x".to_owned(),
                _ => "no product id: expected fields.MessageAttributeProductId".to_owned(),
            };
            let letter = SeenDeadLetter {
                request_id: RequestId::parse(&format!("id{number}")).unwrap(),
                is_named: true,
                formerly: None,
                message_id: format!("message-{number:03}"),
                reason,
                sent_at: None,
            };
            shop.ledger.see_dead_letter(&letter).await.unwrap();
        }
        let list = |more: &[&str]| ask(&shop, &[&["dlq", "list"], more].concat());
        let begun = (0..100).map(|_| list(&[])).find(|said| said.code == 0);
        let narrow = begun.unwrap_or_else(|| panic!("{:?}", list(&[]))).out;
        assert!(
            narrow.starts_with("the newest 100 dead letters; the queue was not looked at"),
            "{narrow}"
        );
        assert!(narrow.contains("--limit 100 ends here"), "{narrow}");
        assert!(
            narrow.lines().all(|line| line.chars().count() <= NARROW),
            "{narrow}"
        );
        assert_eq!(narrow.matches("no product id").count(), 1, "{narrow}");
        for form in ["wide", "json", "yaml", "name"] {
            let said = list(&["--limit", "1000", "-o", form]);
            assert!(said.code == 0 && is_harmless(&said.out), "{form}: {said:?}");
            assert_eq!(
                said.out.matches("message-").count(),
                LETTERS as usize,
                "{form}"
            );
        }
        gone_letters_are_listed_when_asked_for(&shop, list).await;
        clear(&shop.place).await;
    })
    .await;
}

async fn gone_letters_are_listed_when_asked_for(
    shop: &crate::support::shop::Shop,
    list: impl Fn(&[&str]) -> crate::support::plugin::Said,
) {
    let later = shop.ledger.now().await.unwrap() + Duration::from_secs(600);
    shop.ledger.set_dead_letters_swept(later).await.unwrap();
    let here = list(&["--limit", "7"]).out;
    let here = here.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        here.contains("not met then, and perhaps gone: 7 of them"),
        "{here}"
    );
    let before = later - Duration::from_secs(210);
    shop.ledger.set_dead_letters_gone(before).await.unwrap();
    let here = list(&[]).out;
    assert!(
        here.starts_with("0 dead letters; the queue was looked at 0s ago"),
        "{here}"
    );
    let gone = list(&["--gone", "--limit", "1000", "-o", "json"]).out;
    let gone: Value = serde_json::from_str(&gone).unwrap();
    let items = gone["items"].as_array().unwrap();
    assert_eq!(items.len(), LETTERS as usize);
    assert!(items.iter().all(|item| item["gone"] == true));
    assert!(list(&["--gone"]).out.contains("  gone\n"));
    assert!(!here.contains("may lie there"), "{here}");
    // Only looks that did not meet all of it went on.
    let later = later + Duration::from_secs(60);
    shop.ledger.set_dead_letters_gone(later).await.unwrap();
    let here = list(&[]).out;
    let words = here.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = "Looks since then did not meet all of it: what they have not met for 0s counts as \
                gone, and may lie there";
    assert!(words.contains(said), "{here}");
    assert!(
        here.lines().all(|line| line.chars().count() <= NARROW),
        "{here}"
    );
}
