//! What people read of the controller through its read port.

use crate::support::reserved::Reserved;
use crate::support::shop::{Shop, in_shop};
use restock_operator::crd::words::Phase;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Longest wait for a finished request to be deleted: it is looked for once a minute.
const DELETED_WITHIN: Duration = Duration::from_secs(100);

struct Reader(Reserved);

impl Reader {
    /// Of a controller that will be started with this setting.
    fn new() -> Self {
        Self(Reserved::new())
    }

    fn setting(&self) -> (&'static str, String) {
        ("RESTOCK_READ_LISTEN", self.0.address.to_string())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let answer = reqwest::get(format!("http://{}{path}", self.0.address));
        let answer = answer.await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn items(&self, path: &str) -> Vec<Value> {
        let (status, page) = self.get(path).await;
        assert_eq!(status, 200, "{page}");
        page["items"].as_array().unwrap().clone()
    }
}

async fn until_all_are_deleted(shop: &Shop) {
    let until = Instant::now() + DELETED_WITHIN;
    while !shop
        .requests()
        .list(&Default::default())
        .await
        .unwrap()
        .items
        .is_empty()
    {
        assert!(Instant::now() < until, "finished requests are still there");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test]
async fn what_became_of_a_request_can_be_read_when_its_object_is_gone() {
    in_shop(json!({}), |shop| async move {
        let reader = Reader::new();
        let short = ("RESTOCK_TTL_SUCCEEDED_SECONDS", "1".to_owned());
        let _roles = [
            shop.controller_with(&[reader.setting(), short]),
            shop.receiver(),
            shop.ingest(),
        ];
        let hostile = "\u{1b}[31m<script>delay:100";
        shop.ask("by-hand", 2, hostile).await;
        let uid = shop
            .requests()
            .get("by-hand")
            .await
            .unwrap()
            .metadata
            .uid
            .unwrap();
        shop.send("event", 3, "delay:100").await;
        shop.wait_for_all(2, Phase::Succeeded).await;
        until_all_are_deleted(&shop).await;

        let all = reader.items(&format!("/v1/history?sku={}", shop.sku)).await;
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(reader.items("/v1/history?sku=other").await.is_empty());
        let one = reader
            .items(&format!("/v1/history?request={uid}"))
            .await
            .remove(0);
        assert_eq!(one["object"]["status"]["phase"], "Succeeded");
        assert_eq!(one["object"]["spec"]["requester"], hostile);
        let ours = |one: &&Value| one["object"]["name"] == "by-hand";
        assert_eq!(all.iter().filter(ours).collect::<Vec<_>>(), [&one]);
        let at = one["archivedAt"].as_str().unwrap();
        let older = reader.items(&format!("/v1/history?until={at}")).await;
        assert!(!older.contains(&one));
        let since = reader.items(&format!("/v1/history?since={at}")).await;
        assert!(since.contains(&one));
        pages_are_bounded(&reader).await;
        wrong_questions_are_refused(&reader).await;
    })
    .await;
}

async fn pages_are_bounded(reader: &Reader) {
    let (_, first) = reader.get("/v1/history?limit=1").await;
    assert_eq!(first["items"].as_array().unwrap().len(), 1);
    let next = first["next"].as_str().unwrap();
    let (_, second) = reader
        .get(&format!("/v1/history?limit=1&after={next}"))
        .await;
    assert_ne!(first["items"], second["items"]);
    let (_, both) = reader.get("/v1/history?limit=100").await;
    assert_eq!(both["next"], Value::Null);
    assert_eq!(both["items"][0], first["items"][0]);
    assert_eq!(both["items"][1], second["items"][0]);
    assert!(reader.items("/v1/dead-letters").await.is_empty());
}

async fn wrong_questions_are_refused(reader: &Reader) {
    for (path, words) in [
        ("/v1/history?limit=101", "limit must be 1 to 100"),
        ("/v1/history?limit=all", "invalid digit"),
        ("/v1/history?product=x", "unknown field"),
        ("/v1/history?since=yesterday", "since"),
        ("/v1/history?request=%27;--", "letters, digits, - and ."),
        ("/v1/history?request=a&sku=b", "one of the two"),
        ("/v1/history?after=1/x/%ED%95%9C", "after must be"),
        ("/v1/dead-letters?limit=0", "limit must be 1 to 100"),
        ("/v1/dead-letters?after=nowhere", "after must be"),
    ] {
        let (status, page) = reader.get(path).await;
        let why = page["error"].as_str().unwrap();
        assert!(
            status == 400 && why.contains(words),
            "{path}: {status} {why}"
        );
    }
    let (status, _) = reader.get("/v1/orders").await;
    assert_eq!(status, 404);
    let url = format!("http://{}/v1/history", reader.0.address);
    let posted = reqwest::Client::new().post(url).body("{}").send().await;
    assert_eq!(posted.unwrap().status().as_u16(), 405);
}
