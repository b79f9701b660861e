//! A thousand letters, and two watchers as processes of their own, of which one is killed in the
//! midst of whatever it does, again and again.

#[path = "killed/letters.rs"]
mod letters;
#[path = "killed/told.rs"]
mod told;

use crate::ledger::Ledger;
use crate::role::Role;
use crate::stock_queue::{StockQueue, with_queues};
use crate::{allow_sender, ops, unique};
use letters::{Deaths, bury, bury_twins, lying, redrive};
use restock_operator::domain::time::Time;
use restock_operator::edge::store::Store;
use restock_operator::edge::store::page::Mark;
use restock_operator::process::args::OpsArgs;
use restock_operator::process::install_tls;
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::ExposeSecret as _;
use sqlx::MySqlPool;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use told::Told;

/// Letters at first, and such as come later: together just as many as one look meets.
const LETTERS: usize = 970;
const LATER: usize = 30;

/// Letters of the first redrive, and of the second: of those that came back from the first.
const REDRIVEN: [usize; 2] = [30, 10];

/// Longest wait for a notice: an equal letter without an id waits two and a half minutes and an
/// interval, where two watchers are in each other's way all the time.
const TOLD_WITHIN: Duration = Duration::from_secs(200);

/// Seconds between two looks of a watcher: a look takes one or two, and the other one has the
/// queue to itself meanwhile.
const INTERVAL: &str = "3";

/// Longest life of a watcher: its start, a look and its notices, on a busy machine.
const LIFE_MAX: Duration = Duration::from_secs(3);

type Settings = Vec<(&'static str, String)>;

fn settings(queues: &StockQueue, ledger: &Ledger, ops: &OpsArgs) -> Settings {
    let ops = ops.clone();
    let database = ledger.schema.url();
    [
        ("RESTOCK_DLQ_URL", queues.dead.url().to_owned()),
        ("RESTOCK_QUEUE_URL", queues.queue.url().to_owned()),
        ("RESTOCK_DLQ_INTERVAL_SECONDS", INTERVAL.to_owned()),
        ("RESTOCK_OPS_TOPIC_ARN", ops.ops_topic_arn.unwrap()),
        ("RESTOCK_OPS_EMAIL_FROM", ops.ops_email_from.unwrap()),
        ("RESTOCK_OPS_EMAIL_TO", ops.ops_email_to.join(",")),
        ("RESTOCK_DATABASE_URL", database.expose_secret().to_owned()),
    ]
    .into()
}

/// The watcher that is killed, and how often it was.
struct Doomed {
    settings: Settings,
    role: Role,
    kills: u32,
}

impl Doomed {
    /// Kills it at some moment of its life, so often; another one follows.
    async fn kill(mut self, times: u32) -> Self {
        for _ in 0..times {
            let mut random = [0; 4];
            SystemRandom::new().fill(&mut random).unwrap();
            let lives = LIFE_MAX * u32::from_be_bytes(random).div_ceil(1 << 22) / 1_024;
            println!("killed after {lives:?}");
            sleep(lives).await;
            let next = Role::start("dlq", &self.settings);
            std::mem::replace(&mut self.role, next).kill();
            self.kills += 1;
        }
        self
    }
}

/// Ends claims that are older than any living watcher needs here: as if the hold of the killed, two
/// minutes, were over.
async fn lapse(pool: MySqlPool) {
    let lapse = "UPDATE dead_letter SET claimed_until = 0 WHERE told_at IS NULL AND \
         claimed_until < TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) + 110000000";
    loop {
        sleep(Duration::from_secs(1)).await;
        // In the way of a watcher that claims, it tries again.
        let _ = sqlx::query(lapse).execute(&pool).await;
    }
}

/// Waits until all of these were told.
async fn wait_for(told: &Told, deaths: &Deaths) {
    let telling = async {
        loop {
            let letters = told.letters();
            let left = deaths.keys().filter(|id| !letters.contains_key(*id));
            let left = left.count();
            if left == 0 {
                return;
            }
            println!("{left} letters are not told yet");
            sleep(Duration::from_secs(1)).await;
        }
    };
    timeout(TOLD_WITHIN, telling).await.expect("all are told");
}

/// Waits for a look that begins from now on and meets all.
async fn wait_for_sweep(store: &Store) {
    let now = store.now().await.unwrap();
    let ever = Mark::older_than(Time::from_micros(i64::MAX));
    let sweeping = async {
        loop {
            let page = store.dead_letters(false, &ever, 1).await.unwrap();
            if page.swept_at.is_some_and(|at| at > now) {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    };
    timeout(TOLD_WITHIN, sweeping)
        .await
        .expect("it is looked at to its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_a_thousand_letters_is_told_once_a_death_whoever_is_killed() {
    install_tls();
    let ledger = Ledger::create().await;
    with_queues(&unique("killed"), 1, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let ops = ops(&topic_arn);
        allow_sender(&ops).await;
        let settings = settings(&queues, &ledger, &ops);
        let told = Told::default();
        let beside: [JoinHandle<()>; 2] = [
            tokio::spawn(told.clone().read(mailbox)),
            tokio::spawn(lapse(ledger.schema.pool().await)),
        ];
        let steady = Role::start("dlq", &settings);
        let doomed = Doomed {
            role: Role::start("dlq", &settings),
            settings,
            kills: 0,
        };
        let (mut all, doomed) = tokio::join!(bury(&queues, LETTERS), doomed.kill(4));
        let mut doomed = doomed;
        // Of equal ones that nobody gave an id, one that leaves before it is known of the others
        // how often they died may be what they were.
        wait_for(&told, &all).await;
        let mut from = all.clone();
        for count in REDRIVEN {
            let work = async {
                let copies = redrive(&queues, &told, &from, count).await;
                let later = bury_twins(&queues, LATER / REDRIVEN.len()).await;
                (copies, later)
            };
            let ((copies, later), killed) = tokio::join!(work, doomed.kill(2));
            doomed = killed;
            wait_for(&told, &copies).await;
            all.extend(copies.clone());
            all.extend(later);
            from = copies;
        }
        wait_for(&told, &all).await;
        // The last one may have been started just now, and not listen for signals yet.
        sleep(LIFE_MAX).await;
        assert!(doomed.role.stop(), "it ends in order");
        // Alone, and with just as many letters as a look has, it looks at the queue to its end.
        wait_for_sweep(&ledger.store).await;
        // A watcher at work hides what it looks at; one that is killed, what it looked at.
        assert!(steady.stop(), "it ends in order");
        let mut lying = lying(&queues).await;
        lying.dedup();
        sleep(Duration::from_secs(2)).await;
        for task in beside {
            assert!(!task.is_finished(), "it was read to the end");
            task.abort();
        }
        assert_eq!(told.letters(), all, "each death, and no other");
        assert_eq!(told.lines(), all.len(), "each in one notice");
        let (repeats, kills) = (told.repeats(), doomed.kills);
        assert!(repeats <= kills, "{repeats} repeats for {kills} kills");
        assert_eq!(lying.len(), LETTERS + LATER, "none is lost");
        assert!(lying.iter().all(|id| all.contains_key(id)));
    })
    .await;
}
