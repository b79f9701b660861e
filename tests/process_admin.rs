//! Needs nothing. Proves what probes and scrapers get, over real connections, and that
//! slow or many callers cost no more than they may.

use prometheus_client::metrics::counter::Counter;
use restock_operator::process::args::AdminArgs;
use restock_operator::process::{Process, admin_server};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

struct Served {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Served {
    async fn start(process: &Process) -> Self {
        let listen = "127.0.0.1:0".parse().expect("an address");
        let admin_listen = AdminArgs {
            admin_listen: listen,
        };
        let admin = admin_server::start(&admin_listen, process)
            .await
            .expect("a free port");
        Self {
            address: admin.address,
            server: admin.task,
        }
    }

    /// The status and the body of one answer.
    async fn get(&self, page: &str) -> (u16, String) {
        let mut stream = self.connect().await;
        let request = format!("GET {page} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream
            .write_all(request.as_bytes())
            .await
            .expect("a reader");
        let mut answer = String::new();
        let read = timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
        read.expect("an answer in time").expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head
            .split(' ')
            .nth(1)
            .expect("a status")
            .parse()
            .expect("a number");
        (status, body.to_owned())
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a listener")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[tokio::test]
async fn readiness_follows_the_conditions() {
    let process = Process::default();
    let served = Served::start(&process).await;
    assert_eq!(
        served.get("/readyz").await,
        (503, "[-] process: starting\nnot ok\n".to_owned())
    );

    let ledger = process.health.condition("ledger");
    ledger.ready();
    assert_eq!(served.get("/readyz").await, (200, "ok\n".to_owned()));
    assert_eq!(
        served.get("/readyz?verbose").await,
        (200, "[+] ledger\nok\n".to_owned())
    );

    ledger.not_ready("no connection");
    let refused = (503, "[-] ledger: no connection\nnot ok\n".to_owned());
    assert_eq!(served.get("/readyz").await, refused);
}

#[tokio::test]
async fn liveness_follows_the_loops_and_not_the_conditions() {
    let process = Process::default();
    let served = Served::start(&process).await;
    process
        .health
        .condition("ledger")
        .not_ready("no connection");
    assert_eq!(served.get("/livez").await.0, 200);

    let _stuck = process.health.pulse("poll", Duration::from_millis(1));
    tokio::time::sleep(Duration::from_millis(10)).await;
    for page in ["/livez", "/healthz"] {
        let (status, body) = served.get(page).await;
        assert_eq!(status, 503);
        assert!(body.starts_with("[-] poll: last turn"), "{body}");
    }
}

#[tokio::test]
async fn metrics_registered_after_the_start_are_served() {
    let process = Process::default();
    let served = Served::start(&process).await;
    let orders = Counter::<u64>::default();
    process
        .registry
        .register("restock_orders", "Orders", orders.clone());
    orders.inc();
    let (status, page) = served.get("/metrics").await;
    assert_eq!(status, 200);
    assert!(
        page.contains("restock_orders_total 1\n") && page.ends_with("# EOF\n"),
        "{page}"
    );
}

#[tokio::test]
async fn what_is_not_served_is_refused() {
    let served = Served::start(&Process::default()).await;
    assert_eq!(served.get("/").await.0, 404);
}

#[tokio::test]
async fn silent_callers_in_every_place_delay_a_probe_but_do_not_stop_it() {
    let process = Process::default();
    process.health.condition("ledger").ready();
    let served = Served::start(&process).await;
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(served.connect().await);
    }
    assert_eq!(served.get("/readyz").await.0, 200);
}
