//! Is the evidence sufficient? Fixed questions about the newest data of each job, each answered with its reason.
//!
//! What a program demands are settings; nothing here says whether somebody is eligible.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use super::pair::{Names, pair};
use super::values::{income_evidence, is_income_weak};
use super::{Job, Rules, Side};
use crate::ids::PayStatementId;
use crate::reports::Stub;
use crate::reports::gaps::gaps;
use crate::words::{IdentityMatch, PayFrequency, ReviewCheckKey};

/// One question with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The question.
    pub key: ReviewCheckKey,
    /// The job it is about; `None` for the whole review.
    pub employment_key: Option<String>,
    /// Whether the answer is yes.
    pub is_met: bool,
    /// Why, as a sentence.
    pub sentence: String,
    /// The pay statements that the answer stands on.
    pub evidence: Vec<PayStatementId>,
}

/// Answers the questions about the evidence. It is sufficient when every answer is yes.
pub fn evidence(current: Side<'_>, rules: Rules) -> Vec<Check> {
    let pairs = pair(current.jobs, None);
    let names = Names::of(&pairs);
    let has_jobs = !current.jobs.is_empty();
    let sentence = if has_jobs { "The report has jobs." } else { "The report has no job." };
    let mut checks = vec![Check {
        key: ReviewCheckKey::HasJobs,
        employment_key: None,
        is_met: has_jobs,
        sentence: sentence.to_owned(),
        evidence: Vec::new(),
    }];
    for pair in &pairs {
        let job = pair.job();
        let about = About { job, employer: &names.label(pair), rules };
        if job.employment.has_ended() == Some(true) {
            checks.push(about.end());
        } else {
            checks.extend([
                about.window(),
                about.recency(current.on),
                about.gaps(),
                about.income(),
                about.directness(),
            ]);
        }
        checks.extend(about.identity());
        checks.push(about.suspicion());
    }
    checks
}

/// How many pay periods end in a window: of 30 days four weeks, two fortnights, or one month. At least one.
fn expected(frequency: PayFrequency, window_days: u32) -> Option<u32> {
    let periods = u64::from(frequency.periods_per_year()?) * u64::from(window_days);
    // Rounded to the nearest: half a year's days are 182.5.
    Some(u32::try_from((periods * 2 + 365) / 730).unwrap_or(u32::MAX).max(1))
}

struct About<'a> {
    job: &'a Job,
    employer: &'a str,
    rules: Rules,
}

impl About<'_> {
    fn check(&self, key: ReviewCheckKey, is_met: bool, sentence: String, evidence: Vec<PayStatementId>) -> Check {
        Check { key, employment_key: Some(self.job.employment.key.clone()), is_met, sentence, evidence }
    }

    /// Enough statements for the program's window, counted back from the newest one; how old that is, is another question.
    fn window(&self) -> Check {
        let key = ReviewCheckKey::StatementsCoverWindow;
        let (employer, days) = (self.employer, self.rules.window_days);
        let end = |stub: &Stub| stub.period_end.or(stub.pay_date);
        let Some(newest) = self.job.stubs.iter().filter_map(end).max() else {
            return self.check(key, false, format!("There is no dated pay statement from {employer}."), Vec::new());
        };
        let since = newest.checked_sub_days(Days::new(days.into())).unwrap_or(NaiveDate::MIN);
        let within = || self.job.stubs.iter().filter(|stub| end(stub).is_some_and(|end| end > since));
        let periods: BTreeSet<_> = within().map(|stub| (end(stub), stub.period_start)).collect();
        let evidence = within().map(|stub| stub.id).collect();
        let found = u32::try_from(periods.len()).unwrap_or(u32::MAX);
        if let Some(wanted) = expected(self.job.employment.pay_frequency, days) {
            let text = format!(
                "Pay statements from {employer} for {found} of the {wanted} pay periods of the {days} days to {newest}."
            );
            return self.check(key, found >= wanted, text, evidence);
        }
        // Without a rhythm the days that are paid for must reach back.
        let first = within().filter_map(|stub| stub.period_start).min();
        let covered = first.map_or(0, |first| (newest - first).num_days() + 1);
        let text = format!(
            "Pay from {employer} has no fixed rhythm; its statements cover {covered} of the {days} days to {newest}."
        );
        self.check(key, covered >= i64::from(days), text, evidence)
    }

    fn recency(&self, on: NaiveDate) -> Check {
        let (employer, most) = (self.employer, self.rules.stale_days);
        let key = ReviewCheckKey::PayIsRecent;
        let Some((stub, day)) = self.job.latest().and_then(|stub| Some((stub, stub.pay_date?))) else {
            return self.check(key, false, format!("No pay date from {employer} is known."), Vec::new());
        };
        let age = (on - day).num_days();
        let text = format!("{employer} last paid on {day}, {age} days before the report; {most} are allowed.");
        self.check(key, age <= i64::from(most), text, vec![stub.id])
    }

    fn gaps(&self) -> Check {
        let Rules { window_days, gap_days, .. } = self.rules;
        let found = gaps(self.job.employment.pay_frequency, &self.job.stubs, window_days, gap_days);
        let days: Vec<String> = found.iter().map(|gap| format!("{} to {}", gap.first, gap.last)).collect();
        let text = match days.as_slice() {
            [] => format!("No pause of more than {gap_days} days between the pay statements from {}.", self.employer),
            days => format!("There is no pay statement from {} for {}.", self.employer, days.join(", ")),
        };
        let evidence = found.iter().flat_map(|gap| [gap.before, gap.after]).collect();
        self.check(ReviewCheckKey::PayHasNoGaps, days.is_empty(), text, evidence)
    }

    fn income(&self) -> Check {
        let employment = &self.job.employment;
        let text = if let Some(amount) = employment.monthly_income {
            format!("{} pays {} a month.", self.employer, super::words::dollars(amount))
        } else {
            let known = [
                ("the base income", employment.income.is_some() && employment.income_unit.is_some()),
                ("the pay rate", employment.pay_rate.is_some()),
                ("the pay frequency", employment.pay_frequency.periods_per_year().is_some()),
                ("pay statements", !self.job.stubs.is_empty()),
            ];
            let missing: Vec<&str> = known.iter().filter(|(_, known)| !known).map(|(name, _)| *name).collect();
            let missing = if missing.is_empty() { "usable amounts".to_owned() } else { missing.join(", ") };
            format!("No monthly income at {} can be worked out; missing: {missing}.", self.employer)
        };
        let is_known = employment.monthly_income.is_some();
        self.check(ReviewCheckKey::IncomeIsKnown, is_known, text, income_evidence(employment))
    }

    fn directness(&self) -> Check {
        let employment = &self.job.employment;
        let weak = employment.arithmetic.first().map(|found| found.weak.as_slice()).unwrap_or_default();
        let text = match weak {
            [] => format!("What the income at {} stands on was read and not derived.", self.employer),
            weak => format!("The income at {} stands on derived or missing data: {}.", self.employer, weak.join(", ")),
        };
        self.check(ReviewCheckKey::EvidenceIsDirect, !is_income_weak(employment), text, income_evidence(employment))
    }

    fn end(&self) -> Check {
        let end = self.job.employment.end_date;
        let text = match end {
            Some(day) => format!("The job at {} ended on {day}.", self.employer),
            None => format!("The job at {} has ended; when is not said.", self.employer),
        };
        self.check(ReviewCheckKey::EndIsDated, end.is_some(), text, Vec::new())
    }

    /// Nothing, where there was nothing to compare.
    fn identity(&self) -> Option<Check> {
        let verdict = self.job.employment.identity?;
        let text = match verdict {
            IdentityMatch::Matches => format!("{} knows the person as the client is known.", self.employer),
            IdentityMatch::NameDiffers => format!("{} knows the person by another name.", self.employer),
            IdentityMatch::SsnDiffers => {
                format!("The last digits of the social security number at {} are others.", self.employer)
            }
            IdentityMatch::NameAndSsnDiffer => {
                format!("Name and last digits of the social security number at {} are others.", self.employer)
            }
        };
        Some(self.check(ReviewCheckKey::IdentityMatches, verdict == IdentityMatch::Matches, text, Vec::new()))
    }

    fn suspicion(&self) -> Check {
        let is_suspicious = self.job.employment.is_suspicious == Some(true);
        let text = if is_suspicious {
            format!("Truv suspects fraud or a mismatch in the data from {}.", self.employer)
        } else {
            format!("Truv has raised no suspicion about {}.", self.employer)
        };
        self.check(ReviewCheckKey::NotSuspicious, !is_suspicious, text, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_so_many_pay_periods() {
        for (frequency, days, periods) in [
            (PayFrequency::Weekly, 30, 4),
            (PayFrequency::Biweekly, 30, 2),
            (PayFrequency::Semimonthly, 30, 2),
            (PayFrequency::Monthly, 30, 1),
            (PayFrequency::Biweekly, 60, 4),
            (PayFrequency::Daily, 30, 21),
            (PayFrequency::Annually, 30, 1),
        ] {
            assert_eq!(expected(frequency, days), Some(periods), "{frequency} in {days} days");
        }
        assert_eq!(expected(PayFrequency::Variable, 30), None);
    }
}
