//! From what Truv reported to a report of ours, ready to be stored.
//!
//! What comes in may be hostile or broken, since it comes from outside: lists are cut, texts are cleaned, amounts are
//! checked, and nothing panics. A job that the baseline has keeps the baseline's key, so that screens and reviews know it
//! again over new connections and new names.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use super::identity::{self, Person};
use super::matching::{self, Traits};
use super::{Employment, NewEmployment, PayLine, PayStatement, Report, income};
use crate::ids::{AgencyId, CaseId, EmploymentId, Ids, LinkId, OrderId, ReportId};
use crate::truv::wire::{self, ReportedJob};
use crate::words::{DataSource, PayFrequency};

/// Jobs of one report; the first ones are kept.
pub const MAX_JOBS: usize = 100;
/// Statements of one job, more than three years of daily ones; the newest are kept.
pub const MAX_STATEMENTS: usize = 1_000;
/// Lines of earnings, lines of deductions, and derived fields; the first ones are kept.
pub const MAX_LINES: usize = 100;
/// US dollars, or hours. What is not smaller, either way, is a slip and not an amount: it reads as not said, and sums of what
/// is kept are exact.
pub const MAX_AMOUNT: i64 = 1_000_000_000_000;
/// Characters of one text; the rest is cut off.
pub const MAX_TEXT: usize = 500;

/// Everything a report is made from.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// New ids.
    pub ids: &'a Ids,
    /// The tenant.
    pub agency: AgencyId,
    /// The case.
    pub case: CaseId,
    /// The order that brought the data.
    pub order: OrderId,
    /// Truv's id of the report; `None` when the jobs were read from the order itself.
    pub truv_report_id: Option<String>,
    /// When Truv had put the data together.
    pub generated_at: DateTime<Utc>,
    /// When it is stored here.
    pub now: DateTime<Utc>,
    /// Our links by Truv's ids.
    pub links: &'a HashMap<String, LinkId>,
    /// What the baseline has; `None` for the first report of a case, which has nothing to be new against.
    pub known: Option<&'a Known>,
    /// The person on the case; `None` where nobody is compared with.
    pub person: Option<Person<'a>>,
    /// The connections that were asked and have answered. A job of the baseline over another one is carried on.
    pub asked: &'a HashSet<LinkId>,
    /// The jobs, the preferred source first.
    pub jobs: Vec<ReportedJob<'a>>,
}

/// What must be known of the baseline to recognise its jobs and statements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its jobs.
    pub jobs: Vec<KnownJob>,
}

/// A job of the baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownJob {
    /// The job.
    pub employment: Employment,
    /// Truv's id, stable for one connection.
    pub truv_employment_id: Option<String>,
    /// Its pay statements, in no particular order.
    pub statements: Vec<KnownStatement>,
}

/// A pay statement of the baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownStatement {
    /// Truv's id, stable for one connection.
    pub truv_statement_id: Option<String>,
    /// What it is recognised by over another connection.
    pub content: Content,
}

/// What a statement is recognised by when Truv's id is of no help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Content {
    /// Day of payment.
    pub pay_date: Option<NaiveDate>,
    /// First day paid for.
    pub period_start: Option<NaiveDate>,
    /// Last day paid for.
    pub period_end: Option<NaiveDate>,
    /// Gross pay, US dollars.
    pub gross_pay: Option<Decimal>,
}

/// A report with its jobs, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The head.
    pub report: Report,
    /// The jobs, each with its statements.
    pub jobs: Vec<NewEmployment>,
}

/// Builds the report.
///
/// A job that is listed twice under one connection and one id (two sources were read, or two suborders share a connection)
/// is taken once, from where it has more statements.
pub fn build(parts: Parts<'_>) -> Snapshot {
    let report: ReportId = parts.ids.next();
    let mut jobs: Vec<NewEmployment> = Vec::new();
    let mut places = HashMap::new();
    for reported in &parts.jobs {
        let job = employment(&parts, report, reported);
        let same = job.truv_employment_id.clone().map(|id| (job.employment.link, id));
        if let Some(earlier) = same.as_ref().and_then(|same| places.get(same)).and_then(|at: &usize| jobs.get_mut(*at))
        {
            if earlier.statements.len() < job.statements.len() {
                *earlier = job;
            }
        } else if jobs.len() < MAX_JOBS {
            places.extend(same.map(|same| (same, jobs.len())));
            jobs.push(job);
        }
    }
    recognise(&mut jobs, &parts);
    for (position, job) in (0..).zip(&mut jobs) {
        job.employment.position = position;
        let statements: Vec<_> = job.statements.iter().map(|(statement, _)| statement.clone()).collect();
        job.employment.arithmetic = income::ways(&job.employment, &statements);
        job.employment.monthly_income = job.employment.arithmetic.first().map(|found| found.amount);
    }
    let carried = carried(&jobs, &parts);
    let report = Report {
        id: report,
        agency: parts.agency,
        case: parts.case,
        order: parts.order,
        truv_report_id: parts.truv_report_id,
        generated_at: parts.generated_at,
        monthly_income: income::total(jobs.iter().map(|job| &job.employment)),
        carried,
        created_at: parts.now,
    };
    Snapshot { report, jobs }
}

/// The jobs of the baseline that the report does not have and that came over a connection nobody asked.
fn carried(jobs: &[NewEmployment], parts: &Parts<'_>) -> Vec<EmploymentId> {
    let keys: HashSet<&str> = jobs.iter().map(|job| job.employment.key.as_str()).collect();
    let known = parts.known.map(|known| known.jobs.as_slice()).unwrap_or_default().iter().map(|job| &job.employment);
    known
        .filter(|job| !keys.contains(job.key.as_str()))
        .filter(|job| job.link.is_none_or(|link| !parts.asked.contains(&link)))
        .map(|job| job.id)
        .collect()
}

/// Gives every job its key, and marks the statements that the baseline lacks.
fn recognise(jobs: &mut [NewEmployment], parts: &Parts<'_>) {
    let known = parts.known.map(|known| known.jobs.as_slice()).unwrap_or_default();
    let current: Vec<_> =
        jobs.iter().map(|job| Traits::of(&job.employment, job.truv_employment_id.as_deref())).collect();
    let earlier: Vec<_> =
        known.iter().map(|job| Traits::of(&job.employment, job.truv_employment_id.as_deref())).collect();
    let pairs = matching::pair(&current, &earlier);
    let mut taken: HashSet<String> = known.iter().map(|job| job.employment.key.clone()).collect();
    for (job, place) in jobs.iter_mut().zip(pairs) {
        let before = place.and_then(|place| known.get(place));
        if let Some(before) = before {
            job.employment.key.clone_from(&before.employment.key);
        } else {
            job.employment.key = free_key(job, &taken);
            taken.insert(job.employment.key.clone());
        }
        if parts.known.is_some() {
            mark_new(&mut job.statements, before.map(|job| job.statements.as_slice()).unwrap_or_default());
        }
    }
}

/// A short name for the job, made from what Truv knows it by. The counter tells jobs apart for which Truv has no id.
fn free_key(job: &NewEmployment, taken: &HashSet<String>) -> String {
    let link = job.employment.link.map(|link| link.to_string()).unwrap_or_default();
    let id = job.truv_employment_id.as_deref().unwrap_or_default();
    let mut count = 0_usize;
    loop {
        let mut key = hex::encode(Sha256::digest(format!("{link}\0{id}\0{count}")));
        key.truncate(16);
        if !taken.contains(&key) {
            return key;
        }
        count += 1;
    }
}

/// A statement is known by its id, else by its content: a new connection gives every statement a new id. What was found by
/// its id is spent, so that a second check of the same day and amount stays new.
fn mark_new(statements: &mut [(PayStatement, Option<String>)], known: &[KnownStatement]) {
    let ids: HashSet<&String> = known.iter().filter_map(|known| known.truv_statement_id.as_ref()).collect();
    let current: HashSet<String> = statements.iter().filter_map(|(_, id)| id.clone()).collect();
    let mut left: HashMap<Content, usize> = HashMap::new();
    for known in known {
        if known.truv_statement_id.as_ref().is_none_or(|id| !current.contains(id)) {
            *left.entry(known.content).or_default() += 1;
        }
    }
    for (statement, id) in statements {
        let by_id = id.as_ref().is_some_and(|id| ids.contains(id));
        statement.is_new = !by_id
            && left.get_mut(&Content::of(statement)).is_none_or(|count| {
                let spent = *count == 0;
                *count = count.saturating_sub(1);
                spent
            });
    }
}

impl Content {
    fn of(statement: &PayStatement) -> Self {
        Self {
            pay_date: statement.pay_date,
            period_start: statement.period_start,
            period_end: statement.period_end,
            gross_pay: statement.gross_pay,
        }
    }
}

/// The job as reported; key, position and monthly income are still to come.
fn employment(parts: &Parts<'_>, report: ReportId, reported: &ReportedJob<'_>) -> NewEmployment {
    let from = reported.employment;
    let data_source = reported.data_source.and_then(clean);
    let pay_frequency = from.pay_frequency.as_deref().and_then(clean);
    let employment = Employment {
        id: parts.ids.next(),
        agency: parts.agency,
        report,
        link: reported.link_id.and_then(|id| parts.links.get(id)).copied(),
        position: 0,
        key: String::new(),
        company_name: from.company.as_ref().and_then(|company| clean(company.name.as_deref()?)),
        company_ein: from.company.as_ref().and_then(|company| clean(company.ein.as_deref()?)),
        is_active: from.is_active,
        job_title: from.job_title.as_deref().and_then(clean),
        start_date: from.start_date,
        end_date: from.end_date,
        data_source: data_source.as_deref().map_or(DataSource::Unknown, DataSource::parse),
        derived_fields: derived(from),
        missing_fields: names(&from.missing_data_fields),
        income: plausible(from.income),
        income_unit: from.income_unit.as_deref().and_then(clean),
        pay_rate: plausible(from.pay_rate),
        pay_frequency: pay_frequency.as_deref().map_or(PayFrequency::Unknown, PayFrequency::parse),
        monthly_income: None,
        is_suspicious: reported.is_suspicious,
        identity: parts.person.and_then(|person| identity::check(person, from.profile.as_ref())),
        arithmetic: Vec::new(),
    };
    let statements = statements(parts, &employment, &from.statements);
    NewEmployment {
        employment,
        truv_employment_id: from.id.as_deref().and_then(clean),
        data_source,
        pay_frequency,
        statements,
    }
}

/// Newest pay date first, those without one last; what is listed twice under one id is taken once.
fn statements(
    parts: &Parts<'_>,
    job: &Employment,
    reported: &[wire::Statement],
) -> Vec<(PayStatement, Option<String>)> {
    let mut seen = HashSet::new();
    let mut statements: Vec<_> = reported
        .iter()
        .map(|statement| (statement, statement.id.as_deref().and_then(clean)))
        .filter(|(_, id)| id.as_ref().is_none_or(|id| seen.insert(id.clone())))
        .collect();
    statements.sort_by_key(|(statement, _)| Reverse(statement.pay_date));
    statements.truncate(MAX_STATEMENTS);
    (0..).zip(statements).map(|(position, (from, id))| (statement(parts, job, position, from), id)).collect()
}

fn statement(parts: &Parts<'_>, job: &Employment, position: i32, from: &wire::Statement) -> PayStatement {
    let earnings = from.earnings.iter().map(|line| PayLine {
        rate: plausible(line.rate),
        units: plausible(line.units),
        ..pay_line(line.name.as_ref(), line.category.as_ref(), line.amount)
    });
    let deductions =
        from.deductions.iter().map(|line| pay_line(line.name.as_ref(), line.category.as_ref(), line.amount));
    PayStatement {
        id: parts.ids.next(),
        agency: parts.agency,
        employment: job.id,
        position,
        pay_date: from.pay_date,
        period_start: from.period_start,
        period_end: from.period_end,
        gross_pay: plausible(from.gross_pay),
        net_pay: plausible(from.net_pay),
        gross_pay_ytd: plausible(from.gross_pay_ytd),
        net_pay_ytd: plausible(from.net_pay_ytd),
        hours: plausible(from.hours),
        earnings: earnings.take(MAX_LINES).collect(),
        deductions: deductions.take(MAX_LINES).collect(),
        derived_fields: names(&from.derived_fields),
        missing_fields: names(&from.missing_data_fields),
        is_new: false,
    }
}

/// A line without a name goes by its category, and without either is still money: it stays.
fn pay_line(name: Option<&String>, category: Option<&String>, amount: Option<Decimal>) -> PayLine {
    let category = category.and_then(|category| clean(category));
    let name = name.and_then(|name| clean(name)).or_else(|| category.clone()).unwrap_or_else(|| "Unnamed".to_owned());
    PayLine { name, category, amount: plausible(amount), rate: None, units: None }
}

/// The fields that Truv computed. It says of the dates apart from the others that they were guessed.
fn derived(from: &wire::Employment) -> Vec<String> {
    let mut derived = names(&from.derived_fields);
    if from.dates_from_statements == Some(true) {
        for date in ["start_date", "end_date"] {
            if !derived.iter().any(|name| name == date) {
                derived.push(date.to_owned());
            }
        }
    }
    derived
}

fn names(fields: &[String]) -> Vec<String> {
    fields.iter().filter_map(|name| clean(name)).take(MAX_LINES).collect()
}

fn plausible(amount: Option<Decimal>) -> Option<Decimal> {
    amount.filter(|amount| amount.abs() < Decimal::from(MAX_AMOUNT))
}

/// The text without control characters (PostgreSQL refuses a NUL) and outer space, cut to [`MAX_TEXT`]; `None` when nothing
/// is left.
fn clean(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|letter| !letter.is_control()).take(MAX_TEXT).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
