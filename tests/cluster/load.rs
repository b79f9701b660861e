//! Messages of a shop, one after the other until the test has seen enough.

use super::installation::Installation;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Between two messages: some dozen requests are under way whatever happens, and the
/// machine has time left for pods that start.
const PAUSE: Duration = Duration::from_millis(250);

/// Who asked, and for how many.
pub(crate) type Sent = BTreeMap<String, u32>;

/// A shop that sends.
pub(crate) struct Load {
    enough: CancellationToken,
    sending: JoinHandle<Sent>,
}

impl Load {
    /// Begins. `wish` is for the factory to read.
    pub(crate) fn begin(shop: &Arc<Installation>, name: &'static str, wish: &'static str) -> Self {
        let enough = CancellationToken::new();
        let (shop, until) = (shop.clone(), enough.clone());
        let sending = tokio::spawn(async move {
            let mut sent = Sent::new();
            while !until.is_cancelled() {
                let number = sent.len();
                let quantity = u32::try_from(number % 3).unwrap() + 1;
                let requester = format!("{name}-{number} {wish}").trim_end().to_owned();
                shop.message(&format!("{name}-{number}"), quantity, &requester)
                    .await;
                sent.insert(requester, quantity);
                tokio::time::sleep(PAUSE).await;
            }
            sent
        });
        Self { enough, sending }
    }

    /// Ends, and says what was sent.
    pub(crate) async fn end(self) -> Sent {
        self.enough.cancel();
        self.sending.await.unwrap()
    }
}
