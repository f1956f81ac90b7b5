//! Background work that survives the process.
use sea_orm::entity::prelude::*;

use crate::words::JobKind;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub kind: JobKind,
    pub subject_id: Uuid,
    pub generation: i64,
    pub priority: i32,
    pub run_at: DateTimeUtc,
    pub attempts: i32,
    pub is_dead: bool,
    pub leased_until: Option<DateTimeUtc>,
    pub lease: Option<Uuid>,
    pub last_error: Option<String>,
    /// Where whoever asked for it last stood in a trace.
    pub trace_parent: Option<String>,
    pub created_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
