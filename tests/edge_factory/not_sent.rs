//! Only where no connection came to be is it certain that no byte of the order left.

use crate::posting::{
    PATIENCE, SHORT, allow, bare, client, not_sent, placed, post, response, target,
};
use crate::raw_server::{RawServer, Seen, Step};
use restock_operator::domain::progress::Answer;
use restock_operator::edge::factory::{FactoryClient, Target};
use restock_operator::process::install_tls;
use serde_json::json;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// A label of 64 letters, one more than a name may have: the resolver refuses it by
/// itself, so that the test asks no name server.
const NO_NAME: &str = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd.invalid";

/// More connections than a listener queues that was asked to queue one.
const QUEUE_MAX: usize = 16;

fn loopback_socket() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    socket
}

fn url_of(address: std::net::SocketAddr) -> String {
    format!("http://{address}/api/manufactures")
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    // Bound and not listening: nobody else can be given the port meanwhile.
    let socket = loopback_socket();
    let client = client(&target(url_of(socket.local_addr().unwrap())));
    assert_eq!(post(&client).await, not_sent());
}

#[tokio::test]
async fn a_name_that_does_not_exist_sent_nothing() {
    let target = target(format!("http://{NO_NAME}/api/manufactures"));
    install_tls();
    let client = FactoryClient::new(&target, &allow(&[NO_NAME])).unwrap();
    assert_eq!(post(&client).await, not_sent());
}

#[tokio::test]
async fn a_connection_that_does_not_come_to_be_in_time_sent_nothing() {
    let socket = loopback_socket();
    let address = socket.local_addr().unwrap();
    let _listener = socket.listen(1).unwrap();
    let mut queued = Vec::new();
    let pause = Duration::from_millis(300);
    while let Ok(connected) = timeout(pause, TcpStream::connect(address)).await {
        queued.push(connected.unwrap());
        assert!(queued.len() < QUEUE_MAX, "the queue does not fill");
    }
    let client = client(&Target {
        connect_timeout: SHORT,
        ..target(url_of(address))
    });
    let order = json!({});
    let answer = timeout(PATIENCE, client.post(&order, None)).await.unwrap();
    let Answer::NotSent(why) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(why, "no connection in time");
}

/// An order by https to a server that does not speak TLS.
async fn over_tls(script: Vec<Step>) -> (Answer, Seen) {
    let server = RawServer::start(script).await;
    let client = client(&Target {
        connect_timeout: SHORT,
        ..target(server.url("https"))
    });
    let answer = post(&client).await;
    drop(client);
    (answer, server.finish().await)
}

#[tokio::test]
async fn a_failed_tls_handshake_sent_nothing() {
    let plain = Step::Write(response("400 Bad Request", &[], ""));
    let scripts = [
        ("an answer in plain text", vec![plain, Step::Hang]),
        ("closed", vec![]),
        (
            "reset",
            vec![Step::Wait(Duration::from_millis(50)), Step::Reset],
        ),
        ("silence", vec![Step::Hang]),
    ];
    for (name, script) in scripts {
        let (answer, seen) = over_tls(script).await;
        assert_eq!(answer, not_sent(), "{name}");
        let counts = (seen.connections, seen.requests.len());
        assert_eq!(counts, (1, 0), "{name}");
    }
}

#[tokio::test]
async fn a_listed_name_leads_to_this_host_only_if_its_network_is_listed() {
    let created = response("201 Created", &[], "");
    let script = vec![Step::Read, Step::Write(created), Step::Hang];
    let server = RawServer::start(script).await;
    let target = target(format!(
        "http://localhost:{}/api/manufactures",
        server.port()
    ));
    install_tls();
    let by_name = FactoryClient::new(&target, &allow(&["localhost"])).unwrap();
    assert_eq!(post(&by_name).await, not_sent());
    let by_both = FactoryClient::new(&target, &allow(&["localhost", "127.0.0.0/8"])).unwrap();
    assert_eq!(post(&by_both).await, placed(None));
    let seen = server.finish().await;
    assert_eq!((seen.connections, seen.requests.len()), (1, 1));
}

#[tokio::test]
async fn words_of_a_failure_say_what_failed() {
    let socket = loopback_socket();
    let client = client(&target(url_of(socket.local_addr().unwrap())));
    let answer = client.post(&json!({}), None).await;
    let Answer::NotSent(why) = &answer else {
        panic!("{answer:?}");
    };
    assert!(why.contains("Connection refused"), "{why}");
    assert_eq!(bare(answer), not_sent());
}
