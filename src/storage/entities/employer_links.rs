//! Saved payroll connections.
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "employer_links")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub agency_id: Uuid,
    pub client_id: Uuid,
    pub truv_link_id: String,
    pub company_name: Option<String>,
    pub company_mapping_id: Option<String>,
    pub provider_id: Option<String>,
    pub provider_name: Option<String>,
    /// Truv's word.
    pub data_source: Option<String>,
    /// The last interactive login: the clock of the forecast starts here.
    pub connected_at: Option<DateTimeUtc>,
    pub last_refreshed_at: Option<DateTimeUtc>,
    pub broken_at: Option<DateTimeUtc>,
    /// Truv's word for what broke it.
    pub broken_by: Option<String>,
    pub deleted_at: Option<DateTimeUtc>,
    /// Until then Truv itself allows no further refresh.
    pub limited_until: Option<DateTimeUtc>,
    pub is_suspicious: Option<bool>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
