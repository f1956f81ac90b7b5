//! Reports: what a connection, or all connections of a person, brought back (Truv, "Income and employment reports").
//!
//! The same [`Employment`] stands in orders, in the report of a link and in the report of a person; `employments()` of each
//! walks its jobs in one form.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::employments::Employment;
use super::links::Provider;
use super::scalars;

/// A job as it was reported, with what is known of the connection it came over.
#[derive(Clone, Copy, Debug)]
pub struct ReportedJob<'a> {
    /// The connection; with the employment's id it names the job across snapshots.
    pub link_id: Option<&'a str>,
    /// The suborder; `None` outside orders, unless the connection's tracking info carries it.
    pub suborder_id: Option<&'a str>,
    /// `payroll`, `docs`, ….
    pub data_source: Option<&'a str>,
    /// The vendor suspects fraud or a mismatch.
    pub is_suspicious: Option<bool>,
    /// The job.
    pub employment: &'a Employment,
}

/// The report of one connection: `GET /v1/links/{link_id}/income/report/`.
#[derive(Clone, Debug, Deserialize)]
pub struct LinkReport {
    /// The report's own id, where it has one.
    pub id: Option<String>,
    /// The connection, where the body names it.
    pub link_id: Option<String>,
    /// The state of the last task.
    pub status: Option<String>,
    /// How the last refresh went.
    pub refresh_status: Option<String>,
    /// When the data was complete.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub completed_at: Option<DateTime<Utc>>,
    /// The suborder's id when an order made the connection.
    #[serde(default, deserialize_with = "scalars::text")]
    pub tracking_info: Option<String>,
    /// `payroll`, `docs`, ….
    pub data_source: Option<String>,
    /// Where the data comes from.
    pub provider: Option<Provider>,
    /// The vendor suspects fraud or a mismatch.
    pub is_suspicious: Option<bool>,
    /// The jobs found.
    #[serde(default, deserialize_with = "scalars::list")]
    pub employments: Vec<Employment>,
}

impl LinkReport {
    /// Every job of the connection.
    pub fn employments(&self) -> impl Iterator<Item = ReportedJob<'_>> {
        self.employments.iter().map(|employment| ReportedJob {
            link_id: self.link_id.as_deref(),
            suborder_id: self.tracking_info.as_deref(),
            data_source: self.data_source.as_deref(),
            is_suspicious: self.is_suspicious,
            employment,
        })
    }
}

/// The report of one person: `POST` or `GET /v1/users/{user_id}/reports/`. A further connection gets a further report.
#[derive(Clone, Debug, Deserialize)]
pub struct UserReport {
    /// Names the report in a later read.
    pub report_id: String,
    /// When it was asked for.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it was complete; `None` while it is built.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub completed_at: Option<DateTime<Utc>>,
    /// When the newest data in it was pulled.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub last_task_at: Option<DateTime<Utc>>,
    /// One entry per connection.
    #[serde(default, deserialize_with = "scalars::list")]
    pub links: Vec<ReportLink>,
}

impl UserReport {
    /// Every job of the person, connection by connection.
    pub fn employments(&self) -> impl Iterator<Item = ReportedJob<'_>> {
        self.links.iter().flat_map(|link| {
            link.employments.iter().map(|employment| ReportedJob {
                link_id: link.link_id.as_deref(),
                suborder_id: link.tracking_info.as_deref(),
                data_source: link.data_source.as_deref(),
                is_suspicious: link.is_suspicious,
                employment,
            })
        })
    }
}

/// One connection in the report of a person.
#[derive(Clone, Debug, Deserialize)]
pub struct ReportLink {
    /// The entry's id, which is not the link's.
    pub id: Option<String>,
    /// The connection.
    pub link_id: Option<String>,
    /// The suborder's id when an order made the connection.
    #[serde(default, deserialize_with = "scalars::text")]
    pub tracking_info: Option<String>,
    /// `payroll`, `docs`, ….
    pub data_source: Option<String>,
    /// Where the data comes from; only its id here.
    pub provider: Option<Provider>,
    /// For people.
    pub provider_name: Option<String>,
    /// The vendor suspects fraud or a mismatch.
    pub is_suspicious: Option<bool>,
    /// The jobs found.
    #[serde(default, deserialize_with = "scalars::list")]
    pub employments: Vec<Employment>,
}
