//! How likely a link still works on the due date. Pure. The rules are those of the connections fact sheet ("When will a
//! connection die?"): the clock starts at the last interactive login, and a known failure beats any date.

use chrono::{Days, NaiveDate};

use super::{Forecast, Link};
use crate::lifetimes::{MARGIN_DAYS, Table};
use crate::words::LinkHealth;

/// The day on which the link is expected to stop working; `None` when nobody knows when the client logged in.
pub fn expected_expiry(link: &Link, lifetimes: &Table) -> Option<NaiveDate> {
    let lifetime = lifetimes.lifetime(link.provider_id.as_deref(), link.data_source);
    link.connected_at?.date_naive().checked_add_days(Days::new(lifetime.days.into()))
}

/// How likely, from 0 to 1, a refresh of the link works on a day.
pub fn chance(link: &Link, lifetimes: &Table, on: NaiveDate) -> f64 {
    if !link.works() {
        return 0.0;
    }
    match link.connected_at {
        Some(since) => {
            let age = u32::try_from((on - since.date_naive()).num_days()).unwrap_or_default();
            lifetimes.chance(link.provider_id.as_deref(), link.data_source, age)
        }
        None => Table::CHANCE_UNKNOWN,
    }
}

/// The band of the link against a due date.
pub fn health(link: &Link, forecast: Forecast<'_>) -> LinkHealth {
    if !link.works() {
        return LinkHealth::Broken;
    }
    let Some(expiry) = expected_expiry(link, forecast.lifetimes) else { return LinkHealth::Unknown };
    if expiry < forecast.due_on {
        return LinkHealth::LikelyExpired;
    }
    match forecast.due_on.checked_add_days(Days::new(MARGIN_DAYS.into())) {
        Some(safe) if expiry > safe => LinkHealth::Healthy,
        _ => LinkHealth::AtRisk,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;
    use crate::config::Renewals;
    use crate::words::DataSource;

    fn link(connected: Option<(i32, u32, u32)>) -> Link {
        Link {
            id: uuid::Uuid::nil().into(),
            agency: uuid::Uuid::nil().into(),
            client: uuid::Uuid::nil().into(),
            truv_link_id: String::new(),
            company_name: None,
            company_mapping_id: None,
            provider_id: None,
            provider_name: None,
            data_source: DataSource::Payroll,
            connected_at: connected.map(|(y, m, d)| Utc.with_ymd_and_hms(y, m, d, 12, 0, 0).unwrap()),
            last_refreshed_at: None,
            broken_at: None,
            is_only_disconnected: false,
            deleted_at: None,
            limited_until: None,
            is_suspicious: None,
        }
    }

    fn judged(link: &Link, due_on: (i32, u32, u32)) -> LinkHealth {
        let due_on = NaiveDate::from_ymd_opt(due_on.0, due_on.1, due_on.2).unwrap();
        health(link, Forecast { due_on, lifetimes: &Table::of(&Renewals::default(), []) })
    }

    #[test]
    fn the_bands_meet_without_a_gap() {
        // Expires 180 days later, on 2026-06-30.
        let link = link(Some((2026, 1, 1)));
        assert_eq!(judged(&link, (2026, 5, 30)), LinkHealth::Healthy);
        assert_eq!(judged(&link, (2026, 5, 31)), LinkHealth::AtRisk);
        assert_eq!(judged(&link, (2026, 6, 30)), LinkHealth::AtRisk);
        assert_eq!(judged(&link, (2026, 7, 1)), LinkHealth::LikelyExpired);
    }

    #[test]
    fn a_known_failure_beats_any_date() {
        let mut link = link(Some((2026, 1, 1)));
        link.broken_at = link.connected_at;
        assert_eq!(judged(&link, (2026, 1, 2)), LinkHealth::Broken);
    }

    #[test]
    fn without_a_login_nothing_is_known() {
        assert_eq!(judged(&link(None), (2026, 1, 2)), LinkHealth::Unknown);
    }
}
