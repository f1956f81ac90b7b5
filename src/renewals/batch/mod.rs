//! Renewal batches at work: starting and steering them, and taking their cases up.
//!
//! `start` stores a batch with its cases; `steer` pauses, resumes and cancels it. The job `feed` takes cases up one after
//! the other, each in a transaction of its own and never more at once than the settings allow, so that a batch of any size
//! needs the memory of one case; `turn` decides what becomes of a case whose turn has come, and touches nothing. What
//! happens to the orders it makes is the business of `orders`, which also moves the items on (`batches`). `link` asks the
//! clients who must log in again, where the batch was started so.

mod feed;
mod link;
mod start;
mod steer;
mod turn;

use crate::caller::{Caller, Forbidden, Scope};
use crate::storage;

pub(crate) use self::feed::{feed, wake};
pub(crate) use self::link::send_link;
pub use self::start::{NewBatch, start};
pub use self::steer::{cancel, pause, resume};

/// Why nothing was done about a batch.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller lacks a scope.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is no such batch in the agency.
    #[error("There is no such renewal batch.")]
    NotFound,
    /// An argument is wrong.
    #[error("{message}")]
    Invalid {
        /// Which one.
        field: &'static str,
        /// What is wrong with it.
        message: &'static str,
    },
    /// The state forbids it.
    #[error("{message}")]
    Conflict {
        /// The argument concerned.
        field: &'static str,
        /// What is in the way.
        message: &'static str,
        /// The batch's version.
        current_version: i64,
    },
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// A batch concerns the agency as a whole, so it takes a sight of all its cases.
///
/// # Errors
/// [`Forbidden`] naming the missing scope.
pub fn require(caller: &Caller) -> Result<(), Forbidden> {
    caller.require(Scope::RenewalsRun)?;
    caller.require(Scope::CasesRead)
}
