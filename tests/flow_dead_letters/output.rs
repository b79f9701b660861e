//! What became of each letter, as data.

use crate::{depths, dlq, in_queues, order};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_done_and_what_was_done_is_said_of_each_letter() {
    in_queues(async |queues| {
        queues.take_at_most("1024").await;
        let large = queues.bury(&"x".repeat(2_000)).await;
        let small = order(&queues, "e-1").await;
        let ask = |more: &[&str]| dlq(&queues, &[&["redrive", &large, &small], more].concat());
        let outcome = |told: &Value, id: &str| {
            let mut letters = told["letters"].as_array().unwrap().iter();
            letters.find(|one| one["message"] == id).unwrap().clone()
        };
        let planned = ask(&["-o", "json"]);
        planned.expect(
            0,
            &[
                "looked at 2 of about 2",
                "dry run: would send 2 dead letters",
            ],
        );
        let told: Value = serde_json::from_str(&planned.out).unwrap();
        assert_eq!(told["dryRun"], true);
        assert_eq!(outcome(&told, &small)["outcome"], "planned");
        let reason = outcome(&told, &small)["reason"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(reason.starts_with("reads as an order of CP-1"), "{reason}");
        assert_eq!(ask(&["-o", "name"]).out.lines().count(), 2);

        let sent = ask(&["--yes", "-o", "yaml"]);
        sent.expect(1, &["1 of 2 dead letters sent back", "cannot send"]);
        let told: Value = serde_saphyr::from_str(&sent.out).unwrap();
        assert_eq!(told["dryRun"], false);
        assert_eq!(outcome(&told, &small)["outcome"], "sentBack");
        let stays = outcome(&told, &large);
        assert_eq!(stays["outcome"], "stays");
        let why = stays["why"].as_str().unwrap();
        assert!(why.contains("cannot send"), "{why}");
        assert_eq!(depths(&queues).await, (1, 1));

        let path = std::env::temp_dir().join(format!("discarded-o-{}", std::process::id()));
        let save = path.to_str().unwrap();
        let discard = [
            "discard",
            &large,
            "--by",
            "kim",
            "--because",
            "too large",
            "--save",
            save,
            "--yes",
        ];
        let gone = dlq(&queues, &[&discard[..], &["-o", "name"]].concat());
        gone.expect(0, &["1 of 1 dead letter saved and deleted"]);
        assert_eq!(gone.out, format!("{large}\n"));
        std::fs::remove_file(path).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_task_of_sqs_says_how_many_it_moved() {
    in_queues(async |queues| {
        let id = order(&queues, "e-1").await;
        let all = ["redrive", "--all", "--yes", "-o", "json"];
        let said = dlq(&queues, &all);
        said.expect(0, &["1 dead letter sent back"]);
        let told: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(told["task"]["moved"], 1);
        assert_eq!(told["task"]["status"], "COMPLETED");
        assert_eq!(told["letters"][0]["message"], id);
        assert_eq!(told["letters"][0]["outcome"], "leftToSqs");
        let none: Value = serde_json::from_str(&dlq(&queues, &all).out).unwrap();
        assert_eq!(none["letters"].as_array().unwrap().len(), 0);
    })
    .await;
}
