//! Readiness (named conditions, each with a reason) and liveness (loops that turn).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A turn may meet one call that runs into its deadline and still be followed by a good
/// one; a loop that completed none in three is stuck.
const CALL_DEADLINES_PER_TURN_MAX: u32 = 3;

/// A reason is read in one line of `/readyz?verbose`; a foreign error text may be longer.
const WHY_CHARACTERS_MAX: usize = 500;

/// The health of one process; clones share it.
#[derive(Clone, Default)]
pub struct Health {
    shared: Arc<Mutex<Shared>>,
}

/// One named condition of readiness; starts as not ready ("starting").
#[derive(Clone)]
pub struct Condition {
    shared: Arc<Mutex<Shared>>,
    index: usize,
}

/// The turns of one loop; `/livez` fails when none completed within 3 call deadlines.
#[derive(Clone)]
pub struct Pulse {
    shared: Arc<Mutex<Shared>>,
    index: usize,
}

/// What one probe answers: whether all is well, and a line for each thing looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether every line is in order.
    pub ok: bool,
    /// One line for each condition or loop, in the order in which they were made.
    pub lines: Vec<String>,
}

#[derive(Default)]
struct Shared {
    conditions: Vec<(&'static str, State)>,
    pulses: Vec<Beats>,
}

enum State {
    Ready,
    /// In order, and yet a person should look.
    Remarkable(String),
    NotReady(String),
}

struct Beats {
    name: &'static str,
    silence_max: Duration,
    last: Instant,
}

impl Health {
    /// The condition of readiness of this name: a further one, unless it is there.
    pub fn condition(&self, name: &'static str) -> Condition {
        let mut shared = lock(&self.shared);
        let known = shared.conditions.iter().position(|(one, _)| *one == name);
        let index = known.unwrap_or(shared.conditions.len());
        if known.is_none() {
            let starting = State::NotReady("starting".to_owned());
            shared.conditions.push((name, starting));
        }
        Condition {
            shared: self.shared.clone(),
            index,
        }
    }

    /// A further loop whose turns prove life; `call_deadline` is that of the longest
    /// call it makes, or of all calls of one turn together.
    pub fn pulse(&self, name: &'static str, call_deadline: Duration) -> Pulse {
        let mut shared = lock(&self.shared);
        let silence_max = call_deadline * CALL_DEADLINES_PER_TURN_MAX;
        shared.pulses.push(Beats {
            name,
            silence_max,
            last: Instant::now(),
        });
        let index = shared.pulses.len() - 1;
        Pulse {
            shared: self.shared.clone(),
            index,
        }
    }

    /// Whether the role can do its work, and what is in the way.
    ///
    /// A process that has named no condition yet has only just begun: not ready.
    pub fn readiness(&self) -> Report {
        let shared = lock(&self.shared);
        if shared.conditions.is_empty() {
            return Report {
                ok: false,
                lines: vec!["[-] process: starting".to_owned()],
            };
        }
        Report {
            ok: shared.conditions.iter().all(|(_, state)| state.is_ready()),
            lines: shared
                .conditions
                .iter()
                .map(|(name, state)| match state {
                    State::Ready => format!("[+] {name}"),
                    State::Remarkable(remark) => format!("[+] {name}: {remark}"),
                    State::NotReady(why) => format!("[-] {name}: {why}"),
                })
                .collect(),
        }
    }

    /// Whether every loop still turns: progress, never the state of a neighbour, because
    /// a restart mends a stuck loop and nothing else.
    pub fn liveness(&self) -> Report {
        self.liveness_at(Instant::now())
    }

    fn liveness_at(&self, now: Instant) -> Report {
        let shared = lock(&self.shared);
        let silent = |beats: &Beats| now.duration_since(beats.last);
        Report {
            ok: shared
                .pulses
                .iter()
                .all(|beats| silent(beats) <= beats.silence_max),
            lines: shared
                .pulses
                .iter()
                .map(|beats| {
                    let sign = if silent(beats) <= beats.silence_max {
                        '+'
                    } else {
                        '-'
                    };
                    let (ago, limit) = (silent(beats).as_secs(), beats.silence_max.as_secs());
                    format!(
                        "[{sign}] {}: last turn {ago} s ago, at most {limit} s",
                        beats.name
                    )
                })
                .collect(),
        }
    }
}

impl Condition {
    /// From now on this is in order.
    pub fn ready(&self) {
        self.set(State::Ready);
    }

    /// From now on this is in order, but a person should know that, in words for people.
    pub fn ready_but(&self, remark: &str) {
        self.set(State::Remarkable(cut(remark)));
    }

    /// From now on it is not, and why, in words for people.
    pub fn not_ready(&self, why: impl Into<String>) {
        self.set(State::NotReady(cut(&why.into())));
    }

    /// As [`not_ready`](Self::not_ready), and `why` is logged as soon as it is another than
    /// before, from the first one on: often a person has to mend it.
    pub fn held_up(&self, why: impl Into<String>) {
        let why = cut(&why.into());
        let shared = lock(&self.shared);
        let (name, before) = &shared.conditions[self.index];
        if matches!(before, State::NotReady(said) if *said != why) {
            tracing::warn!(condition = name, why, "still not ready");
        }
        drop(shared);
        self.set(State::NotReady(why));
    }

    /// Logs only the turns from one to the other: a retry that fails again is no news.
    fn set(&self, state: State) {
        let mut shared = lock(&self.shared);
        let (name, before) = &mut shared.conditions[self.index];
        match (before.is_ready(), &state) {
            (true, State::NotReady(why)) => tracing::warn!(condition = name, why, "not ready"),
            (false, State::Ready | State::Remarkable(_)) => {
                tracing::info!(condition = name, "ready");
            }
            _ => {}
        }
        *before = state;
    }
}

impl State {
    const fn is_ready(&self) -> bool {
        !matches!(self, Self::NotReady(_))
    }
}

fn cut(text: &str) -> String {
    text.chars().take(WHY_CHARACTERS_MAX).collect()
}

impl Pulse {
    /// One turn completed, failed or not.
    pub fn beat(&self) {
        lock(&self.shared).pulses[self.index].last = Instant::now();
    }
}

/// A panic elsewhere leaves whole values behind: each lock holds for one assignment.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_one_condition_whoever_asks_for_it() {
        let health = Health::default();
        health.condition("queue").ready();
        let again = health.condition("queue");
        assert_eq!(health.readiness().lines, ["[+] queue"]);
        again.not_ready("gone");
        assert_eq!(health.readiness().lines, ["[-] queue: gone"]);
    }

    #[test]
    fn a_process_without_conditions_has_only_begun() {
        assert!(!Health::default().readiness().ok);
    }

    #[test]
    fn every_condition_must_be_ready_and_each_says_why_it_is_not() {
        let health = Health::default();
        let (ledger, queue) = (health.condition("ledger"), health.condition("queue"));
        assert_eq!(
            health.readiness().lines,
            ["[-] ledger: starting", "[-] queue: starting"]
        );

        ledger.ready();
        queue.not_ready("no such queue");
        let report = health.readiness();
        assert!(!report.ok);
        assert_eq!(report.lines, ["[+] ledger", "[-] queue: no such queue"]);

        queue.clone().ready_but("slow");
        let report = health.readiness();
        assert!(report.ok, "a clone speaks for the same condition");
        assert_eq!(report.lines, ["[+] ledger", "[+] queue: slow"]);
    }

    #[test]
    fn a_long_reason_is_cut() {
        let health = Health::default();
        health
            .condition("ledger")
            .not_ready("é".repeat(WHY_CHARACTERS_MAX + 1));
        let line = health.readiness().lines.remove(0);
        assert_eq!(
            line.chars().filter(|c| *c == 'é').count(),
            WHY_CHARACTERS_MAX
        );
    }

    #[test]
    fn a_loop_lives_for_three_call_deadlines_after_its_last_turn() {
        let health = Health::default();
        let pulse = health.pulse("poll", Duration::from_secs(10));
        let _other = health.pulse("sweep", Duration::from_secs(1000));
        pulse.beat();
        let beaten = lock(&health.shared).pulses[0].last;

        assert!(health.liveness_at(beaten + Duration::from_secs(30)).ok);
        let late = health.liveness_at(beaten + Duration::from_millis(30_001));
        assert!(!late.ok);
        assert_eq!(late.lines[0], "[-] poll: last turn 30 s ago, at most 30 s");
        assert!(late.lines[1].starts_with("[+] sweep"));
    }

    #[test]
    fn a_process_without_loops_is_alive() {
        assert!(Health::default().liveness().ok);
    }
}
