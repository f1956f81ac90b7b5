//! The event log. Read in the order (`tx`, `id`).
use sea_orm::entity::prelude::*;

use crate::words::CaseEventKind;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub tx: i64,
    pub agency_id: Uuid,
    pub case_id: Uuid,
    pub case_version: i64,
    pub assignee_id: Option<Uuid>,
    pub kind: CaseEventKind,
    pub order_id: Option<Uuid>,
    pub order_employer_id: Option<Uuid>,
    pub task_id: Option<Uuid>,
    pub report_id: Option<Uuid>,
    pub facts: Json,
    pub occurred_at: DateTimeUtc,
    /// Where the change stands in a trace.
    pub trace_parent: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
