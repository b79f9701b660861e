//! What is shown of a letter, and where it is looked for.

use crate::cluster::in_namespace;
use crate::plugin::{is_harmless, plugin};
use crate::{depths, dlq, in_queues};
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::MessageAttributeValue;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::PostParams;
use restock_operator::edge::aws;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_shown_without_what_may_be_personal_and_stays() {
    in_queues(async |queues| {
        let body = json!({ "MessageAttributeProductCnt": "3", "Subject": "for Kim Minji",
            "MessageAttributeRequester": "kim", "minji@example.com": { "sku": "Minji" } });
        let id = queues.bury(&body.to_string()).await;
        queues.bury("another").await;
        let said = dlq(&queues, &["show", &id]);
        assert_eq!(said.code, 0, "{said:?}");
        for words in [
            &format!("message   {id}\n"),
            "reason    no product id: expected",
            "\"MessageAttributeProductCnt\": \"3\"",
            "\"Subject\": \"(13 characters)\"",
            "\"MessageAttributeRequester\": \"(3 characters)\"",
            "\"(name 4, 17 characters)\": {",
            "reason    no product id: expected fields.MessageAttributeProductId\n",
            "--unredacted",
        ] {
            assert!(said.out.contains(words), "{words} is not in {}", said.out);
        }
        for personal in ["Kim", "Minji", "minji"] {
            assert!(!said.out.contains(personal), "{}", said.out);
        }
        let all = dlq(&queues, &["show", &id, "--unredacted", "-o", "json"]);
        let shown: Value = serde_json::from_str(&all.out).unwrap();
        assert_eq!(shown[0]["body"], body);
        // By the id that notices and the ledger have.
        let known_as = shown[0]["knownAs"].as_str().unwrap();
        let by_request = dlq(&queues, &["show", &format!("rr-{known_as}"), "-o", "name"]);
        assert_eq!(by_request.out, format!("{id}\n"));
        assert_eq!(depths(&queues).await, (0, 2), "all were given back at once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_hostile_or_binary_letter_steers_a_terminal() {
    in_queues(async |queues| {
        let escape = "\u{9b}2J\u{202e}\u{200b}red";
        let bodies = [
            json!(escape),
            json!({ escape: [escape, "yes", "1e3"], "MessageAttributeProductId": escape }),
        ];
        let client = aws_sdk_sqs::Client::new(&aws::config().await.unwrap());
        for body in bodies {
            let value = |kind: &str| MessageAttributeValue::builder().data_type(kind);
            let text = value("String").string_value(escape).build().unwrap();
            let blob = Blob::new([0, 27, 255]);
            let binary = value("Binary").binary_value(blob).build().unwrap();
            let sent = client.send_message().queue_url(queues.dead.url());
            let written = body
                .as_str()
                .map_or_else(|| body.to_string(), str::to_owned);
            let sent = sent.message_body(written).message_attributes("note", text);
            let sent = sent.message_attributes("blob", binary).send().await;
            let id = sent.unwrap().message_id.unwrap();
            for form in [&[][..], &["-o", "json"], &["-o", "yaml"], &["--unredacted"]] {
                let said = dlq(&queues, &[&["show", &id], form].concat());
                assert_eq!(said.code, 0, "{said:?}");
                let harmless = is_harmless(&said.out) && is_harmless(&said.err);
                assert!(harmless, "{form:?} {said:?}");
                assert!(said.out.contains("(binary, 3 bytes)"), "{said:?}");
            }
            let whole = |form| dlq(&queues, &["show", &id, "--unredacted", "-o", form]).out;
            let (as_json, as_yaml) = (whole("json"), whole("yaml"));
            assert!(is_harmless(&as_json) && is_harmless(&as_yaml), "{as_yaml}");
            let read: Value = serde_json::from_str(&as_json).unwrap();
            let read_too: Value = serde_saphyr::from_str(&as_yaml).unwrap();
            assert_eq!((&read[0]["body"], &read_too[0]["body"]), (&body, &body));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_may_not_be_asked_is_said() {
    in_queues(async |queues| {
        queues.bury("junk").await;
        dlq(&queues, &["show", "nobody"]).expect(
            3,
            &["no such dead letter: looked at 1 of about 1 dead letter"],
        );
        let missing = format!("{}-missing", queues.dead.url());
        let urls = ["--dlq-url", &missing, "--queue-url", queues.queue.url()];
        let said = plugin(&[&["dlq", "show", "x"], &urls[..]].concat(), "", &[]);
        said.expect(1, &["cannot look at the dead-letter queue", "AWS_PROFILE"]);
        let nobody = [
            ("AWS_ACCESS_KEY_ID", ""),
            ("AWS_SECRET_ACCESS_KEY", ""),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        let urls = [
            "--dlq-url",
            queues.dead.url(),
            "--queue-url",
            queues.queue.url(),
        ];
        let said = plugin(&[&["dlq", "show", "x"], &urls[..]].concat(), "", &nobody);
        said.expect(1, &["Log in to AWS", "export-credentials"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_release_in_the_namespace_says_which_queues_and_which_mapping() {
    in_queues(async |queues| {
        in_namespace(async |place| {
            let id = queues.bury(r#"{"sku": "CP-1"}"#).await;
            let show = ["dlq", "show", &id, "-n", &place.namespace];
            plugin(&show, "", &[]).expect(1, &["no release in namespace", "--dlq-url"]);
            let maps: Api<ConfigMap> = Api::namespaced(place.client.clone(), &place.namespace);
            for (component, data) in [
                (
                    "queues",
                    json!({ "dlqUrl": queues.dead.url(), "queueUrl": queues.queue.url(),
                        "region": "" }),
                ),
                (
                    "mapping",
                    json!({ "mapping.yaml": "productId: body.sku\n" }),
                ),
            ] {
                let map = json!({
                    "metadata": { "name": format!("restock-{component}"), "labels": {
                        "app.kubernetes.io/name": "restock-operator",
                        "app.kubernetes.io/instance": "restock",
                        "app.kubernetes.io/component": component,
                    } },
                    "data": data,
                });
                let map = serde_json::from_value(map).unwrap();
                maps.create(&PostParams::default(), &map).await.unwrap();
            }
            let said = plugin(&show, "", &[]);
            assert!(said.out.contains("reads as an order of CP-1"), "{said:?}");
            assert!(said.out.contains("\"sku\": \"CP-1\""), "{said:?}");
        })
        .await;
    })
    .await;
}
