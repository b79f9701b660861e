//! Letters that are thrown away.

use crate::plugin::{Said, plugin, run};
use crate::{depths, dlq, in_queues, order};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

/// Why, who, and a file that cannot be made.
const NOWHERE: [&str; 7] = [
    "--because",
    "x",
    "--save",
    "/nowhere/file",
    "--by",
    "kim",
    "--yes",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_saved_before_it_is_deleted_and_no_file_is_written_over() {
    in_queues(async |queues| {
        let id = order(&queues, "e-1").await;
        queues.bury("junk").await;
        let path = std::env::temp_dir().join(format!("discarded-{}", std::process::id()));
        let save = path.to_str().unwrap();
        let discard = |more: &[&str]| {
            let arguments = ["discard", &id, "--because", "a test order", "--save", save];
            dlq(&queues, &[&arguments[..], &["--by", "kim"], more].concat())
        };
        discard(&[]).expect(0, &["dry run: would save 1 dead letter to", "for good"]);
        assert!(!path.exists(), "a dry run makes no file");
        std::fs::write(&path, "older").unwrap();
        discard(&["--yes"]).expect(1, &["is there already", "--save"]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "older");
        assert_eq!(depths(&queues).await, (0, 2));

        std::fs::remove_file(&path).unwrap();
        let said = discard(&["--yes"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(
            said.out.contains("1 of 1 dead letter saved and deleted"),
            "{said:?}"
        );
        assert_eq!(depths(&queues).await, (0, 1), "the other one stays");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let saved = std::fs::read_to_string(&path).unwrap();
        let line: Value = serde_json::from_str(saved.trim_end()).unwrap();
        assert_eq!(line["MessageId"], id);
        assert_eq!(line["MessageAttributes"]["EventId"]["StringValue"], "e-1");
        assert_eq!(line["Discarded"]["by"], "kim");
        assert_eq!(line["Discarded"]["because"], "a test order");
        // What was saved can be read again.
        let said = plugin(&["simulate", "--offline", "-f", save], "", &[]);
        assert!(said.out.contains("productId: CP-1"), "{said:?}");
        std::fs::remove_file(&path).unwrap();

        let said = dlq(
            &queues,
            &[&["discard", "--reason", "no product"], &NOWHERE[..]].concat(),
        );
        said.expect(
            1,
            &["/nowhere/file cannot be written", "Nothing is deleted"],
        );
        assert_eq!(depths(&queues).await, (0, 1));
    })
    .await;
}

/// Runs it where no file may have more than two kilobytes: as on a disk that gets full.
fn on_a_small_disk(arguments: &[&str]) -> Said {
    let small = "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\"";
    let mut shell = Command::new("bash");
    shell.args(["-c", small, env!("CARGO_BIN_EXE_kubectl-restock")]);
    run(shell.args(arguments), "", &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_gets_full_leaves_whole_lines_and_every_letter_in_one_place() {
    in_queues(async |queues| {
        for number in 0..12 {
            queues
                .bury(&format!("letter {number} {}", "x".repeat(300)))
                .await;
        }
        let path = std::env::temp_dir().join(format!("full-{}", std::process::id()));
        let discard = [
            "dlq",
            "discard",
            "--reason",
            "no product",
            "--because",
            "x",
            "--by",
            "kim",
            "--yes",
            "--dlq-url",
            queues.dead.url(),
            "--queue-url",
            queues.queue.url(),
            "--save",
            path.to_str().unwrap(),
        ];
        let said = on_a_small_disk(&discard);
        said.expect(1, &["cannot be written", "each whole"]);
        let saved = std::fs::read_to_string(&path).unwrap();
        assert!(saved.ends_with('\n'), "{saved}");
        let whole = |line: &str| serde_json::from_str::<Value>(line).is_ok();
        assert!(saved.lines().all(whole), "{saved}");
        let (_, left) = depths(&queues).await;
        assert_eq!(saved.lines().count() as u64 + left, 12, "{said:?}");
        assert!((1..12).contains(&left), "{said:?}");
        std::fs::remove_file(&path).unwrap();

        // Where none could be saved, nothing is in the way of the next try.
        let rest = [&discard[1..9], &discard[13..]].concat();
        assert_eq!(dlq(&queues, &rest).code, 0);
        std::fs::remove_file(&path).unwrap();
        queues.bury(&"x".repeat(4_096)).await;
        on_a_small_disk(&discard).expect(1, &["cannot be written"]);
        assert!(!path.exists(), "no letter, no file");
        assert_eq!(queues.dead_letters().await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_chosen_not_explained_or_not_saved_is_not_done() {
    in_queues(async |queues| {
        let id = order(&queues, "e-1").await;
        let whole = [&["discard", &id], &NOWHERE[..]].concat();
        let all = ["--reason", " "];
        for wrong in [
            [&whole[..1], &whole[2..]].concat(),
            [&whole[..2], &whole[4..]].concat(),
            [&whole[..4], &whole[6..]].concat(),
            [&whole[..1], &all[..], &whole[2..]].concat(),
            [&whole[..3], &[" "], &whole[4..]].concat(),
            [&whole[..7], &[""], &whole[8..]].concat(),
            vec!["redrive"],
            vec!["redrive", "--all", &id],
        ] {
            assert_eq!(dlq(&queues, &wrong).code, 2, "{wrong:?}");
        }
        let said = plugin(&[&["dlq"], &whole[..6]].concat(), "", &[("USER", "")]);
        said.expect(2, &["--by <NAME>"]);
        assert_eq!(depths(&queues).await, (0, 1));
    })
    .await;
}
