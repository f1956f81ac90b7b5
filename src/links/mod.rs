//! Saved payroll connections (Truv links): their health against a due date, and the refreshes they have left.
//!
//! A link outlives the orders that used it and may serve several cases. `health` decides and touches nothing; `trials` keeps
//! the age at which each attempt worked or was refused. Whoever finds a link broken, or working again, has its cases told
//! (`tell_in_tx`).

mod health;
mod load;
mod store;
mod trials;

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use crate::ids::{AgencyId, ClientId, LinkId};
use crate::lifetimes::Table;
use crate::words::DataSource;

pub use self::health::{chance, expected_expiry, health};
pub use self::load::{load_all_of_client, load_of_clients};
pub(crate) use self::store::{
    Sighting, date_units_in_tx, explain_in_tx, find_all, find_by_truv_id_in_tx, lock_in_tx, mark_broken_in_tx,
    mark_deleted_in_tx, mark_disconnected_in_tx, mark_limited_in_tx, mark_refreshed_in_tx, return_units_in_tx,
    see_in_tx, spend_units_in_tx, tell_in_tx, units_in_tx,
};
pub use self::store::{count_units, count_used_up, load};
pub(crate) use self::trials::note_trial_in_tx;
pub use self::trials::{learn, lifetimes, load_trials};

/// The window in which refreshes of one link are counted (Truv, "Refresh quota").
pub const WINDOW: Duration = Duration::from_hours(24);

/// A saved payroll connection.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Link {
    /// Our id.
    pub id: LinkId,
    /// The tenant.
    pub agency: AgencyId,
    /// Whose connection it is.
    pub client: ClientId,
    /// Truv's id.
    pub truv_link_id: String,
    /// The employer; `None` when Truv named none.
    pub company_name: Option<String>,
    /// Truv's id of the employer, to skip the employer search when the client logs in again.
    pub company_mapping_id: Option<String>,
    /// Truv's id of the payroll provider.
    pub provider_id: Option<String>,
    /// The payroll provider's name.
    pub provider_name: Option<String>,
    /// Where its data comes from.
    pub data_source: DataSource,
    /// The last time the client logged in; `None` when unknown.
    pub connected_at: Option<DateTime<Utc>>,
    /// The last refresh that brought data.
    pub last_refreshed_at: Option<DateTime<Utc>>,
    /// When it was found not to work; `None` while it works.
    pub broken_at: Option<DateTime<Utc>>,
    /// Whether `link-disconnected` is all that says so. It comes with every failed refresh, also with one that an outage
    /// explains.
    #[serde(default)]
    pub is_only_disconnected: bool,
    /// When data and credentials were removed at Truv.
    pub deleted_at: Option<DateTime<Utc>>,
    /// Until then Truv itself allows no further refresh, whatever was counted here; `None` unless it has said so.
    pub limited_until: Option<DateTime<Utc>>,
    /// Truv's flag for suspected fraud or a mismatch; `None` when not reported.
    pub is_suspicious: Option<bool>,
}

/// The refreshes of a link inside the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Most refreshes in 24 hours.
    pub limit: u32,
    /// Refreshes spent in the last 24 hours.
    pub used: u32,
    /// When one more becomes possible; `None` while one is possible now.
    pub next_available_at: Option<DateTime<Utc>>,
}

impl Link {
    /// Whether a refresh of it can work: it is not known to be broken, and its data was not removed.
    pub fn works(&self) -> bool {
        self.broken_at.is_none() && self.deleted_at.is_none()
    }

    /// Whether another of the client's links has taken its place: it does not work, and the client has connected the same
    /// employer anew, with other credentials.
    pub fn is_superseded<'a>(&self, mut others: impl Iterator<Item = &'a Self>) -> bool {
        let same = |other: &Self| match (&self.company_name, &other.company_name) {
            (Some(own), Some(others)) => own.eq_ignore_ascii_case(others),
            _ => false,
        };
        !self.works() && others.any(|other| other.works() && other.client == self.client && same(other))
    }
}

impl Allowance {
    /// The allowance that follows from the instants of the refreshes inside the window.
    pub fn from_spent(limit: u32, spent: &[DateTime<Utc>]) -> Self {
        let used = u32::try_from(spent.len()).unwrap_or(u32::MAX);
        let mut newest_first = spent.to_vec();
        newest_first.sort_unstable_by(|a, b| b.cmp(a));
        // With `limit` units spent, the next one is free when the oldest of the newest `limit` leaves the window.
        let next_available_at = if used < limit {
            None
        } else {
            let index = usize::try_from(limit.saturating_sub(1)).unwrap_or(usize::MAX);
            newest_first.get(index).map(|oldest| *oldest + WINDOW)
        };
        Self { limit, used, next_available_at }
    }

    /// The same, corrected by what Truv has said: its own count wins.
    #[must_use]
    pub fn corrected(self, limited_until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        match limited_until.filter(|until| *until > now) {
            None => self,
            Some(until) => Self {
                used: self.used.max(self.limit),
                next_available_at: Some(self.next_available_at.map_or(until, |next| next.max(until))),
                ..self
            },
        }
    }

    /// Refreshes left.
    pub fn remaining(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }
}

/// What the forecast needs to know besides the link.
#[derive(Clone, Copy, Debug)]
pub struct Forecast<'a> {
    /// The day to judge against.
    pub due_on: NaiveDate,
    /// How long connections are expected to last.
    pub lifetimes: &'a Table,
}
