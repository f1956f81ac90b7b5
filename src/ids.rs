//! Identifiers: every thing has its own type, so that an order's id cannot be passed where a case's is meant.
//!
//! Ids are UUID version 7 (RFC 9562): they sort by the time they were made, which keeps inserts at the end of the index
//! on both databases. They are made here and nowhere else, from a [`Clock`] and a random source that tests can seed.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha12Rng;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock::Clock;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

ids! {
    /// One tenant.
    AgencyId,
    /// The person on a case.
    ClientId,
    /// A member of an agency's staff.
    CaseworkerId,
    /// One client in one program.
    CaseId,
    /// One recertification of a case.
    RenewalId,
    /// Our record of one Truv order.
    OrderId,
    /// One employer entry (Truv suborder) of an order.
    OrderEmployerId,
    /// A saved payroll connection (Truv link).
    LinkId,
    /// One pull on one link.
    TaskId,
    /// The cost of one refreshed connection.
    LedgerLineId,
    /// A snapshot of income data.
    ReportId,
    /// One job inside a report.
    EmploymentId,
    /// One pay statement inside a report.
    PayStatementId,
    /// One decision on a review.
    DecisionId,
    /// One webhook request as it arrived.
    DeliveryId,
    /// One notice to an agency's own system.
    NoticeId,
    /// One unit of background work.
    JobId,
    /// Tokens that no longer count.
    RevocationId,
    /// A bulk pass over due cases.
    BatchId,
    /// One case of a renewal batch.
    BatchItemId,
}

/// The source of new ids.
#[derive(Clone)]
pub struct Ids {
    clock: Clock,
    source: Arc<Mutex<Source>>,
}

struct Source {
    random: ChaCha12Rng,
    /// The last id. The next one is larger, even within one millisecond or after the clock went back, so that what one
    /// process stores keeps its order.
    last: u128,
}

impl Ids {
    /// Ids whose random part comes from the operating system.
    pub fn new(clock: Clock) -> Self {
        Self::over(clock, ChaCha12Rng::from_os_rng())
    }

    /// Ids that repeat exactly for the same seed and the same clock: for tests and for the seeded county.
    pub fn seeded(clock: Clock, seed: u64) -> Self {
        Self::over(clock, ChaCha12Rng::seed_from_u64(seed))
    }

    fn over(clock: Clock, random: ChaCha12Rng) -> Self {
        Self { clock, source: Arc::new(Mutex::new(Source { random, last: 0 })) }
    }

    /// A new id of the type that is asked for.
    pub fn next<T: From<Uuid>>(&self) -> T {
        let millis = u64::try_from(self.clock.now().timestamp_millis()).unwrap_or(0);
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let mut random = [0_u8; 10];
        source.random.fill_bytes(&mut random);
        let fresh = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().as_u128();
        // One more than the last is a new id with the same version and variant: the low 62 bits are random.
        source.last = if fresh > source.last { fresh } else { source.last + 1 };
        T::from(Uuid::from_u128(source.last))
    }

    /// A random number from 0 up to, but not, 1: what spreads repeated attempts over a time.
    pub fn chance(&self) -> f64 {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        f64::from(source.random.next_u32()) / (f64::from(u32::MAX) + 1.0)
    }
}

/// An id that follows from what it stands for: the same moment and the same name always have the same one. It sorts by its
/// moment like any other.
pub fn derived<T: From<Uuid>>(at: DateTime<Utc>, name: &str) -> T {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    let mut random = [0_u8; 10];
    for (place, byte) in random.iter_mut().zip(Sha256::digest(name)) {
        *place = byte;
    }
    T::from(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ids")
    }
}
