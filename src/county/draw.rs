//! Chances and upstream ids, each decided by the county's seed and by what it is for.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// The chances of one household, one after the other.
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    pub(super) fn of(seed: u64, purpose: &str, index: u32) -> Self {
        Self(ChaCha8Rng::from_seed(digest(seed, purpose, index, 0)))
    }

    /// From `least` to `most`, both included; `least` when that is none.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        if most <= least { least } else { self.0.random_range(least..=most) }
    }

    /// True `percent` times in a hundred.
    pub(super) fn happens(&mut self, percent: i64) -> bool {
        self.between(0, 99) < percent
    }

    /// One of the things in the list; the default for an empty one.
    pub(super) fn pick<T: Copy + Default>(&mut self, list: &[T]) -> T {
        let count = i64::try_from(list.len()).unwrap_or(1);
        let place = usize::try_from(self.between(0, count - 1)).unwrap_or(0);
        list.get(place).copied().unwrap_or_default()
    }

    /// Any number.
    pub(super) fn number(&mut self) -> u64 {
        self.0.random()
    }
}

/// An upstream id: 32 hexadecimal digits, as Truv's are.
pub(super) fn upstream_id(seed: u64, kind: &str, index: u32, place: usize) -> String {
    hex::encode(digest(seed, kind, index, place).get(..16).unwrap_or_default())
}

fn digest(seed: u64, purpose: &str, index: u32, place: usize) -> [u8; 32] {
    Sha256::digest(format!("{seed}/{purpose}/{index}/{place}")).into()
}
