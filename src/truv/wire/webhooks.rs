//! Webhooks: their registration, the events they carry, and upstream's history of what it sent (Truv, "Webhooks").

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::scalars;

/// The body of a webhook. Only the event's name is required: editions of the vendor's documentation differ in the rest.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    /// `task-status-updated`, `order-created`, …; an open list.
    pub event_type: String,
    /// Names the request; the same on every retry.
    pub webhook_id: Option<String>,
    /// When it happened.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub event_created_at: Option<DateTime<Utc>>,
    /// On task and order events, a few microseconds after `event_created_at`.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub updated_at: Option<DateTime<Utc>>,
    /// The person. Missing in older editions; never selects an order, because a person has many.
    pub user_id: Option<String>,
    /// The widget's look.
    pub template_id: Option<String>,
    /// `income`, `employment`, ….
    pub product: Option<String>,
    /// `payroll`, `docs`, ….
    pub data_source: Option<String>,
    /// The connection.
    pub link_id: Option<String>,
    /// The task, on task and data events.
    pub task_id: Option<String>,
    /// On task, link and data events: the suborder's id when an order started it.
    #[serde(default, deserialize_with = "scalars::text")]
    pub tracking_info: Option<String>,
    /// The task's or the suborder's new state.
    pub status: Option<String>,
    /// The order, on order events.
    pub order_id: Option<String>,
    /// Our reference, on order events.
    #[serde(default, deserialize_with = "scalars::text")]
    pub order_number: Option<String>,
    /// The suborder, on order events about one.
    pub employer_id: Option<String>,
    /// The employment or profile that changed.
    pub object_id: Option<String>,
    /// The employment whose statements or accounts changed.
    pub employment_id: Option<String>,
    /// How many statements or accounts there are.
    #[serde(default, deserialize_with = "scalars::integer")]
    pub objects_count: Option<i64>,
}

/// A registered endpoint.
#[derive(Clone, Debug, Deserialize)]
pub struct Webhook {
    /// Names it in an update.
    pub id: String,
    /// For people.
    pub name: Option<String>,
    /// Where events go.
    pub webhook_url: Option<String>,
    /// `sandbox`, `dev` or `prod`: each environment has endpoints of its own.
    pub env_type: Option<String>,
    /// Which events; empty when upstream names none.
    #[serde(default, deserialize_with = "scalars::list")]
    pub events: Vec<String>,
    /// False when switched off, by hand or by upstream after an endpoint failed for long.
    pub enabled: Option<bool>,
    /// When it was registered.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub updated_at: Option<DateTime<Utc>>,
}

/// Registers an endpoint. One address can be registered once per environment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewWebhook {
    /// At most 128 characters.
    pub name: String,
    /// `https`, at most 2,048 characters.
    pub webhook_url: String,
    /// `sandbox`, `dev` or `prod`.
    pub env_type: String,
    /// Which events; empty subscribes to what upstream sends by default.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Whether it starts switched on.
    pub enabled: bool,
}

/// Changes an endpoint; `None` leaves a value as it is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WebhookPatch {
    /// Switches it on or off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Sends the events elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// Which events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
}

/// Selects from upstream's history of what it sent, which reaches back 30 days.
#[derive(Clone, Debug, Default)]
pub struct HistoryQuery {
    /// From this instant; `None` is 30 days ago.
    pub created_from: Option<DateTime<Utc>>,
    /// Up to this instant.
    pub created_to: Option<DateTime<Utc>>,
    /// One kind of event.
    pub event_type: Option<String>,
    /// One status that our endpoint answered, 100 to 599.
    pub status_code: Option<u16>,
    /// Continues after an earlier page; see [`HistoryPage::next_cursor`].
    pub cursor: Option<String>,
}

/// One page of the history.
#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// For [`HistoryQuery::cursor`]; `None` on the last page. How many pages to read is the caller's decision.
    pub next_cursor: Option<String>,
    /// What was sent.
    pub results: Vec<HistoryEntry>,
}

/// One request in the history.
#[derive(Clone, Debug, Deserialize)]
pub struct HistoryEntry {
    /// Names the attempt. May differ from the one inside the payload, and it is the inner one that was delivered.
    pub webhook_id: Option<String>,
    /// The event's name.
    pub event_type: Option<String>,
    /// When it happened.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub event_created_at: Option<DateTime<Utc>>,
    /// What our endpoint answered; `None` when nothing came back.
    #[serde(default, deserialize_with = "scalars::integer")]
    pub status_code: Option<i64>,
    /// Why the delivery failed, in upstream's words.
    pub error_message: Option<String>,
    /// Where it went.
    pub webhook_url: Option<String>,
    /// The body that was sent, as an [`Event`]; sparser than the original in the vendor's samples.
    #[serde(default)]
    pub webhook_payload: Value,
}
