//! Needs nothing. Proves that every known shape of message becomes the same order, and
//! that every hostile one is refused with a reason.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/messages.rs"]
mod messages;

use messages::{QUEUE, attributes, common_shop, sns};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use restock_operator::domain::message::{Envelope, MessageError, Wanted};
use restock_operator::edge::mapping::Mapping;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn wanted_by(
    mapping: &Mapping,
    body: &str,
    attributes: &BTreeMap<String, String>,
) -> Result<Wanted, MessageError> {
    mapping.wanted(&Envelope::open(body, attributes, None)?)
}

fn wanted(body: &str, attributes: &BTreeMap<String, String>) -> Result<Wanted, MessageError> {
    wanted_by(&Mapping::common_shop(), body, attributes)
}

fn refusal(body: &str) -> String {
    wanted(body, &BTreeMap::new()).unwrap_err().to_string()
}

fn with_count(count: &str) -> String {
    format!(r#"{{"MessageAttributeProductId": "A", "MessageAttributeProductCnt": {count}}}"#)
}

#[test]
fn every_shape_of_the_common_shop_is_the_same_order() {
    let body = json!({
        "MessageGroupId": "stock-arrival-group",
        "MessageAttributeProductId": "CP-502101",
        "MessageAttributeProductCnt": 3,
        "MessageAttributeFactoryId": "FF-500293",
        "MessageAttributeRequester": "김철수",
        "CallbackUrl": "https://attacker.example/",
    })
    .to_string();
    let none = BTreeMap::new();
    let twice = Value::from(body.as_str()).to_string();
    let cases = [
        (
            "SNS, attributes and free text",
            sns("도넛이 없습니다", &common_shop()),
            none.clone(),
        ),
        ("SNS, JSON message", sns(&body, &none), none.clone()),
        (
            "SNS, JSON message encoded twice",
            sns(&twice, &none),
            none.clone(),
        ),
        ("raw delivery", "out of stock".to_owned(), common_shop()),
        ("plain JSON", body.clone(), none.clone()),
        ("JSON encoded twice", twice, none.clone()),
        ("byte order mark", format!("\u{feff}{body}"), none.clone()),
        ("blanks", format!(" \r\n{body}\n"), none),
    ];
    let expected = wanted(&body, &BTreeMap::new()).unwrap();
    assert_eq!(expected.product_id.as_str(), "CP-502101");
    assert_eq!(expected.quantity.unwrap().get(), 3);
    assert_eq!(expected.factory_id.as_ref().unwrap().as_str(), "FF-500293");
    assert_eq!(expected.requester.as_deref(), Some("김철수"));
    for (name, body, attributes) in cases {
        assert_eq!(wanted(&body, &attributes), Ok(expected.clone()), "{name}");
    }
}

#[test]
fn attributes_win_over_the_body_and_what_is_absent_is_none() {
    let body = r#"{"MessageAttributeProductId": "OTHER", "MessageAttributeProductCnt": null}"#;
    let order = wanted(body, &attributes(&[("MessageAttributeProductId", "CP-1")])).unwrap();
    assert_eq!(order.product_id.as_str(), "CP-1");
    assert_eq!(
        (order.quantity, order.factory_id, order.requester),
        (None, None, None)
    );
    // Products are named by number, too.
    let order = wanted(r#"{"MessageAttributeProductId": 17}"#, &BTreeMap::new()).unwrap();
    assert_eq!(order.product_id.as_str(), "17");
}

#[test]
fn a_second_shop_needs_a_mapping_and_no_rebuild() {
    let mapping = Mapping::parse(include_str!("../examples/mapping-second-shop.yaml")).unwrap();
    let body = json!({
        "detail-type": "StockDepleted",
        "detail": {
            "product": {"uuid": "6f1c7c2e-0a52-4a7e-9b0e-2f6f0a3c9d11"},
            "missing": 7,
            "safetyStock": 5,
            "warehouse": "nord",
        },
    })
    .to_string();
    let order = wanted_by(&mapping, &body, &BTreeMap::new()).unwrap();
    assert_eq!(
        order.product_id.as_str(),
        "6f1c7c2e-0a52-4a7e-9b0e-2f6f0a3c9d11"
    );
    assert_eq!(order.quantity.unwrap().get(), 12);
    assert_eq!(order.factory_id.unwrap().as_str(), "FF-NORD");
    assert_eq!(order.requester, None);
    let error = wanted_by(&mapping, "{}", &attributes(&[("sku", "1")])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no product id: expected body.detail.product.uuid, found sku"
    );
}

#[test]
fn a_bad_mapping_says_which_field_and_why() {
    let error = |yaml: &str| Mapping::parse(yaml).unwrap_err().to_string();
    assert!(error("quantity: fields.n").contains("productId"));
    assert!(error("productId: fields.a\nsku: fields.b").contains("sku"));
    assert!(error("productId: 'fields.('").contains("expression for productId"));
    assert!(error("productId: fields.a\nquantity: boddy.n").contains("boddy is not known"));
    assert!(error("- a\n").contains("not valid"));
}

#[test]
fn a_misspelt_name_is_found_in_a_branch_that_is_not_taken_too() {
    let parse = |product: &str| Mapping::parse(&json!({"productId": product}).to_string());
    for wrong in [
        "has(fields.sku) ? fields.sku : boddy.id",
        "has(body.id) ? boddy.upperAscii() : 'x'",
        "has(body.id) ? fields.sku.upperAscii(boddy) : 'x'",
        "has(body.list) ? body.list.filter(item, boddy == item)[0] : 'x'",
        "has(body.list) ? body.list.map(item, item)[item] : boddy",
        "has(body.id) ? {'a': boddy}['a'] : 'x'",
    ] {
        let why = parse(wrong).unwrap_err().to_string();
        assert!(
            why.contains("boddy is not known") || why.contains("item is not known"),
            "{why}"
        );
    }
    for right in [
        "body.items.filter(item, item.missing > 0).map(item, item.sku)[0]",
        "has(body.id) ? body.id : optional.none().orValue(fields.sku)",
        "has(body.id) ? string(body.id) : string(fields.sku)",
        "body.items.exists(one, body.items.all(other, other.n <= one.n)) ? 'a' : 'b'",
        "fields.sku.matches('^[A-Z]+$') && fields.sku.split('-').size() > 1 ? fields.sku : 'x'",
    ] {
        assert!(parse(right).is_ok(), "{right}: {:?}", parse(right).err());
    }
}

#[test]
fn a_wrong_count_is_refused_by_name() {
    let wrong = [
        "-1",
        "0",
        "1.5",
        "\"1.5\"",
        "\"-3\"",
        "1e30",
        "\"1e3\"",
        "1000001",
        "99999999999999999999",
        "\"NaN\"",
        "\"three\"",
        "\"+3\"",
        "\"３\"",
        "true",
        "[3]",
        "{\"n\":3}",
        "\"3; DROP TABLE product\"",
    ];
    for count in wrong {
        let why = refusal(&with_count(count));
        assert!(why.starts_with("quantity must be"), "{count}: {why}");
    }
    for count in ["3", "\"3\"", "\" 3 \"", "3.0"] {
        let order = wanted(&with_count(count), &BTreeMap::new()).unwrap();
        assert_eq!(order.quantity.unwrap().get(), 3, "{count}");
    }
}

#[test]
fn a_wrong_product_is_refused_by_its_offender() {
    let cases = [
        ("CP'; DROP TABLE product; --", r"'\''"),
        ("../../etc/passwd", "'/'"),
        ("A\u{0}B", r"'\0'"),
        ("A\u{202e}B", r"'\u{202e}'"),
        ("도넛", "'도'"),
        ("<script>", "'<'"),
        ("${jndi:ldap://x}", "'$'"),
    ];
    for (product, offender) in cases {
        let why = refusal(&json!({"MessageAttributeProductId": product}).to_string());
        let rule = "product id may only have letters, digits and . _ : -, found ";
        assert_eq!(why, format!("{rule}{offender}"));
    }
    let long = json!({"MessageAttributeProductId": "x".repeat(129)}).to_string();
    assert_eq!(
        refusal(&long),
        "product id has 129 characters, at most 128 are allowed"
    );
    let list = json!({"MessageAttributeProductId": ["A"]}).to_string();
    assert_eq!(
        refusal(&list),
        "product id must be text or a whole number, found a list"
    );
}

#[test]
fn a_body_that_is_no_json_is_named_so() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases = [
        (deep, "recursion limit exceeded"),
        (r#"{"a": 1, "a": 2}"#.to_owned(), "a key appears twice"),
        (
            r#"{"MessageAttributeProductCnt": NaN}"#.to_owned(),
            "expected value",
        ),
        (r#"{"a": "\ud800"}"#.to_owned(), "hex escape"),
        ("{\"MessageAttributeProductId\": \"A\"".to_owned(), "EOF"),
        (String::new(), "EOF"),
    ];
    let start = "no product id: expected fields.MessageAttributeProductId, found no keys \
                 (the body is not JSON: ";
    for (body, why) in cases {
        let refusal = refusal(&body);
        assert!(
            refusal.starts_with(start) && refusal.contains(why),
            "{refusal}"
        );
    }
}

#[test]
fn a_refusal_names_the_keys_expected_and_found() {
    let body = r#"{"sku": "A", "n\u0000\u202e": 1}"#;
    assert_eq!(
        wanted(body, &attributes(&[("EventId", "e-1"), ("Shop", "x")]))
            .unwrap_err()
            .to_string(),
        "no product id: expected fields.MessageAttributeProductId, found Shop, n, sku"
    );
    let many: BTreeMap<String, u8> = (0..10_000).map(|n| (format!("key{n:05}"), 0)).collect();
    assert!(refusal(&json!(many).to_string()).len() < 2_000);
}

#[test]
fn a_message_of_one_mebibyte_is_read_and_one_byte_more_is_not() {
    let mut body = r#"{"MessageAttributeProductId": "A", "note": ""#.to_owned();
    body.push_str(&"x".repeat(1024 * 1024 - body.len() - 2));
    body.push_str("\"}");
    assert_eq!(body.len(), 1024 * 1024);
    assert!(wanted(&body, &BTreeMap::new()).is_ok());
    body.push(' ');
    assert_eq!(
        refusal(&body),
        "the body has 1048577 bytes, at most 1048576 are read"
    );
}

#[test]
fn a_body_of_many_small_values_is_refused_before_it_fills_the_memory() {
    let too_many = "too many values: a body may hold at most 4096 JSON values";
    let mut bomb = r#"{"MessageAttributeProductId": "A", "x": ["#.to_owned();
    while bomb.len() < 768 * 1024 {
        bomb.push_str(r#"{"a":0},"#);
    }
    bomb.push_str("0]}");
    assert_eq!(refusal(&bomb), too_many);
    assert_eq!(refusal(&Value::from(bomb.as_str()).to_string()), too_many);
    assert_eq!(refusal(&sns(&bomb, &BTreeMap::new())), too_many);
    // The object, the id and the list count as well.
    let list = |count: usize| {
        let zeros = vec![0; count];
        json!({"MessageAttributeProductId": "A", "x": zeros}).to_string()
    };
    assert!(wanted(&list(4096 - 3), &BTreeMap::new()).is_ok());
    assert_eq!(refusal(&list(4096 - 2)), too_many);
}

#[test]
fn a_requester_is_made_safe_to_show() {
    let requester = format!("A\u{0}\u{202e}B\r\n김 {}", "x".repeat(300));
    let body = json!({"MessageAttributeProductId": "A", "MessageAttributeRequester": requester});
    let shown = wanted(&body.to_string(), &BTreeMap::new())
        .unwrap()
        .requester
        .unwrap();
    assert!(shown.starts_with("AB김 xxx"));
    assert_eq!(shown.chars().count(), 128);
}
proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in ".{0,200}", key in ".{0,20}", value in ".{0,40}") {
        let attributes = BTreeMap::from([(key, value)]);
        for body in [body.clone(), sns(&body, &attributes)] {
            if let Err(why) = wanted(&body, &attributes) {
                prop_assert!(why.to_string().len() < 4_000);
            }
        }
        let envelope = Envelope::open(&body, &attributes, Some(&body)).unwrap();
        prop_assert_eq!(envelope.digest().len(), 64);
        prop_assert_eq!(envelope.dead_letter_id(QUEUE, &body).len(), 20);
    }

    #[test]
    fn whatever_is_accepted_is_within_bounds(product in any::<String>(), count in any::<i64>()) {
        let body = json!({"MessageAttributeProductId": product, "MessageAttributeProductCnt": count});
        if let Ok(order) = wanted(&body.to_string(), &BTreeMap::new()) {
            prop_assert!(order.product_id.as_str().is_ascii());
            prop_assert_eq!(i64::from(order.quantity.unwrap().get()), count);
        }
    }
}
