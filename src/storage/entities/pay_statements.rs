//! Pay statements inside reports. Amounts are decimal text.
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "pay_statements")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub employment_id: Uuid,
    /// Newest pay date first, from 0.
    pub position: i32,
    pub truv_statement_id: Option<String>,
    pub pay_date: Option<Date>,
    pub period_start: Option<Date>,
    pub period_end: Option<Date>,
    pub gross_pay: Option<String>,
    pub net_pay: Option<String>,
    pub gross_pay_ytd: Option<String>,
    pub net_pay_ytd: Option<String>,
    pub hours: Option<String>,
    /// List of `{name, category, amount, rate, units}`.
    pub earnings: Json,
    /// List of `{name, category, amount}`.
    pub deductions: Json,
    /// Not in the report that was the baseline when this one came.
    pub is_new: bool,
    /// List of text.
    pub derived_fields: Option<Json>,
    /// List of text.
    pub missing_fields: Option<Json>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
