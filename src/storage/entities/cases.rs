//! Cases.
use sea_orm::entity::prelude::*;

use crate::words::{Actor, CaseStatus, NextAction, Program};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "cases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub number: String,
    pub program: Program,
    pub client_id: Uuid,
    /// `last, first` in lower case: the queue sorts by it without a join.
    pub client_sort: String,
    pub assignee_id: Option<Uuid>,
    pub status: CaseStatus,
    pub next_action: NextAction,
    pub next_actor: Option<Actor>,
    pub due_on: Date,
    pub period_start: Option<Date>,
    pub period_end: Option<Date>,
    /// Length of the certification period.
    pub cycle_months: i32,
    pub original_order_id: Option<Uuid>,
    pub latest_order_id: Option<Uuid>,
    /// The open renewal.
    pub renewal_id: Option<Uuid>,
    /// Grows by one with every event of the case, under the row's lock.
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
