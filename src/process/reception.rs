//! The life of a listening socket: who calls is let in until some time after the process was
//! told to stop, and whoever is in by then has a last while.

use super::lobby::{Lobby, Visit};
use anyhow::Context as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The pause after an accept that failed, as it does for want of file descriptors:
/// connections that end meanwhile give some back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens at this address.
///
/// # Errors
/// It is taken, or not of this machine.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}"))
}

/// Lets so many in at a time until `drain` after `stop`, and has each served by `converse`;
/// answers the conversations that are not over then.
pub async fn admit<Conversation>(
    listener: TcpListener,
    places: usize,
    stop: &CancellationToken,
    drain: Duration,
    converse: impl Fn(TcpStream, Visit) -> Conversation,
) -> TaskTracker
where
    Conversation: Future<Output = ()> + Send + 'static,
{
    let lobby = Lobby::new(places);
    let conversations = TaskTracker::new();
    let over = async {
        stop.cancelled().await;
        // Load balancers go on sending until they have noticed.
        sleep(drain).await;
    };
    let mut over = pin!(over);
    loop {
        let stream = tokio::select! {
            () = &mut over => break,
            stream = accept(&listener) => stream,
        };
        let visit = lobby.enter().await;
        conversations.spawn(converse(stream, visit));
    }
    // No new ones: with the socket gone the kernel refuses them, while the open ones are answered.
    conversations.close();
    conversations
}

/// Waits for the last conversations, for at most that long.
pub async fn see_off(conversations: TaskTracker, within: Duration) {
    if timeout(within, conversations.wait()).await.is_err() {
        let open = conversations.len();
        tracing::warn!(open, "connections cut off at shutdown");
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "no connection accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
