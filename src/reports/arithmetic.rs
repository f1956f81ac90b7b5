//! A monthly figure with everything that went into it, so that anybody can work it out again by hand.
//!
//! It is kept with the report that it is about, with the version of the rules it follows: a later version of Recert may
//! reckon otherwise, and what was decided on stays what it was. Amounts are exact; there is one division, at the end.

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::income::cents;
use crate::ids::PayStatementId;
use crate::words::IncomeMethod;

/// The version of the rules in [`super::income`]. It grows whenever the same report would give another figure.
pub const RULES: u32 = 1;

/// So many amounts are written out one by one; more of them are named by their number.
const MOST_TERMS: usize = 8;

/// A monthly figure and how it was worked out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arithmetic {
    /// US dollars a month, to the cent.
    pub amount: Decimal,
    /// The formula, with everything that went in.
    pub method: Method,
    /// What went in and was derived by Truv rather than read, or missing at the provider, in Truv's words; of a pay
    /// statement with its pay date. Weaker evidence.
    pub weak: Vec<String>,
    /// The version of the rules.
    pub rules: u32,
}

/// A pay statement and what it adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The statement.
    pub statement: PayStatementId,
    /// The day by which it is known.
    pub day: NaiveDate,
    /// US dollars, or hours.
    pub amount: Decimal,
}

/// A formula with its inputs. Amounts are US dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "key", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Method {
    /// `income × units_per_year ÷ 12`.
    BaseIncome {
        /// Base income of one unit.
        income: Decimal,
        /// 1 for years, 12 for months, 52 for weeks, 260 for working days.
        units_per_year: u32,
    },
    /// `rate × hours ÷ periods × periods_per_year ÷ 12`. Hours above the usual count at the base rate.
    HourlyRate {
        /// Base income of one hour.
        rate: Decimal,
        /// Hours of all the periods together.
        hours: Decimal,
        /// How many pay periods the hours are of.
        periods: u32,
        /// How many of them a year has.
        periods_per_year: u32,
        /// The statements that the hours stand on.
        parts: Vec<Part>,
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
        parts: Vec<Part>,
    },
    /// `gross ÷ days × 365 ÷ 12`.
    GrossPerDay {
        /// Gross pay of all the days together.
        gross: Decimal,
        /// Calendar days from the first to the last day paid for, both counted.
        days: u32,
        /// The statements that it stands on.
        parts: Vec<Part>,
    },
}

/// One step of the way, as it would be written on paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// What is worked out.
    pub label: &'static str,
    /// The sum, as `18.40 × 130.5 ÷ 2 × 26 ÷ 12`.
    pub expression: String,
    /// What it comes to. Of the last step, the figure to the cent; of earlier ones, to four places, and the last step does
    /// not go on from the rounded one.
    pub value: Decimal,
    /// The statements whose amounts stand in the expression.
    pub parts: &'a [Part],
}

impl Method {
    /// Which of the methods it is.
    pub fn key(&self) -> IncomeMethod {
        match self {
            Self::BaseIncome { .. } => IncomeMethod::BaseIncome,
            Self::HourlyRate { .. } => IncomeMethod::HourlyRate,
            Self::PayRate { .. } => IncomeMethod::PayRate,
            Self::GrossPerPeriod { .. } => IncomeMethod::GrossPerPeriod,
            Self::GrossPerDay { .. } => IncomeMethod::GrossPerDay,
        }
    }

    /// US dollars a month, to the cent; `None` when a number is too large to calculate with.
    pub fn amount(&self) -> Option<Decimal> {
        let (base, factor, per_year, divisor) = match self {
            Self::BaseIncome { income, units_per_year } => (*income, Decimal::ONE, *units_per_year, 1),
            Self::HourlyRate { rate, hours, periods, periods_per_year, .. } => {
                (*rate, *hours, *periods_per_year, *periods)
            }
            Self::PayRate { pay_rate, periods_per_year } => (*pay_rate, Decimal::ONE, *periods_per_year, 1),
            Self::GrossPerPeriod { gross, periods, periods_per_year, .. } => {
                (*gross, Decimal::ONE, *periods_per_year, *periods)
            }
            Self::GrossPerDay { gross, days, .. } => (*gross, Decimal::ONE, 365, *days),
        };
        let product = base.checked_mul(factor)?.checked_mul(Decimal::from(per_year))?;
        product.checked_div(Decimal::from(12_u64 * u64::from(divisor))).map(cents)
    }

    /// The statements that it stands on; empty for a figure that the job itself states.
    pub fn parts(&self) -> &[Part] {
        match self {
            Self::BaseIncome { .. } | Self::PayRate { .. } => &[],
            Self::HourlyRate { parts, .. } | Self::GrossPerPeriod { parts, .. } | Self::GrossPerDay { parts, .. } => {
                parts
            }
        }
    }
}

impl Arithmetic {
    /// The way to the figure, step by step.
    pub fn steps(&self) -> Vec<Step<'_>> {
        let last = |expression: String| Step { label: "Income of a month", expression, value: self.amount, parts: &[] };
        match &self.method {
            Method::BaseIncome { income, units_per_year: 12 } => vec![last(income.to_string())],
            Method::BaseIncome { income, units_per_year: 1 } => vec![last(format!("{income} ÷ 12"))],
            Method::BaseIncome { income, units_per_year } => vec![last(format!("{income} × {units_per_year} ÷ 12"))],
            Method::HourlyRate { rate, hours, periods, periods_per_year, parts } => vec![
                sum("Hours of the newest pay periods", *hours, parts),
                average("Hours of one pay period", *hours, *periods),
                last(format!("{rate} × {hours} ÷ {periods} × {periods_per_year} ÷ 12")),
            ],
            Method::PayRate { pay_rate, periods_per_year } => {
                vec![last(format!("{pay_rate} × {periods_per_year} ÷ 12"))]
            }
            Method::GrossPerPeriod { gross, periods, periods_per_year, parts } => vec![
                sum("Gross pay of the recent pay periods", *gross, parts),
                average("Gross pay of one pay period", *gross, *periods),
                last(format!("{gross} ÷ {periods} × {periods_per_year} ÷ 12")),
            ],
            Method::GrossPerDay { gross, days, parts } => vec![
                sum("Gross pay of the recent days", *gross, parts),
                average("Gross pay of one day", *gross, *days),
                last(format!("{gross} ÷ {days} × 365 ÷ 12")),
            ],
        }
    }
}

fn sum<'a>(label: &'static str, total: Decimal, parts: &'a [Part]) -> Step<'a> {
    let expression = if parts.len() > MOST_TERMS {
        format!("the amounts of {} pay statements together", parts.len())
    } else {
        let mut terms = parts.iter();
        let first = terms.next().map(|part| part.amount.to_string()).unwrap_or_default();
        terms.fold(first, |sum, part| {
            let sign = if part.amount.is_sign_negative() { "−" } else { "+" };
            format!("{sum} {sign} {}", part.amount.abs())
        })
    };
    Step { label, expression, value: total, parts }
}

fn average(label: &'static str, total: Decimal, divisor: u32) -> Step<'static> {
    let value = total.checked_div(Decimal::from(divisor)).unwrap_or_default();
    let value = value.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero).normalize();
    Step { label, expression: format!("{total} ÷ {divisor}"), value, parts: &[] }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn parts(amounts: &[&str]) -> Vec<Part> {
        let part = |amount: &&str| Part {
            statement: PayStatementId(Uuid::nil()),
            day: NaiveDate::default(),
            amount: amount.parse().unwrap(),
        };
        amounts.iter().map(part).collect()
    }

    fn written(method: Method) -> Vec<String> {
        let amount = method.amount().unwrap();
        let found = Arithmetic { amount, method, weak: Vec::new(), rules: RULES };
        found.steps().iter().map(|step| format!("{}: {} = {}", step.label, step.expression, step.value)).collect()
    }

    #[test]
    fn the_steps_are_what_one_would_write_on_paper() {
        let hourly = Method::HourlyRate {
            rate: "18.40".parse().unwrap(),
            hours: "128.5".parse().unwrap(),
            periods: 2,
            periods_per_year: 26,
            parts: parts(&["60", "70.5", "-2"]),
        };
        assert_eq!(
            written(hourly),
            [
                "Hours of the newest pay periods: 60 + 70.5 − 2 = 128.5",
                "Hours of one pay period: 128.5 ÷ 2 = 64.25",
                "Income of a month: 18.40 × 128.5 ÷ 2 × 26 ÷ 12 = 2561.43",
            ]
        );
        let base =
            |income: &str, units_per_year| Method::BaseIncome { income: income.parse().unwrap(), units_per_year };
        assert_eq!(written(base("45500.0", 1)), ["Income of a month: 45500.0 ÷ 12 = 3791.67"]);
        assert_eq!(written(base("3000", 12)), ["Income of a month: 3000 = 3000.00"]);
        assert_eq!(written(base("800", 52)), ["Income of a month: 800 × 52 ÷ 12 = 3466.67"]);
        let many = Method::GrossPerDay { gross: "900".parse().unwrap(), days: 90, parts: parts(&["100"; 9]) };
        assert_eq!(written(many)[0], "Gross pay of the recent days: the amounts of 9 pay statements together = 900");
    }

    #[test]
    fn arithmetic_comes_back_from_storage_as_it_was() {
        let method = Method::GrossPerPeriod {
            gross: "0.10".parse().unwrap(),
            periods: 1,
            periods_per_year: 12,
            parts: parts(&["0.10"]),
        };
        let kept =
            Arithmetic { amount: method.amount().unwrap(), method, weak: vec!["gross_pay".to_owned()], rules: RULES };
        let text = serde_json::to_string(&kept).unwrap();
        assert!(text.contains(r#""key":"GROSS_PER_PERIOD""#) && text.contains(r#""gross":"0.10""#), "{text}");
        assert_eq!(serde_json::from_str::<Arithmetic>(&text).unwrap(), kept);
    }
}
