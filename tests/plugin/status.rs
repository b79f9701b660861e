//! The summary, and the story.

use crate::cluster::Place;
use crate::place::{api, ask, at_place, create};
use crate::requests::{by_message, by_person};
use crate::support::{is_harmless, plugin};
use kube::ResourceExt as _;
use kube::api::PostParams;
use serde_json::{Value, json};

fn factory(name: &str) -> Value {
    json!({ "name": name, "uid": "11111111-0000-4000-8000-000000000001" })
}

/// Ages and the time of reading differ from run to run.
fn settled(text: &str) -> String {
    let (heading, rest) = text.split_once('\n').unwrap();
    let heading = heading.rsplit_once(", ").unwrap().0;
    let is_age = |word: &str| {
        let digits = word.strip_suffix('s').unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let lines = rest.lines().map(|line| match line.rsplit_once(' ') {
        Some((before, age)) if is_age(age) => format!("{before} AGE"),
        _ => line.to_owned(),
    });
    let lines: Vec<_> = std::iter::once(heading.to_owned()).chain(lines).collect();
    lines.join("\n")
}

/// One of each kind: name, whether suspended, and status.
fn one_of_each() -> Vec<(&'static str, bool, Value)> {
    let of = |phase: &str, reason: &str, factory_name: &str| json!({ "phase": phase, "reason": reason, "factory": factory(factory_name) });
    let with = |mut status: Value, field: &str, value: Value| {
        status[field] = value;
        status
    };
    let awaiting = |reason| of("Awaiting", reason, "north");
    let doubt = with(awaiting("OrderUnknown"), "orderOutcome", json!("Unknown"));
    let overdue = with(
        awaiting("OrderPlaced"),
        "deadline",
        json!("2026-01-01T00:00:00Z"),
    );
    let quiet = json!({ "phase": "Failed", "reason": "Duplicate", "finished": true });
    let slow = json!({ "reason": "BreakerOpen", "delay": "Told" });
    vec![
        ("a-new", false, json!({})),
        ("b-held", true, json!({ "reason": "Suspended" })),
        ("c-done", false, of("Succeeded", "Arrived", "north")),
        ("d-doubt", false, doubt),
        ("e-overdue", false, overdue),
        ("f-slow", false, slow),
        (
            "g-failed",
            false,
            of("Failed", "OrderOutcomeUnknown", "south"),
        ),
        ("h-quiet", false, quiet),
    ]
}

async fn create_each(place: &Place) {
    for (name, suspend, status) in one_of_each() {
        let mut object = by_person(name);
        object["spec"]["suspend"] = json!(suspend);
        create(place, &object, status).await;
    }
}

#[tokio::test]
async fn the_summary_counts_all_and_lists_the_stuck_ones_first() {
    at_place(async |place| {
        create_each(&place).await;
        let said = ask(&place, &["status"]);
        assert_eq!(said.code, 0, "{said:?}");
        let expected = format!(
            "8 requests in namespace {}

FACTORY     PENDING  PLACING  AWAITING  SUCCEEDED  FAILED  OLDEST OPEN
(none yet)  3        0        0         0          1       AGE
north       0        0        2         1          0       AGE
south       0        0        0         0          1       -
all         3        0        2         1          2       AGE

NAME       PRODUCT    REASON               NEED       AGE
g-failed   CP-502101  OrderOutcomeUnknown  failed     AGE
f-slow     CP-502101  BreakerOpen          delayed    AGE
e-overdue  CP-502101  OrderPlaced          overdue    AGE
d-doubt    CP-502101  OrderUnknown         in doubt   AGE
b-held     CP-502101  Suspended            suspended  AGE
a-new      CP-502101  Pending                         AGE",
            place.namespace
        );
        assert_eq!(settled(&said.out), expected);
    })
    .await;
}

#[tokio::test]
async fn programs_get_the_same_and_wide_shows_every_request() {
    at_place(async |place| {
        create_each(&place).await;
        let names = ask(&place, &["status", "-o", "name"]).out;
        let first = "restockrequest.restock.dev/g-failed\n";
        assert!(names.starts_with(first), "{names}");
        assert_eq!(names.lines().count(), 8);
        let failed = [
            "status",
            "--field-selector",
            "status.phase=Failed",
            "-o",
            "json",
        ];
        let failed: Value = serde_json::from_str(&ask(&place, &failed).out).unwrap();
        assert_eq!(failed["total"]["phases"], json!({ "Failed": 2 }));
        assert_eq!(failed["requests"][0]["need"], "failed");
        let everywhere = ["status", "-A", "--field-selector", "metadata.name=f-slow"];
        let said = plugin(&everywhere, "", &[]).out;
        let row = said
            .lines()
            .find(|line| line.starts_with("f-slow"))
            .unwrap();
        assert!(row.contains("restock-test"), "{row}");
        let wide = ask(&place, &["status", "-o", "wide"]).out;
        assert!(
            wide.contains("h-quiet") && wide.contains("MESSAGE"),
            "{wide}"
        );
    })
    .await;
}

/// Of an order that was placed and never called back. It happens in a year to come, so that
/// the only time that differs from run to run, that of the creation, is the second.
fn overdue() -> Value {
    let condition = |type_: &str, status: &str, reason: &str, at: &str| {
        json!({ "type": type_, "status": status, "reason": reason, "message": "said elsewhere",
            "lastTransitionTime": at })
    };
    json!({
        "phase": "Failed",
        "reason": "CallbackOverdue",
        "message": "The factory has the order but never called back.",
        "finished": true,
        "orderOutcome": "Placed",
        "product": "CP-502101",
        "quantity": 7,
        "factory": factory("north"),
        "attempt": 1,
        "factoryOrderId": "4b215eb7-89aa-4275-80b1-60d593ecac87",
        "placingSince": "2100-01-01T10:00:00.900000Z",
        "deadline": "2100-01-01T10:05:00Z",
        "delay": "Told",
        "completionTime": "2100-01-01T10:05:02Z",
        "notice": { "id": "kpg5i4c7brt2bebk6vxs", "publishId": "p", "channels": ["sns", "ses"],
            "at": "2100-01-01T10:05:03Z" },
        "conditions": [
            condition("Ordered", "True", "OrderPlaced", "2100-01-01T10:00:00Z"),
            condition("Delayed", "True", "TookTooLongAndTold", "2100-01-01T10:04:00Z"),
        ],
    })
}

#[tokio::test]
async fn the_story_has_what_happened_when_and_by_whom() {
    at_place(async |place| {
        let made = create(&place, &by_message("order-7"), overdue()).await;
        let (name, namespace) = (made.name_any(), made.namespace().unwrap());
        let said = ask(&place, &["status", &name]);
        assert_eq!(said.code, 0, "{said:?}");
        let created = made.creation_timestamp().unwrap().0.to_string();
        let (day, time) = created.trim_end_matches('Z').split_once('T').unwrap();
        let (_, story) = said.out.split_once(" old\n").unwrap();
        let expected = format!(
            "\
Failed, CallbackOverdue. The factory has the order but never called back.

Product CP-502101 x 7; Factory north; attempt 1; order id
4b215eb7-89aa-4275-80b1-60d593ecac87; outcome Placed

2026-01-02 (UTC)
03:04:05  sender        message to topic restock-stock, event order-7

{day} (UTC)
{time}  ingest        request made: 7 of CP-502101, asked for by 재고 담당자

2100-01-01 (UTC)
10:00:00  controller    attempt 1, at Factory north
10:00:00  factory       has the order, as 4b215eb7-89aa-4275-80b1-60d593ecac87
10:04:00  controller    longer in one phase than its Factory allows, and the
                        operations team was told
10:05:02  controller    Failed, CallbackOverdue: The factory has the order but
                        never called back.
10:05:03  controller    operations team told through sns, ses, notice
                        kpg5i4c7brt2bebk6vxs

Next
  The factory has the order. Ask it for order
  4b215eb7-89aa-4275-80b1-60d593ecac87. Goods that still come mend the request.
  If they came without a callback:
    kubectl restock resolve {name} arrived --quantity NUMBER -n {namespace} --reason TEXT
  If it has lost the order:
    kubectl restock retry {name} -n {namespace} --reason TEXT
"
        );
        assert_eq!(story, expected);
        let fits = |line: &str| line.chars().count() <= 80 || line.starts_with("    kubectl ");
        assert!(story.lines().all(fits), "{story}");
        let json = ask(&place, &["status", &name, "-o", "json"]).out;
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["timeline"][0]["at"], "2026-01-02T03:04:05Z");
        assert_eq!(
            json["order"]["orderId"],
            "4b215eb7-89aa-4275-80b1-60d593ecac87"
        );
    })
    .await;
}

#[tokio::test]
async fn events_of_the_object_are_part_of_its_story() {
    at_place(async |place| {
        let made = create(&place, &by_person("by-hand"), json!({})).await;
        let event = json!({
            "metadata": { "generateName": "by-hand-" },
            "eventTime": "2100-01-01T10:00:00.000000Z",
            "reportingController": "quota-keeper",
            "reportingInstance": "one",
            "action": "Watch",
            "type": "Warning",
            "reason": "TooMany",
            "note": "more than\u{1b}[2J the budget",
            "regarding": { "apiVersion": "restock.dev/v1alpha1", "kind": "RestockRequest",
                "namespace": place.namespace, "name": "by-hand", "uid": made.uid() },
        });
        let events: kube::Api<k8s_openapi::api::events::v1::Event> =
            kube::Api::namespaced(place.client.clone(), &place.namespace);
        let event = serde_json::from_value(event).unwrap();
        events.create(&PostParams::default(), &event).await.unwrap();
        let said = ask(&place, &["status", "by-hand"]);
        let expected = "10:00:00  quota-keeper  Event Warning TooMany: more than[2J the budget";
        assert!(said.out.contains(expected), "{}", said.out);
    })
    .await;
}

#[tokio::test]
async fn no_text_in_an_object_steers_a_terminal() {
    at_place(async |place| {
        let escape = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}\r\n\u{200b}";
        let mut object = by_person("hostile");
        object["spec"]["requester"] = json!(escape);
        object["metadata"]["annotations"] = json!({ "restock.dev/suspension": json!({
            "suspend": true, "by": escape, "at": "2026-01-01T00:00:00Z", "reason": escape,
        }).to_string() });
        let mut status = overdue();
        status["message"] = json!(escape);
        status["factoryOrderId"] = json!(escape);
        status["factory"]["name"] = json!("north");
        status["notice"]["channels"] = json!([escape]);
        create(&place, &object, status).await;
        for form in [
            &[][..],
            &["-o", "json"],
            &["-o", "yaml"],
            &["-o", "wide"],
            &["-o", "name"],
        ] {
            for what in [&["status"][..], &["status", "hostile"]] {
                let said = ask(&place, &[what, form].concat());
                assert_eq!(said.code, 0, "{said:?}");
                assert!(is_harmless(&said.out), "{form:?}: {:?}", said.out);
            }
        }
        assert_eq!(
            api(&place)
                .get("hostile")
                .await
                .unwrap()
                .spec
                .requester
                .unwrap(),
            escape
        );
    })
    .await;
}
