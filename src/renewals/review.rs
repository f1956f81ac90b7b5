//! What changed between two reports of a case (Truv's documents, "Comparing old and new").
//!
//! Jobs meet by their key, which the report's builder has carried from the baseline over new connections and new names. One
//! line per field and job, and one for the income of the whole report. Values are compared as they are shown, so that a
//! change that nobody can see is none.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::ids::LinkId;
use crate::reports::{self, Employment, PayStatement, income};
use crate::words::{ChangeKind, DataSource, PayFrequency, ReviewFieldKey};

/// A job, with the newest of its pay statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The job.
    pub employment: Employment,
    /// The statement with the newest pay date; `None` when there is none.
    pub latest: Option<PayStatement>,
}

/// What the newest report is set against.
#[derive(Clone, Copy, Debug)]
pub struct Baseline<'a> {
    /// The jobs of the baseline.
    pub jobs: &'a [Job],
    /// The connections that were asked for the newest report. A job of the baseline that came over another one, or over one
    /// that is not known, cannot have vanished: nobody looked. Its last evidence stands.
    pub asked: &'a HashSet<LinkId>,
}

/// The agency's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// A change of money from this many percent on is material.
    pub material_percent: u32,
}

/// One line of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What the line is about.
    pub key: ReviewFieldKey,
    /// The same in plain words, naming the employer.
    pub label: String,
    /// The job; `None` on the line for the whole report.
    pub employment_key: Option<String>,
    /// The newest value: money with two decimals, days as `2026-03-04`, words as they are read. `None` when it is not known,
    /// or the job has vanished.
    pub value: Option<String>,
    /// The value of the baseline in the same form.
    pub previous_value: Option<String>,
    /// How the two differ.
    pub change: ChangeKind,
    /// Of money and hours that rose or fell, to two decimals; `None` when the previous value is zero.
    pub percent_change: Option<Decimal>,
    /// Whether the change is worth a look.
    pub is_material: bool,
    /// Where the value comes from; `UNKNOWN` on the line for the whole report when its jobs differ in it.
    pub source: DataSource,
}

/// Fills the review: the income of the whole report first, then every job of `current` in its order, then what only the
/// baseline has.
///
/// Without a baseline there is nothing to compare: every line is `UNCHANGED` and has no previous value. A job that ended has
/// a monthly income of zero here, as it adds nothing to the report's.
pub fn compare(current: &[Job], baseline: Option<Baseline<'_>>, rules: Rules) -> Vec<Field> {
    let pairs = pair(current, baseline);
    let names = Names::of(&pairs);
    let mut fields = Vec::with_capacity(1 + pairs.len() * ReviewFieldKey::ALL.len());
    fields.push(whole_report(&pairs, baseline, rules));
    for pair in &pairs {
        let employer = names.label(pair);
        fields.extend(ReviewFieldKey::ALL.iter().map(|key| line(*key, pair, &employer, rules)));
    }
    fields
}

/// The lines that changed, the material ones first.
pub fn changes(fields: &[Field]) -> Vec<Field> {
    let mut changed: Vec<Field> =
        fields.iter().filter(|field| field.change != ChangeKind::Unchanged).cloned().collect();
    changed.sort_by_key(|field| !field.is_material);
    changed
}

/// The two sides of one job.
#[derive(Clone, Copy, Debug)]
enum Pair<'a> {
    /// There is no baseline.
    First(&'a Job),
    /// In both; a job that was not asked for stands against itself.
    Both(&'a Job, &'a Job),
    /// Only in the newest report.
    New(&'a Job),
    /// Only in the baseline, though it was asked for.
    Gone(&'a Job),
}

impl<'a> Pair<'a> {
    fn now(self) -> Option<&'a Job> {
        match self {
            Self::First(job) | Self::Both(job, _) | Self::New(job) => Some(job),
            Self::Gone(_) => None,
        }
    }

    fn before(self) -> Option<&'a Job> {
        match self {
            Self::Both(_, job) | Self::Gone(job) => Some(job),
            Self::First(_) | Self::New(_) => None,
        }
    }

    /// The newest that is known of the job.
    fn job(self) -> &'a Job {
        match self {
            Self::First(job) | Self::Both(job, _) | Self::New(job) | Self::Gone(job) => job,
        }
    }
}

fn pair<'a>(current: &'a [Job], baseline: Option<Baseline<'a>>) -> Vec<Pair<'a>> {
    let Some(baseline) = baseline else {
        return current.iter().map(Pair::First).collect();
    };
    let mut left: HashMap<&str, &Job> = baseline.jobs.iter().map(|job| (job.employment.key.as_str(), job)).collect();
    let mut pairs: Vec<_> = current
        .iter()
        .map(|job| left.remove(job.employment.key.as_str()).map_or(Pair::New(job), |before| Pair::Both(job, before)))
        .collect();
    pairs.extend(baseline.jobs.iter().filter(|job| left.contains_key(job.employment.key.as_str())).map(|job| {
        let was_asked = job.employment.link.is_some_and(|link| baseline.asked.contains(&link));
        if was_asked { Pair::Gone(job) } else { Pair::Both(job, job) }
    }));
    pairs
}

fn whole_report(pairs: &[Pair<'_>], baseline: Option<Baseline<'_>>, rules: Rules) -> Field {
    let now = || pairs.iter().filter_map(|pair| pair.now()).map(|job| &job.employment);
    let value = income::total(now()).map(Value::Money);
    let previous = baseline.and_then(|baseline| income::total(baseline.jobs.iter().map(|job| &job.employment)));
    let previous = previous.map(Value::Money);
    let (change, percent_change) =
        if baseline.is_some() { difference(value.as_ref(), previous.as_ref()) } else { (ChangeKind::Unchanged, None) };
    let mut sources = now().map(|job| job.data_source);
    let first = sources.next().unwrap_or(DataSource::Unknown);
    Field {
        key: ReviewFieldKey::MonthlyIncome,
        label: "Monthly income from all jobs".to_owned(),
        employment_key: None,
        value: value.map(Value::into_text),
        previous_value: previous.map(Value::into_text),
        change,
        percent_change,
        is_material: is_material(ReviewFieldKey::MonthlyIncome, change, percent_change, rules),
        source: if sources.all(|source| source == first) { first } else { DataSource::Unknown },
    }
}

fn line(key: ReviewFieldKey, pair: &Pair<'_>, employer: &str, rules: Rules) -> Field {
    let value = pair.now().and_then(|job| said(key, job));
    let previous = pair.before().and_then(|job| said(key, job));
    let (change, percent_change) = match pair {
        Pair::First(_) => (ChangeKind::Unchanged, None),
        // The employer's line stands for the job, so it tells of an employer without a name, too.
        Pair::New(_) if key == ReviewFieldKey::Employer => (ChangeKind::Added, None),
        Pair::Gone(_) if key == ReviewFieldKey::Employer => (ChangeKind::Removed, None),
        Pair::Both(..) | Pair::New(_) | Pair::Gone(_) => difference(value.as_ref(), previous.as_ref()),
    };
    let is_whole_job = matches!(pair, Pair::New(_) | Pair::Gone(_)) && change != ChangeKind::Unchanged;
    Field {
        key,
        label: format!("{} at {employer}", subject(key)),
        employment_key: Some(pair.job().employment.key.clone()),
        value: value.map(Value::into_text),
        previous_value: previous.map(Value::into_text),
        change,
        percent_change,
        is_material: is_whole_job || is_material(key, change, percent_change, rules),
        source: pair.job().employment.data_source,
    }
}

/// What a line says, in a form that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Money(Decimal),
    Hours(Decimal),
    Day(NaiveDate),
    Word(&'static str),
    Company(String),
}

impl Value {
    fn into_text(self) -> String {
        match self {
            Self::Money(number) | Self::Hours(number) => number.to_string(),
            Self::Day(day) => day.to_string(),
            Self::Word(word) => word.to_owned(),
            Self::Company(name) => name,
        }
    }
}

fn said(key: ReviewFieldKey, job: &Job) -> Option<Value> {
    let Job { employment, latest } = job;
    match key {
        ReviewFieldKey::Employer => employment.company_name.clone().map(Value::Company),
        ReviewFieldKey::EmploymentStatus => {
            employment.has_ended().map(|ended| Value::Word(if ended { "Ended" } else { "Active" }))
        }
        ReviewFieldKey::PayRate => employment.pay_rate.map(income::cents).map(Value::Money),
        ReviewFieldKey::PayFrequency => rhythm(employment.pay_frequency).map(Value::Word),
        ReviewFieldKey::MonthlyIncome if employment.has_ended() == Some(true) => {
            Some(Value::Money(income::cents(Decimal::ZERO)))
        }
        ReviewFieldKey::MonthlyIncome => employment.monthly_income.map(income::cents).map(Value::Money),
        ReviewFieldKey::Hours => latest.as_ref()?.hours.map(|hours| Value::Hours(rounded(hours).normalize())),
        ReviewFieldKey::LastPayDate => latest.as_ref()?.pay_date.map(Value::Day),
        ReviewFieldKey::StartDate => employment.start_date.map(Value::Day),
        ReviewFieldKey::EndDate => employment.end_date.map(Value::Day),
    }
}

fn difference(now: Option<&Value>, before: Option<&Value>) -> (ChangeKind, Option<Decimal>) {
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

/// Money counts by its percent, as shown; without one it came from nothing or went to nothing, which is material. A newer pay
/// date is expected, and hours show in the money.
fn is_material(key: ReviewFieldKey, change: ChangeKind, percent: Option<Decimal>, rules: Rules) -> bool {
    if change == ChangeKind::Unchanged {
        return false;
    }
    match key {
        ReviewFieldKey::Employer
        | ReviewFieldKey::EmploymentStatus
        | ReviewFieldKey::PayFrequency
        | ReviewFieldKey::EndDate => true,
        ReviewFieldKey::PayRate | ReviewFieldKey::MonthlyIncome => {
            percent.is_none_or(|percent| percent.abs() >= Decimal::from(rules.material_percent))
        }
        ReviewFieldKey::Hours | ReviewFieldKey::LastPayDate | ReviewFieldKey::StartDate => false,
    }
}

fn subject(key: ReviewFieldKey) -> &'static str {
    match key {
        ReviewFieldKey::Employer => "Job",
        ReviewFieldKey::EmploymentStatus => "Employment status",
        ReviewFieldKey::PayRate => "Pay for one period",
        ReviewFieldKey::PayFrequency => "Pay frequency",
        ReviewFieldKey::MonthlyIncome => "Monthly income",
        ReviewFieldKey::Hours => "Hours on the newest pay statement",
        ReviewFieldKey::LastPayDate => "Newest pay date",
        ReviewFieldKey::StartDate => "First day",
        ReviewFieldKey::EndDate => "Last day",
    }
}

fn rhythm(frequency: PayFrequency) -> Option<&'static str> {
    Some(match frequency {
        PayFrequency::Daily => "Every day",
        PayFrequency::Weekly => "Every week",
        PayFrequency::Biweekly => "Every two weeks",
        PayFrequency::Semimonthly => "Twice a month",
        PayFrequency::Monthly => "Every month",
        PayFrequency::Quarterly => "Every three months",
        PayFrequency::Semiannually => "Every six months",
        PayFrequency::Annually => "Every year",
        PayFrequency::Variable => "No fixed rhythm",
        PayFrequency::Unknown => return None,
    })
}

/// How often each employer occurs, since jobs at one employer need more than its name to be told apart.
struct Names<'a>(HashMap<&'a str, usize>);

impl<'a> Names<'a> {
    fn of(pairs: &[Pair<'a>]) -> Self {
        let mut counts = HashMap::new();
        for pair in pairs {
            *counts.entry(company(*pair)).or_default() += 1;
        }
        Self(counts)
    }

    fn label(&self, pair: &Pair<'a>) -> String {
        let company = company(*pair);
        match &pair.job().employment.job_title {
            Some(title) if self.0.get(company).is_some_and(|count| *count > 1) => format!("{company} ({title})"),
            _ => company.to_owned(),
        }
    }
}

/// The newest name of the employer.
fn company(pair: Pair<'_>) -> &str {
    pair.now()
        .and_then(|job| job.employment.company_name.as_deref())
        .or_else(|| pair.before().and_then(|job| job.employment.company_name.as_deref()))
        .unwrap_or("an unnamed employer")
}
