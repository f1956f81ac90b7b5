//! Jobs: background work that survives the process.
//!
//! A job is stored in the transaction that makes it necessary. There is one job for a kind and a subject: asked for again
//! while it waits, it keeps the earlier time; asked for again while it runs, it runs once more. A worker holds a lease
//! with a token of its own; when the lease runs out somebody else may take the job over, and whatever the first worker
//! still writes about it finds another token and changes nothing. Deliberately not here: what the jobs do (`work`).

mod queue;
mod show;
mod waits;

use chrono::{DateTime, Utc};

use crate::ids::{AgencyId, JobId};
use crate::words::JobKind;

pub(crate) use self::queue::{Counts, bury, claim, enqueue_in_tx, finish, postpone, put_back};
pub use self::show::{Job, Tally, set_aside, tally};
pub(crate) use self::waits::{backoff, hindered};

/// How urgent: work that a person waits for comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Priority {
    /// Somebody looks at the screen.
    Interactive,
    /// Bulk and upkeep.
    Background,
}

impl Priority {
    /// That of bulk work, or that of work that a person waits for.
    pub(crate) fn of(is_bulk: bool) -> Self {
        if is_bulk { Self::Background } else { Self::Interactive }
    }
}

/// A job to be stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewJob {
    pub(crate) agency: AgencyId,
    pub(crate) kind: JobKind,
    /// What the job is about; an order for most kinds.
    pub(crate) subject: uuid::Uuid,
    pub(crate) priority: Priority,
    pub(crate) run_at: DateTime<Utc>,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    /// Nothing is left to do.
    Finished,
    /// Not yet; to be run again.
    Again {
        /// When.
        at: DateTime<Utc>,
        /// Why, for operators. Never personal data.
        why: String,
    },
    /// It was tried in vain; to be run again after a time that grows with the attempts.
    Failed {
        /// Why, for operators. Never personal data.
        why: String,
    },
    /// Something stood in the way, so that this was no attempt at all; to be run again.
    Hindered {
        /// When.
        at: DateTime<Utc>,
        /// What, for operators. Never personal data.
        why: String,
    },
}

/// A job in hand.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub(crate) id: JobId,
    pub(crate) agency: AgencyId,
    pub(crate) kind: JobKind,
    pub(crate) subject: uuid::Uuid,
    /// Attempts that ended without success so far.
    pub(crate) attempts: u32,
    pub(crate) priority: Priority,
    /// Where whoever asked for it stood in a trace; `None` in none.
    pub(crate) trace_parent: Option<String>,
    generation: i64,
    lease: uuid::Uuid,
}
