//! What changed between two reports of a case (Truv's documents, "Comparing old and new"), what the evidence is worth, and
//! whether anything speaks against a renewal without contact.
//!
//! Jobs meet by their key, which the report's builder has carried from the baseline over new connections and new names
//! (`pair`). One line per field and job, and one for the income of the whole report. Values are compared as they are shown
//! (`values`), so that a change that nobody can see is none; each line is said in a sentence, too (`words`). [`evidence`] and
//! [`stability`] answer fixed questions one by one, each with its reason.

mod checks;
mod pair;
mod stability;
mod values;
mod words;

use std::collections::HashSet;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use self::pair::{Names, Pair, pair};
use self::stability::Circumstances;
use self::values::{Judged, Value, difference, said};
use crate::config;
use crate::ids::{EmploymentId, LinkId, PayStatementId};
use crate::reports::{Employment, Stub, income};
use crate::words::{ChangeKind, DataSource, Program, ReviewFieldKey};

pub use self::checks::{Check, evidence};
pub use self::stability::stability;
pub(super) use self::values::RHYTHMS;

/// A job, with what its pay statements say about time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The job.
    pub employment: Employment,
    /// Its statements, newest pay date first.
    pub stubs: Vec<Stub>,
}

impl Job {
    /// The statement with the newest pay date; `None` when there is none.
    pub fn latest(&self) -> Option<&Stub> {
        self.stubs.first()
    }
}

/// A report's jobs, those it carries on from earlier reports included.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The jobs, in the report's order.
    pub jobs: &'a [Job],
    /// The day of the report: how old a pay date is, is judged by it.
    pub on: NaiveDate,
}

/// What the newest report is set against.
#[derive(Clone, Copy, Debug)]
pub struct Baseline<'a> {
    /// The report.
    pub side: Side<'a>,
    /// The connections that were asked for the newest report. A job of the baseline that came over another one, or over one
    /// that is not known, cannot have vanished: nobody looked. Its last evidence stands.
    pub asked: &'a HashSet<LinkId>,
}

/// The agency's rules, as they are for one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// A change of money from this many percent on is material.
    pub material_percent: u32,
    /// A pause of more than so many days between two pay statements is a gap.
    pub gap_days: u32,
    /// A newest pay date that is more than so many days before the report is too old.
    pub stale_days: u32,
    /// The days before the newest pay statement for which there must be statements.
    pub window_days: u32,
    /// A monthly income within so many percent of the baseline's is steady.
    pub stable_percent: u32,
}

impl Rules {
    /// The rules of the settings for a program.
    pub fn of(review: &config::Review, program: Program) -> Self {
        let days = &review.evidence_days;
        Self {
            material_percent: review.material_percent,
            gap_days: review.gap_days,
            stale_days: review.stale_days,
            window_days: match program {
                Program::Snap => days.snap,
                Program::Tanf => days.tanf,
                Program::Medicaid => days.medicaid,
                Program::ChildCare => days.child_care,
                Program::Housing => days.housing,
                Program::Liheap => days.liheap,
                Program::Other => days.other,
            },
            stable_percent: review.stable_percent,
        }
    }
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
    /// The whole line as a sentence.
    pub sentence: String,
    /// Whether the newest value was derived by Truv, or stands on what was.
    pub is_weak: bool,
    /// The pay statements that the newest value stands on; empty for what the job itself states.
    pub evidence: Vec<PayStatementId>,
    /// The same of the baseline's value.
    pub previous_evidence: Vec<PayStatementId>,
    /// The job in the newest report; `None` on the line for the whole report and for a job that has vanished.
    pub employment: Option<EmploymentId>,
    /// Where the value comes from; `UNKNOWN` on the line for the whole report when its jobs differ in it.
    pub source: DataSource,
}

/// Fills the review: the income of the whole report first, then every job of `current` in its order, then what only the
/// baseline has.
///
/// Without a baseline there is nothing to compare: every line is `UNCHANGED` and has no previous value. A job that ended has
/// a monthly income of zero here, as it adds nothing to the report's.
pub fn compare(current: Side<'_>, baseline: Option<Baseline<'_>>, rules: Rules) -> Vec<Field> {
    let pairs = pair(current.jobs, baseline);
    let names = Names::of(&pairs);
    let days = Days { now: current.on, before: baseline.map_or(current.on, |baseline| baseline.side.on) };
    let mut fields = Vec::with_capacity(1 + pairs.len() * ReviewFieldKey::ALL.len());
    fields.push(whole_report(&pairs, baseline, rules));
    for pair in &pairs {
        let employer = names.label(pair);
        fields.extend(ReviewFieldKey::ALL.iter().map(|key| line(*key, pair, &employer, days, rules)));
    }
    fields
}

/// A review, filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The lines.
    pub fields: Vec<Field>,
    /// The answers about the evidence. It is sufficient when every answer is yes.
    pub evidence: Vec<Check>,
    /// The answers about a renewal without contact. The case is stable when every answer is yes.
    pub stability: Vec<Check>,
    /// The rules it followed.
    pub rules: Rules,
}

impl Filled {
    /// Whether the evidence is sufficient.
    pub fn is_sufficient(&self) -> bool {
        self.evidence.iter().all(|check| check.is_met)
    }

    /// Whether nothing speaks against a renewal without contact.
    pub fn is_stable(&self) -> bool {
        self.stability.iter().all(|check| check.is_met)
    }
}

/// Compares and judges. `unanswered` counts the connections of the newest order that were asked and have not answered.
pub fn fill(current: Side<'_>, baseline: Option<Baseline<'_>>, unanswered: usize, rules: Rules) -> Filled {
    let fields = compare(current, baseline, rules);
    let evidence = evidence(current, rules);
    let circumstances = Circumstances { has_baseline: baseline.is_some(), unanswered };
    let stability = stability(&fields, &evidence, circumstances, rules);
    Filled { fields, evidence, stability, rules }
}

/// The lines that changed, the material ones first.
pub fn changes(fields: &[Field]) -> Vec<Field> {
    let mut changed: Vec<Field> =
        fields.iter().filter(|field| field.change != ChangeKind::Unchanged).cloned().collect();
    changed.sort_by_key(|field| !field.is_material);
    changed
}

/// The days of the two reports.
#[derive(Clone, Copy)]
struct Days {
    now: NaiveDate,
    before: NaiveDate,
}

fn whole_report(pairs: &[Pair<'_>], baseline: Option<Baseline<'_>>, rules: Rules) -> Field {
    let now = || pairs.iter().filter_map(|pair| pair.now()).map(|job| &job.employment);
    let before = || baseline.iter().flat_map(|baseline| baseline.side.jobs).map(|job| &job.employment);
    let value = income::total(now()).map(Value::Money);
    let previous = income::total(before()).map(Value::Money);
    let (change, percent_change) =
        if baseline.is_some() { difference(value.as_ref(), previous.as_ref()) } else { (ChangeKind::Unchanged, None) };
    let mut sources = now().map(|job| job.data_source);
    let first = sources.next().unwrap_or(DataSource::Unknown);
    let key = ReviewFieldKey::MonthlyIncome;
    let label = "Monthly income from all jobs".to_owned();
    Field {
        sentence: words::sentence(key, &label, "all jobs", (change, percent_change), value.as_ref(), previous.as_ref()),
        key,
        label,
        employment_key: None,
        is_material: is_material(key, change, percent_change, value.as_ref(), rules),
        value: value.map(Value::into_text),
        previous_value: previous.map(Value::into_text),
        change,
        percent_change,
        is_weak: now().filter(|job| job.has_ended() != Some(true)).any(values::is_income_weak),
        evidence: now().flat_map(values::income_evidence).collect(),
        previous_evidence: before().flat_map(values::income_evidence).collect(),
        employment: None,
        source: if sources.all(|source| source == first) { first } else { DataSource::Unknown },
    }
}

fn line(key: ReviewFieldKey, pair: &Pair<'_>, employer: &str, days: Days, rules: Rules) -> Field {
    let unknown = || Judged { value: None, evidence: Vec::new(), is_weak: false };
    let now = pair.now().map_or_else(unknown, |job| said(key, job, days.now, rules));
    let before = pair.before().map_or_else(unknown, |job| said(key, job, days.before, rules));
    let (value, previous) = (now.value, before.value);
    let (change, percent_change) = match pair {
        Pair::First(_) => (ChangeKind::Unchanged, None),
        // The employer's line stands for the job, so it tells of an employer without a name, too.
        Pair::New(_) if key == ReviewFieldKey::Employer => (ChangeKind::Added, None),
        Pair::Gone(_) if key == ReviewFieldKey::Employer => (ChangeKind::Removed, None),
        Pair::Both(..) | Pair::New(_) | Pair::Gone(_) => difference(value.as_ref(), previous.as_ref()),
    };
    let is_whole_job = matches!(pair, Pair::New(_) | Pair::Gone(_)) && change != ChangeKind::Unchanged;
    let label = format!("{} at {employer}", words::subject(key));
    Field {
        key,
        sentence: words::sentence(key, &label, employer, (change, percent_change), value.as_ref(), previous.as_ref()),
        label,
        employment_key: Some(pair.job().employment.key.clone()),
        is_material: is_whole_job || is_material(key, change, percent_change, value.as_ref(), rules),
        value: value.map(Value::into_text),
        previous_value: previous.map(Value::into_text),
        change,
        percent_change,
        is_weak: now.is_weak,
        evidence: now.evidence,
        previous_evidence: before.evidence,
        employment: pair.now().map(|job| job.employment.id),
        source: pair.job().employment.data_source,
    }
}

/// Money counts by its percent, as shown; without one it came from nothing or went to nothing, which is material. A newer pay
/// date is expected, and hours show in the money. Of what speaks against the data only the bad news count.
fn is_material(
    key: ReviewFieldKey,
    change: ChangeKind,
    percent: Option<Decimal>,
    value: Option<&Value>,
    rules: Rules,
) -> bool {
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
        ReviewFieldKey::PayGaps | ReviewFieldKey::PayRecency | ReviewFieldKey::Identity | ReviewFieldKey::Suspicion => {
            value.is_some()
        }
    }
}
