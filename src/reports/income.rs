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

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Employment, PayStatement};
use crate::ids::PayStatementId;

/// Hours are averaged over so many of the newest pay periods: enough to level out overtime, few enough to be recent.
const HOURS_PERIODS: u32 = 3;

/// Gross pay is taken from the statements of so many days.
const GROSS_DAYS: u64 = 90;

/// A monthly figure and how it was worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// US dollars a month, to the cent.
    pub amount: Decimal,
    /// The formula, with everything that went in.
    pub method: Method,
}

/// A formula with its inputs. Amounts are US dollars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// `income × units_per_year ÷ 12`.
    Base {
        /// Base income of one unit.
        income: Decimal,
        /// 1 for years, 12 for months, 52 for weeks, 260 for working days.
        units_per_year: u32,
    },
    /// `rate × hours ÷ periods × periods_per_year ÷ 12`. Hours above the usual count at the base rate.
    Hours {
        /// Base income of one hour.
        rate: Decimal,
        /// Hours of all the periods together.
        hours: Decimal,
        /// How many pay periods the hours are of.
        periods: u32,
        /// How many of them a year has.
        periods_per_year: u32,
        /// The statements that the hours stand on.
        statements: Vec<PayStatementId>,
    },
    /// `pay_rate × periods_per_year ÷ 12`.
    PayRate {
        /// Pay of one period.
        pay_rate: Decimal,
        /// How many of them a year has.
        periods_per_year: u32,
    },
    /// `gross ÷ periods × periods_per_year ÷ 12`.
    GrossPerPeriod {
        /// Gross pay of all the periods together.
        gross: Decimal,
        /// How many pay periods it is of.
        periods: u32,
        /// How many of them a year has.
        periods_per_year: u32,
        /// The statements that it stands on.
        statements: Vec<PayStatementId>,
    },
    /// `gross ÷ days × 365 ÷ 12`.
    GrossPerDay {
        /// Gross pay of all the days together.
        gross: Decimal,
        /// Calendar days from the first to the last day paid for, both counted.
        days: u32,
        /// The statements that it stands on.
        statements: Vec<PayStatementId>,
    },
}

impl Method {
    /// US dollars a month, to the cent; `None` when a number is too large to calculate with.
    pub fn amount(&self) -> Option<Decimal> {
        let (base, factor, per_year, divisor) = match self {
            Self::Base { income, units_per_year } => (*income, Decimal::ONE, *units_per_year, 1),
            Self::Hours { rate, hours, periods, periods_per_year, .. } => (*rate, *hours, *periods_per_year, *periods),
            Self::PayRate { pay_rate, periods_per_year } => (*pay_rate, Decimal::ONE, *periods_per_year, 1),
            Self::GrossPerPeriod { gross, periods, periods_per_year, .. } => {
                (*gross, Decimal::ONE, *periods_per_year, *periods)
            }
            Self::GrossPerDay { gross, days, .. } => (*gross, Decimal::ONE, 365, *days),
        };
        let product = base.checked_mul(factor)?.checked_mul(Decimal::from(per_year))?;
        product.checked_div(Decimal::from(12_u64 * u64::from(divisor))).map(cents)
    }
}

/// Income of a month; `None` when too little is known.
///
/// A base income or a pay rate of zero or less says nothing and is passed over. Statements count as they are, so a
/// correction takes off what it corrects.
pub fn monthly(job: &Employment, statements: &[PayStatement]) -> Option<Arithmetic> {
    let methods = [
        base(job),
        hours(job, statements),
        pay_rate(job),
        gross_per_period(job, statements),
        gross_per_day(statements),
    ];
    methods.into_iter().flatten().find_map(|method| Some(Arithmetic { amount: method.amount()?, method }))
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
    Some(Method::Base { income, units_per_year })
}

fn hours(job: &Employment, statements: &[PayStatement]) -> Option<Method> {
    let rate = job.income.filter(is_positive).filter(|_| job.income_unit.as_deref() == Some("HOURLY"))?;
    let periods_per_year = job.pay_frequency.periods_per_year()?;
    let days = u64::from(HOURS_PERIODS * 366_u32.div_ceil(periods_per_year));
    let sample = Sample::newest(statements, |statement| statement.hours, days, HOURS_PERIODS as usize)?;
    let hours = Some(sample.total).filter(is_positive)?;
    Some(Method::Hours { rate, hours, periods: sample.periods, periods_per_year, statements: sample.statements })
}

fn pay_rate(job: &Employment) -> Option<Method> {
    let periods_per_year = job.pay_frequency.periods_per_year()?;
    job.pay_rate.filter(is_positive).map(|pay_rate| Method::PayRate { pay_rate, periods_per_year })
}

fn gross_per_period(job: &Employment, statements: &[PayStatement]) -> Option<Method> {
    let periods_per_year = job.pay_frequency.periods_per_year()?;
    let sample = Sample::newest(statements, |statement| statement.gross_pay, GROSS_DAYS, usize::MAX)?;
    Some(Method::GrossPerPeriod {
        gross: sample.total,
        periods: sample.periods,
        periods_per_year,
        statements: sample.statements,
    })
}

/// Only statements that name their first day count: a pay date alone does not say how long the money is for.
fn gross_per_day(statements: &[PayStatement]) -> Option<Method> {
    let dated = |statement: &PayStatement| statement.period_start.and(statement.gross_pay);
    let sample = Sample::newest(statements, dated, GROSS_DAYS, usize::MAX)?;
    let days = (sample.last - sample.first?).num_days() + 1;
    let days = u32::try_from(days).ok().filter(|days| *days > 0)?;
    Some(Method::GrossPerDay { gross: sample.total, days, statements: sample.statements })
}

fn is_positive(amount: &Decimal) -> bool {
    *amount > Decimal::ZERO
}

/// Adds to a sum that may not have begun; `Err` when it grows too large.
fn add(sum: Option<Decimal>, amount: Decimal) -> Result<Option<Decimal>, ()> {
    sum.unwrap_or_default().checked_add(amount).map(Some).ok_or(())
}

/// Some of the newest pay periods. Statements of the same period, such as a correction or a separate bonus, are one.
struct Sample {
    total: Decimal,
    periods: u32,
    /// The earliest first day named.
    first: Option<NaiveDate>,
    /// The last day paid for, else the pay date, of the newest period.
    last: NaiveDate,
    statements: Vec<PayStatementId>,
}

impl Sample {
    /// The newest periods for which `amount` is known, at most `most` of them and none that ended `days` or more before the
    /// newest; `None` when no statement has both an amount and a date.
    fn newest(
        statements: &[PayStatement],
        amount: impl Fn(&PayStatement) -> Option<Decimal>,
        days: u64,
        most: usize,
    ) -> Option<Self> {
        let mut periods: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for statement in statements {
            if let (Some(day), Some(amount)) = (statement.period_end.or(statement.pay_date), amount(statement)) {
                periods.entry((day, statement.period_start)).or_default().push((statement.id, amount));
            }
        }
        let (&(last, _), _) = periods.last_key_value()?;
        let since = last.checked_sub_days(Days::new(days))?;
        let mut sample = Self { total: Decimal::ZERO, periods: 0, first: None, last, statements: Vec::new() };
        for ((day, start), paid) in periods.into_iter().rev().take(most) {
            if day <= since {
                break;
            }
            sample.periods += 1;
            sample.first = sample.first.into_iter().chain(start).min();
            for (id, amount) in paid {
                sample.total = sample.total.checked_add(amount)?;
                sample.statements.push(id);
            }
        }
        Some(sample)
    }
}
