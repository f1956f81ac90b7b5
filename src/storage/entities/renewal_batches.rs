//! Renewal batches.
use sea_orm::entity::prelude::*;

use crate::words::{BatchStatus, ProductType};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "renewal_batches")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub name: String,
    pub status: BatchStatus,
    pub product: ProductType,
    /// Whether clients who must log in again are sent a link at once.
    pub sends_links: bool,
    /// The filter as it was asked for.
    pub selection: Json,
    pub requested_by: String,
    pub idempotency_key: String,
    /// Hash of caller, operation and input.
    pub fingerprint: String,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    /// When the last case had its outcome.
    pub finished_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
