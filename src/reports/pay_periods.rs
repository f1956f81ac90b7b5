//! Pay statements, gathered by the period that they pay for.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;

use super::PayStatement;
use super::arithmetic::Part;

/// Some of the newest pay periods. Statements of the same period, such as a correction or a separate bonus, are one.
pub(super) struct Sample {
    /// The amounts of all of them together.
    pub(super) total: Decimal,
    pub(super) periods: u32,
    /// The earliest first day named.
    pub(super) first: Option<NaiveDate>,
    /// The last day paid for, else the pay date, of the newest period.
    pub(super) last: NaiveDate,
    pub(super) parts: Vec<Part>,
}

impl Sample {
    /// The newest periods for which `amount` is known, at most `most` of them and none that ended `days` or more before the
    /// newest; `None` when no statement has both an amount and a date.
    pub(super) fn newest(
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
        let mut sample = Self { total: Decimal::ZERO, periods: 0, first: None, last, parts: Vec::new() };
        for ((day, start), paid) in periods.into_iter().rev().take(most) {
            if day <= since {
                break;
            }
            sample.periods += 1;
            sample.first = sample.first.into_iter().chain(start).min();
            for (statement, amount) in paid {
                sample.total = sample.total.checked_add(amount)?;
                sample.parts.push(Part { statement, day, amount });
            }
        }
        Some(sample)
    }
}
