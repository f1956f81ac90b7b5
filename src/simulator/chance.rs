//! Ids and chances, each a pure function of the seed and of the thing it belongs to.
//!
//! A single stream of random numbers would give a different id to an order whenever two requests swapped places; here
//! only what a thing *is* (its kind, its parent, its number) decides, so that a run can be repeated under load.

use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// An upstream id: opaque text, 32 lower-case hex digits when made here. Shared, because ids are named in many places.
pub(crate) type Id = Arc<str>;

/// The source of all ids and draws of one simulator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance {
    seed: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The `n`th id of this `kind` that belongs to `parent`.
    pub(crate) fn id(self, kind: &str, parent: &str, n: u64) -> Id {
        let digest = self.digest(kind, parent, n);
        Id::from(hex::encode(digest.get(..16).unwrap_or_default()))
    }

    /// A number below `limit` (0 when `limit` is 0).
    pub(crate) fn below(self, kind: &str, parent: &str, n: u64, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.source(kind, parent, n).random_range(0..limit) }
    }

    /// True in `share` of all cases, 0 to 1.
    pub(crate) fn happens(self, kind: &str, parent: &str, n: u64, share: f64) -> bool {
        self.source(kind, parent, n).random_bool(share.clamp(0.0, 1.0))
    }

    fn source(self, kind: &str, parent: &str, n: u64) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(self.digest(kind, parent, n))
    }

    fn digest(self, kind: &str, parent: &str, n: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        // Lengths keep ("ab", "c") apart from ("a", "bc").
        hash.update(u64::try_from(kind.len()).unwrap_or(0).to_le_bytes());
        hash.update(kind.as_bytes());
        hash.update(parent.as_bytes());
        hash.update(n.to_le_bytes());
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_gets_the_same_id_and_another_thing_another() {
        let chance = Chance::new(7);
        let id = chance.id("order", "parent", 1);
        assert_eq!(id.len(), 32);
        assert!(id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        assert_eq!(id, chance.id("order", "parent", 1));
        assert_ne!(id, chance.id("order", "parent", 2));
        assert_ne!(id, chance.id("orde", "rparent", 1));
        assert_ne!(id, Chance::new(8).id("order", "parent", 1));
    }
}
