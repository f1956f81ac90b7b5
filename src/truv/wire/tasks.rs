//! Tasks: one pull on one link (Truv, "Tasks").

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::links::Provider;
use super::scalars;

/// One pull on one link, first or refreshed.
#[derive(Clone, Debug, Deserialize)]
pub struct Task {
    /// `task_id` in webhooks.
    pub id: String,
    /// `new`, `login`, `mfa`, `parse` (once `base_parse`), `full_parse`, `done`, or a failure such as `login_error`. An open
    /// list: an unknown word is a state that has not ended.
    pub status: Option<String>,
    /// `income`, `employment`, ….
    pub product_type: Option<String>,
    /// Where the data comes from.
    pub provider: Option<Provider>,
    /// When the task was made.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub updated_at: Option<DateTime<Utc>>,
    /// The connection; `None` until there is one.
    pub link_id: Option<String>,
    /// The person.
    pub user_id: Option<String>,
    /// The order that started the task. No webhook about a task names it, this read does.
    pub order_id: Option<String>,
    /// The suborder's id when an order started the task, else what the bridge token was given.
    #[serde(default, deserialize_with = "scalars::text")]
    pub tracking_info: Option<String>,
    /// The provider's words, for staff to read and never to branch on.
    pub error_message: Option<String>,
    /// `payroll`, `docs`, ….
    pub data_source: Option<String>,
    /// The vendor suspects fraud or a mismatch.
    pub is_suspicious: Option<bool>,
}
