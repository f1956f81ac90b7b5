//! Decisions on reviews. Written once.
use sea_orm::entity::prelude::*;

use crate::words::ReviewDecision;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "review_decisions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub case_id: Uuid,
    pub renewal_id: Uuid,
    pub decision: ReviewDecision,
    pub note: Option<String>,
    pub decided_by: String,
    pub decided_at: DateTimeUtc,
    /// The version of the case that was decided on.
    pub case_version: i64,
    pub baseline_report_id: Option<Uuid>,
    pub current_report_id: Option<Uuid>,
    pub next_due_on: Option<Date>,
    /// The lines of the review as they were shown.
    pub review: Json,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
