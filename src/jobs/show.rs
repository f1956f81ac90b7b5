//! Shows operators how the queue stands.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ids::{AgencyId, JobId};
use crate::storage::entities::jobs::{self, Column};
use crate::storage::{Database, Error};
use crate::words::JobKind;

/// How many jobs there are, of all agencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In somebody's hand.
    pub in_hand: usize,
    /// For their time or for a free hand.
    pub waiting: usize,
    /// Set aside.
    pub set_aside: usize,
}

/// Counts the jobs of all agencies.
///
/// # Errors
/// When the database fails.
pub async fn tally(db: &Database) -> Result<Tally, Error> {
    let all = jobs::Entity::find;
    let alive = all().filter(Column::IsDead.eq(false)).count(db.read()).await?;
    let in_hand = all().filter(Column::LeasedUntil.is_not_null()).count(db.read()).await?;
    let set_aside = all().filter(Column::IsDead.eq(true)).count(db.read()).await?;
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    Ok(Tally { in_hand: size(in_hand), waiting: size(alive.saturating_sub(in_hand)), set_aside: size(set_aside) })
}

/// A job that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What it was to do.
    pub kind: JobKind,
    /// What it is about: an order.
    pub subject: uuid::Uuid,
    /// Attempts that ended without success.
    pub attempts: u32,
    /// How the last of them ended.
    pub last_error: Option<String>,
    /// When it was first wanted.
    pub created_at: DateTime<Utc>,
}

/// The agency's jobs that were set aside, the oldest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn set_aside(db: &Database, agency: AgencyId, limit: u64) -> Result<Vec<Job>, Error> {
    let query = jobs::Entity::find()
        .filter(Column::AgencyId.eq(agency.0))
        .filter(Column::IsDead.eq(true))
        .order_by_asc(Column::Id)
        .limit(limit);
    let job = |row: jobs::Model| Job {
        id: row.id.into(),
        kind: row.kind,
        subject: row.subject_id,
        attempts: u32::try_from(row.attempts).unwrap_or_default(),
        last_error: row.last_error,
        created_at: row.created_at,
    };
    Ok(query.all(db.read()).await?.into_iter().map(job).collect())
}
