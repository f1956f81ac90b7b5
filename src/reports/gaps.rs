//! Days that no pay statement covers although the job ran.

use chrono::{Days, NaiveDate};

use super::Stub;
use crate::ids::PayStatementId;
use crate::words::PayFrequency;

/// A hole between two pay statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first day that is not covered.
    pub first: NaiveDate,
    /// The last one.
    pub last: NaiveDate,
    /// The statement before.
    pub before: PayStatementId,
    /// The statement after.
    pub after: PayStatementId,
}

/// The holes of more than `tolerance` days among the statements of the `window` days before the newest one, oldest first.
///
/// Statements that name the days they pay for are held against each other; one that names none is taken to pay for one
/// period up to its pay date. Where neither is known, and where there is no fixed rhythm, nothing can be said.
pub fn gaps(frequency: PayFrequency, stubs: &[Stub], window: u32, tolerance: u32) -> Vec<Gap> {
    let mut spans: Vec<(NaiveDate, NaiveDate, PayStatementId)> =
        stubs.iter().filter_map(|stub| span(frequency, stub)).collect();
    spans.sort_unstable();
    let Some(newest) = spans.iter().map(|(_, last, _)| *last).max() else { return Vec::new() };
    let since = newest.checked_sub_days(Days::new(window.into())).unwrap_or(NaiveDate::MIN);
    let mut found = Vec::new();
    let mut covered: Option<(NaiveDate, PayStatementId)> = None;
    for (first, last, id) in spans {
        if let Some((until, before)) = covered
            && until >= since
            && (first - until).num_days() - 1 > i64::from(tolerance)
            && let (Some(from), Some(to)) = (until.succ_opt(), first.pred_opt())
        {
            found.push(Gap { first: from, last: to, before, after: id });
        }
        if covered.is_none_or(|(until, _)| last > until) {
            covered = Some((last, id));
        }
    }
    found
}

/// The days that a statement pays for.
fn span(frequency: PayFrequency, stub: &Stub) -> Option<(NaiveDate, NaiveDate, PayStatementId)> {
    let last = stub.period_end.or(stub.pay_date)?;
    let first = match stub.period_start.filter(|first| *first <= last) {
        Some(first) => first,
        None => last.checked_sub_days(Days::new(u64::from(longest_period(frequency)? - 1)))?,
    };
    Some((first, last, stub.id))
}

/// The most days that one pay period has.
fn longest_period(frequency: PayFrequency) -> Option<u32> {
    match frequency {
        // Over a weekend.
        PayFrequency::Daily => Some(3),
        PayFrequency::Weekly => Some(7),
        PayFrequency::Biweekly => Some(14),
        PayFrequency::Semimonthly => Some(16),
        PayFrequency::Monthly => Some(31),
        PayFrequency::Quarterly => Some(92),
        PayFrequency::Semiannually => Some(184),
        PayFrequency::Annually => Some(366),
        PayFrequency::Variable | PayFrequency::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// Start, end and pay date of statements; the id is the place.
    fn stubs(days: &[[&str; 3]]) -> Vec<Stub> {
        let day = |text: &str| text.parse().ok();
        let stub = |(number, [start, end, paid]): (u128, &[&str; 3])| Stub {
            id: PayStatementId(Uuid::from_u128(number)),
            pay_date: day(paid),
            period_start: day(start),
            period_end: day(end),
            hours: None,
            weak: Vec::new(),
        };
        (1..).zip(days).map(stub).collect()
    }

    fn found(frequency: PayFrequency, days: &[[&str; 3]]) -> Vec<String> {
        let gap =
            |gap: &Gap| format!("{} {} {}-{}", gap.first, gap.last, gap.before.0.as_u128(), gap.after.0.as_u128());
        gaps(frequency, &stubs(days), 90, 5).iter().map(gap).collect()
    }

    #[test]
    fn a_missing_period_is_a_gap_and_a_weekend_is_none() {
        let weeks =
            [["2026-02-16", "2026-02-22", ""], ["2026-02-02", "2026-02-08", ""], ["2026-01-26", "2026-01-30", ""]];
        assert_eq!(found(PayFrequency::Weekly, &weeks), ["2026-02-09 2026-02-15 2-1"]);
        assert_eq!(
            found(PayFrequency::Variable, &weeks),
            ["2026-02-09 2026-02-15 2-1"],
            "the days speak for themselves"
        );
    }

    #[test]
    fn without_periods_the_rhythm_says_what_a_pay_date_pays_for() {
        let paid = [["", "", "2026-01-02"], ["", "", "2026-01-16"], ["", "", "2026-02-13"]];
        assert_eq!(found(PayFrequency::Biweekly, &paid), ["2026-01-17 2026-01-30 2-3"]);
        assert_eq!(found(PayFrequency::Monthly, &paid), [""; 0]);
        assert_eq!(found(PayFrequency::Unknown, &paid), [""; 0]);
    }

    #[test]
    fn what_overlaps_covers_and_what_is_long_ago_does_not_matter() {
        let overlapping = [
            ["2026-01-01", "2026-02-28", ""],
            ["2026-01-05", "2026-01-11", ""], // a bonus inside the other one
            ["2026-03-01", "2026-03-14", ""],
        ];
        assert_eq!(found(PayFrequency::Biweekly, &overlapping), [""; 0]);
        let old =
            [["2024-01-01", "2024-01-14", ""], ["2026-02-01", "2026-02-14", ""], ["2026-02-15", "2026-02-28", ""]];
        assert_eq!(found(PayFrequency::Biweekly, &old), [""; 0]);
        assert_eq!(found(PayFrequency::Biweekly, &[["2026-02-14", "2026-02-01", "2026-02-20"]]), [""; 0]);
    }
}
