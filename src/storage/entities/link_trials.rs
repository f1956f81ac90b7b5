//! What became of refreshes by the age of their connection.
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "link_trials")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_employer_id: Uuid,
    pub agency_id: Uuid,
    pub link_id: Uuid,
    pub provider_id: Option<String>,
    /// Whole days since the client's last login.
    pub age_days: i32,
    /// Data came; else the provider refused the sign-in.
    pub has_worked: bool,
    pub tried_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
