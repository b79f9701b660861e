//! What is to be told, what is being told, and what was acknowledged. Reads no clock and
//! waits for nothing.

use crate::domain::notice::{Kind, SUBJECTS_MAX, Subject};
use crate::domain::progress::Told;
use crate::domain::time::Time;
use std::collections::HashMap;

/// Notices that wait or are being sent: 25 full summaries. With 2 kB each it is 10 MB.
const WAITING_MAX: usize = 5_000;

/// Acknowledgements that no object shows yet: twice what can wait, 300 bytes each. Past it
/// the oldest is forgotten, and told again if it is still asked for.
const TOLD_MAX: usize = 10_000;

/// What is told together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Group {
    /// One text says what happened to all.
    kind: Kind,
    /// Why.
    pub(super) cause: &'static str,
    /// With the Factory's name it says which one.
    namespace: String,
    factory: Option<String>,
}

impl Group {
    fn of(subject: &Subject) -> Self {
        Self {
            kind: subject.kind,
            cause: subject.cause,
            namespace: subject.namespace.clone(),
            factory: subject.factory.clone(),
        }
    }
}

/// What became of a wish to tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It is the first of its group: somebody has to begin to serve it.
    FirstOf(Group),
    /// Its group is served already.
    Joined,
    /// It waits, is being sent or was acknowledged already.
    Known,
    /// Too much is waiting.
    NoRoom,
}

/// All of it, by the notice's id.
#[derive(Default)]
pub(super) struct Board {
    /// A group is here exactly while somebody serves it.
    groups: HashMap<Group, Vec<Subject>>,
    /// Waiting or being sent, and since when it should have been told.
    untold: HashMap<String, Time>,
    told: HashMap<String, Told>,
}

impl Board {
    pub(super) fn ask(&mut self, subject: Subject) -> Asked {
        let id = &subject.notice_id;
        if self.untold.contains_key(id) || self.told.contains_key(id) {
            return Asked::Known;
        }
        if self.untold.len() >= WAITING_MAX {
            return Asked::NoRoom;
        }
        self.untold.insert(id.clone(), subject.at);
        let group = Group::of(&subject);
        if let Some(waiting) = self.groups.get_mut(&group) {
            waiting.push(subject);
            return Asked::Joined;
        }
        self.groups.insert(group.clone(), vec![subject]);
        Asked::FirstOf(group)
    }

    /// Takes everything that waits in the group, in batches of one notice each. If that is
    /// nothing, the group is no longer served.
    pub(super) fn take(&mut self, group: &Group) -> Vec<Vec<Subject>> {
        let waiting = self.groups.get_mut(group).map(std::mem::take);
        let waiting = waiting.unwrap_or_default();
        if waiting.is_empty() {
            self.groups.remove(group);
        }
        waiting
            .chunks(SUBJECTS_MAX)
            .map(<[Subject]>::to_vec)
            .collect()
    }

    /// Forgets what waits in its group. What is being sent goes on.
    pub(super) fn withdraw(&mut self, notice_id: &str) {
        for waiting in self.groups.values_mut() {
            let at = waiting.iter().position(|of| of.notice_id == notice_id);
            if let Some(at) = at {
                waiting.remove(at);
                self.untold.remove(notice_id);
                return;
            }
        }
    }

    pub(super) fn acknowledge(&mut self, told: Told) {
        self.untold.remove(&told.notice_id);
        if self.told.len() >= TOLD_MAX {
            let oldest = self.told.values().min_by_key(|told| told.at);
            if let Some(id) = oldest.map(|told| told.notice_id.clone()) {
                self.told.remove(&id);
            }
        }
        self.told.insert(told.notice_id.clone(), told);
    }

    pub(super) fn told(&self, notice_id: &str) -> Option<Told> {
        self.told.get(notice_id).cloned()
    }

    pub(super) fn forget(&mut self, notice_id: &str) {
        self.told.remove(notice_id);
    }

    /// When the oldest notice that is not acknowledged should have been told.
    pub(super) fn oldest(&self) -> Option<Time> {
        self.untold.values().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::RequestId;

    fn subject(number: usize, cause: &'static str) -> Subject {
        Subject {
            notice_id: format!("{cause}-{number}"),
            kind: Kind::Failed,
            request_id: RequestId::parse(&number.to_string()).unwrap(),
            namespace: "shop".to_owned(),
            name: format!("rr-{number}"),
            factory: Some("seoul".to_owned()),
            cause,
            product: "CP-502101".to_owned(),
            quantity: None,
            ordered_at: None,
            order_id: None,
            message: String::new(),
            at: Time::from_micros(i64::try_from(number).unwrap()),
        }
    }

    fn told(notice_id: &str, at: i64) -> Told {
        Told {
            notice_id: notice_id.to_owned(),
            publish_id: "p".to_owned(),
            channels: vec!["sns".to_owned()],
            at: Time::from_micros(at),
        }
    }

    #[test]
    fn the_first_of_a_group_opens_it_and_the_rest_join() {
        let mut board = Board::default();
        let Asked::FirstOf(group) = board.ask(subject(1, "Refused")) else {
            panic!("the first one");
        };
        assert_eq!(board.ask(subject(2, "Refused")), Asked::Joined);
        assert!(matches!(
            board.ask(subject(1, "CallbackOverdue")),
            Asked::FirstOf(_)
        ));
        let elsewhere = Subject {
            namespace: "other".to_owned(),
            ..subject(5, "Refused")
        };
        assert!(
            matches!(board.ask(elsewhere), Asked::FirstOf(_)),
            "its Factory is another one of the same name"
        );
        assert_eq!(board.take(&group)[0].len(), 2);
        assert_eq!(board.ask(subject(3, "Refused")), Asked::Joined);
        assert_eq!(board.take(&group)[0].len(), 1);
        assert!(board.take(&group).is_empty());
        assert!(matches!(
            board.ask(subject(4, "Refused")),
            Asked::FirstOf(_)
        ));
    }

    #[test]
    fn a_notice_is_known_until_it_is_forgotten() {
        let mut board = Board::default();
        let Asked::FirstOf(group) = board.ask(subject(1, "Refused")) else {
            panic!("the first one");
        };
        let id = subject(1, "Refused").notice_id;
        assert_eq!(
            board.ask(subject(1, "Refused")),
            Asked::Known,
            "while it waits"
        );
        drop(board.take(&group));
        assert_eq!(
            board.ask(subject(1, "Refused")),
            Asked::Known,
            "while it is sent"
        );
        assert_eq!(board.oldest(), Some(Time::from_micros(1)));
        assert_eq!(board.told(&id), None);
        board.acknowledge(told(&id, 5));
        assert_eq!(
            board.ask(subject(1, "Refused")),
            Asked::Known,
            "acknowledged"
        );
        assert_eq!(board.told(&id), Some(told(&id, 5)));
        assert_eq!(board.oldest(), None);
        board.forget(&id);
        assert_eq!(
            board.ask(subject(1, "Refused")),
            Asked::Joined,
            "told again"
        );
    }

    #[test]
    fn what_waits_can_be_withdrawn_and_what_is_being_sent_cannot() {
        let mut board = Board::default();
        let Asked::FirstOf(group) = board.ask(subject(1, "Refused")) else {
            panic!("the first one");
        };
        assert_eq!(board.take(&group).len(), 1);
        board.ask(subject(2, "Refused"));
        board.withdraw(&subject(1, "Refused").notice_id);
        board.withdraw(&subject(2, "Refused").notice_id);
        assert!(board.take(&group).is_empty(), "the second one is not told");
        let sent = subject(1, "Refused");
        assert_eq!(board.oldest(), Some(sent.at), "the first one is being sent");
    }

    #[test]
    fn a_storm_is_told_in_full_batches_and_bounded() {
        let mut board = Board::default();
        let Asked::FirstOf(group) = board.ask(subject(0, "Refused")) else {
            panic!("the first one");
        };
        for number in 1..WAITING_MAX {
            assert_eq!(board.ask(subject(number, "Refused")), Asked::Joined);
        }
        assert_eq!(board.ask(subject(WAITING_MAX, "Refused")), Asked::NoRoom);
        let batches = board.take(&group);
        assert_eq!(batches.len(), WAITING_MAX.div_ceil(SUBJECTS_MAX));
        assert_eq!(
            board.ask(subject(WAITING_MAX, "Refused")),
            Asked::NoRoom,
            "being sent"
        );
        batches[0]
            .iter()
            .for_each(|of| board.acknowledge(told(&of.notice_id, 1)));
        assert_eq!(board.ask(subject(WAITING_MAX, "Refused")), Asked::Joined);
    }

    #[test]
    fn the_oldest_acknowledgement_makes_room() {
        let mut board = Board::default();
        for number in 0..=TOLD_MAX {
            board.acknowledge(told(&number.to_string(), i64::try_from(number).unwrap()));
        }
        assert_eq!(board.told.len(), TOLD_MAX);
        assert_eq!(board.told("0"), None);
        assert!(board.told("1").is_some());
    }
}
