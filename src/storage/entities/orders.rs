//! Orders: one row for each Truv order, from the moment it is intended.
use sea_orm::entity::prelude::*;

use crate::words::{Actor, FailureReason, NextAction, OrderKind, OrderStatus, ProductType, RefreshPurpose};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub case_id: Uuid,
    pub renewal_id: Option<Uuid>,
    /// The item of a renewal batch whose outcome it decides.
    pub batch_item_id: Option<Uuid>,
    /// Nobody waits for it at a screen.
    pub is_bulk: bool,
    pub parent_id: Option<Uuid>,
    /// Itself, for an order without a parent.
    pub root_id: Uuid,
    pub depth: i32,
    pub kind: OrderKind,
    pub status: OrderStatus,
    pub product: ProductType,
    pub purpose: Option<RefreshPurpose>,
    /// `None` until Truv has answered.
    pub truv_order_id: Option<String>,
    pub truv_user_id: Option<String>,
    pub number: Option<String>,
    pub requested_by: String,
    /// 0 for an order that somebody asked for, then counts the retries that followed by themselves.
    pub attempt: i32,
    /// The parent's `refresh_order` upstream, read just before posting.
    pub refresh_order_before: Option<String>,
    /// Calls that may have reached Truv.
    pub sends: i32,
    /// Set before the call leaves: from here on an answer may be lost.
    pub sent_at: Option<DateTimeUtc>,
    /// For an order that asks the client: channels, and the link to be reconnected.
    pub contact: Option<Json>,
    pub share_url: Option<String>,
    pub failure_reason: Option<FailureReason>,
    /// Truv's word.
    pub failure_task_status: Option<String>,
    pub failure_next_action: Option<NextAction>,
    pub failure_next_actor: Option<Actor>,
    pub failure_message: Option<String>,
    pub failure_retry_at: Option<DateTimeUtc>,
    pub failure_at: Option<DateTimeUtc>,
    /// Somebody called the retry off.
    pub retry_canceled_at: Option<DateTimeUtc>,
    /// The retry waits for the connection's allowance until then.
    pub retry_moved_to: Option<DateTimeUtc>,
    pub canceled_at: Option<DateTimeUtc>,
    pub completed_at: Option<DateTimeUtc>,
    pub expires_at: Option<DateTimeUtc>,
    /// The last time Truv told us anything about it.
    pub news_at: DateTimeUtc,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
    /// Where its making stands in a trace.
    pub trace_parent: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
