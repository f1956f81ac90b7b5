//! How many requests a caller may send in a second.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::http::pace::Pace;

/// Callers that are remembered before those who have been quiet are forgotten.
const MOST: usize = 10_000;

/// A bucket for each caller, filled at the same rate.
#[derive(Debug)]
pub(crate) struct Rates<K> {
    per_second: u32,
    held: Mutex<HashMap<K, Pace>>,
}

impl<K: Eq + Hash> Rates<K> {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, held: Mutex::default() }
    }

    /// Whether the caller may send one more now.
    pub(crate) fn admits(&self, caller: K) -> bool {
        self.admits_at(caller, Instant::now())
    }

    fn admits_at(&self, caller: K, now: Instant) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MOST && !held.contains_key(&caller) {
            held.retain(|_, pace| !pace.is_full(now));
        }
        held.entry(caller).or_insert_with(|| Pace::new(self.per_second)).admits(now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_callers_haste_is_no_other_callers_wait() {
        let (rates, now) = (Rates::new(2), Instant::now());
        let admitted = (0..20).filter(|_| rates.admits_at("hasty", now)).count();
        assert_eq!(admitted, 8, "four seconds' worth at once");
        assert!(rates.admits_at("other", now));
        let later = now + Duration::from_millis(500);
        assert!(rates.admits_at("hasty", later));
        assert!(!rates.admits_at("hasty", later));
    }
}
