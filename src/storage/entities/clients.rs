//! The people on the cases.
use sea_orm::entity::prelude::*;

use crate::words::DeliveryChannel;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "clients")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    /// The agency's own name for the person; given to Truv, so that the upstream user is reused.
    pub external_user_id: String,
    pub first_name: String,
    pub last_name: String,
    /// Sealed.
    pub email: Option<String>,
    /// Sealed.
    pub phone: Option<String>,
    /// Sealed.
    pub ssn_last4: Option<String>,
    pub truv_user_id: Option<String>,
    /// A language tag (BCP 47).
    pub language: Option<String>,
    pub preferred_channel: Option<DeliveryChannel>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
