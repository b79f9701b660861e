//! What goes wrong, and what to do next.

use crate::limited::{Limited, of_reader};
use crate::place::{ask, ask_as, at_place, create};
use crate::requests::by_person;
use kube::config::Kubeconfig;
use serde_json::json;

/// Questions until a right that was just granted is known: of some 20 ms each.
const TRIES_MAX: u32 = 500;

/// A kubeconfig like that of the test, with another address of the server.
fn kubeconfig(name: &str, change: impl Fn(&str) -> String) -> String {
    let mut config = Kubeconfig::read().unwrap();
    for named in &mut config.clusters {
        let cluster = named.cluster.as_mut().unwrap();
        cluster.server = cluster.server.as_deref().map(&change);
    }
    let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    std::fs::write(&path, serde_json::to_string(&config).unwrap()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_error_says_what_to_do_next() {
    at_place(async |place| {
        create(&place, &by_person("one"), json!({})).await;
        ask(&place, &["status", "missing"]).expect(
            3,
            &["there is no request missing", "history --request missing"],
        );
        ask(&place, &["status", "--context", "nowhere"]).expect(1, &["nowhere", "get-contexts"]);

        let nobody = kubeconfig("nobody-listens", |_| "https://127.0.0.1:1".to_owned());
        let said = ask_as(&place, &["status"], "", &[("KUBECONFIG", &nobody)]);
        said.expect(1, &["cannot list requests", "kubectl cluster-info"]);
        // The server itself answers: below this path it serves nothing.
        let bare = kubeconfig("no-definitions", |server| format!("{server}/nothing"));
        for what in [&["status"][..], &["status", "one"]] {
            let said = ask_as(&place, what, "", &[("KUBECONFIG", &bare)]);
            said.expect(1, &["does not know restock requests", "helm install"]);
        }
        let message = "{\"MessageAttributeProductId\": \"CP-502101\"}";
        let said = ask_as(
            &place,
            &["simulate", "-f", "-"],
            message,
            &[("KUBECONFIG", &nobody)],
        );
        said.expect(1, &["cannot list factories", "--offline"]);
        assert!(
            said.out.contains("becomes  rr-"),
            "what can be said is said: {said:?}"
        );
        for path in [nobody, bare] {
            std::fs::remove_file(path).unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn without_a_right_it_says_which() {
    at_place(async |place| {
        create(&place, &by_person("one"), json!({})).await;
        let user = Limited::new(&place.client, &place.namespace);
        let (variable, path) = user.setting();
        let settings = [(variable, path.as_str())];
        let said = ask_as(&place, &["status"], "", &settings);
        said.expect(
            1,
            &["cannot list resource \"restockrequests\"", "roles view"],
        );

        user.allow(&place.namespace, "read", &of_reader()).await;
        // The server's caches of rights follow in their own time.
        let mut asked = (0..TRIES_MAX).map(|_| ask_as(&place, &["status", "one"], "", &settings));
        let said = asked
            .find(|said| said.code == 0)
            .expect("the right is there");
        assert!(
            said.out.contains("Its Events cannot be read"),
            "{}",
            said.out
        );
        let said = ask_as(
            &place,
            &["suspend", "one", "--reason", "fire"],
            "",
            &settings,
        );
        said.expect(1, &["cannot patch resource \"restockrequests\"", "edit"]);
        user.close().await;
    })
    .await;
}
