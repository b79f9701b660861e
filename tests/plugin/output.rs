//! What commands that change requests print with `-o`: the requests as they are afterwards, and
//! what was done beside them.

use crate::place::{ask, at_place, create};
use crate::requests::by_person;
use serde_json::{Value, json};

#[tokio::test]
async fn what_was_changed_is_printed_as_the_object_itself_and_several_as_a_list() {
    at_place(async |place| {
        for name in ["one", "two"] {
            create(&place, &by_person(name), json!({})).await;
        }
        let said = ask(
            &place,
            &["suspend", "one", "--reason", "fire", "-o", "json"],
        );
        said.expect(0, &["restockrequest.restock.dev/one suspended"]);
        let object: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(object["kind"], "RestockRequest");
        assert_eq!(object["spec"]["suspend"], true);
        assert!(object["metadata"]["managedFields"].is_null());

        // Found as it was to be: it is printed all the same.
        let said = ask(
            &place,
            &[
                "suspend", "one", "two", "missing", "--reason", "fire", "-o", "yaml",
            ],
        );
        said.expect(
            3,
            &["one unchanged: it is suspended already", "two suspended"],
        );
        let list: Value = serde_saphyr::from_str(&said.out).unwrap();
        assert_eq!(list["kind"], "List");
        let suspended = list["items"].as_array().unwrap().iter();
        let suspended = suspended.map(|one| one["spec"]["suspend"].as_bool());
        assert_eq!(suspended.collect::<Vec<_>>(), [Some(true), Some(true)]);

        let all = [
            "resume",
            "--field-selector",
            "spec.productId=CP-502101",
            "--reason",
            "put out",
        ];
        let said = ask(&place, &[&all[..], &["-o", "name"]].concat());
        said.expect(0, &["one resumed", "2 selected, 2 changed"]);
        assert_eq!(
            said.out,
            "restockrequest.restock.dev/one\nrestockrequest.restock.dev/two\n"
        );
        let said = ask(
            &place,
            &["suspend", "missing", "--reason", "fire", "-o", "json"],
        );
        said.expect(3, &["there is no request missing"]);
        assert_eq!(said.out, "", "nothing was changed");
    })
    .await;
}

#[tokio::test]
async fn a_word_is_printed_on_its_object_in_every_form() {
    at_place(async |place| {
        create(&place, &by_person("one"), json!({})).await;
        let cancel = |more: &[&str]| {
            let words = ["cancel", "one", "--reason", "no need", "--wait", "0"];
            ask(&place, &[&words[..], more].concat())
        };
        let tried = cancel(&["--dry-run", "-o", "json"]);
        tried.expect(0, &["one said: Cancel of attempt 0 (dry run)"]);
        let object: Value = serde_json::from_str(&tried.out).unwrap();
        let word = json!({ "verb": "Cancel", "attempt": 0, "reason": "no need", "by": "admin" });
        assert_eq!(object["spec"]["resolution"], word);

        let said = cancel(&["-o", "yaml"]);
        let object: Value = serde_saphyr::from_str(&said.out).unwrap();
        assert_eq!(object["spec"]["resolution"], word);
        let again = cancel(&["-o", "name"]);
        again.expect(0, &["is said already"]);
        assert_eq!(again.out, "restockrequest.restock.dev/one\n");
        let wide = cancel(&["-o", "wide"]);
        let heading = wide.out.lines().next().unwrap();
        assert!(heading.starts_with("NAMESPACE"), "{wide:?}");
        assert!(wide.out.contains("CP-502101"), "{wide:?}");
    })
    .await;
}
