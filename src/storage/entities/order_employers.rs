//! Employer entries (Truv suborders) of orders.
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "order_employers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub order_id: Uuid,
    pub position: i32,
    /// The entry of the parent order that this one repeats.
    pub source_id: Option<Uuid>,
    pub link_id: Option<Uuid>,
    pub truv_suborder_id: Option<String>,
    pub suborder_number: Option<String>,
    pub company_name: Option<String>,
    /// Truv's word.
    pub raw_status: String,
    pub status_at: Option<DateTimeUtc>,
    /// Truv's word for the task that counts.
    pub task_status: Option<String>,
    pub task_at: Option<DateTimeUtc>,
    pub latest_task_id: Option<Uuid>,
    /// Truv's word for the task, where the order told it and not the task itself.
    pub told_status: Option<String>,
    pub told_at: Option<DateTimeUtc>,
    /// The provider's words; shown to staff, never branched on.
    pub message: Option<String>,
    pub updated_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
