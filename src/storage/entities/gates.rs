//! What the replicas share about an access key at Truv. Instants in microseconds since 1970.
use sea_orm::entity::prelude::*;

use crate::words::{BreakerReason, BreakerState};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "gates")]
pub struct Model {
    /// Hash of client id and secret.
    #[sea_orm(primary_key, auto_increment = false)]
    pub fingerprint: String,
    pub agency_id: Uuid,
    /// When the budget will have been paid back in full.
    pub paced_to: i64,
    /// The same for the share of bulk calls.
    pub bulk_paced_to: i64,
    /// Truv asked to wait until then.
    pub held_until: i64,
    /// How often in a row it did.
    pub throttles: i32,
    pub state: BreakerState,
    pub reason: Option<BreakerReason>,
    /// Calls in a row that failed.
    pub failures: i32,
    /// How often in a row the breaker has opened.
    pub openings: i32,
    /// When the next call may try whether Truv is back; while one does, when it is given up.
    pub retry_at: i64,
    pub changed_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
