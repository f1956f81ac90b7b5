//! One row, drawn when the database was made.
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "installation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub epoch: i64,
    pub cursor_key: Vec<u8>,
    /// The last event that was pruned, or -1.
    pub pruned_tx: i64,
    pub pruned_id: i64,
    /// Grows with every change of the list of revocations.
    pub revocations: i64,
    /// Since when what rows said before is kept.
    pub history_since: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
