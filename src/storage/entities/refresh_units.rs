//! One row a link and refresh: what the allowance is counted from.
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_units")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub link_id: Uuid,
    pub order_id: Uuid,
    pub spent_at: DateTimeUtc,
    /// False once Truv has definitely refused: the unit is given back.
    pub is_counted: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
