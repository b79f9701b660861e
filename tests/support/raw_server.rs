//! A TCP server that follows a script to the letter, for the answers that no HTTP server
//! would give, and that counts what it saw.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// Longest wait for clients to go away after their last call.
const GONE_DEADLINE: Duration = Duration::from_secs(10);

/// Any free port of this host.
const ANY_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// What the server does with each connection, in this order; then it closes it.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Reads one whole request.
    Read,
    /// Writes these bytes.
    Write(Vec<u8>),
    /// Does nothing for a while.
    Wait(Duration),
    /// Ends the connection with a reset instead of a close.
    Reset,
    /// Says nothing more, and reads on until the client has gone.
    Hang,
}

/// What the server saw until all its clients had gone.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    /// Whole requests, as text.
    pub(crate) requests: Vec<String>,
}

/// A running server; every connection gets the same script.
pub(crate) struct RawServer {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    last: Arc<Mutex<Option<SocketAddr>>>,
    serving: JoinHandle<()>,
}

impl RawServer {
    pub(crate) async fn start(script: Vec<Step>) -> Self {
        let listener = TcpListener::bind(ANY_PORT).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Seen>>::default();
        let last = Arc::<Mutex<Option<SocketAddr>>>::default();
        let serving = tokio::spawn(serve(listener, script, seen.clone(), last.clone()));
        Self {
            address,
            seen,
            last,
            serving,
        }
    }

    /// `scheme://127.0.0.1:port/api/manufactures`
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}/api/manufactures", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What all clients did. Connections are accepted in their order, so when this last
    /// one is, none can be uncounted.
    pub(crate) async fn finish(self) -> Seen {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(ANY_PORT.into()).unwrap();
        *self.last.lock().unwrap() = Some(socket.local_addr().unwrap());
        let _last = socket.connect(self.address).await.unwrap();
        let served = timeout(GONE_DEADLINE, self.serving).await;
        served
            .expect("every client lets go of its connection")
            .unwrap();
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

async fn serve(
    listener: TcpListener,
    script: Vec<Step>,
    seen: Arc<Mutex<Seen>>,
    last: Arc<Mutex<Option<SocketAddr>>>,
) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = listener.accept().await.unwrap();
        if *last.lock().unwrap() == Some(peer) {
            break;
        }
        seen.lock().unwrap().connections += 1;
        let (script, seen) = (script.clone(), seen.clone());
        connections.spawn(async move { play(stream, script, &seen).await });
    }
    connections.join_all().await;
}

/// Plays the script, or as much of it as the client stays for.
async fn play(mut stream: TcpStream, script: Vec<Step>, seen: &Mutex<Seen>) {
    let mut unread = Vec::new();
    for step in script {
        let stays = match step {
            Step::Read => read(&mut stream, &mut unread, seen).await,
            Step::Write(bytes) => stream.write_all(&bytes).await.is_ok(),
            Step::Wait(pause) => {
                sleep(pause).await;
                true
            }
            Step::Reset => return stream.set_zero_linger().unwrap(),
            Step::Hang => {
                while read(&mut stream, &mut unread, seen).await {}
                false
            }
        };
        if !stays {
            return;
        }
    }
}

/// Counts one request once it is whole; false if the client has gone before.
async fn read(stream: &mut TcpStream, unread: &mut Vec<u8>, seen: &Mutex<Seen>) -> bool {
    loop {
        if let Some(length) = whole_request(unread) {
            let request: Vec<u8> = unread.drain(..length).collect();
            let text = String::from_utf8_lossy(&request).into_owned();
            seen.lock().unwrap().requests.push(text);
            return true;
        }
        if !matches!(stream.read_buf(unread).await, Ok(1..)) {
            return false;
        }
    }
}

/// The length of the request that these bytes begin with, if all of it is there.
fn whole_request(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let body = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0);
    (bytes.len() >= head + body).then_some(head + body)
}
