//! History: a case as it could be seen at any time, and what happened to it and to its connections.
//!
//! Whoever changes a row keeps what it said before, in the same transaction (`storage::past`); reports and decisions never
//! change, and events have their time. [`load`] puts together what there was at a moment; [`of_case`] and [`of_link`] tell what
//! changed when, for as long as the case is here, while the event log is forgotten after its retention. Deliberately not
//! here: former names and contact data of clients and caseworkers, which are not kept, so that data that was corrected or
//! withdrawn is not shown again.

mod case;
mod link;
mod moment;

use chrono::{DateTime, Utc};

use crate::ids::CaseId;
use crate::storage::{Database, Error, past};

pub use self::case::{CaseChange, KeptCase, load_cases, of_case};
pub use self::link::{KeptLink, LinkChange, load_links, of_link};
pub use self::moment::{Moment, load};

/// Begins the history of a database, once; what happened before is not known.
///
/// # Errors
/// When the database fails.
pub async fn begin(db: &Database, now: DateTime<Utc>) -> Result<(), Error> {
    past::begin(db, now).await
}

/// When the personal data of a case was removed and its history with it; `None` while it is here.
///
/// # Errors
/// When the database fails.
pub async fn forgotten_at(db: &Database, case: CaseId) -> Result<Option<DateTime<Utc>>, Error> {
    past::forgotten_at(db, case.0).await
}

/// Since when nothing is missing; `None` before the first start.
///
/// # Errors
/// When the database fails.
pub async fn since(db: &Database) -> Result<Option<DateTime<Utc>>, Error> {
    past::since(db).await
}
