//! Needs nothing. Proves that purchases are decided in their order, each once, and that a wrong
//! body names its fields.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use restock_operator::domain::order::{EventId, IdempotencyKey, SaleId};
use restock_operator::domain::purchase::{
    Answer, Form, Kept, NewAnswer, Purchase, Restock, Shelf, Terms, Verdict, decide,
};
use std::collections::HashMap;

fn form(quantity: u32, buyer: &str) -> Form {
    let body = serde_json::json!({ "sku": "CP-1", "quantity": quantity, "buyer": buyer });
    Form::parse(body.to_string().as_bytes()).unwrap()
}

fn purchase(key: &str, quantity: u32) -> Purchase {
    Purchase {
        key: IdempotencyKey::parse(key).unwrap(),
        form: form(quantity, "minji"),
        sale_id: SaleId::parse(&format!("sale-{key}")).unwrap(),
        event_id: EventId::parse(&format!("event-{key}")).unwrap(),
        trace_parent: None,
    }
}

fn shelf(stock: i64) -> Shelf {
    Shelf {
        stock,
        reorder_point: 2,
        reorder_quantity: None,
        factory_id: None,
        under_way: false,
    }
}

fn of(verdict: &Verdict) -> &Answer {
    match verdict {
        Verdict::Answered(answer) => answer,
        other => panic!("its key is its own: {other:?}"),
    }
}

#[test]
fn the_first_to_come_is_served_first_and_nobody_in_part() {
    let group = [purchase("a", 2), purchase("b", 2), purchase("c", 1)];
    let decided = decide(shelf(3), HashMap::new(), &group, Terms::default());
    assert!(matches!(
        of(&decided.verdicts[0]),
        Answer::Sold { remaining: 1, .. }
    ));
    assert!(matches!(
        of(&decided.verdicts[1]),
        Answer::OutOfStock {
            available: 1,
            restock: Restock::Requested
        }
    ));
    assert!(matches!(
        of(&decided.verdicts[2]),
        Answer::Sold { remaining: 0, .. }
    ));
    assert_eq!(decided.pieces(), 3);
    assert_eq!(decided.answers.len(), 3);
    assert_eq!(decided.shortages.len(), 1);
}

#[test]
fn a_key_gets_one_answer_and_only_for_what_it_was_given_for() {
    let mut other = purchase("a", 1);
    other.form.buyer = "somebody else".to_owned();
    let group = [purchase("a", 1), purchase("a", 1), other];
    let decided = decide(shelf(5), HashMap::new(), &group, Terms::default());
    assert_eq!(decided.verdicts[0], decided.verdicts[1]);
    assert_eq!(decided.verdicts[2], Verdict::KeyReused);
    assert_eq!((decided.pieces(), decided.answers.len()), (1, 1));

    let kept = |new: &NewAnswer| {
        let answer = Ok(new.answer.clone());
        let digest = new.digest.clone();
        (new.key.clone(), Kept { digest, answer })
    };
    let kept = decided.answers.iter().map(kept).collect();
    let again = decide(shelf(0), kept, &group[..1], Terms::default());
    assert_eq!(
        again.verdicts[0], decided.verdicts[0],
        "whatever the stock is now"
    );
    assert!(again.answers.is_empty() && again.sales.is_empty() && again.shortages.is_empty());
}

#[test]
fn a_kept_answer_that_cannot_be_read_concerns_its_own_purchase() {
    let mut other = purchase("later", 1);
    other.form.buyer = "somebody else".to_owned();
    let group = [purchase("later", 1), other, purchase("new", 1)];
    let kept = Kept {
        digest: group[0].form.digest(),
        answer: Err("unknown variant".to_owned()),
    };
    let kept = HashMap::from([(group[0].key.clone(), kept)]);
    let decided = decide(shelf(5), kept, &group, Terms::default());
    let unreadable = Verdict::Unreadable("unknown variant".to_owned());
    assert_eq!(decided.verdicts[..2], [unreadable, Verdict::KeyReused]);
    assert!(matches!(
        of(&decided.verdicts[2]),
        Answer::Sold { remaining: 4, .. }
    ));
    assert_eq!((decided.pieces(), decided.answers.len()), (1, 1));
}

#[test]
fn nine_hundred_failed_buyers_send_one_message_where_the_shop_wishes_it() {
    let group: Vec<_> = (0..900).map(|n| purchase(&format!("k{n}"), 1)).collect();
    let messages = |terms, under_way| {
        let mut shelf = shelf(0);
        shelf.under_way = under_way;
        decide(shelf, HashMap::new(), &group, terms).shortages.len()
    };
    let sparing = Terms {
        one_message_at_a_time: true,
        ..Terms::default()
    };
    assert_eq!(messages(Terms::default(), true), 900);
    assert_eq!(messages(sparing, false), 1);
    assert_eq!(messages(sparing, true), 0);
}

#[test]
fn the_reorder_point_warns_once_where_the_shop_wishes_it() {
    let group: Vec<_> = (0..4).map(|n| purchase(&format!("k{n}"), 1)).collect();
    let warnings = |early_warning| {
        let terms = Terms {
            early_warning,
            ..Terms::default()
        };
        decide(shelf(4), HashMap::new(), &group, terms).shortages
    };
    assert!(warnings(false).is_empty());
    let warned = warnings(true);
    assert_eq!(warned.len(), 1);
    assert_eq!(
        warned[0].event_id.as_str(),
        "event-k1",
        "the one that left two"
    );
}

#[test]
fn a_wrong_body_names_each_field() {
    let fields = |body: &str| -> Vec<String> {
        let errors = Form::parse(body.as_bytes()).unwrap_err();
        errors.into_iter().map(|error| error.field).collect()
    };
    assert_eq!(fields("{}"), ["sku", "quantity", "buyer"]);
    assert_eq!(fields("[]"), ["body"]);
    assert_eq!(fields("{\"sku\":"), ["body"]);
    let with = |quantity: &str| {
        fields(&format!(
            r#"{{"sku":"A","buyer":"b","quantity":{quantity}}}"#
        ))
    };
    for wrong in [
        "0", "-1", "1.5", "1.0", "\"1\"", "null", "1000001", "1e30", "1e999", "true",
    ] {
        assert_eq!(with(wrong), ["quantity"], "{wrong}");
    }
    let unknown = r#"{"sku":"A","buyer":"b","quantity":1,"price":0}"#;
    assert_eq!(fields(unknown), ["price"]);
    let twice = r#"{"sku":"A","quantity":1,"quantity":2,"buyer":"b"}"#;
    assert_eq!(fields(twice), ["body"]);
    let no_character = "{\"sku\":\"A\",\"buyer\":\"a\\uffffb\",\"quantity\":1}";
    assert_eq!(fields(no_character), ["buyer"], "SQS would not take it");
    let hidden = "{\"sku\":\"A\",\"buyer\":\"b\\u202e\",\"quantity\":1}";
    assert_eq!(fields(hidden), ["buyer"]);
    let long = format!(
        r#"{{"sku":"A","buyer":"{}","quantity":1}}"#,
        "도".repeat(129)
    );
    assert_eq!(fields(&long), ["buyer"]);
}

#[test]
fn what_is_kept_is_read_back() {
    let text = r#"{"answer":"OutOfStock","available":0,"restock":"UnderWay"}"#;
    let answer: Answer = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&answer).unwrap(), text);
    let sold = Answer::Sold {
        sale_id: SaleId::parse("s").unwrap(),
        remaining: 4,
    };
    assert_eq!(
        serde_json::to_string(&sold).unwrap(),
        r#"{"answer":"Sold","saleId":"s","remaining":4}"#
    );
}
