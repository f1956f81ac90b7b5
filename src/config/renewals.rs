//! The renewal cycle's settings.

use std::collections::BTreeMap;

/// `[renewals]`
#[derive(Clone, Debug)]
pub struct Renewals {
    /// `RECERT_RENEWAL_WINDOW_DAYS`: how many days before its due date a case becomes due. Default 30.
    pub window_days: u32,
    /// `RECERT_LINK_LIFETIME_DAYS`: how long a payroll connection is expected to last, where nothing else says so. Default
    /// 180.
    pub link_lifetime_days: u32,
    /// The same by Truv's id of the provider; it also beats what was learned there. Set in the file only. Default none.
    pub provider_lifetimes: BTreeMap<String, u32>,
    /// The same by Truv's word for the data source. Set in the file only. Default none.
    pub source_lifetimes: BTreeMap<String, u32>,
    /// `RECERT_REFRESHES_PER_DAY`: refreshes per connection in 24 hours. Default 3.
    pub refreshes_per_day: u32,
    /// `RECERT_MATERIAL_CHANGE_PERCENT`: a change of money from this many percent on is material. Default 10.
    pub material_percent: u32,
    /// `RECERT_BATCH_IN_FLIGHT`: refreshes of one renewal batch that are on their way at once. Default 50.
    pub batch_in_flight: u32,
}

impl Default for Renewals {
    fn default() -> Self {
        Self {
            window_days: 30,
            link_lifetime_days: 180,
            provider_lifetimes: BTreeMap::new(),
            source_lifetimes: BTreeMap::new(),
            refreshes_per_day: 3,
            material_percent: 10,
            batch_in_flight: 50,
        }
    }
}
