//! One pay statement: amounts, deductions, sums of the year.

use std::iter::Sum;
use std::ops::Add;

use chrono::NaiveDate;
use serde::Serialize;

use super::calendar::Period;
use super::{Job, Pay, draw, id};

/// What was paid, in cents.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Amounts {
    pub(super) regular: i64,
    pub(super) overtime: i64,
    pub(super) bonus: i64,
    pub(super) federal_tax: i64,
    pub(super) social_security: i64,
    pub(super) medicare: i64,
}

impl Amounts {
    pub(super) fn gross(self) -> i64 {
        self.regular + self.overtime + self.bonus
    }

    pub(super) fn net(self) -> i64 {
        self.gross() - self.federal_tax - self.social_security - self.medicare
    }
}

impl Add for Amounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            regular: self.regular + other.regular,
            overtime: self.overtime + other.overtime,
            bonus: self.bonus + other.bonus,
            federal_tax: self.federal_tax + other.federal_tax,
            social_security: self.social_security + other.social_security,
            medicare: self.medicare + other.medicare,
        }
    }
}

impl Sum for Amounts {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), Add::add)
    }
}

/// A period with its pay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paid {
    pub(super) period: Period,
    pub(super) amounts: Amounts,
    /// Hundredths of an hour, for hourly jobs.
    hours: Option<i64>,
    rate: Option<i64>,
}

impl Job {
    /// What a period paid. Hours vary by up to a tenth, one period in six has overtime.
    pub(super) fn paid(&self, period: Period) -> Paid {
        let chance = |purpose, limit| i64::try_from(draw(self.seed, purpose, period.index, limit)).unwrap_or(0);
        if period.off_cycle {
            let amounts = deduct(Amounts { bonus: 25_000 + 500 * chance("bonus", 50), ..Amounts::default() });
            return Paid { period, amounts, hours: None, rate: None };
        }
        let (regular, overtime, hours, rate) = match self.pay_on(period.start) {
            Pay::Salary { annual_cents } => (annual_cents / self.pay_frequency.periods_per_year(), 0, None, None),
            Pay::Hourly { rate_cents, hours_per_week } => {
                let usual = i64::from(hours_per_week) * 5_200 / self.pay_frequency.periods_per_year();
                // Quarter hours, as time clocks round.
                let hours = usual * (90 + chance("hours", 21)) / 100 / 25 * 25;
                let overtime_hours =
                    if chance("overtime", 6) == 0 { 100 * (1 + chance("overtime hours", 4)) } else { 0 };
                let overtime = rate_cents * overtime_hours * 3 / 200;
                (rate_cents * hours / 100, overtime, Some(hours), Some(rate_cents))
            }
        };
        let amounts = deduct(Amounts { regular, overtime, ..Amounts::default() });
        Paid { period, amounts, hours, rate }
    }
}

/// Adds the usual deductions: 6.2 % social security, 1.45 % Medicare, and a flat federal tax of 8 %.
fn deduct(paid: Amounts) -> Amounts {
    let gross = paid.gross();
    Amounts {
        federal_tax: gross * 8 / 100,
        social_security: gross * 62 / 1_000,
        medicare: gross * 145 / 10_000,
        ..paid
    }
}

/// Truv's pay statement (docs.truv.com, "Statements"), in the field order of its samples.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Statement {
    id: String,
    check_number: Option<String>,
    pay_date: String,
    period_start: Option<String>,
    period_end: Option<String>,
    basis_of_pay: Option<&'static str>,
    hours: Option<String>,
    gross_pay: String,
    gross_pay_ytd: String,
    net_pay: String,
    net_pay_ytd: String,
    regular: Option<String>,
    regular_ytd: Option<String>,
    overtime: Option<String>,
    overtime_ytd: Option<String>,
    bonus: Option<String>,
    bonus_ytd: Option<String>,
    commission: Option<String>,
    commission_ytd: Option<String>,
    other_pay: Option<String>,
    other_pay_ytd: Option<String>,
    earnings: Vec<Earning>,
    earnings_ytd: Vec<Earning>,
    deductions: Vec<Deduction>,
    deductions_ytd: Vec<Deduction>,
    md5sum: String,
    file: String,
    derived_fields: Vec<&'static str>,
    missing_data_fields: Vec<&'static str>,
}

#[derive(Clone, Debug, Serialize)]
struct Earning {
    name: &'static str,
    amount: String,
    category: &'static str,
    rate: Option<String>,
    units: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Deduction {
    name: &'static str,
    amount: String,
    category: &'static str,
}

impl Statement {
    /// The statement of a paid period whose year has brought `ytd` so far, this period included.
    pub(super) fn of(job: &Job, paid: Paid, ytd: Amounts) -> Self {
        let Paid { period, amounts, hours, rate } = paid;
        let style = draw(job.seed, "money", period.index, 3);
        let some = |cents: i64| (cents != 0).then(|| money(cents, style));
        let number = draw(job.seed, "check", 0, 90_000) + 1_000 + period.index;
        let md5sum = id(job.seed, "statement md5", period.index);
        let missing_hours = hours.is_none() && !period.off_cycle && draw(job.seed, "salary hours", 0, 2) == 0;
        Self {
            id: id(job.seed, "statement", period.index),
            check_number: (draw(job.seed, "checks", 0, 4) != 0).then(|| format!("{number:07}")),
            pay_date: date(period.pay_date, draw(job.seed, "pay date", period.index, 12) == 0),
            period_start: (!period.off_cycle).then(|| date(period.start, false)),
            period_end: (!period.off_cycle).then(|| date(period.end, false)),
            basis_of_pay: match (period.off_cycle, hours) {
                (true, _) => None,
                (false, Some(_)) => Some("H"),
                (false, None) => Some("S"),
            },
            hours: hours.map(|hours| money(hours, style)),
            gross_pay: money(amounts.gross(), style),
            gross_pay_ytd: money(ytd.gross(), 1),
            net_pay: money(amounts.net(), 0),
            net_pay_ytd: money(ytd.net(), 0),
            regular: some(amounts.regular),
            regular_ytd: some(ytd.regular),
            overtime: some(amounts.overtime),
            overtime_ytd: some(ytd.overtime),
            bonus: some(amounts.bonus),
            bonus_ytd: some(ytd.bonus),
            commission: None,
            commission_ytd: None,
            other_pay: None,
            other_pay_ytd: None,
            earnings: earnings(amounts, hours, rate),
            earnings_ytd: earnings(ytd, None, None),
            deductions: deductions(amounts),
            deductions_ytd: deductions(ytd),
            file: format!("https://cdn.example.test/stubs/{md5sum}.pdf"),
            md5sum,
            derived_fields: Vec::new(),
            missing_data_fields: if missing_hours { vec!["hours"] } else { Vec::new() },
        }
    }
}

fn earnings(amounts: Amounts, hours: Option<i64>, rate: Option<i64>) -> Vec<Earning> {
    let rate_text = |rate: i64| money(rate, 0);
    let overtime_hours = rate.filter(|rate| *rate > 0).map(|rate| amounts.overtime * 200 / 3 / rate);
    [
        ("Regular", "regular", amounts.regular, rate.map(rate_text), hours),
        ("Overtime", "overtime", amounts.overtime, rate.map(|rate| rate_text(rate * 3 / 2)), overtime_hours),
        ("Bonus", "bonus", amounts.bonus, None, None),
    ]
    .into_iter()
    .filter(|(_, _, cents, _, _)| *cents != 0)
    .map(|(name, category, cents, rate, units)| Earning {
        name,
        amount: money(cents, 0),
        category,
        rate,
        units: units.map(|units| money(units, 2)),
    })
    .collect()
}

fn deductions(amounts: Amounts) -> Vec<Deduction> {
    [
        ("Federal income tax", "federal", amounts.federal_tax),
        ("Social Security", "social_security", amounts.social_security),
        ("Medicare", "medicare", amounts.medicare),
    ]
    .into_iter()
    .map(|(name, category, cents)| Deduction { name, amount: money(cents, 0), category })
    .collect()
}

/// Hundredths as text: style 0 with two digits (`45500.00`), 1 without trailing zeros but with one digit (`45500.0`),
/// any other without a fraction where it is nought (`45500`). All three occur in live samples.
pub(super) fn money(hundredths: i64, style: u64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let (whole, fraction) = (hundredths.abs() / 100, hundredths.abs() % 100);
    match style {
        1 if fraction % 10 == 0 => format!("{sign}{whole}.{}", fraction / 10),
        2.. if fraction == 0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction:02}"),
    }
}

/// A calendar day, now and then in the long form of the generated reference.
pub(super) fn date(day: NaiveDate, long: bool) -> String {
    if long { format!("{day}T00:00:00.000Z") } else { day.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_no_digit_too_many() {
        assert_eq!(money(110_390, 0), "1103.90");
        assert_eq!(money(110_390, 1), "1103.9");
        assert_eq!(money(4_550_000, 1), "45500.0");
        assert_eq!(money(4_550_000, 2), "45500");
        assert_eq!(money(110_391, 2), "1103.91");
        assert_eq!(money(-5, 1), "-0.05");
    }
}
