//! The password of the ledger changes, and no callback is lost over it.

use crate::await_empty_inbox;
use crate::support::account::Account;
use crate::support::inbox::Inbox;
use crate::support::receiver::Shop;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_password_is_taken_from_the_file_without_a_restart() {
    let inbox = Inbox::create().await;
    let file = url_file(&inbox);
    let account = Account::create("first").await;
    let mut way = String::new();
    let shop = Shop::open_with(inbox, |url| {
        url.clone_into(&mut way);
        write(&file, &account.url(url, "first"));
        format!("--database-url-file={}", file.display())
    })
    .await;
    assert_eq!(shop.call("before").await, 200);

    account.change_password("second").await;
    assert_eq!(shop.call("open").await, 200, "open connections stay good");
    // The server ends them all: every further one needs the new password.
    shop.way.cut();
    sleep(Duration::from_millis(200)).await;
    shop.way.mend();
    assert_eq!(shop.call("refused").await, 202);
    assert_eq!(shop.stock().await, 16);

    // A file that is no use changes nothing, and a person can see it.
    write(&file, "not-a-url");
    await_remark(&shop).await;
    write(&file, &account.url(&way, "second"));
    // What was parked needs a connection.
    shop.await_stock(19).await;
    assert_eq!(shop.call("after").await, 200);
    let good = "[+] database URL".to_owned();
    assert!(shop.process.health.readiness().lines.contains(&good));
    await_empty_inbox(&shop).await;
    shop.close().await;
    std::fs::remove_file(&file).unwrap();
}

fn url_file(inbox: &Inbox) -> PathBuf {
    let name = inbox.url.rsplit('/').next().unwrap();
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-url"))
}

/// As a mounted Secret changes: at once.
fn write(file: &Path, text: &str) {
    let next = file.with_extension("next");
    std::fs::write(&next, text).unwrap();
    std::fs::rename(next, file).unwrap();
}

/// Waits until `/readyz?verbose` says what is wrong with the file; the role is ready.
async fn await_remark(shop: &Shop) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let report = shop.process.health.readiness();
        assert!(report.ok, "{:?}", report.lines);
        let remark = "[+] database URL: the old one stays in use: ";
        if report.lines.iter().any(|line| line.starts_with(remark)) {
            return;
        }
        assert!(Instant::now() < until, "{:?}", report.lines);
        sleep(Duration::from_millis(50)).await;
    }
}
