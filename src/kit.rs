//! What every verb works with: the database, the clock, the source of ids, and the rules that are settings.
//!
//! Built once in `app` and handed down; there are no globals.

use crate::clock::Clock;
use crate::config::{Renewals, Webhooks, Work};
use crate::ids::Ids;
use crate::opaque::Opaque;
use crate::storage::{Database, Error};

/// The long-lived things that verbs share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Kit {
    /// The database.
    pub db: Database,
    /// Time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Cursors.
    pub opaque: Opaque,
    /// The renewal cycle's settings.
    pub renewals: Renewals,
    /// Background work's settings.
    pub work: Work,
    /// The inbox's settings.
    pub webhooks: Webhooks,
}

impl Kit {
    /// Puts the kit together; the database must be migrated, since its cursor key is read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn connect(
        db: Database,
        clock: Clock,
        ids: Ids,
        (renewals, work, webhooks): (Renewals, Work, Webhooks),
    ) -> Result<Self, Error> {
        let opaque = db.opaque().await?;
        Ok(Self { db, clock, ids, opaque, renewals, work, webhooks })
    }
}
