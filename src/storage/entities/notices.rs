//! Notices to the agencies' own systems.
use sea_orm::entity::prelude::*;

use crate::words::{NoticeKind, NoticeStatus};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub case_id: Uuid,
    pub kind: NoticeKind,
    pub body: String,
    pub status: NoticeStatus,
    pub attempts: i32,
    pub next_at: DateTimeUtc,
    /// Set once it was delivered or given up.
    pub settled_at: Option<DateTimeUtc>,
    pub last_error: Option<String>,
    pub leased_until: Option<DateTimeUtc>,
    pub lease: Option<Uuid>,
    pub created_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
