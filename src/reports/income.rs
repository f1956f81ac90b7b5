//! What a job pays in a month, with the arithmetic behind the figure.
//!
//! Four sources are tried, the strongest first (Truv's documents, "Income and employment reports", which also warn that
//! `income` is the base amount, without bonus and commission):
//!
//! 1. the base income, brought to a month by its unit; an hourly one needs hours, which come from the newest statements;
//! 2. the pay of one period, by the pay frequency;
//! 3. the gross pay of recent statements, by the pay frequency;
//! 4. the same by the days that the statements pay for, where there is no fixed rhythm.
//!
//! "Recent" counts back from the newest statement and not from today, so that the same report always gives the same
//! figure; how old that statement is, the review shows beside it. Amounts are exact: one division, at the end, rounded half
//! up (away from zero) to cents.

use rust_decimal::{Decimal, RoundingStrategy};

use super::arithmetic::{Arithmetic, Method, RULES};
use super::pay_periods::Sample;
use super::{Employment, PayStatement};

/// Hours are averaged over so many of the newest pay periods: enough to level out overtime, few enough to be recent.
const HOURS_PERIODS: u32 = 3;

/// Gross pay is taken from the statements of so many days.
const GROSS_DAYS: u64 = 90;

/// Income of a month; `None` when too little is known.
///
/// A base income or a pay rate of zero or less says nothing and is passed over. Statements count as they are, so a
/// correction takes off what it corrects.
pub fn monthly(job: &Employment, statements: &[PayStatement]) -> Option<Arithmetic> {
    ways(job, statements).into_iter().next()
}

/// Every way to an income of a month that the report allows, the strongest first: where two of them are far apart, the
/// base income does not tell all.
pub fn ways(job: &Employment, statements: &[PayStatement]) -> Vec<Arithmetic> {
    let methods = [
        base(job),
        hours(job, statements),
        pay_rate(job),
        gross_per_period(job, statements),
        gross_per_day(statements),
    ];
    let found = |method: Method| {
        let weak = weak(&method, job, statements);
        Some(Arithmetic { amount: method.amount()?, method, weak, rules: RULES })
    };
    methods.into_iter().flatten().filter_map(found).collect()
}

/// What goes into the method and is weaker evidence.
fn weak(method: &Method, job: &Employment, statements: &[PayStatement]) -> Vec<String> {
    let (of_job, of_statement): (&[&str], &[&str]) = match method {
        Method::BaseIncome { .. } => (&["income", "income_unit"], &[]),
        Method::HourlyRate { .. } => {
            (&["income", "income_unit", "pay_frequency"], &["hours", "period_start", "period_end"])
        }
        Method::PayRate { .. } => (&["pay_rate", "pay_frequency"], &[]),
        Method::GrossPerPeriod { .. } => (&["pay_frequency"], &["gross_pay", "period_start", "period_end"]),
        Method::GrossPerDay { .. } => (&[], &["gross_pay", "period_start", "period_end"]),
    };
    let is_weak =
        |derived: &[String], missing: &[String], field: &str| derived.iter().chain(missing).any(|weak| weak == field);
    let mut found: Vec<String> = of_job
        .iter()
        .filter(|field| is_weak(&job.derived_fields, &job.missing_fields, field))
        .map(|field| (*field).to_owned())
        .collect();
    for part in method.parts() {
        let statement = statements.iter().find(|statement| statement.id == part.statement);
        for field in of_statement {
            if statement.is_some_and(|of| is_weak(&of.derived_fields, &of.missing_fields, field)) {
                found.push(format!("{field} of {}", part.day));
            }
        }
    }
    found
}

/// Income of a month over several jobs, US dollars: the sum over the jobs that still run. Zero when all have ended; `None`
/// when there is no job, or when no job that still runs says enough.
pub fn total<'a>(jobs: impl IntoIterator<Item = &'a Employment>) -> Option<Decimal> {
    let mut jobs = jobs.into_iter().peekable();
    jobs.peek()?;
    let mut running = jobs.filter(|job| job.has_ended() != Some(true)).peekable();
    if running.peek().is_none() {
        return Some(cents(Decimal::ZERO));
    }
    running.filter_map(|job| job.monthly_income).try_fold(None, add).ok().flatten().map(cents)
}

/// Rounded to cents, half away from zero, and written with two decimals.
pub fn cents(amount: Decimal) -> Decimal {
    let mut rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    if rounded.is_zero() {
        return Decimal::new(0, 2); // and never -0.00
    }
    rounded.rescale(2);
    rounded
}

fn base(job: &Employment) -> Option<Method> {
    let income = job.income.filter(is_positive)?;
    let units_per_year = match job.income_unit.as_deref()? {
        "YEARLY" => 1,
        "MONTHLY" => 12,
        "WEEKLY" => 52,
        "DAILY" => 260,
        _ => return None,
    };
    Some(Method::BaseIncome { income, units_per_year })
}

fn hours(job: &Employment, statements: &[PayStatement]) -> Option<Method> {
    let rate = job.income.filter(is_positive).filter(|_| job.income_unit.as_deref() == Some("HOURLY"))?;
    let periods_per_year = job.pay_frequency.periods_per_year()?;
    // At least a week, or a weekend would hide all but one of somebody's daily periods.
    let days = u64::from(HOURS_PERIODS * 366 / periods_per_year).max(7);
    let sample = Sample::newest(statements, |statement| statement.hours, days, HOURS_PERIODS as usize)?;
    let hours = Some(sample.total).filter(is_positive)?;
    Some(Method::HourlyRate { rate, hours, periods: sample.periods, periods_per_year, parts: sample.parts })
}

fn pay_rate(job: &Employment) -> Option<Method> {
    let periods_per_year = job.pay_frequency.periods_per_year()?;
    job.pay_rate.filter(is_positive).map(|pay_rate| Method::PayRate { pay_rate, periods_per_year })
}

fn gross_per_period(job: &Employment, statements: &[PayStatement]) -> Option<Method> {
    let periods_per_year = job.pay_frequency.periods_per_year()?;
    let sample = Sample::newest(statements, |statement| statement.gross_pay, GROSS_DAYS, usize::MAX)?;
    Some(Method::GrossPerPeriod { gross: sample.total, periods: sample.periods, periods_per_year, parts: sample.parts })
}

/// Only statements that name their first day count: a pay date alone does not say how long the money is for.
fn gross_per_day(statements: &[PayStatement]) -> Option<Method> {
    let dated = |statement: &PayStatement| statement.period_start.and(statement.gross_pay);
    let sample = Sample::newest(statements, dated, GROSS_DAYS, usize::MAX)?;
    let days = (sample.last - sample.first?).num_days() + 1;
    let days = u32::try_from(days).ok().filter(|days| *days > 0)?;
    Some(Method::GrossPerDay { gross: sample.total, days, parts: sample.parts })
}

fn is_positive(amount: &Decimal) -> bool {
    *amount > Decimal::ZERO
}

/// Adds to a sum that may not have begun; `Err` when it grows too large.
fn add(sum: Option<Decimal>, amount: Decimal) -> Result<Option<Decimal>, ()> {
    sum.unwrap_or_default().checked_add(amount).map(Some).ok_or(())
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use uuid::Uuid;

    use super::*;
    use crate::ids::{AgencyId, EmploymentId, PayStatementId, ReportId};
    use crate::words::{DataSource, IncomeMethod, PayFrequency};

    fn job() -> Employment {
        Employment {
            id: EmploymentId(Uuid::nil()),
            agency: AgencyId(Uuid::nil()),
            report: ReportId(Uuid::nil()),
            link: None,
            position: 0,
            key: "k".to_owned(),
            company_name: None,
            company_ein: None,
            is_active: Some(true),
            job_title: None,
            start_date: None,
            end_date: None,
            data_source: DataSource::Payroll,
            derived_fields: Vec::new(),
            missing_fields: Vec::new(),
            income: None,
            income_unit: None,
            pay_rate: None,
            pay_frequency: PayFrequency::Unknown,
            monthly_income: None,
            is_suspicious: None,
            identity: None,
            arithmetic: Vec::new(),
        }
    }

    fn earning(income: &str, unit: &str) -> Employment {
        Employment { income: Some(income.parse().unwrap()), income_unit: Some(unit.to_owned()), ..job() }
    }

    fn paying(pay_rate: &str, raw: &str) -> Employment {
        Employment { pay_rate: Some(pay_rate.parse().unwrap()), pay_frequency: PayFrequency::parse(raw), ..job() }
    }

    fn day(text: &str) -> Option<NaiveDate> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    fn number(text: &str) -> Option<Decimal> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    /// A statement from its first day, last day, hours and gross pay; empty is unknown.
    fn stub(id: u128, [start, end, hours, gross]: [&str; 4]) -> PayStatement {
        PayStatement {
            id: PayStatementId(Uuid::from_u128(id)),
            agency: AgencyId(Uuid::nil()),
            employment: EmploymentId(Uuid::nil()),
            position: 0,
            pay_date: day(end),
            period_start: day(start),
            period_end: day(end),
            gross_pay: number(gross),
            net_pay: None,
            gross_pay_ytd: None,
            net_pay_ytd: None,
            hours: number(hours),
            earnings: Vec::new(),
            deductions: Vec::new(),
            derived_fields: Vec::new(),
            missing_fields: Vec::new(),
            is_new: false,
        }
    }

    fn stubs(given: &[[&str; 4]]) -> Vec<PayStatement> {
        (1..).zip(given).map(|(id, given)| stub(id, *given)).collect()
    }

    fn month(job: &Employment, statements: &[PayStatement]) -> Option<String> {
        monthly(job, statements).map(|found| found.amount.to_string())
    }

    #[test]
    fn base_income_is_brought_to_a_month_by_its_unit() {
        for (income, unit, expected) in [
            ("45500.0", "YEARLY", Some("3791.67")),
            ("0.06", "YEARLY", Some("0.01")), // 0.005, half up
            ("3000", "MONTHLY", Some("3000.00")),
            ("815.25", "WEEKLY", Some("3532.75")),
            ("151.10", "DAILY", Some("3273.83")),
            ("18.40", "HOURLY", None), // no hours
            ("18.40", "FORTNIGHTLY", None),
            ("0", "YEARLY", None),
            ("-100", "YEARLY", None),
            ("79228162514264337593543950335", "WEEKLY", None), // too large to calculate with
        ] {
            assert_eq!(month(&earning(income, unit), &[]).as_deref(), expected, "{income} {unit}");
        }
        assert_eq!(month(&job(), &[]), None);
    }

    #[test]
    fn the_pay_of_a_period_is_brought_to_a_month_by_the_frequency() {
        for (pay_rate, frequency, expected) in [
            ("120.00", "D", Some("2600.00")),
            ("815.25", "W", Some("3532.75")),
            ("1103.9", "BW", Some("2391.78")),
            ("1250.505", "SM", Some("2501.01")),
            ("2750", "M", Some("2750.00")),
            ("9000", "Q", Some("3000.00")),
            ("18001", "SA", Some("3000.17")),
            ("36000", "A", Some("3000.00")),
            ("500", "C", None),
            ("500", "", None),
            ("-500", "M", None),
        ] {
            assert_eq!(month(&paying(pay_rate, frequency), &[]).as_deref(), expected, "{pay_rate} {frequency}");
        }
    }

    #[test]
    fn hours_are_the_average_of_the_newest_three_periods() {
        let worker = Employment { pay_frequency: PayFrequency::Weekly, ..earning("20.00", "HOURLY") };
        let weeks = stubs(&[
            ["2026-01-25", "2026-01-31", "10", ""], // a fourth period
            ["2026-02-01", "2026-02-07", "40", ""],
            ["2026-02-08", "2026-02-14", "41.5", ""],
            ["2026-02-15", "2026-02-21", "", "800"], // no hours: not a period
            ["2026-02-15", "2026-02-21", "38", ""],
            ["2026-02-15", "2026-02-21", "-2", ""], // a correction of the same period
            ["", "", "99", ""],                     // of nobody knows when
        ]);
        // 20.00 × (40 + 41.5 + 36) ÷ 3 × 52 ÷ 12
        let found = monthly(&worker, &weeks).unwrap();
        assert_eq!(found.amount.to_string(), "3394.44");
        let Method::HourlyRate { hours, periods, parts, .. } = &found.method else { panic!("{found:?}") };
        assert_eq!((hours.to_string().as_str(), *periods), ("117.5", 3));
        assert_eq!(parts.iter().map(|part| part.statement.0.as_u128()).collect::<Vec<_>>(), [5, 6, 3, 2]);
        assert_eq!(found.method.amount(), Some(found.amount));
    }

    #[test]
    fn hours_of_long_ago_do_not_count_and_no_hours_leave_it_to_the_pay_rate() {
        let worker = Employment { pay_frequency: PayFrequency::Weekly, ..earning("20.00", "HOURLY") };
        let gap = stubs(&[["2026-01-01", "2026-01-31", "80", ""], ["2026-02-15", "2026-02-21", "40", ""]]);
        assert_eq!(month(&worker, &gap).as_deref(), Some("3466.67"));
        let idle = stubs(&[["2026-02-15", "2026-02-21", "0.00", ""]]);
        let paid = Employment { pay_rate: number("700"), ..worker };
        assert_eq!(month(&paid, &idle).as_deref(), Some("3033.33"));
    }

    #[test]
    fn gross_pay_of_the_last_ninety_days_is_averaged_by_period() {
        let worker = Employment { pay_frequency: PayFrequency::Monthly, ..job() };
        let months = stubs(&[
            ["2025-11-01", "2025-11-30", "", "9999"], // 90 days before the newest
            ["2025-12-01", "2025-12-31", "", "2000"],
            ["2026-01-01", "2026-01-31", "", "2100.01"],
            ["2026-01-01", "2026-01-31", "", "-100"],
            ["2026-02-01", "2026-02-28", "", "1900"],
        ]);
        assert_eq!(month(&worker, &months).as_deref(), Some("1966.67"));
        let corrected = stubs(&[["2026-02-01", "2026-02-28", "", "-12.345"]]);
        assert_eq!(month(&worker, &corrected).as_deref(), Some("-12.35"), "half away from zero");
    }

    #[test]
    fn without_a_rhythm_gross_pay_counts_by_the_days_it_is_for() {
        let worker = Employment { pay_frequency: PayFrequency::Variable, ..job() };
        let paid = stubs(&[["2026-02-01", "2026-02-10", "", "300"], ["2026-02-16", "2026-02-20", "", "100.00"]]);
        // 400 ÷ 20 × 365 ÷ 12
        assert_eq!(month(&worker, &paid).as_deref(), Some("608.33"));
        assert_eq!(month(&worker, &stubs(&[["", "2026-02-10", "", "300"]])), None, "for how long is not said");
        assert_eq!(month(&worker, &stubs(&[["2026-02-10", "2026-02-01", "", "300"]])), None, "ends before it begins");
    }

    #[test]
    fn every_way_is_kept_and_says_what_is_weak_about_it() {
        let mut weeks = stubs(&[["2026-02-15", "2026-02-21", "40", "900"], ["2026-02-08", "2026-02-14", "40", "800"]]);
        weeks[1].derived_fields = vec!["hours".to_owned(), "net_pay".to_owned()];
        weeks[0].missing_fields = vec!["period_start".to_owned()];
        let worker = Employment {
            pay_rate: number("700"),
            derived_fields: vec!["pay_rate".to_owned(), "is_active".to_owned()],
            ..Employment { pay_frequency: PayFrequency::Weekly, ..earning("20.00", "HOURLY") }
        };
        let found: Vec<_> = ways(&worker, &weeks)
            .into_iter()
            .map(|way| (way.method.key(), way.amount.to_string(), way.weak.join(", ")))
            .collect();
        let expected = [
            (IncomeMethod::HourlyRate, "3466.67", "period_start of 2026-02-21, hours of 2026-02-14"),
            (IncomeMethod::PayRate, "3033.33", "pay_rate"),
            (IncomeMethod::GrossPerPeriod, "3683.33", "period_start of 2026-02-21"),
            (IncomeMethod::GrossPerDay, "3693.45", "period_start of 2026-02-21"),
        ];
        assert_eq!(found, expected.map(|(key, amount, weak)| (key, amount.to_owned(), weak.to_owned())));
    }

    #[test]
    fn only_jobs_that_still_run_add_to_the_total() {
        let earns = |monthly: &str| Employment { monthly_income: number(monthly), ..job() };
        let left = Employment { is_active: Some(false), ..earns("500") };
        let last_day = Employment { end_date: day("2026-01-31"), ..earns("500") };
        let again = Employment { start_date: day("2026-02-01"), ..last_day.clone() };
        let text = |jobs: &[Employment]| total(jobs).map(|sum| sum.to_string());
        assert_eq!(text(&[]), None);
        assert_eq!(text(&[earns("")]), None);
        assert_eq!(text(&[left.clone(), last_day.clone()]).as_deref(), Some("0.00"));
        assert_eq!(text(&[left.clone(), earns("")]), None);
        assert_eq!(text(&[left, earns("0.10"), earns(""), last_day, again]).as_deref(), Some("500.10"));
        let most = Employment { monthly_income: Some(Decimal::MAX), ..job() };
        assert_eq!(text(&[most.clone(), most]), None, "too large to add");
    }

    #[test]
    fn cents_are_two_decimals_without_a_negative_zero() {
        for (given, cents) in
            [("2", "2.00"), ("1.005", "1.01"), ("-1.005", "-1.01"), ("-0.004", "0.00"), ("1.0", "1.00")]
        {
            assert_eq!(super::cents(given.parse().unwrap()).to_string(), cents);
        }
    }
}
