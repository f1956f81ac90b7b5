//! Tokens that no longer count.
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "revocations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub subject: Option<String>,
    pub token_id: Option<String>,
    pub issued_before: Option<DateTimeUtc>,
    pub scopes: Option<String>,
    pub expires_at: DateTimeUtc,
    pub revoked_by: String,
    pub reason: String,
    pub created_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
