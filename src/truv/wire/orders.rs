//! Orders and suborders (Truv, "Orders"). An order has no status of its own in the reference: it is derived from the
//! suborders'.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::employments::Employment;
use super::links::Provider;
use super::reports::ReportedJob;
use super::scalars;

/// An order: the request to verify one person. A refresh is an order too, with an id of its own.
#[derive(Clone, Debug, Deserialize)]
pub struct Order {
    /// Opaque; 32 hex digits in practice.
    pub id: String,
    /// `income`, `employment`, ….
    #[serde(default, deserialize_with = "scalars::list")]
    pub products: Vec<String>,
    /// Our reference. Copied to every refresh order, so not unique.
    #[serde(default, deserialize_with = "scalars::text")]
    pub order_number: Option<String>,
    /// The person upstream.
    pub user_id: Option<String>,
    /// The client's link. Holds a bridge token.
    #[serde(default, deserialize_with = "scalars::secret")]
    pub share_url: Option<SecretString>,
    /// The client's link, shortened. Leads to the same place, so it is as secret.
    #[serde(default, deserialize_with = "scalars::secret")]
    pub short_share_url: Option<SecretString>,
    /// When the order was made.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub updated_at: Option<DateTime<Utc>>,
    /// Set once it is canceled.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub canceled_at: Option<DateTime<Utc>>,
    /// Set once it is complete.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub completed_at: Option<DateTime<Utc>>,
    /// When it will expire, despite the name.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub expired_at: Option<DateTime<Utc>>,
    /// Whether it has expired.
    pub is_expired: Option<bool>,
    /// Set on orders made by a refresh: the order at the origin. Whether that is the parent or the root is not documented.
    pub initial_order: Option<String>,
    /// The latest refresh made from this order; earlier ones are forgotten upstream.
    pub refresh_order: Option<String>,
    /// Payroll, document and similar connections.
    #[serde(default, deserialize_with = "scalars::list")]
    pub employers: Vec<Suborder>,
    /// Bank connections.
    #[serde(default, deserialize_with = "scalars::list")]
    pub financial_accounts: Vec<Suborder>,
    /// Not documented; read if present, never relied on.
    pub status: Option<String>,
}

impl Order {
    /// Every job in the order, with the connection it came over.
    pub fn employments(&self) -> impl Iterator<Item = ReportedJob<'_>> {
        self.employers.iter().flat_map(|suborder| {
            suborder.employments.iter().map(|employment| ReportedJob {
                link_id: suborder.link_id.as_deref(),
                suborder_id: Some(&suborder.id),
                data_source: suborder.data_source.as_deref(),
                is_suspicious: suborder.is_suspicious,
                employment,
            })
        })
    }
}

/// One employer, or one bank, of an order.
#[derive(Clone, Debug, Deserialize)]
pub struct Suborder {
    /// `employer_id` in webhooks about orders, `tracking_info` in webhooks about tasks. New in every refresh order.
    pub id: String,
    /// `pending`, `sent`, `completed`, `error`, `canceled`, `expired`, `skipped`, `no_data`. May lag behind
    /// `last_task_status`.
    pub status: Option<String>,
    /// Our reference; it can select the suborder in a refresh.
    #[serde(default, deserialize_with = "scalars::text")]
    pub suborder_number: Option<String>,
    /// `income`, `employment`, ….
    pub product_type: Option<String>,
    /// When it was made.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub created_at: Option<DateTime<Utc>>,
    /// The connection; `None` until the client has connected.
    pub link_id: Option<String>,
    /// `payroll`, `docs`, `tax`, `financial_accounts`, ….
    pub data_source: Option<String>,
    /// Where the data comes from.
    pub provider: Option<Provider>,
    /// The state of the last task; may be ahead of `status`.
    pub last_task_status: Option<String>,
    /// Document fraud or a mismatch of the social security number is suspected.
    pub is_suspicious: Option<bool>,
    /// As asked for when the order was made.
    pub company_name: Option<String>,
    /// The jobs found.
    #[serde(default, deserialize_with = "scalars::list")]
    pub employments: Vec<Employment>,
}

/// Asks for an order: `POST /v1/orders/`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewOrder {
    /// At least one.
    pub products: Vec<String>,
    /// 1 to 50 characters.
    pub first_name: String,
    /// 1 to 50 characters.
    pub last_name: String,
    /// Without address and phone upstream cannot contact the client: the link is then ours to deliver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// See `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// 4 or 9 digits, matched against payroll.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "scalars::expose")]
    pub ssn: Option<SecretString>,
    /// Our reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_number: Option<String>,
    /// What we call the person; the same on every order, so that the upstream person and its links are used again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_user_id: Option<String>,
    /// The employers to ask for; empty lets the client search.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub employers: Vec<NewEmployer>,
    /// Which sources to offer, in order of fallback; empty leaves the choice to the vendor.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub data_sources: Vec<String>,
    /// The widget's look, as set up with the vendor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Who tells the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification_settings: Option<NotificationSettings>,
}

/// One employer of a new order.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewEmployer {
    /// From a link's `company_mapping`: skips the employer search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_mapping_id: Option<String>,
    /// Where the id is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// Our reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suborder_number: Option<String>,
}

/// Whether and when upstream writes to the client.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct NotificationSettings {
    /// Upstream stays silent and we deliver the link.
    pub suppress_user_notifications: bool,
    /// Hours until its first message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_notification_delay_hours: Option<u32>,
}

/// Asks for a refresh: `POST /v1/orders/{original}/`. Billed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RefreshRequest {
    /// Exactly one, hence the array: upstream refuses any other number.
    pub products: [String; 1],
    /// Suborders of the *original* order. `None` is all of them, which is not the same as an empty list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employers: Option<Vec<SuborderRef>>,
    /// The same for bank connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub financial_accounts: Option<Vec<SuborderRef>>,
    /// Where upstream may reach the client if a login is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// See `email`; ten digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Adds the latest statement to a refresh of employment only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_recent_paystub: Option<bool>,
}

/// Names a suborder by either of its two names.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SuborderRef {
    /// Upstream's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suborder_number: Option<String>,
}
