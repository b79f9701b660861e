//! Headers of a mounted Secret reach the factory and nobody else.

use crate::posting::{allow, client, not_sent, placed, post, response, target};
use crate::raw_server::{RawServer, Seen, Step};
use restock_operator::edge::factory::{FactoryClient, Target, TargetError};
use restock_operator::process::install_tls;
use serde_json::json;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tracing_subscriber::util::SubscriberInitExt;

const SECRET: &str = "Bearer s3cret-of-the-factory";

/// A Secret as kubelet mounts it: every key a link into a revision, which is itself
/// reached through a link that a rotation replaces at once.
struct Mount(PathBuf);

impl Mount {
    fn new(test: &str, keys: &[(&str, &str)]) -> Self {
        let name = format!("{test}-{}", std::process::id());
        let mount = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
        std::fs::create_dir_all(&mount.0).unwrap();
        mount.rotate("..1", keys);
        for (key, _) in keys {
            symlink(Path::new("..data").join(key), mount.0.join(key)).unwrap();
        }
        mount
    }

    fn rotate(&self, revision: &str, keys: &[(&str, &str)]) {
        let directory = self.0.join(revision);
        std::fs::create_dir(&directory).unwrap();
        for (key, value) in keys {
            std::fs::write(directory.join(key), value).unwrap();
        }
        let link = self.0.join("..data_tmp");
        symlink(revision, &link).unwrap();
        std::fs::rename(link, self.0.join("..data")).unwrap();
    }

    fn target(&self, url: String) -> Target {
        Target {
            headers: Some(self.0.clone()),
            ..target(url)
        }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // A test may have removed it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn factory() -> RawServer {
    let created = response("201 Created", &[], "");
    RawServer::start(vec![Step::Read, Step::Write(created), Step::Hang]).await
}

/// The values of a header that the only request had.
fn values<'a>(seen: &'a Seen, name: &str) -> Vec<&'a str> {
    assert_eq!(seen.requests.len(), 1);
    let head = seen.requests[0].split("\r\n\r\n").next().unwrap();
    let pairs = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "));
    pairs
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect()
}

#[tokio::test]
async fn every_key_of_the_secret_is_a_header() {
    let keys = [
        ("Authorization", "Bearer s3cret-of-the-factory\n"),
        ("x-shop", "donuts"),
    ];
    let (server, mount) = (factory().await, Mount::new("every_key", &keys));
    let client = client(&mount.target(server.url("http")));
    assert_eq!(post(&client).await, placed(None));
    let seen = server.finish().await;
    assert_eq!(values(&seen, "authorization"), [SECRET]);
    assert_eq!(values(&seen, "x-shop"), ["donuts"]);
    assert_eq!(values(&seen, "content-type"), ["application/json"]);
}

#[tokio::test]
async fn a_rotated_secret_is_used_by_the_next_order() {
    let mount = Mount::new("rotated", &[("authorization", "old")]);
    let server = factory().await;
    let client = client(&mount.target(server.url("http")));
    mount.rotate("..2", &[("authorization", "new")]);
    assert_eq!(post(&client).await, placed(None));
    assert_eq!(values(&server.finish().await, "authorization"), ["new"]);
}

#[tokio::test]
async fn the_trace_goes_with_the_order_and_never_costs_one() {
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (given, sent) in [(parent, vec![parent]), ("00-\r\nx-forged: 1", vec![])] {
        let server = factory().await;
        let client = client(&target(server.url("http")));
        let answer = client.post(&json!({}), Some(given)).await;
        assert_eq!(answer, placed(None), "{given:?}");
        let seen = server.finish().await;
        assert_eq!(values(&seen, "traceparent"), sent);
        assert!(values(&seen, "x-forged").is_empty());
    }
}

/// Everything that is logged on this thread, whoever logs it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the client, its answers and its errors show of themselves.
async fn shown(server: &RawServer, mount: &Mount) -> String {
    let target = mount.target(server.url("http"));
    let client = client(&target);
    let answer = client.post(&json!({}), None).await;
    let broken = Mount::new("broken", &[("authorization", "s3cret-of\nthe-factory")]);
    let error = FactoryClient::new(&broken.target(server.url("http")), &allow(&["127.0.0.1"]));
    let error = error.unwrap_err();
    let text = format!("{target:?} {client:?} {client:#?} {answer:?} {error} {error:?}");
    assert!(text.contains("HeadersMissing"), "{text}");
    text
}

#[tokio::test]
async fn no_value_is_shown_or_logged() {
    let log = Log::default();
    let writer = log.clone();
    let _guard = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish()
        .set_default();
    tracing::trace!("all is caught");
    let mount = Mount::new("not_shown", &[("authorization", SECRET)]);
    let mut shown_text = String::new();
    for end in [Step::Hang, Step::Reset] {
        let created = Step::Write(response("201 Created", &[], ""));
        let script = match end {
            Step::Reset => vec![Step::Read, Step::Reset],
            end => vec![Step::Read, created, end],
        };
        let server = RawServer::start(script).await;
        shown_text += &shown(&server, &mount).await;
        assert_eq!(values(&server.finish().await, "authorization"), [SECRET]);
    }
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.contains("all is caught"), "{logged}");
    for text in [shown_text, logged] {
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[tokio::test]
async fn missing_headers_are_told_before_any_order() {
    install_tls();
    let server = factory().await;
    let empty = Mount::new("empty", &[]);
    let broken = Mount::new("no_header", &[("not a header", "x")]);
    let missing = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("no-such-secret");
    for directory in [&empty.0, &broken.0, &missing] {
        let target = Target {
            headers: Some(directory.clone()),
            ..target(server.url("http"))
        };
        let error = FactoryClient::new(&target, &allow(&["127.0.0.1"])).unwrap_err();
        assert!(matches!(error, TargetError::HeadersMissing(_)), "{error}");
        assert_eq!(error.reason(), "HeadersMissing");
    }
    assert_eq!(server.finish().await.connections, 0);
}

#[tokio::test]
async fn headers_that_went_missing_hold_the_order_back() {
    let (server, mount) = (
        factory().await,
        Mount::new("gone", &[("authorization", SECRET)]),
    );
    let client = client(&mount.target(server.url("http")));
    std::fs::remove_dir_all(&mount.0).unwrap();
    assert_eq!(post(&client).await, not_sent());
    assert_eq!(server.finish().await.connections, 0);
}

/// They say where an order ends: another length would cut it or add to it.
#[test]
fn a_secret_does_not_frame_the_order() {
    install_tls();
    for name in ["content-length", "Transfer-Encoding"] {
        let mount = Mount::new(name, &[(name, "1")]);
        let target = mount.target("http://127.0.0.1/".to_owned());
        let error = FactoryClient::new(&target, &allow(&["127.0.0.1"])).unwrap_err();
        assert!(matches!(error, TargetError::HeadersMissing(_)), "{error}");
    }
}
