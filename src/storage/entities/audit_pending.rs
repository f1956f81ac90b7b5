//! What was done and has no place in the chain yet.
use sea_orm::entity::prelude::*;

use crate::words::{AuditChannel, AuditOutcome};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_pending")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub at: DateTimeUtc,
    pub channel: AuditChannel,
    pub subject: String,
    pub token_id: Option<String>,
    pub request_id: Option<Uuid>,
    pub operation: Option<String>,
    /// SHA-256 of the document, hexadecimal.
    pub document: Option<String>,
    pub outcome: AuditOutcome,
    /// Letters, sorted.
    pub access: String,
    /// The cases with their letters, as JSON.
    pub cases: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
