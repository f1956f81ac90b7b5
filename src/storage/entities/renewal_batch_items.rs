//! The cases of renewal batches, one row for each.
use sea_orm::entity::prelude::*;

use crate::words::{BatchItemStatus, BatchSkipReason};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "renewal_batch_items")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub batch_id: Uuid,
    pub case_id: Uuid,
    /// The turn, from 1.
    pub position: i32,
    pub status: BatchItemStatus,
    pub skip_reason: Option<BatchSkipReason>,
    /// The order that decides: the newest one that was made for the item.
    pub order_id: Option<Uuid>,
    /// Orders made for it.
    pub attempts: i32,
    /// Not taken up before.
    pub next_at: DateTimeUtc,
    /// The first outcome.
    pub settled_at: Option<DateTimeUtc>,
    pub updated_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
