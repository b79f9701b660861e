//! One moment of the whole system, as small as can be: cluster, ledger, factory, inbox,
//! and what each controller process has in hand.

use restock_operator::domain::decide::Step;
use restock_operator::domain::order::{FactoryKey, Nonce, Order, Quantity, RequestId, Sku};
use restock_operator::domain::placing::Effect;
use restock_operator::domain::policy::Policy;
use restock_operator::domain::progress::{
    Answer, ArrivalRow, AttemptRow, Observed, Progress, Reason, Request, Told,
};
use restock_operator::domain::time::Time;
use restock_operator::domain::word::{Handled, Resolution};
use std::collections::BTreeSet;
use std::time::Duration;

/// What is taken out, to see that the model sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Removed {
    Nothing,
    CompareAndSet,
    RowBeforePost,
    FenceRow,
    UniqueArrival,
    NonceCheck,
    FreshRead,
    RisingAttempts,
    PublishBeforeMark,
    RecordedAfterWrite,
    LevelTriggeredWake,
    LookForArrivals,
    InboxSeenEmpty,
    AttemptOfTheWord,
}

/// How often each fault may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// Processes that die.
    pub(crate) crashes: u8,
    /// Answers to writes that get lost, effect or not.
    pub(crate) lost_answers: u8,
    /// Passes over an older version of the object.
    pub(crate) stale_reads: u8,
    /// Orders that fail in each possible way.
    pub(crate) bad_orders: u8,
    /// Orders that the factory asks to send later.
    pub(crate) throttled_orders: u8,
    /// Callbacks that never come, or come to nobody.
    pub(crate) lost_callbacks: u8,
    /// Callbacks that come again.
    pub(crate) repeated_callbacks: u8,
    /// Callbacks that are parked in the inbox first.
    pub(crate) parked_callbacks: u8,
    /// Objects that are deleted and made again under the same name.
    pub(crate) recreations: u8,
    /// Times that the cluster forgets its latest writes.
    pub(crate) restores: u8,
    /// Words of a person.
    pub(crate) words: u8,
    /// Times that a person suspends the request.
    pub(crate) suspensions: u8,
    /// Guard times that are over while the owner still lives: each may cost an attempt that
    /// sent nothing, and attempts without end make worlds without end.
    pub(crate) takeovers: u8,
    /// Passes that the ledger does not answer.
    pub(crate) ledger_away: u8,
    /// Owners that are held up between their announcement and the next effect.
    pub(crate) pauses: u8,
}

/// The object, at one version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Object {
    pub(crate) uid: u8,
    pub(crate) version: u8,
    pub(crate) progress: Progress,
    pub(crate) word: Option<Resolution>,
    pub(crate) suspended: bool,
}

impl Object {
    /// Whether no word of a person waits for an answer.
    pub(crate) fn is_settled(&self) -> bool {
        let handled = self.progress.handled_resolution.as_ref();
        self.word == handled.map(|handled| handled.word.clone()) || self.word.is_none()
    }
}

/// A callback on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Callback {
    pub(crate) uid: u8,
    pub(crate) attempt: u32,
}

/// What a process does next with what it read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pass {
    /// One write, decided on this version.
    Write { object: Object, change: Change },
    /// The effects of an order; `object` is the newest version the pass knows.
    Order {
        object: Object,
        announced: Progress,
        effect: Effect,
    },
}

/// A decided write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Change {
    Record(Progress),
    Settle(Answer, Progress),
    Book(Progress),
    Fence,
}

/// One controller process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Controller {
    pub(crate) pass: Option<Pass>,
    pub(crate) held: Option<(Nonce, Answer)>,
    pub(crate) acknowledged: Option<Told>,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) object: Object,
    /// Earlier versions that a cache or a backup may still have.
    pub(crate) earlier: Vec<Object>,
    pub(crate) rows: Vec<AttemptRow>,
    /// Nonces of rows that were inserted when goods had arrived already.
    pub(crate) late_rows: Vec<Nonce>,
    /// Arrivals, and whether they are marked as recorded.
    pub(crate) arrivals: Vec<(ArrivalRow, bool)>,
    pub(crate) stock: u8,
    pub(crate) inbox: Vec<Callback>,
    pub(crate) inbox_empty_at: Option<Time>,
    pub(crate) callbacks: Vec<Callback>,
    /// Orders that may have reached the factory: uid, attempt, nonce.
    pub(crate) orders: Vec<(u8, u32, Nonce)>,
    pub(crate) published: BTreeSet<String>,
    pub(crate) wake: bool,
    /// Attempts after which a person wants a further order.
    pub(crate) excused: Vec<u32>,
    pub(crate) time: u8,
    pub(crate) controllers: Vec<Controller>,
    pub(crate) left: Budget,
    /// A law that the last step broke, seen where it happened.
    pub(crate) broken: Option<&'static str>,
}

/// Between two values of `World::time` every deadline passes.
const TICK: Duration = Duration::from_secs(100_000);

/// The limits of the model's one Factory.
pub(crate) fn policy(max_attempts: u32) -> Policy {
    let reorder = restock_operator::domain::policy::OnOverdue::Reorder;
    let fail = restock_operator::domain::policy::OnOverdue::Fail;
    Policy {
        max_attempts,
        on_overdue: if max_attempts > 1 { reorder } else { fail },
        delayed_after: Duration::MAX,
        retry_for: Duration::MAX,
        ledger_settle: Duration::ZERO,
        // Only an inbox that was seen empty lets a verdict pass: the harder case.
        inbox_grace: TICK * 100,
        ..Policy::default()
    }
}

impl World {
    /// A request that was just created.
    pub(crate) fn new(controllers: usize, left: Budget) -> Self {
        let progress = Progress::default();
        Self {
            object: Object {
                uid: 1,
                version: 0,
                progress,
                word: None,
                suspended: false,
            },
            earlier: Vec::new(),
            rows: Vec::new(),
            late_rows: Vec::new(),
            arrivals: Vec::new(),
            stock: 0,
            inbox: Vec::new(),
            inbox_empty_at: None,
            callbacks: Vec::new(),
            orders: Vec::new(),
            published: BTreeSet::new(),
            wake: false,
            excused: Vec::new(),
            time: 0,
            controllers: vec![Controller::default(); controllers],
            left,
            broken: None,
        }
    }

    /// The ledger's clock.
    pub(crate) fn now(&self) -> Time {
        Time::from_micros(0) + TICK * u32::from(self.time)
    }

    /// What a pass of this controller over this version knows.
    pub(crate) fn observed(
        &self,
        object: &Object,
        controller: usize,
        guard_over: bool,
    ) -> Observed {
        let process = &self.controllers[controller];
        let nonce = object.progress.nonce.as_ref();
        let held = process.held.as_ref().filter(|(of, _)| Some(of) == nonce);
        Observed {
            request: Request {
                unusable: None,
                id: request(),
                uid: object.uid.to_string(),
                created_at: Time::from_micros(0),
                suspended: object.suspended,
                resolution: object.word.clone(),
            },
            progress: object.progress.clone(),
            ledger: Some(restock_operator::domain::progress::LedgerView {
                now: self.now(),
                arrivals: self.arrivals.iter().map(|(row, _)| row.clone()).collect(),
                rows: self.rows.clone(),
                inbox_empty_at: self.inbox_empty_at,
                answering_for: Duration::MAX,
            }),
            order: Ok(order()),
            // The guard time is economy: the model lets it be over at any moment.
            placing_seen_for: if guard_over {
                Duration::MAX
            } else {
                Duration::ZERO
            },
            factories_known_for: Duration::MAX,
            held_answer: held.map(|(_, answer)| answer.clone()),
            acknowledged: process.acknowledged.clone(),
            unbooked: None,
        }
    }

    /// The row of this attempt of the request, whoever's it is.
    pub(crate) fn row(&mut self, attempt: u32) -> Option<&mut AttemptRow> {
        self.rows.iter_mut().find(|row| row.attempt == attempt)
    }

    /// Arrivals for this object.
    pub(crate) fn arrived(&self, uid: u8) -> bool {
        self.arrivals
            .iter()
            .any(|(row, _)| row.uid == uid.to_string())
    }
}

/// The one request.
pub(crate) fn request() -> RequestId {
    RequestId::parse("request").expect("a word")
}

/// The one order.
pub(crate) fn order() -> Order {
    Order {
        sku: Sku::parse("donut").expect("a word"),
        quantity: Quantity::new(1).expect("a count"),
        factory: FactoryKey {
            name: "f".into(),
            uid: "f".into(),
        },
    }
}

/// Drops what no decision reads, so that worlds that behave alike are one.
pub(crate) fn plain(progress: Progress) -> Progress {
    let message = match progress.reason {
        // A hold is written once, and only its message says so.
        Reason::Suspended => progress.message.clone(),
        _ => String::new(),
    };
    let handled = progress.handled_resolution.map(|handled| Handled {
        at: Time::from_micros(0),
        ..handled
    });
    Progress {
        message,
        handled_resolution: handled,
        factory_order_id: None,
        next_attempt_at: None,
        retry_since: None,
        placing_since: None,
        ..progress
    }
}

/// A decided step as a write, if it is one.
pub(crate) fn change(step: Step) -> Option<Change> {
    match step {
        Step::Record(progress) => Some(Change::Record(plain(*progress))),
        Step::Settle(answer, progress) => Some(Change::Settle(answer, plain(*progress))),
        Step::Book(_, progress) => Some(Change::Book(plain(*progress))),
        Step::Fence => Some(Change::Fence),
        Step::Rest | Step::Wait { .. } | Step::Order(..) => None,
    }
}
