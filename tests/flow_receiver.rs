//! Callbacks into a real ledger and a real queue: what is answered, and that the stock
//! rises once. Needs `DATABASE_URL` and `AWS_ENDPOINT_URL`, as `cargo xtask test` gives them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    pub(crate) mod account;
    pub(crate) mod inbox;
    pub(crate) mod ledger;
    pub(crate) mod proxy;
    pub(crate) mod receiver;
}

#[path = "flow/inbox_outage.rs"]
mod inbox_outage;
#[path = "flow/rotation.rs"]
mod rotation;

use restock_operator::domain::arrival::KeyRing;
use restock_operator::domain::time::Time;
use std::time::Duration;
use support::receiver::{BODY, KEY, Shop, claims, get, post, read, ring, status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// The promise to the factory.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

type Flow = tokio::task::JoinSet<u16>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_raises_the_stock_and_its_repeats_do_not() {
    let shop = Shop::open().await;
    assert_eq!(shop.call("one").await, 200);
    assert_eq!(shop.stock().await, 13);
    assert_eq!(shop.call("one").await, 200);
    assert_eq!(shop.stock().await, 13);

    let mut second = claims("one");
    second.attempt = 2;
    let request = post(&ring().sign(&second), "{\"quantity\":\"4\"}");
    assert_eq!(status(&shop.exchange(&request).await), 200);
    assert_eq!(shop.stock().await, 16, "surplus goods count too");

    // By way of a proxy that serves more than this below one host, here and in the inbox.
    let path = format!("/base{}", ring().sign(&claims("based")));
    assert_eq!(status(&shop.exchange(&post(&path, BODY)).await), 200);
    assert_eq!(shop.stock().await, 19);
    let parked = format!("{{\"path\":{path:?},\"bodyDigest\":\"\"}}");
    shop.inbox.put(&parked).await;
    await_empty_inbox(&shop).await;
    assert!(shop.counts("restock_receiver_inbox_messages_total{result=\"Repeat\"} 1"));

    assert!(shop.counts("restock_receiver_callbacks_total{result=\"Committed\"} 3"));
    assert!(shop.counts("restock_receiver_callbacks_total{result=\"Repeat\"} 1"));
    assert!(shop.counts("restock_receiver_surplus_total 1"));
    assert!(shop.counts("restock_receiver_notes_total 1"));
    assert!(shop.counts("restock_receiver_order_to_arrival_seconds_count 3"));
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_at_once_raise_the_stock_once_for_each_request() {
    let shop = Shop::open().await;
    let mut calls = Flow::new();
    for n in 0..100 {
        let request = post(&ring().sign(&claims(&format!("r{}", n % 4))), BODY);
        let address = shop.address;
        calls.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(&request).await.unwrap();
            status(&read(&mut stream).await)
        });
    }
    for answer in calls.join_all().await {
        assert!([200, 202].contains(&answer), "{answer}");
    }
    // What was parked in the rush is a repeat of what was not, or brings the rest.
    shop.await_stock(10 + 4 * 3).await;
    await_empty_inbox(&shop).await;
    assert_eq!(shop.stock().await, 10 + 4 * 3);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bad_token_gets_the_same_answer() {
    let shop = Shop::open().await;
    let path = ring().sign(&claims("one"));
    let mut over = claims("one");
    over.not_after = Time::from_micros(1);
    let stranger = KEY.replace("AAEC", "BBEC");
    let (start, mac) = path.rsplit_once('/').unwrap();
    let other_claims = ring().sign(&claims("two"));
    let other_start = other_claims.rsplit_once('/').unwrap().0;
    let requests = [
        post("/", ""),
        post("/v1/arrivals/k1", BODY),
        post(&format!("{path}/more"), BODY),
        post(&path.replace("/k1/", "/k9/"), BODY),
        post(&format!("{start}/{}", "A".repeat(mac.len())), BODY),
        post(&format!("{start}/{}", &mac[1..]), BODY),
        post(&format!("{start}/%00"), BODY),
        post(&format!("{other_start}/{mac}"), BODY),
        post(
            &KeyRing::parse(&stranger).unwrap().sign(&claims("one")),
            BODY,
        ),
        post(&ring().sign(&over), BODY),
        get(&path),
        get("/"),
    ];
    let mut answers = Vec::new();
    for request in &requests {
        answers.push(without_date(&shop.exchange(request).await));
    }
    assert_eq!(status(&answers[0]), 404);
    assert!(answers[0].contains("\nrestock-role: receiver\n"), "no mark");
    for (request, answer) in requests.iter().zip(&answers) {
        assert_eq!(answer, &answers[0], "{}", String::from_utf8_lossy(request));
    }
    assert_eq!(shop.stock().await, 10);
    for count in ["BadToken\"} 9", "Expired\"} 1", "NotPost\"} 2"] {
        let count = format!("restock_receiver_callbacks_total{{result=\"{count}");
        assert!(shop.counts(&count), "{count}");
    }
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_new_in_the_file_is_taken_without_a_restart() {
    let shop = Shop::open().await;
    let new = KEY.replace("k1 AAEC", "k2 BBEC");
    let path = KeyRing::parse(&new).unwrap().sign(&claims("new"));
    assert_eq!(status(&shop.exchange(&post(&path, BODY)).await), 404);

    std::fs::write(&shop.key_file, "broken").unwrap();
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!(status(&shop.exchange(&post(&path, BODY)).await), 404);
    assert_eq!(
        shop.call("old").await,
        200,
        "a broken file leaves the old keys in use"
    );

    std::fs::write(&shop.key_file, format!("{new}\n{KEY}\n")).unwrap();
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!(status(&shop.exchange(&post(&path, BODY)).await), 200);
    assert_eq!(shop.call("older").await, 200);
    assert_eq!(shop.stock().await, 10 + 3 * 3);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_and_huge_requests_end_and_hold_up_nobody() {
    let shop = Shop::open().await;
    let began = Instant::now();
    let mut slow = TcpStream::connect(shop.address).await.unwrap();
    slow.write_all(b"POST /v1/arrivals/k1/").await.unwrap();
    let mut many_headers = b"POST / HTTP/1.1\r\n".to_vec();
    many_headers.extend((0..100).flat_map(|n| format!("X-{n}: y\r\n").into_bytes()));
    many_headers.extend(b"\r\n");
    assert_eq!(status(&shop.exchange(&many_headers).await), 431);
    assert_eq!(
        status(
            &shop
                .exchange(&post(&format!("/{}", "x".repeat(10_000)), ""))
                .await
        ),
        431
    );

    // The token says what came, whatever else is sent with it.
    let mut huge = TcpStream::connect(shop.address).await.unwrap();
    let request = post(&ring().sign(&claims("huge")), &"x".repeat(4_000_000));
    // The receiver does not wait for the end of it, and may close before all is sent.
    let _ = huge.write_all(&request).await;
    shop.await_stock(13).await;
    let mut trickle = TcpStream::connect(shop.address).await.unwrap();
    let request = post(&ring().sign(&claims("trickle")), BODY);
    trickle
        .write_all(&request[..request.len() - 1])
        .await
        .unwrap();
    assert_eq!(status(&read(&mut trickle).await), 200);
    shop.await_stock(16).await;
    assert!(shop.counts("restock_receiver_notes_total 2"));

    assert_eq!(shop.call("quick").await, 200);
    read(&mut slow).await;
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_hangs_up_cancels_nothing() {
    let shop = Shop::open().await;
    let request = post(&ring().sign(&claims("whole")), BODY);
    for (id, length) in [("part", request.len() - 5), ("whole", request.len())] {
        let request = post(&ring().sign(&claims(id)), BODY);
        let lock = lock_product(&shop).await;
        let mut stream = TcpStream::connect(shop.address).await.unwrap();
        stream
            .write_all(&request[..length.min(request.len())])
            .await
            .unwrap();
        sleep(Duration::from_millis(100)).await;
        drop(stream);
        sleep(Duration::from_millis(100)).await;
        lock.rollback().await.unwrap();
    }
    shop.await_stock(16).await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_product_parks_its_callbacks_and_they_count_once() {
    let shop = Shop::open().await;
    let lock = lock_product(&shop).await;
    let began = Instant::now();
    assert_eq!(shop.call("one").await, 202);
    assert!(began.elapsed() < ANSWER_WITHIN, "{:?}", began.elapsed());
    assert_eq!(shop.call("one").await, 202);
    sleep(Duration::from_secs(4)).await;
    assert_eq!(shop.stock().await, 10);
    lock.rollback().await.unwrap();
    shop.await_stock(13).await;
    await_empty_inbox(&shop).await;
    assert_eq!(shop.stock().await, 13);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_trickles_in_does_not_delay_the_answer() {
    let shop = Shop::open().await;
    let lock = lock_product(&shop).await;
    let request = post(&ring().sign(&claims("one")), BODY);
    let (head, body) = request.split_at(request.len() - BODY.len());
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    let began = Instant::now();
    stream.write_all(head).await.unwrap();
    let (mut answers, mut sending) = stream.into_split();
    let body = body.to_vec();
    let trickle = tokio::spawn(async move {
        for byte in body {
            sleep(Duration::from_millis(100)).await;
            // The receiver may have answered and gone.
            let _ = sending.write_all(&[byte]).await;
        }
    });
    let mut answer = [0; 12];
    answers.read_exact(&mut answer).await.unwrap();
    assert!(began.elapsed() < ANSWER_WITHIN, "{:?}", began.elapsed());
    assert_eq!(&answer, b"HTTP/1.1 202");
    trickle.abort();
    lock.rollback().await.unwrap();
    shop.await_stock(13).await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_are_parked_while_the_ledger_is_away() {
    let shop = Shop::open().await;
    assert_eq!(shop.call("before").await, 200);
    shop.way.cut();
    for id in ["one", "two", "one"] {
        let began = Instant::now();
        assert_eq!(shop.call(id).await, 202);
        assert!(began.elapsed() < ANSWER_WITHIN, "{:?}", began.elapsed());
    }
    assert_eq!(shop.stock().await, 13);
    shop.way.mend();
    shop.await_stock(19).await;
    await_empty_inbox(&shop).await;
    assert_eq!(shop.stock().await, 19);
    assert!(shop.counts("restock_receiver_inbox_messages_total{result=\"Repeat\"} 1"));
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_ledger_and_inbox_it_says_so_and_tries_on() {
    let shop = Shop::open().await;
    shop.way.cut();
    shop.inbox.delete().await;
    let began = Instant::now();
    assert_eq!(shop.call("one").await, 503);
    assert!(began.elapsed() < ANSWER_WITHIN, "{:?}", began.elapsed());
    assert!(shop.counts("restock_receiver_callbacks_total{result=\"Unavailable\"} 1"));
    shop.way.mend();
    shop.await_stock(13).await;
    assert_eq!(shop.call("one").await, 200);
    shop.close().await;
}

/// Both neighbours answer every question, and neither takes anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_not_ready_while_it_can_neither_commit_nor_park() {
    let shop = Shop::open().await;
    let readiness = async |ok: bool| {
        let until = Instant::now() + Duration::from_secs(40);
        while shop.process.health.readiness().ok != ok {
            assert!(Instant::now() < until, "ready never becomes {ok}");
            sleep(Duration::from_millis(100)).await;
        }
        shop.process.health.readiness().lines.join("\n")
    };
    readiness(true).await;
    let lock = lock_product(&shop).await;
    shop.inbox.take_only(1_024).await;
    let mut long = claims("one");
    long.factory = "f".repeat(600);
    let request = post(&ring().sign(&long), BODY);
    assert_eq!(status(&shop.exchange(&request).await), 503);
    let why = readiness(false).await;
    assert!(why.contains("cannot commit"), "{why}");
    lock.rollback().await.unwrap();
    shop.await_stock(13).await;
    readiness(true).await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goods_of_an_unknown_product_wait_until_it_is_known() {
    let shop = Shop::open().await;
    let mut unknown = claims("one");
    unknown.sku = support::ledger::sku("CP-new");
    let request = post(&ring().sign(&unknown), "");
    assert_eq!(status(&shop.exchange(&request).await), 202);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(shop.inbox.messages().await, 1);
    let product = support::ledger::declaration("CP-new", 5);
    shop.ledger.apply_products(&[product]).await.unwrap();
    await_empty_inbox(&shop).await;
    assert_eq!(shop.ledger.stock("CP-new").await, 8);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_inbox_is_noted_in_the_ledger() {
    let shop = Shop::open().await;
    let began = shop.ledger.now().await.unwrap();
    let until = Instant::now() + Duration::from_secs(45);
    loop {
        let view = shop
            .ledger
            .view(&support::ledger::request("any"))
            .await
            .unwrap();
        if view.inbox_empty_at.is_some_and(|at| at > began) {
            break;
        }
        assert!(Instant::now() < until, "never noted");
        sleep(Duration::from_millis(200)).await;
    }
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_signal_callbacks_are_still_taken_for_a_while() {
    let shop = Shop::open().await;
    shop.process.shutdown.cancel();
    assert_eq!(shop.call("late").await, 200);
    assert_eq!(shop.stock().await, 13);
    let address = shop.address;
    shop.close().await;
    assert!(
        TcpStream::connect(address).await.is_err(),
        "the socket is closed"
    );
}

/// Holds the product's row until it is rolled back.
async fn lock_product(shop: &Shop) -> sqlx::Transaction<'static, sqlx::MySql> {
    let mut lock = shop.ledger.schema.pool().await.begin().await.unwrap();
    sqlx::query("SELECT * FROM product FOR UPDATE")
        .fetch_all(&mut *lock)
        .await
        .unwrap();
    lock
}

async fn await_empty_inbox(shop: &Shop) {
    let until = Instant::now() + Duration::from_secs(60);
    while shop.inbox.messages().await > 0 {
        assert!(Instant::now() < until, "the inbox does not get empty");
        sleep(Duration::from_millis(100)).await;
    }
}

fn without_date(answer: &str) -> String {
    answer
        .lines()
        .filter(|line| !line.starts_with("date:"))
        .collect::<Vec<_>>()
        .join("\n")
}
