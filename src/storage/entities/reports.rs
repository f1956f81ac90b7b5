//! Reports: snapshots that never change.
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "reports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub case_id: Uuid,
    pub order_id: Uuid,
    pub truv_report_id: Option<String>,
    pub generated_at: DateTimeUtc,
    /// Decimal text.
    pub monthly_income: Option<String>,
    /// Sealed: as received, tokens stripped and the SSN masked.
    pub body: Option<String>,
    pub created_at: DateTimeUtc,
    /// List of the ids of earlier jobs whose last evidence stands.
    pub carried: Option<Json>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
