//! What was said already.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Ids remembered: with 64 bytes each, less than a megabyte. An older one that comes
/// back is logged and counted again.
const IDS_MAX: usize = 10_000;

/// The latest ids, oldest forgotten first.
#[derive(Debug, Default)]
pub struct Recent {
    ids: Mutex<(HashSet<String>, VecDeque<String>)>,
}

impl Recent {
    /// Whether this id was seen.
    pub fn knows(&self, id: &str) -> bool {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.0.contains(id)
    }

    /// Whether this id is new; it is not from now on.
    pub fn is_new(&self, id: &str) -> bool {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, order) = &mut *ids;
        if !known.insert(id.to_owned()) {
            return false;
        }
        order.push_back(id.to_owned());
        if order.len() > IDS_MAX
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_once_and_the_oldest_is_forgotten() {
        let recent = Recent::default();
        assert!(recent.is_new("first"));
        assert!(!recent.is_new("first") && recent.knows("first"));
        for id in 0..IDS_MAX {
            assert!(recent.is_new(&id.to_string()));
        }
        assert!(recent.is_new("first"), "forgotten");
        assert_eq!(recent.ids.lock().unwrap().0.len(), IDS_MAX);
    }
}
