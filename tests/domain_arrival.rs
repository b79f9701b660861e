//! The signed callback path: what is accepted, what is refused, and what a body may say.
//! Needs nothing.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use restock_operator::domain::arrival::{
    Claims, KEYS_MAX, KeyFileError, KeyRing, NOTE_CHARACTERS_MAX, TOKEN_LIFETIME, TokenError,
    compare,
};
use restock_operator::domain::order::{Nonce, Quantity, RequestId, Sku};
use restock_operator::domain::time::Time;
use std::time::Duration;

const OLD: &str = "old AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "new ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
const SIGNED_AT: Time = Time::from_micros(1_800_000_000_000_000);

fn claims() -> Claims {
    Claims {
        request_id: RequestId::parse("7bq1f0c9e2d5a8h3k6mv").unwrap(),
        uid: "6f1f6c1e-53a1-4f0e-9a53-0b8a3a1d2c11".to_owned(),
        attempt: 1,
        nonce: Nonce::new("0123456789abcdef0123456789abcdef"),
        sku: Sku::parse("CP-502101").unwrap(),
        quantity: Quantity::new(10).unwrap(),
        factory: "legacy".to_owned(),
        not_after: SIGNED_AT + TOKEN_LIFETIME,
        trace_parent: None,
    }
}

fn ring(lines: &[&str]) -> KeyRing {
    KeyRing::parse(&lines.join("\n")).unwrap()
}

#[test]
fn a_signed_path_gives_its_claims_back_until_it_is_over() {
    let ring = ring(&[NEW]);
    let path = ring.sign(&claims());
    assert!(path.starts_with("/v1/arrivals/new/"), "{path}");
    assert_eq!(ring.verify_path(&path, SIGNED_AT), Ok(claims()));
    assert_eq!(claims().signed_at(), SIGNED_AT);

    let last = claims().not_after;
    assert_eq!(ring.verify_path(&path, last), Ok(claims()));
    let expired = Err(TokenError::Expired(Box::new(claims())));
    assert_eq!(
        ring.verify_path(&path, last + Duration::from_micros(1)),
        expired
    );
}

#[test]
fn a_path_of_the_public_base_url_may_stand_before_it() {
    let ring = ring(&[NEW]);
    let path = ring.sign(&claims());
    for base in ["/base", "/a/b/v1/arrivals", &"/x".repeat(128)] {
        let path = format!("{base}{path}");
        assert_eq!(ring.verify_path(&path, SIGNED_AT), Ok(claims()), "{base}");
    }
    let long = format!("{}{path}", "/x".repeat(129));
    assert_eq!(ring.verify_path(&long, SIGNED_AT), Err(TokenError::Bad));
}

#[test]
fn the_first_key_signs_and_every_key_verifies() {
    let before = ring(&[OLD]);
    let both = ring(&["# rotation of Monday", "", NEW, OLD]);
    let after = ring(&[NEW]);
    let old_path = before.sign(&claims());
    let new_path = both.sign(&claims());

    assert_eq!(both.verify_path(&old_path, SIGNED_AT), Ok(claims()));
    assert_eq!(after.verify_path(&new_path, SIGNED_AT), Ok(claims()));
    assert_eq!(
        before.verify_path(&new_path, SIGNED_AT),
        Err(TokenError::UnknownKey)
    );
    assert_eq!(
        after.verify_path(&old_path, SIGNED_AT),
        Err(TokenError::UnknownKey)
    );
}

#[test]
fn a_path_of_another_shape_or_another_key_is_refused() {
    let ring = ring(&[NEW, OLD]);
    let path = ring.sign(&claims());
    let renamed = path.replacen("/new/", "/old/", 1);
    for wrong in [
        "",
        "/",
        "/v1/arrivals",
        "/v1/arrivals/new",
        "/v1/arrivals/new//",
        "/v1/arrivals/new/e30/",
        path.trim_start_matches('/'),
        &path.replacen("/v1/", "/v2/", 1),
        &format!("{path}/"),
        &format!("{path}="),
        &renamed,
    ] {
        assert_eq!(
            ring.verify_path(wrong, SIGNED_AT),
            Err(TokenError::Bad),
            "{wrong}"
        );
    }
    let long = format!("/v1/arrivals/new/{}/AAAA", "e".repeat(1_000_000));
    assert_eq!(ring.verify_path(&long, SIGNED_AT), Err(TokenError::Bad));
}

#[test]
fn a_key_file_is_refused_with_the_line_and_without_the_secret() {
    let problem = |text: &str| KeyRing::parse(text).unwrap_err().to_string();
    assert!(problem("# nothing\n").starts_with("there is no key in it"));
    assert_eq!(
        problem("# one\nnew"),
        "line 2: expected two words, `<id> <base64 of 32 bytes>`"
    );
    assert_eq!(
        problem("new AAEC"),
        "line 1: the key does not have 32 bytes"
    );
    assert_eq!(problem("new S3cret!"), "line 1: the key is not base64");
    assert_eq!(
        problem(&format!("..{NEW}")),
        "line 1: a key id has 1 to 32 letters, digits, _ or -"
    );
    assert_eq!(
        problem(&format!("{NEW}\n{NEW}")),
        "line 2: this key id was used above"
    );

    let secret = NEW.strip_prefix("new ").unwrap();
    let many: Vec<String> = (0..=KEYS_MAX).map(|n| format!("k{n} {secret}")).collect();
    assert_eq!(
        KeyRing::parse(&many.join("\n")).unwrap_err(),
        KeyFileError::TooMany
    );
    assert_eq!(
        format!("{:?}", ring(&[NEW, OLD])),
        r#"KeyRing { ids: ["new", "old"], .. }"#
    );
}

#[test]
fn a_body_that_agrees_in_any_dress_leaves_no_note() {
    for body in [
        r#"{"MessageAttributeProductId":"CP-502101","MessageAttributeProductCnt":10}"#,
        r#"{"MessageAttributeProductId":"CP-502101","MessageAttributeProductCnt":"10"}"#,
        r#"{"data":{"id":"x","reqestor":"r","data":{"sku":" CP-502101 ","quantity":10.0}}}"#,
        r#"{"data":"{\"product_id\":\"CP-502101\",\"Qty\":\"1e1\"}"}"#,
        r#""{\"productId\":\"CP-502101\"}""#,
        r#"{"status":"done"}"#,
        r#"{"quantity":null,"sku":{"a":1}}"#,
        "[]",
        "null",
    ] {
        assert_eq!(compare(&claims(), body.as_bytes()), None, "{body}");
    }
}

#[test]
fn a_body_that_differs_or_is_no_json_is_noted() {
    let note = |body: &str| compare(&claims(), body.as_bytes()).unwrap();
    assert_eq!(
        note(r#"{"MessageAttributeProductId":"CP-1","MessageAttributeProductCnt":"12"}"#),
        "the callback's body says product CP-1 instead of CP-502101 and quantity 12 instead of 10"
    );
    assert_eq!(
        note(r#"{"data":{"quantity":-10}}"#),
        "the callback's body says quantity -10 instead of 10"
    );
    assert_eq!(
        note("{\"sku\":\"\\u202e\\u001b[31mCP\"}"),
        "the callback's body says product ??[31mCP instead of CP-502101"
    );
    assert_eq!(note(""), "the callback's body is not JSON");
    assert_eq!(
        note(&"[".repeat(100_000)),
        "the callback's body is not JSON"
    );
}

/// Any claims that the types allow.
fn any_claims() -> impl Strategy<Value = Claims> {
    let words = (
        "[a-z2-7]{20}",
        "[A-Za-z0-9._:-]{1,128}",
        "[a-z0-9.-]{1,253}",
        "[0-9a-f]{32}",
    );
    let trace = prop::option::of("00-[0-9a-f]{32}-[0-9a-f]{16}-01");
    (words, 1..=u32::MAX, 1..=1_000_000_u32, any::<i64>(), trace).prop_map(
        |((id, sku, factory, nonce), attempt, quantity, not_after, trace_parent)| Claims {
            request_id: RequestId::parse(&id).unwrap(),
            uid: "6f1f6c1e-53a1-4f0e-9a53-0b8a3a1d2c11".to_owned(),
            attempt,
            nonce: Nonce::new(nonce),
            sku: Sku::parse(&sku).unwrap(),
            quantity: Quantity::new(quantity).unwrap(),
            factory,
            not_after: Time::from_micros(not_after),
            trace_parent,
        },
    )
}

proptest! {
    #[test]
    fn any_claims_survive_the_round_trip(claims in any_claims()) {
        let ring = ring(&[NEW]);
        prop_assert_eq!(ring.verify_path(&ring.sign(&claims), claims.not_after), Ok(claims));
    }

    #[test]
    fn any_flipped_bit_is_refused(position in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let ring = ring(&[NEW, OLD]);
        let path = ring.sign(&claims());
        let mut bytes = path.into_bytes();
        let position = position.index(bytes.len());
        bytes[position] ^= 1 << bit;
        // A byte above 127 makes no text, and no text gets this far.
        if let Ok(path) = String::from_utf8(bytes) {
            prop_assert!(ring.verify_path(&path, SIGNED_AT).is_err(), "{}", path);
        }
    }

    #[test]
    fn no_body_panics_or_makes_a_long_note(body in prop::collection::vec(any::<u8>(), 0..512)) {
        if let Some(note) = compare(&claims(), &body) {
            prop_assert!(note.len() <= NOTE_CHARACTERS_MAX);
        }
    }

    #[test]
    fn no_words_in_a_body_make_a_long_note(product in ".{0,300}", count in ".{0,300}") {
        let body = serde_json::json!({ "sku": product, "count": count }).to_string();
        if let Some(note) = compare(&claims(), body.as_bytes()) {
            prop_assert!(note.len() <= NOTE_CHARACTERS_MAX && note.is_ascii(), "{}", note);
        }
    }
}
