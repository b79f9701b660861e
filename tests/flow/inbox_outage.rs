//! Whatever keeps the ledger from taking a parked callback for a while, its receives are
//! not spent: it is booked, and no dead letter.

use crate::await_empty_inbox;
use crate::support::inbox::Inbox;
use crate::support::receiver::Shop;
use std::time::Duration;
use tokio::time::sleep;

/// A receiver that took what it cannot book would have spent these after 2 + 4 + 8 s.
const RECEIVES_MAX: u32 = 3;
const OUTAGE: Duration = Duration::from_secs(25);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_the_ledger_makes_no_dead_letter_of_a_callback() {
    let (inbox, dead) = Inbox::with_dead_letters(RECEIVES_MAX).await;
    let shop = Shop::open_with(inbox, |url| format!("--database-url={url}")).await;
    shop.way.cut();
    for id in ["one", "two", "one"] {
        assert_eq!(shop.call(id).await, 202);
    }
    sleep(OUTAGE).await;
    assert_eq!((shop.inbox.messages().await, dead.messages().await), (3, 0));
    shop.way.mend();
    shop.await_stock(16).await;
    await_empty_inbox(&shop).await;
    assert_eq!((shop.stock().await, dead.messages().await), (16, 0));
    shop.close().await;
}
