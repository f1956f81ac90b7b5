//! What rows said before they changed. Written once.
use sea_orm::entity::prelude::*;

use crate::words::RowKind;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "superseded_rows")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub agency_id: Uuid,
    pub kind: RowKind,
    pub row_id: Uuid,
    /// The case; of a connection the client.
    pub owner_id: Uuid,
    /// The row said so up to here.
    pub until: DateTimeUtc,
    pub said: Json,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
