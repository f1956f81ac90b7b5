//! How long payroll connections last: what the settings say, what was seen, and what follows from both. Pure, but for the
//! shelf on which the newest table of each agency lies.
//!
//! Upstream's own figures differ from 90 days to six months (fact sheet "When will a connection die?"), so the age at
//! which a refresh worked or was refused is kept for every attempt. A provider's figure comes from the settings; without
//! one from what was seen there, once that is enough; else from the settings for its data source, or for all.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use crate::config::Renewals;
use crate::ids::AgencyId;
use crate::words::{DataSource, LifetimeBasis};

/// Attempts of each outcome from which on a provider's own figure is trusted.
const ENOUGH: u64 = 10;
/// Attempts at ages so many days around count as evidence for an age.
const NEAR_DAYS: u32 = 15;
/// How many attempts the assumption weighs against evidence.
const ASSUMPTION_WEIGHT: f64 = 10.0;
/// Days that must be left for a connection to count as healthy.
pub const MARGIN_DAYS: u32 = 30;

/// What became of the attempts at one provider and one age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The provider; `None` where Truv named none.
    pub provider: Option<String>,
    /// Whole days since the client's last login.
    pub age_days: u32,
    /// Attempts that brought data.
    pub worked: u64,
    /// Attempts that the provider refused.
    pub failed: u64,
}

/// What is expected of one provider's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Days from the client's login.
    pub days: u32,
    /// Where the figure comes from.
    pub basis: LifetimeBasis,
}

/// What was seen at one provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// By age in days: attempts that worked, and that were refused.
    ages: BTreeMap<u32, (u64, u64)>,
}

impl Seen {
    /// Attempts that brought data, and attempts that were refused.
    pub fn totals(&self) -> (u64, u64) {
        self.ages.values().fold((0, 0), |(worked, failed), (w, f)| (worked + w, failed + f))
    }

    /// The greatest age at which an attempt worked; `None` when none has.
    pub fn longest_working(&self) -> Option<u32> {
        self.ages.iter().rev().find(|(_, (worked, _))| *worked > 0).map(|(age, _)| *age)
    }

    /// The smallest age at which an attempt was refused; `None` when none was.
    pub fn shortest_failed(&self) -> Option<u32> {
        self.ages.iter().find(|(_, (_, failed))| *failed > 0).map(|(age, _)| *age)
    }

    /// The age in the middle of all refused attempts; `None` when none was.
    pub fn median_failed(&self) -> Option<u32> {
        let (_, failed) = self.totals();
        let mut before = 0;
        self.ages.iter().find_map(|(age, (_, here))| {
            before += here;
            (*here > 0 && before * 2 >= failed).then_some(*age)
        })
    }

    /// The age that parts working from refused attempts with the fewest on the wrong side; of equals the smallest, since
    /// asking early costs less than failing. `None` without enough attempts of both kinds: an agency that refreshes once
    /// a year sees failures alone, which say nothing about the months before.
    pub fn learned_days(&self) -> Option<u32> {
        let (worked, failed) = self.totals();
        if worked < ENOUGH || failed < ENOUGH {
            return None;
        }
        // Below the first age everything that worked is on the wrong side.
        let (mut best, mut wrong) = (None, worked);
        let mut least = wrong + 1;
        for (age, (worked, failed)) in &self.ages {
            if wrong < least {
                (best, least) = (Some(*age), wrong);
            }
            wrong = wrong - worked + failed;
        }
        if wrong < least { self.ages.keys().next_back().map(|age| age + 1) } else { best }
    }

    fn near(&self, age: u32) -> (u64, u64) {
        let around = age.saturating_sub(NEAR_DAYS)..=age.saturating_add(NEAR_DAYS);
        self.ages.range(around).fold((0, 0), |(worked, failed), (_, (w, f))| (worked + w, failed + f))
    }
}

/// Everything that is known about one agency's connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    default_days: u32,
    of_provider: BTreeMap<String, u32>,
    of_source: BTreeMap<DataSource, u32>,
    seen: BTreeMap<String, Seen>,
}

impl Table {
    /// The settings, and what was seen.
    pub fn of(settings: &Renewals, trials: impl IntoIterator<Item = Trial>) -> Self {
        let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
        for trial in trials {
            let Some(provider) = trial.provider else { continue };
            let (worked, failed) = seen.entry(provider).or_default().ages.entry(trial.age_days).or_default();
            *worked += trial.worked;
            *failed += trial.failed;
        }
        Self {
            default_days: settings.link_lifetime_days,
            of_provider: settings.provider_lifetimes.clone(),
            of_source: settings.source_lifetimes.iter().map(|(word, days)| (DataSource::parse(word), *days)).collect(),
            seen,
        }
    }

    /// What is expected of a provider's connections.
    pub fn lifetime(&self, provider: Option<&str>, source: DataSource) -> Lifetime {
        let set = provider.and_then(|provider| self.of_provider.get(provider));
        if let Some(days) = set {
            return Lifetime { days: *days, basis: LifetimeBasis::Setting };
        }
        if let Some(days) = provider.and_then(|provider| self.seen.get(provider)).and_then(Seen::learned_days) {
            return Lifetime { days, basis: LifetimeBasis::Learned };
        }
        match self.of_source.get(&source) {
            Some(days) => Lifetime { days: *days, basis: LifetimeBasis::Setting },
            None => Lifetime { days: self.default_days, basis: LifetimeBasis::Default },
        }
    }

    /// How likely, from 0 to 1, a refresh works on a connection of this age: what is assumed for so many days before or
    /// after the expected end, corrected by what was seen at about this age.
    pub fn chance(&self, provider: Option<&str>, source: DataSource, age_days: u32) -> f64 {
        let days = self.lifetime(provider, source).days;
        let assumed = match days.checked_sub(age_days) {
            Some(left) if left > MARGIN_DAYS => 0.95,
            Some(_) => 0.80,
            None => 0.15,
        };
        let seen = provider.and_then(|provider| self.seen.get(provider));
        let (worked, failed) = seen.map_or((0, 0), |seen| seen.near(age_days));
        (ASSUMPTION_WEIGHT * assumed + number(worked)) / (ASSUMPTION_WEIGHT + number(worked + failed))
    }

    /// How likely a refresh works on a connection whose age nobody knows.
    pub const CHANCE_UNKNOWN: f64 = 0.6;

    /// Every provider that the settings name or where something was seen, with what was seen there.
    pub fn providers(&self) -> Vec<(String, Lifetime, Seen)> {
        let mut names: Vec<&String> = self.of_provider.keys().chain(self.seen.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let of = |name: &String| {
            let seen = self.seen.get(name).cloned().unwrap_or_default();
            (name.clone(), self.lifetime(Some(name), DataSource::Unknown), seen)
        };
        names.into_iter().map(of).collect()
    }
}

/// Counts are far below what a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "counts of attempts, far below 2^52")]
fn number(count: u64) -> f64 {
    count as f64
}

/// The newest table of each agency, as this process last read it. A forecast may be an hour old; a page of a hundred
/// connections must not cost a statement for it.
#[derive(Clone, Debug, Default)]
pub struct Shelf(Arc<RwLock<HashMap<AgencyId, Arc<Table>>>>);

impl Shelf {
    /// The agency's table; what the settings alone say, before one was put here.
    pub fn of(&self, agency: AgencyId, settings: &Renewals) -> Arc<Table> {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tables.get(&agency).map_or_else(|| Arc::new(Table::of(settings, [])), Arc::clone)
    }

    /// Puts a newer table in the place of the agency's last one.
    pub fn put(&self, agency: AgencyId, table: Table) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(agency, Arc::new(table));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(age_days: u32, worked: u64, failed: u64) -> Trial {
        Trial { provider: Some("adp".to_owned()), age_days, worked, failed }
    }

    fn table(trials: &[Trial]) -> Table {
        let mut settings = Renewals::default();
        settings.source_lifetimes.insert("docs".to_owned(), 365);
        Table::of(&settings, trials.iter().cloned())
    }

    fn days(table: &Table) -> (u32, LifetimeBasis) {
        let lifetime = table.lifetime(Some("adp"), DataSource::Payroll);
        (lifetime.days, lifetime.basis)
    }

    #[test]
    fn a_setting_beats_what_was_seen_and_that_beats_what_is_assumed_for_all() {
        let seen = [trial(80, 30, 0), trial(92, 0, 30)];
        assert_eq!(days(&table(&[])), (180, LifetimeBasis::Default));
        assert_eq!(days(&table(&seen)), (92, LifetimeBasis::Learned), "nothing worked on day 92");
        let mut settings = Renewals::default();
        settings.provider_lifetimes.insert("adp".to_owned(), 120);
        assert_eq!(days(&Table::of(&settings, seen)), (120, LifetimeBasis::Setting));
        assert_eq!(table(&[]).lifetime(Some("scan"), DataSource::Docs).days, 365);
    }

    #[test]
    fn failures_alone_and_successes_alone_teach_nothing() {
        assert_eq!(days(&table(&[trial(365, 0, 500)])).1, LifetimeBasis::Default);
        assert_eq!(days(&table(&[trial(100, 500, 9)])).1, LifetimeBasis::Default);
    }

    #[test]
    fn a_few_on_the_wrong_side_do_not_move_the_figure() {
        let seen = [trial(30, 40, 2), trial(150, 60, 1), trial(181, 3, 50), trial(365, 0, 40)];
        assert_eq!(days(&table(&seen)), (181, LifetimeBasis::Learned));
    }

    #[test]
    fn where_most_of_the_oldest_work_the_life_is_longer_than_anything_seen() {
        assert_eq!(days(&table(&[trial(30, 20, 10), trial(150, 60, 5)])), (151, LifetimeBasis::Learned));
    }

    #[test]
    fn evidence_moves_the_chance_away_from_the_assumption() {
        let chance = |trials: &[Trial], age| table(trials).chance(Some("adp"), DataSource::Payroll, age);
        assert!((chance(&[], 100) - 0.95).abs() < 1e-9 && (chance(&[], 160) - 0.80).abs() < 1e-9);
        assert!((chance(&[], 181) - 0.15).abs() < 1e-9);
        assert!(chance(&[trial(100, 0, 90)], 100) < 0.10, "mostly refused at this age");
        assert!((chance(&[trial(100, 0, 90)], 50) - 0.95).abs() < 1e-9, "other ages say nothing");
        assert!(chance(&[trial(200, 90, 0)], 195) > 0.90);
    }

    #[test]
    fn what_was_seen_is_told_in_figures() {
        let table = table(&[trial(10, 5, 0), trial(40, 1, 2), trial(90, 0, 3)]);
        let (name, _, seen) = table.providers().remove(0);
        assert_eq!((name.as_str(), seen.totals()), ("adp", (6, 5)));
        let figures = (seen.longest_working(), seen.shortest_failed(), seen.median_failed());
        assert_eq!(figures, (Some(40), Some(40), Some(90)));
    }
}
