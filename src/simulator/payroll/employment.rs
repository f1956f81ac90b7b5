//! A job as Truv reports it.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use super::statement::{Amounts, Paid, Statement, date, money};
use super::{Detail, Job, Pay, Person, draw, id};

/// Truv's employment (docs.truv.com, "Employment"), in the field order of its samples.
#[derive(Clone, Debug, Serialize)]
pub struct Employment {
    id: String,
    is_active: Option<bool>,
    job_title: Option<String>,
    job_type: Option<String>,
    start_date: Option<String>,
    original_hire_date: Option<String>,
    end_date: Option<String>,
    external_last_updated: Option<String>,
    dates_from_statements: bool,
    income: Option<String>,
    income_unit: Option<&'static str>,
    pay_rate: Option<String>,
    pay_frequency: Option<&'static str>,
    manager_name: Option<&'static str>,
    derived_fields: Vec<&'static str>,
    missing_data_fields: Vec<&'static str>,
    profile: Profile,
    company: Company,
    annual_income_summary: Vec<AnnualSummary>,
    statements: Vec<Statement>,
    w2s: Vec<W2>,
    bank_accounts: Vec<BankAccount>,
}

#[derive(Clone, Debug, Serialize)]
struct Profile {
    id: String,
    created_at: String,
    updated_at: String,
    first_name: String,
    last_name: String,
    full_name: String,
    middle_initials: Option<String>,
    email: Option<String>,
    ssn: Option<String>,
    date_of_birth: Option<String>,
    home_address: Address,
}

#[derive(Clone, Debug, Serialize)]
struct Address {
    street: String,
    city: &'static str,
    state: &'static str,
    zip: &'static str,
    country: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct Company {
    name: Option<String>,
    address: Address,
    phone: Option<String>,
    ein: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct AnnualSummary {
    id: String,
    year: i32,
    regular: Option<String>,
    bonus: Option<String>,
    commission: Option<String>,
    overtime: Option<String>,
    other_pay: Option<String>,
    net_pay: Option<String>,
    gross_pay: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct W2 {
    id: String,
    year: i32,
    wages: String,
    federal_tax: String,
    social_security_tax: String,
    medicare_tax: String,
    file: String,
    md5sum: String,
}

#[derive(Clone, Debug, Serialize)]
struct BankAccount {
    id: String,
    account_name: &'static str,
    bank_name: &'static str,
    account_type: &'static str,
    deposit_type: &'static str,
    deposit_value: &'static str,
}

/// What a report read at `as_of` says of these jobs: Truv's `employments[]`.
///
/// It is pure: the same arguments give the same bytes, and an earlier `as_of` gives the report of that day.
pub fn employments(person: &Person, jobs: &[Job], as_of: DateTime<Utc>, detail: Detail) -> Vec<Employment> {
    jobs.iter().map(|job| employment(person, job, as_of, detail)).collect()
}

fn employment(person: &Person, job: &Job, as_of: DateTime<Utc>, detail: Detail) -> Employment {
    let today = as_of.date_naive();
    let with_money = detail == Detail::Income;
    let is = |purpose, one_in| draw(job.seed, purpose, 0, one_in) == 0;
    let paid: Vec<Paid> = job.paid_in_years_until(today).map(|period| job.paid(period)).collect();
    let statements = statements(job, &paid, today);
    let last_paid = paid.last();
    let last_regular = paid.iter().rev().find(|paid| !paid.period.off_cycle);
    let ended = job.ended_by(today);
    let (income, income_unit) = match job.pay_on(today) {
        Pay::Hourly { rate_cents, .. } => (money(rate_cents, 0), "HOURLY"),
        Pay::Salary { annual_cents } => (money(annual_cents, draw(job.seed, "income", 0, 3)), "YEARLY"),
    };
    let w2s = w2s(job, person, &paid, today);
    let mut missing = Vec::new();
    if w2s.is_empty() {
        missing.push("w2s");
    }
    if job.title.is_none() {
        missing.push("job_title");
    }
    Employment {
        id: job.employment_id(),
        is_active: Some(ended.is_none()),
        job_title: job.title.clone(),
        job_type: job.job_type.clone(),
        start_date: Some(date(job.start_date, is("long start", 5))),
        original_hire_date: (!is("hire date", 4)).then(|| date(job.start_date, false)),
        end_date: ended.map(|day| date(day, is("long end", 5))),
        external_last_updated: last_paid.map(|paid| date(paid.period.pay_date, false)),
        dates_from_statements: is("dates", 10),
        income: with_money.then_some(income),
        income_unit: with_money.then_some(income_unit),
        pay_rate: last_regular
            .filter(|_| with_money)
            .map(|paid| money(paid.amounts.gross(), draw(job.seed, "rate", 0, 3))),
        pay_frequency: with_money.then_some(job.pay_frequency.as_str()),
        manager_name: is("manager", 3).then_some("Pat Morgan"),
        derived_fields: if is("derived", 2) { vec!["is_active"] } else { Vec::new() },
        missing_data_fields: missing,
        profile: profile(person, job, as_of),
        company: company(job),
        annual_income_summary: if with_money { summaries(job, &paid) } else { Vec::new() },
        statements: match detail {
            Detail::Income => statements,
            Detail::Employment => Vec::new(),
            Detail::EmploymentWithRecentStatement => statements.into_iter().take(1).collect(),
        },
        w2s: if with_money { w2s } else { Vec::new() },
        bank_accounts: bank_accounts(job, with_money),
    }
}

/// Newest first. Statements older than the window are left out, but count in the sums of their year.
fn statements(job: &Job, paid: &[Paid], today: NaiveDate) -> Vec<Statement> {
    let shown = job.paid_until(today).next().map(|period| (period.pay_date, period.index));
    let mut year = None;
    let mut ytd = Amounts::default();
    let mut statements = Vec::new();
    for one in paid {
        if year != Some(one.period.pay_date.year()) {
            year = Some(one.period.pay_date.year());
            ytd = Amounts::default();
        }
        ytd = ytd + one.amounts;
        if shown.is_some_and(|first| (one.period.pay_date, one.period.index) >= first) {
            statements.push(Statement::of(job, *one, ytd));
        }
    }
    statements.reverse();
    statements
}

fn summaries(job: &Job, paid: &[Paid]) -> Vec<AnnualSummary> {
    years(paid)
        .into_iter()
        .rev()
        .map(|(year, sum)| {
            let some = |cents: i64| (cents != 0).then(|| money(cents, 1));
            AnnualSummary {
                id: id(job.seed, "summary", u64::try_from(year).unwrap_or(0)),
                year,
                regular: some(sum.regular),
                bonus: some(sum.bonus),
                commission: None,
                overtime: some(sum.overtime),
                other_pay: None,
                net_pay: Some(money(sum.net(), 0)),
                gross_pay: Some(money(sum.gross(), 1)),
            }
        })
        .collect()
}

/// Sums per calendar year, oldest first.
fn years(paid: &[Paid]) -> Vec<(i32, Amounts)> {
    paid.chunk_by(|a, b| a.period.pay_date.year() == b.period.pay_date.year())
        .filter_map(|chunk| {
            let year = chunk.first()?.period.pay_date.year();
            Some((year, chunk.iter().map(|paid| paid.amounts).sum()))
        })
        .collect()
}

/// Forms of the years that are over; half of the employers do not offer them.
fn w2s(job: &Job, person: &Person, paid: &[Paid], today: NaiveDate) -> Vec<W2> {
    if draw(job.seed, "w2s", 0, 2) == 0 || person.ssn.is_none() {
        return Vec::new();
    }
    years(paid)
        .into_iter()
        .rev()
        .filter(|(year, _)| *year < today.year())
        .map(|(year, sum)| {
            let position = u64::try_from(year).unwrap_or(0);
            let md5sum = id(job.seed, "w2 md5", position);
            W2 {
                id: id(job.seed, "w2", position),
                year,
                wages: money(sum.gross(), 0),
                federal_tax: money(sum.federal_tax, 0),
                social_security_tax: money(sum.social_security, 0),
                medicare_tax: money(sum.medicare, 0),
                file: format!("https://cdn.example.test/w2s/{md5sum}.pdf"),
                md5sum,
            }
        })
        .collect()
}

fn profile(person: &Person, job: &Job, as_of: DateTime<Utc>) -> Profile {
    let born = NaiveDate::from_ymd_opt(1960, 1, 1).unwrap_or_default()
        + TimeDelta::days(i64::try_from(draw(job.seed, "born", 0, 15_000)).unwrap_or(0));
    Profile {
        id: job.profile_id(),
        created_at: instant(person.connected_at),
        updated_at: instant(as_of),
        first_name: person.first_name.clone(),
        last_name: person.last_name.clone(),
        full_name: format!("{} {}", person.first_name, person.last_name),
        middle_initials: None,
        email: person.email.clone(),
        ssn: person.ssn.clone(),
        date_of_birth: (draw(job.seed, "birth known", 0, 8) != 0).then(|| date(born, false)),
        home_address: address(job, "home"),
    }
}

fn company(job: &Job) -> Company {
    let number = draw(job.seed, "ein", 0, 9_000_000);
    Company {
        name: job.company_name.clone(),
        address: address(job, "company"),
        phone: (draw(job.seed, "phone", 0, 5) != 0)
            .then(|| format!("503555{:04}", draw(job.seed, "phone digits", 0, 10_000))),
        ein: (draw(job.seed, "ein known", 0, 2) == 0).then(|| format!("93{number:07}")),
    }
}

fn address(job: &Job, of: &str) -> Address {
    let street = match draw(job.seed, of, 0, 5) {
        0 => "Alder St",
        1 => "Pier Rd",
        2 => "Halsey St",
        3 => "Market Dr",
        _ => "Cedar Ln",
    };
    let number = 1 + draw(job.seed, of, 1, 1_900);
    Address { street: format!("{number} {street}"), city: "Fairview", state: "OR", zip: "97024", country: "US" }
}

fn bank_accounts(job: &Job, with_money: bool) -> Vec<BankAccount> {
    if !with_money || draw(job.seed, "bank", 0, 2) == 0 {
        return Vec::new();
    }
    vec![BankAccount {
        id: id(job.seed, "bank", 0),
        account_name: "Checking",
        bank_name: "Example Credit Union",
        account_type: "C",
        deposit_type: "E",
        deposit_value: "100",
    }]
}

fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
