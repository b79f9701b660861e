//! What the cluster has to say about a message; and that nothing is written.

use crate::object::object;
use crate::place::{api, ask_as, at_place};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{ListParams, PostParams};
use restock_operator::crd::factory::Factory;
use restock_operator::crd::request::RestockRequest;
use serde_json::{Value, json};

const QUEUE: &str = "arn:aws:sqs:eu-central-1:000000000000:stock_queue";

fn message(quantity: u32) -> String {
    let body = json!({ "MessageAttributeProductId": "CP-502101",
        "MessageAttributeProductCnt": quantity });
    let attributes = json!({ "EventId": { "StringValue": "order-7", "DataType": "String" } });
    let message = json!({ "MessageId": "m-1", "Body": body.to_string(),
        "MessageAttributes": attributes });
    message.to_string()
}

#[tokio::test]
async fn it_tells_what_is_there_and_where_the_order_would_go() {
    at_place(async |place| {
        let simulate = |message: &str, more: &[&str]| {
            let arguments = [&["simulate", "-f", "-", "--queue-arn", QUEUE], more].concat();
            ask_as(&place, &arguments, message, &[])
        };
        let said = simulate(&message(7), &[]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(
            said.out
                .contains("cluster  has no such request yet: it would be created\n")
        );
        assert!(
            said.out.contains("No Factory serves no factory id"),
            "{}",
            said.out
        );

        let spec = json!({ "url": "https://factory.example/api/manufactures", "default": true,
            "maxQuantity": 50 });
        let factory = serde_json::from_value(object("Factory", "north", spec)).unwrap();
        let factories: Api<Factory> = Api::namespaced(place.client.clone(), &place.namespace);
        factories
            .create(&PostParams::default(), &factory)
            .await
            .unwrap();
        let said = simulate(&message(7), &[]);
        let order = "order    POST https://factory.example/api/manufactures (Factory north)\n";
        assert!(said.out.contains(order), "{}", said.out);
        assert!(
            said.out.contains("\"MessageAttributeProductCnt\": \"7\""),
            "{}",
            said.out
        );
        let said = simulate(&message(51), &[]);
        assert!(
            said.out.contains("over the limit of Factory north"),
            "{}",
            said.out
        );
        assert!(
            api(&place)
                .list(&ListParams::default())
                .await
                .unwrap()
                .items
                .is_empty()
        );

        let outcomes: Value =
            serde_json::from_str(&simulate(&message(7), &["-o", "json"]).out).unwrap();
        let request: RestockRequest =
            serde_json::from_value(outcomes[0]["request"].clone()).unwrap();
        api(&place)
            .create(&PostParams::default(), &request)
            .await
            .unwrap();
        let repeat = simulate(&message(7), &[]);
        assert_eq!(repeat.code, 0);
        assert!(
            repeat.out.contains("would count as a repeat"),
            "{}",
            repeat.out
        );
        let liar = simulate(&message(8), &[]);
        liar.expect(4, &[]);
        assert!(liar.out.contains("identity conflict"), "{}", liar.out);
    })
    .await;
}

#[tokio::test]
async fn a_message_is_read_by_the_mapping_of_the_release() {
    at_place(async |place| {
        let letter = r#"{"sku": "CP-502101", "MessageAttributeProductId": "CP-502102"}"#;
        let simulate = |more: &[&str]| {
            let arguments = [&["simulate", "-f", "-"], more].concat();
            ask_as(&place, &arguments, letter, &[])
        };
        let said = simulate(&[]);
        said.expect(
            0,
            &["note: read by the common shop's keys: no release in namespace"],
        );
        assert!(said.out.contains("productId: CP-502102"), "{said:?}");

        let maps: Api<ConfigMap> = Api::namespaced(place.client.clone(), &place.namespace);
        let mapping = |release: &str| {
            let map = json!({
                "metadata": { "name": format!("{release}-mapping"), "labels": {
                    "app.kubernetes.io/name": "restock-operator",
                    "app.kubernetes.io/instance": release,
                    "app.kubernetes.io/component": "mapping",
                } },
                "data": { "mapping.yaml": "productId: body.sku\n" },
            });
            serde_json::from_value(map).unwrap()
        };
        let parameters = PostParams::default();
        maps.create(&parameters, &mapping("restock")).await.unwrap();
        let said = simulate(&[]);
        said.expect(0, &["note: read by the mapping of release restock"]);
        assert!(said.out.contains("productId: CP-502101"), "{said:?}");
        let said = simulate(&["--offline"]);
        assert!(said.out.contains("productId: CP-502102"), "{said:?}");

        maps.create(&parameters, &mapping("other")).await.unwrap();
        simulate(&[]).expect(2, &["several releases, and a mapping", "--mapping"]);
    })
    .await;
}
