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
        let newcomer = async {
            let stream = accept(&listener).await;
            (stream, lobby.enter().await)
        };
        let (stream, visit) = tokio::select! {
            () = &mut over => break,
            newcomer = newcomer => newcomer,
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test]
    async fn a_full_house_hears_that_it_is_over() {
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, served) = (CancellationToken::new(), CancellationToken::new());
        let converse = |stream, visit: Visit| {
            visit.spoke();
            served.cancel();
            async move {
                pending::<()>().await;
                drop((stream, visit))
            }
        };
        let admitting = admit(listener, 1, &stop, Duration::ZERO, converse);
        let calling = async {
            let first = TcpStream::connect(address).await;
            served.cancelled().await;
            let second = TcpStream::connect(address).await;
            sleep(ACCEPT_PAUSE).await;
            stop.cancel();
            (first, second)
        };
        let both = futures::future::join(admitting, calling);
        let (open, _) = timeout(Duration::from_secs(5), both).await.unwrap();
        assert_eq!(open.len(), 1, "the second waits at the door");
    }
}
