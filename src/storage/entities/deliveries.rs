//! The inbox: webhook requests as they arrived.
use sea_orm::entity::prelude::*;

use crate::words::DeliveryStatus;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "deliveries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub dedupe_key: String,
    pub event_type: Option<String>,
    pub body: Vec<u8>,
    pub status: DeliveryStatus,
    pub reason: Option<String>,
    pub attempts: i32,
    pub received_at: DateTimeUtc,
    pub next_at: DateTimeUtc,
    pub leased_until: Option<DateTimeUtc>,
    pub lease: Option<Uuid>,
    /// Set once nothing more is to be done with it.
    pub settled_at: Option<DateTimeUtc>,
    /// What a parked delivery waits for.
    pub truv_order_id: Option<String>,
    pub truv_suborder_id: Option<String>,
    pub truv_link_id: Option<String>,
    /// Found in Truv's history instead of having come as a webhook.
    pub is_from_history: bool,
    /// The order that it was applied to.
    pub order_id: Option<Uuid>,
    /// Of the body, in hex, once it was applied to an order.
    pub body_sha256: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
