//! What a decision corrected. Written once.
use sea_orm::entity::prelude::*;

use crate::words::ReviewFieldKey;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "review_edits")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub decision_id: Uuid,
    pub position: i32,
    pub key: ReviewFieldKey,
    pub employment_key: Option<String>,
    pub label: String,
    /// The value that the review showed.
    pub original: Option<String>,
    pub value: String,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
