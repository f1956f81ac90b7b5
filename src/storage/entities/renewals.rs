//! Renewals. The open one of a case has no `closed_at`.
use sea_orm::entity::prelude::*;

use crate::words::ReviewDecision;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "renewals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub case_id: Uuid,
    pub due_on: Date,
    pub opened_on: Date,
    pub baseline_report_id: Option<Uuid>,
    pub current_report_id: Option<Uuid>,
    pub prepared_at: Option<DateTimeUtc>,
    pub decision: Option<ReviewDecision>,
    pub note: Option<String>,
    pub decided_by: Option<String>,
    pub decided_at: Option<DateTimeUtc>,
    pub closed_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
