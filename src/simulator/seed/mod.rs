//! People, connections and earlier orders put in at once: a county for the demonstration, a handful for a test.
//!
//! The control port takes the same shape as JSON. Ids that are given are kept; the others follow from the simulator's
//! seed and from `external_user_id`, so that the same batch gives the same ids in any order.

mod plant;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::payroll::Job;
use super::scenarios::Scenario;

/// What to put in, for one client.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedBatch {
    /// Whose they are; the first client when left out.
    pub client_id: Option<String>,
    /// The people.
    pub people: Vec<SeedPerson>,
    /// Endpoints to register, as by `POST /v1/webhooks/`.
    pub webhooks: Vec<SeedWebhook>,
}

/// One person.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedPerson {
    /// Upstream's id of the person.
    pub user_id: Option<String>,
    /// The client's own id of the person. A person who is known by it gets the links and orders added.
    pub external_user_id: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// For notices to the applicant.
    pub email: Option<String>,
    /// For notices to the applicant.
    pub phone: Option<String>,
    /// Nine digits.
    pub ssn: Option<String>,
    /// Connections.
    pub links: Vec<SeedLink>,
    /// Earlier orders, a parent before its refreshes.
    pub orders: Vec<SeedOrder>,
}

/// One connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedLink {
    /// Upstream's id of the connection.
    #[serde(default)]
    pub link_id: Option<String>,
    /// The connection's secret.
    #[serde(default)]
    pub access_token: Option<String>,
    /// Default `example_payroll`.
    #[serde(default)]
    pub provider_id: Option<String>,
    /// Default `Example Payroll`.
    #[serde(default)]
    pub provider_name: Option<String>,
    /// The employer.
    pub company_name: String,
    /// Upstream's id of the employer.
    #[serde(default)]
    pub company_mapping_id: Option<String>,
    /// Default `payroll`.
    #[serde(default)]
    pub data_source: Option<String>,
    /// The applicant's last login.
    pub connected_at: DateTime<Utc>,
    /// What refreshes of it do.
    #[serde(default)]
    pub scenario: Scenario,
    /// The jobs behind it; one made from the seed when empty.
    #[serde(default)]
    pub jobs: Vec<Job>,
}

/// One earlier order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedOrder {
    /// Upstream's id of the order.
    #[serde(default)]
    pub order_id: Option<String>,
    /// The client's own reference.
    #[serde(default)]
    pub order_number: Option<String>,
    /// Default `income`.
    #[serde(default = "income")]
    pub product: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was completed; its data is that of this moment.
    #[serde(default)]
    pub completed_at: Option<DateTime<Utc>>,
    /// Its employers.
    #[serde(default)]
    pub employers: Vec<SeedEmployer>,
    /// The order that it refreshed.
    #[serde(default)]
    pub initial_order: Option<String>,
}

/// One employer of an earlier order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedEmployer {
    /// Upstream's id.
    pub suborder_id: Option<String>,
    /// The client's own reference.
    pub suborder_number: Option<String>,
    /// The connection.
    pub link_id: Option<String>,
    /// The connection by its place among the person's seeded links, where ids are not given.
    pub link: Option<usize>,
    /// Default `completed`.
    pub status: Option<String>,
}

/// One endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedWebhook {
    /// A name.
    pub name: String,
    /// A loopback address.
    pub webhook_url: String,
    /// Event types; all when empty.
    #[serde(default)]
    pub events: Vec<String>,
}

/// The ids of what was put in, in the order of the batch.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Seeded {
    /// One entry for each person.
    pub people: Vec<SeededPerson>,
    /// Ids of the endpoints.
    pub webhooks: Vec<String>,
}

/// The ids of one person.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SeededPerson {
    /// Upstream's id of the person.
    pub user_id: String,
    /// Ids of the links.
    pub links: Vec<String>,
    /// Ids of the orders with those of their suborders.
    pub orders: Vec<SeededOrder>,
}

/// The ids of one order.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SeededOrder {
    /// Upstream's id of the order.
    pub order_id: String,
    /// Upstream's ids of its employers.
    pub suborders: Vec<String>,
}

/// A batch could not be taken. What stands before the bad entry has been put in.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SeedError(String);

fn income() -> String {
    "income".to_owned()
}
