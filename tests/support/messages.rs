//! Messages as SQS hands them out.

use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const QUEUE: &str = "arn:aws:sqs:eu-central-1:123456789012:stock_queue";
pub(crate) const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:restock-stock";

pub(crate) fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

pub(crate) fn common_shop() -> BTreeMap<String, String> {
    attributes(&[
        ("MessageAttributeProductId", "CP-502101"),
        ("MessageAttributeProductCnt", "3"),
        ("MessageAttributeFactoryId", "FF-500293"),
        ("MessageAttributeRequester", "김철수"),
    ])
}

pub(crate) fn sns(message: &str, attributes: &BTreeMap<String, String>) -> String {
    let attributes: serde_json::Map<String, Value> = attributes
        .iter()
        .map(|(key, value)| (key.clone(), json!({"Type": "String", "Value": value})))
        .collect();
    json!({
        "Type": "Notification",
        "MessageId": "b2f0c1de-7d8e-4d6a-9a51-5c1b4fbb2f1e",
        "TopicArn": TOPIC,
        "Subject": "재고 부족",
        "Message": message,
        "Timestamp": "2026-11-22T10:00:00.000Z",
        "SignatureVersion": "1",
        "MessageAttributes": attributes,
    })
    .to_string()
}
