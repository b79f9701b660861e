//! Receive only what can be created: one for all pollers.

use crate::process::health::Condition;
use std::sync::Arc;
use tokio::sync::watch;

/// Open while requests can be created. Clones share it.
#[derive(Clone)]
pub(super) struct Gate {
    holders: Arc<watch::Sender<usize>>,
    condition: Condition,
}

/// While one of these is alive the gate is shut.
pub(super) struct Shut {
    gate: Gate,
}

impl Gate {
    /// A gate that says through this condition why it is shut.
    pub(super) fn new(condition: Condition) -> Self {
        Self {
            holders: Arc::new(watch::Sender::new(0)),
            condition,
        }
    }

    /// Shuts it, for this reason.
    pub(super) fn shut(&self, why: &str) -> Shut {
        self.holders.send_modify(|holders| *holders += 1);
        let shut = Shut { gate: self.clone() };
        shut.because(why);
        shut
    }

    /// Waits until nobody shuts it.
    pub(super) async fn opened(&self) {
        // The sender lives in self, so this cannot end early.
        let _ = self
            .holders
            .subscribe()
            .wait_for(|holders| *holders == 0)
            .await;
    }
}

impl Shut {
    /// It is shut for this reason now.
    pub(super) fn because(&self, why: &str) {
        self.gate
            .condition
            .not_ready(format!("requests cannot be created: {why}"));
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        self.gate.holders.send_modify(|holders| {
            *holders -= 1;
            if *holders == 0 {
                self.gate.condition.ready();
            }
        });
    }
}
