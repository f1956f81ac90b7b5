//! What is known about the way an agency's webhooks come; one row an agency.
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_watch")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency_id: Uuid,
    /// Everything that Truv sent up to here has been looked through.
    pub history_read_to: DateTimeUtc,
    /// Where a pass under way goes on.
    pub history_cursor: Option<String>,
    /// Up to when that pass will then have read.
    pub history_until: Option<DateTimeUtc>,
    pub history_read_at: Option<DateTimeUtc>,
    /// When we last learned by asking what a webhook should have told.
    pub missed_at: Option<DateTimeUtc>,
    /// Whether Truv's endpoint is switched on; `None` while that is not known.
    pub is_enabled: Option<bool>,
    pub checked_at: Option<DateTimeUtc>,
    pub switched_on_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
