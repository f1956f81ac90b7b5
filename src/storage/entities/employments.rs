//! Jobs inside reports. Amounts are decimal text.
use sea_orm::entity::prelude::*;

use crate::words::IdentityMatch;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "employments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub report_id: Uuid,
    pub link_id: Option<Uuid>,
    pub position: i32,
    /// Stable for the same job from report to report.
    pub key: String,
    pub truv_employment_id: Option<String>,
    pub company_name: Option<String>,
    pub company_ein: Option<String>,
    pub is_active: Option<bool>,
    pub job_title: Option<String>,
    pub start_date: Option<Date>,
    pub end_date: Option<Date>,
    pub data_source: Option<String>,
    /// List of text.
    pub derived_fields: Json,
    pub income: Option<String>,
    pub income_unit: Option<String>,
    pub pay_rate: Option<String>,
    pub pay_frequency: Option<String>,
    pub monthly_income: Option<String>,
    /// List of text.
    pub missing_fields: Option<Json>,
    pub is_suspicious: Option<bool>,
    pub identity: Option<IdentityMatch>,
    /// Every way to a monthly figure, the one that counts first.
    pub arithmetic: Option<Json>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
