//! A way to the database that breaks exactly at a COMMIT.
#![allow(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The command byte of a plain query, and the query. Not READ COMMITTED.
const COMMIT: &[u8] = b"\x03COMMIT";

/// What is lost when the next COMMIT comes by, together with its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Lost {
    /// The server commits, and its answer is lost.
    Answer = 1,
    /// The server never hears of it.
    Command = 2,
}

/// Forwards until it is armed.
pub(crate) struct CommitCutter {
    pub(crate) address: SocketAddr,
    armed: Arc<AtomicU8>,
}

impl CommitCutter {
    pub(crate) async fn before(server: (String, u16)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let armed = Arc::new(AtomicU8::new(0));
        let shared = armed.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect((server.0.as_str(), server.1))
                    .await
                    .unwrap();
                tokio::spawn(forward(client, server, shared.clone()));
            }
        });
        Self { address, armed }
    }

    /// Breaks the connection of the next COMMIT, and only that one.
    pub(crate) fn arm(&self, lost: Lost) {
        self.armed.store(lost as u8, Ordering::SeqCst);
    }
}

async fn forward(client: TcpStream, server: TcpStream, armed: Arc<AtomicU8>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (lose, is_lost) = watch::channel(false);
    let answers = tokio::spawn(async move {
        let mut bytes = [0; 16 * 1024];
        while let Ok(length @ 1..) = from_server.read(&mut bytes).await {
            if *is_lost.borrow() || to_client.write_all(&bytes[..length]).await.is_err() {
                return;
            }
        }
    });
    let mut bytes = [0; 16 * 1024];
    while let Ok(length @ 1..) = from_client.read(&mut bytes).await {
        let commits = bytes[..length]
            .windows(COMMIT.len())
            .any(|word| word == COMMIT);
        let lost = if commits {
            armed.swap(0, Ordering::SeqCst)
        } else {
            0
        };
        if lost == Lost::Command as u8 {
            break;
        }
        lose.send_replace(lost == Lost::Answer as u8);
        if to_server.write_all(&bytes[..length]).await.is_err() {
            break;
        }
        if lost == Lost::Answer as u8 {
            // Until the answer is there: only then it is committed.
            let _ = answers.await;
            return;
        }
    }
    answers.abort();
}
