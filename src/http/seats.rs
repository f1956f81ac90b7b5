//! Counts what is in hand at once, by key, and refuses more than a maximum.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Counters by key. A key that nobody holds takes no room.
#[derive(Debug)]
pub(crate) struct Seats<K>(Arc<Mutex<HashMap<K, usize>>>);

impl<K> Clone for Seats<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Seats<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// One place taken; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat<K: Eq + Hash> {
    seats: Seats<K>,
    key: K,
    /// Places that were left beside it when it was taken.
    pub(crate) left: usize,
}

impl<K: Eq + Hash + Clone> Seats<K> {
    /// A place for the key, unless `most` are taken.
    pub(crate) fn take(&self, key: K, most: usize) -> Option<Seat<K>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&key).copied().unwrap_or(0);
        if count >= most {
            return None;
        }
        counts.insert(key.clone(), count + 1);
        Some(Seat { seats: self.clone(), key, left: most - count - 1 })
    }
}

impl<K: Eq + Hash> Drop for Seat<K> {
    fn drop(&mut self) {
        let mut counts = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_after_its_holder_is_gone() {
        let seats = Seats::default();
        let first = seats.take("a", 2);
        let second = seats.take("a", 2);
        assert_eq!(first.as_ref().map(|seat| seat.left), Some(1));
        assert_eq!(second.as_ref().map(|seat| seat.left), Some(0));
        assert!(seats.take("a", 2).is_none());
        assert!(seats.take("b", 2).is_some());
        drop(first);
        assert!(seats.take("a", 2).is_some());
    }
}
