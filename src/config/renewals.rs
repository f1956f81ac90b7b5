//! Settings of the renewal cycle, and of the review: what counts as a change, and what a program demands of the evidence.

use std::collections::BTreeMap;

use super::reader::Reader;
use super::values::{self, count};

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
    /// What counts as a change, and what a program demands of the evidence. An agency may have its own.
    pub review: Review,
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
            review: Review::default(),
            batch_in_flight: 50,
        }
    }
}

/// `[renewals]` and, for one agency, `[agencies.review]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// `RECERT_MATERIAL_CHANGE_PERCENT`: a change of money from this many percent on is material. Default 10.
    pub material_percent: u32,
    /// `RECERT_PAY_GAP_DAYS`: a pause of more than so many days between two pay statements is a gap. Default 5.
    pub gap_days: u32,
    /// `RECERT_STALE_PAY_DAYS`: a newest pay date that is more than so many days old is too old. Default 45.
    pub stale_days: u32,
    /// `RECERT_STABLE_PERCENT`: a monthly income within so many percent of the earlier one is steady. Default 5.
    pub stable_percent: u32,
    /// Days for which there must be pay statements, by program. Set in the file only.
    pub evidence_days: EvidenceDays,
}

/// Days for which there must be pay statements. Default 30; 60 for child care and housing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvidenceDays {
    /// SNAP.
    pub snap: u32,
    /// TANF.
    pub tanf: u32,
    /// Medicaid.
    pub medicaid: u32,
    /// Child care.
    pub child_care: u32,
    /// Housing.
    pub housing: u32,
    /// LIHEAP.
    pub liheap: u32,
    /// Every other program.
    pub other: u32,
}

impl Default for Review {
    fn default() -> Self {
        Self {
            material_percent: 10,
            gap_days: 5,
            stale_days: 45,
            stable_percent: 5,
            evidence_days: EvidenceDays::default(),
        }
    }
}

impl Default for EvidenceDays {
    fn default() -> Self {
        Self { snap: 30, tanf: 30, medicaid: 30, child_care: 60, housing: 60, liheap: 30, other: 30 }
    }
}

/// The renewal cycle.
pub(super) fn read(r: &mut Reader<'_>) -> Renewals {
    let default = Renewals::default();
    Renewals {
        window_days: r.open("renewals.window_days", &["RECERT_RENEWAL_WINDOW_DAYS"], count).or(default.window_days),
        link_lifetime_days: r
            .open("renewals.link_lifetime_days", &["RECERT_LINK_LIFETIME_DAYS"], count)
            .or(default.link_lifetime_days),
        provider_lifetimes: lifetimes(r, "renewals.provider_lifetimes"),
        source_lifetimes: source_lifetimes(r),
        refreshes_per_day: r
            .open("renewals.refreshes_per_day", &["RECERT_REFRESHES_PER_DAY"], count)
            .or(default.refreshes_per_day),
        review: review(r, "renewals", VARIABLES, &default.review),
        batch_in_flight: r
            .open("renewals.batch_in_flight", &["RECERT_BATCH_IN_FLIGHT"], count)
            .or(default.batch_in_flight),
    }
}

/// Days by the name that a key below `table` ends in.
fn lifetimes(r: &mut Reader<'_>, table: &str) -> BTreeMap<String, u32> {
    let names = r.names_below(table);
    names
        .into_iter()
        .filter_map(|name| Some((name.clone(), r.open(&format!("{table}.{name}"), &[], count).ok()?)))
        .collect()
}

/// Days by data source, under Truv's words for them.
fn source_lifetimes(r: &mut Reader<'_>) -> BTreeMap<String, u32> {
    let known = ["payroll", "docs", "tax", "financial_accounts", "insurance", "scoring_attributes"];
    let mut read = |word: &str| r.open(&format!("renewals.source_lifetimes.{word}"), &[], count).ok();
    known.into_iter().filter_map(|word| Some((word.to_owned(), read(word)?))).collect()
}

const VARIABLES: [&[&str]; 4] = [
    &["RECERT_MATERIAL_CHANGE_PERCENT"],
    &["RECERT_PAY_GAP_DAYS"],
    &["RECERT_STALE_PAY_DAYS"],
    &["RECERT_STABLE_PERCENT"],
];

/// What one agency says otherwise than `[renewals]`.
pub(super) fn of_agency(r: &mut Reader<'_>, index: usize, usual: &Review) -> Review {
    review(r, &format!("agencies[{index}].review"), [&[]; 4], usual)
}

fn review(r: &mut Reader<'_>, section: &str, variables: [&'static [&'static str]; 4], usual: &Review) -> Review {
    let [material, gap, stale, steady] = variables;
    let mut days =
        |program: &str, usual: u32| r.open(&format!("{section}.evidence_days.{program}"), &[], count).or(usual);
    let evidence_days = EvidenceDays {
        snap: days("snap", usual.evidence_days.snap),
        tanf: days("tanf", usual.evidence_days.tanf),
        medicaid: days("medicaid", usual.evidence_days.medicaid),
        child_care: days("child_care", usual.evidence_days.child_care),
        housing: days("housing", usual.evidence_days.housing),
        liheap: days("liheap", usual.evidence_days.liheap),
        other: days("other", usual.evidence_days.other),
    };
    let key = |field: &str| format!("{section}.{field}");
    Review {
        material_percent: r.open(&key("material_percent"), material, values::percent).or(usual.material_percent),
        gap_days: r.open(&key("gap_days"), gap, count).or(usual.gap_days),
        stale_days: r.open(&key("stale_days"), stale, count).or(usual.stale_days),
        stable_percent: r.open(&key("stable_percent"), steady, values::percent).or(usual.stable_percent),
        evidence_days,
    }
}
