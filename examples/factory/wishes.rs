//! What an order's requester asks of this factory beside the goods.

use std::time::Duration;

/// A way to misbehave. The first five take no order; the others do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// 400.
    Refuse,
    /// 500.
    Error,
    /// 429.
    Throttle,
    /// 503 with Retry-After.
    Unavailable,
    /// 302 to another path.
    Redirect,
    /// Never answers.
    Hang,
    /// Hangs up without an answer.
    Drop,
    /// Answers 201 and hangs up in the middle of the body.
    Reset,
    /// Answers 201 with a body that is not JSON.
    Garbage,
    /// Never calls back.
    Lose,
    /// Calls back twice.
    Twice,
    /// Calls back first and answers 200 after it.
    Early,
}

/// The words of a requester that this factory understands, such as
/// `fault:lose`, `fault:unavailable:2` (the first two such orders only) and
/// `delay:250` (milliseconds to the callback). Words it does not know are names.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Wishes {
    /// Faults for this order.
    pub(crate) faults: Vec<Fault>,
    /// Time to the callback, if not the usual one.
    pub(crate) delay: Option<Duration>,
}

impl Wishes {
    /// Reads a requester; `earlier` counts the orders with the very same one.
    pub(crate) fn read(requester: &str, earlier: usize) -> Self {
        let mut wishes = Self::default();
        for word in requester.split_whitespace() {
            let mut parts = word.split(':');
            match (parts.next(), parts.next(), parts.next()) {
                (Some("fault"), Some(name), times) => {
                    let times = times.and_then(|text| text.parse().ok());
                    if earlier < times.unwrap_or(usize::MAX) {
                        wishes.faults.extend(fault(name));
                    }
                }
                (Some("delay"), Some(delay_ms), None) => {
                    wishes.delay = delay_ms.parse().ok().map(Duration::from_millis);
                }
                _ => {}
            }
        }
        wishes
    }

    /// Whether this order is to meet the fault.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }
}

fn fault(name: &str) -> Option<Fault> {
    Some(match name {
        "refuse" => Fault::Refuse,
        "error" => Fault::Error,
        "throttle" => Fault::Throttle,
        "unavailable" => Fault::Unavailable,
        "redirect" => Fault::Redirect,
        "hang" => Fault::Hang,
        "drop" => Fault::Drop,
        "reset" => Fault::Reset,
        "garbage" => Fault::Garbage,
        "lose" => Fault::Lose,
        "twice" => Fault::Twice,
        "early" => Fault::Early,
        _ => return None,
    })
}
