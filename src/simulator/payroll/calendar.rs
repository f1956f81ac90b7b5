//! Pay periods: which days a statement covers, and when it is paid.

use chrono::{Datelike, Months, NaiveDate, TimeDelta, Weekday};

use super::{Job, PayFrequency};

/// How far back a report reaches.
const HISTORY: Months = Months::new(24);

/// One pay period.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    /// Counted from the job's first period.
    pub(super) index: u64,
    pub(super) start: NaiveDate,
    pub(super) end: NaiveDate,
    pub(super) pay_date: NaiveDate,
    /// Whether it is an extra payment of a bonus.
    pub(super) off_cycle: bool,
}

impl Job {
    /// The periods a report of `today` shows, oldest first.
    pub(super) fn paid_until(&self, today: NaiveDate) -> impl Iterator<Item = Period> {
        let from = today.checked_sub_months(HISTORY).unwrap_or(NaiveDate::MIN);
        self.paid_between(from.succ_opt().unwrap_or(from), today)
    }

    /// The periods paid from the start of the first year that a report of `today` shows: year-to-date sums need them.
    pub(super) fn paid_in_years_until(&self, today: NaiveDate) -> impl Iterator<Item = Period> {
        let from = today.checked_sub_months(HISTORY).unwrap_or(NaiveDate::MIN);
        self.paid_between(NaiveDate::from_ymd_opt(from.year(), 1, 1).unwrap_or(from), today)
    }

    fn paid_between(&self, from: NaiveDate, until: NaiveDate) -> impl Iterator<Item = Period> {
        let first = self.pay_frequency.index_near(self.start_date, from);
        let end = self.end_date.filter(|end| *end <= until);
        let mut periods: Vec<Period> = (first..)
            .map(|index| self.pay_frequency.period(self.start_date, index))
            .skip_while(|period| period.pay_date < from)
            .take_while(|period| period.pay_date <= until && end.is_none_or(|end| period.start <= end))
            .collect();
        // Numbered before they are filtered: a payment keeps its id when an older one leaves the window.
        let extra = self.off_cycle.iter().enumerate().filter(|(_, day)| (from..=until).contains(*day));
        for (position, day) in extra {
            // Numbers far above any regular period keep their ids apart.
            let index = 1_000_000 + u64::try_from(position).unwrap_or(0);
            periods.push(Period { index, start: *day, end: *day, pay_date: *day, off_cycle: true });
        }
        periods.sort_by_key(|period| (period.pay_date, period.index));
        periods.into_iter()
    }
}

impl PayFrequency {
    /// An index that is certainly not after the first period paid from `day` on.
    fn index_near(self, start: NaiveDate, day: NaiveDate) -> u64 {
        let days = (day - start).num_days();
        let index = match self {
            Self::Weekly => days / 7 - 3,
            Self::Biweekly => days / 14 - 3,
            Self::Semimonthly => days / 16 - 3,
            Self::Monthly => days / 31 - 3,
        };
        // Half months and months are shorter than 16 and 31 days on average: the estimate lags by one in sixty.
        u64::try_from(index - index / 30).unwrap_or(0)
    }

    fn period(self, job_start: NaiveDate, index: u64) -> Period {
        let count = i64::try_from(index).unwrap_or(i64::MAX);
        let (start, end, pay_after) = match self {
            Self::Weekly => fixed(job_start, 7, count),
            Self::Biweekly => fixed(job_start, 14, count),
            Self::Semimonthly => {
                let month = first_of_month(job_start, index / 2);
                let sixteenth = month + TimeDelta::days(15);
                if index.is_multiple_of(2) {
                    (month, month + TimeDelta::days(14), 5)
                } else {
                    (sixteenth, last_of_month(month), 5)
                }
            }
            Self::Monthly => {
                let month = first_of_month(job_start, index);
                (month, last_of_month(month), 3)
            }
        };
        Period { index, start, end, pay_date: end + TimeDelta::days(pay_after), off_cycle: false }
    }
}

/// Weeks run from Sunday to Saturday and are paid on the following Friday.
fn fixed(job_start: NaiveDate, days: i64, index: i64) -> (NaiveDate, NaiveDate, i64) {
    let first = job_start.week(Weekday::Sun).first_day();
    let start = first + TimeDelta::days(days * index);
    (start, start + TimeDelta::days(days - 1), 6)
}

fn first_of_month(day: NaiveDate, later: u64) -> NaiveDate {
    let first = day.with_day(1).unwrap_or(day);
    first + Months::new(u32::try_from(later).unwrap_or(0))
}

fn last_of_month(first: NaiveDate) -> NaiveDate {
    (first + Months::new(1)).pred_opt().unwrap_or(first)
}
