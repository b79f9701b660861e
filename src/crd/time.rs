//! Times as the cluster writes them, from and to the domain's microseconds.

use crate::domain::time::Time;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time as SecondTime};

/// For a status field. What the cluster cannot write, before 1970 or after 9999, becomes
/// the nearest time that it can: only a wrong clock gives such times, and a status that
/// is refused for one would hold up its request for ever.
pub fn micro_time(time: Time) -> MicroTime {
    MicroTime(timestamp(time))
}

/// For `lastTransitionTime`, which Kubernetes keeps in whole seconds: cut here already, so
/// that what was written and what is read back are the same.
pub fn second_time(time: Time) -> SecondTime {
    let seconds = timestamp(time).as_second();
    SecondTime(Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX))
}

/// A status field's time, to the microsecond.
pub fn from_micro_time(time: &MicroTime) -> Time {
    Time::from_micros(time.0.as_microsecond())
}

/// A metadata time, to the second.
pub fn from_second_time(time: &SecondTime) -> Time {
    Time::from_micros(time.0.as_microsecond())
}

fn timestamp(time: Time) -> Timestamp {
    Timestamp::from_microsecond(time.as_micros().max(0)).unwrap_or(Timestamp::MAX)
}
