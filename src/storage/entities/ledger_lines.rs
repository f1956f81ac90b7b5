//! One line for each connection that an order refreshes.
use sea_orm::entity::prelude::*;

use crate::words::{LedgerDifference, LedgerStatus, ProductType, Program};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_lines")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub case_id: Uuid,
    pub order_id: Uuid,
    pub order_employer_id: Uuid,
    pub link_id: Uuid,
    /// `2026-11`.
    pub month: String,
    pub program: Program,
    pub product: ProductType,
    pub status: LedgerStatus,
    pub price_cents: Option<i64>,
    pub attempted_at: DateTimeUtc,
    pub settled_at: Option<DateTimeUtc>,
    pub confirmed_at: Option<DateTimeUtc>,
    pub difference: Option<LedgerDifference>,
    /// When Truv's invoice is next asked for.
    pub check_at: Option<DateTimeUtc>,
    pub checks: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
