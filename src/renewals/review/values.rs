//! What a line says of one side, in a form that can be compared, and what it stands on.

use std::cmp::Ordering;

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Job, Rules};
use crate::ids::PayStatementId;
use crate::reports::gaps::gaps;
use crate::reports::{self, Employment, income};
use crate::words::{ChangeKind, IdentityMatch, PayFrequency, ReviewFieldKey};

/// What a line says, in a form that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Money(Decimal),
    Hours(Decimal),
    Day(NaiveDate),
    Word(&'static str),
    Company(String),
    Text(String),
}

impl Value {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Money(number) | Self::Hours(number) => number.to_string(),
            Self::Day(day) => day.to_string(),
            Self::Word(word) => word.to_owned(),
            Self::Company(text) | Self::Text(text) => text,
        }
    }
}

/// What one side says.
pub(super) struct Judged {
    pub(super) value: Option<Value>,
    /// The statements that it stands on.
    pub(super) evidence: Vec<PayStatementId>,
    /// Whether it was derived, or stands on what was.
    pub(super) is_weak: bool,
}

/// `on` is the day of the report.
pub(super) fn said(key: ReviewFieldKey, job: &Job, on: NaiveDate, rules: Rules) -> Judged {
    let employment = &job.employment;
    let latest = job.latest();
    let stated = |value: Option<Value>, field: &str| Judged {
        is_weak: value.is_some() && employment.derived_fields.iter().any(|derived| derived == field),
        value,
        evidence: Vec::new(),
    };
    let of_latest = |value: Option<Value>, field: &str| Judged {
        is_weak: value.is_some() && latest.is_some_and(|stub| stub.weak.iter().any(|weak| weak == field)),
        evidence: if value.is_some() { latest.map(|stub| stub.id).into_iter().collect() } else { Vec::new() },
        value,
    };
    match key {
        ReviewFieldKey::Employer => stated(employment.company_name.clone().map(Value::Company), "company"),
        ReviewFieldKey::EmploymentStatus => {
            let word = |ended| Value::Word(if ended { "Ended" } else { "Active" });
            stated(employment.has_ended().map(word), "is_active")
        }
        ReviewFieldKey::PayRate => stated(employment.pay_rate.map(income::cents).map(Value::Money), "pay_rate"),
        ReviewFieldKey::PayFrequency => stated(rhythm(employment.pay_frequency).map(Value::Word), "pay_frequency"),
        ReviewFieldKey::MonthlyIncome if employment.has_ended() == Some(true) => {
            stated(Some(Value::Money(income::cents(Decimal::ZERO))), "end_date")
        }
        ReviewFieldKey::MonthlyIncome => Judged {
            value: employment.monthly_income.map(income::cents).map(Value::Money),
            evidence: income_evidence(employment),
            is_weak: is_income_weak(employment),
        },
        ReviewFieldKey::Hours => {
            let hours = latest.and_then(|stub| stub.hours);
            of_latest(hours.map(|hours| Value::Hours(rounded(hours).normalize())), "hours")
        }
        ReviewFieldKey::LastPayDate => of_latest(latest.and_then(|stub| stub.pay_date).map(Value::Day), "pay_date"),
        ReviewFieldKey::StartDate => stated(employment.start_date.map(Value::Day), "start_date"),
        ReviewFieldKey::EndDate => stated(employment.end_date.map(Value::Day), "end_date"),
        ReviewFieldKey::PayGaps => pay_gaps(job, rules),
        ReviewFieldKey::PayRecency => {
            of_latest(too_old(job, on, rules).map(|age| Value::Text(format!("{age} days"))), "pay_date")
        }
        ReviewFieldKey::Identity => stated(employment.identity.and_then(mismatch).map(Value::Word), "profile"),
        ReviewFieldKey::Suspicion => {
            let is_flagged = employment.is_suspicious == Some(true);
            stated(is_flagged.then_some(Value::Word("Flagged")), "is_suspicious")
        }
    }
}

/// The statements that the monthly income stands on.
pub(super) fn income_evidence(job: &Employment) -> Vec<PayStatementId> {
    let parts = job.arithmetic.first().map(|found| found.method.parts()).unwrap_or_default();
    parts.iter().map(|part| part.statement).collect()
}

/// Whether something that went into the monthly income was derived or missing.
pub(super) fn is_income_weak(job: &Employment) -> bool {
    job.arithmetic.first().is_some_and(|found| !found.weak.is_empty())
}

fn pay_gaps(job: &Job, rules: Rules) -> Judged {
    let found = gaps(job.employment.pay_frequency, &job.stubs, rules.window_days, rules.gap_days);
    let text = |gap: &reports::gaps::Gap| format!("{} to {}", gap.first, gap.last);
    let all: Vec<String> = found.iter().map(text).collect();
    Judged {
        value: (!all.is_empty()).then(|| Value::Text(all.join(", "))),
        evidence: found.iter().flat_map(|gap| [gap.before, gap.after]).collect(),
        is_weak: false,
    }
}

/// How many days before the report the newest pay date is, when that is too many. A job that ended pays no more.
fn too_old(job: &Job, on: NaiveDate, rules: Rules) -> Option<i64> {
    if job.employment.has_ended() == Some(true) {
        return None;
    }
    let age = (on - job.latest()?.pay_date?).num_days();
    (age > i64::from(rules.stale_days)).then_some(age)
}

fn mismatch(verdict: IdentityMatch) -> Option<&'static str> {
    match verdict {
        IdentityMatch::Matches => None,
        IdentityMatch::NameDiffers => Some("The name differs"),
        IdentityMatch::SsnDiffers => Some("The social security number differs"),
        IdentityMatch::NameAndSsnDiffer => Some("Name and social security number differ"),
    }
}

pub(super) fn difference(now: Option<&Value>, before: Option<&Value>) -> (ChangeKind, Option<Decimal>) {
    match (now, before) {
        (None, None) => (ChangeKind::Unchanged, None),
        (Some(_), None) => (ChangeKind::Added, None),
        (None, Some(_)) => (ChangeKind::Removed, None),
        (Some(Value::Money(now)), Some(Value::Money(before)))
        | (Some(Value::Hours(now)), Some(Value::Hours(before))) => match direction(now.cmp(before)) {
            ChangeKind::Unchanged => (ChangeKind::Unchanged, None),
            change => (change, percent(*now, *before)),
        },
        (Some(Value::Day(now)), Some(Value::Day(before))) => (direction(now.cmp(before)), None),
        (Some(Value::Company(now)), Some(Value::Company(before))) if reports::is_same_company(now, before) => {
            (ChangeKind::Unchanged, None)
        }
        (Some(now), Some(before)) if now == before => (ChangeKind::Unchanged, None),
        (Some(_), Some(_)) => (ChangeKind::Changed, None),
    }
}

fn direction(order: Ordering) -> ChangeKind {
    match order {
        Ordering::Less => ChangeKind::Decreased,
        Ordering::Equal => ChangeKind::Unchanged,
        Ordering::Greater => ChangeKind::Increased,
    }
}

/// By how much a number rose or fell, of what it was; `None` when that is zero, or the numbers are too large.
fn percent(now: Decimal, before: Decimal) -> Option<Decimal> {
    let rise = now.checked_sub(before)?.checked_mul(Decimal::ONE_HUNDRED)?;
    rise.checked_div(before.abs()).map(income::cents)
}

fn rounded(hours: Decimal) -> Decimal {
    hours.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// What the line of the pay frequency may say, in the order of [`PayFrequency`].
pub(in crate::renewals) const RHYTHMS: [&str; 9] = [
    "Every day",
    "Every week",
    "Every two weeks",
    "Twice a month",
    "Every month",
    "Every three months",
    "Every six months",
    "Every year",
    "No fixed rhythm",
];

fn rhythm(frequency: PayFrequency) -> Option<&'static str> {
    // `UNKNOWN` is the last one and has no words.
    let place = PayFrequency::ALL.iter().position(|known| *known == frequency)?;
    RHYTHMS.get(place).copied()
}
