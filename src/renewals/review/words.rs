//! The lines of a review in plain words.

use rust_decimal::Decimal;

use super::values::Value;
use crate::words::{ChangeKind, ReviewFieldKey};

/// What a line is about.
pub(super) fn subject(key: ReviewFieldKey) -> &'static str {
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
        ReviewFieldKey::PayGaps => "Days without a pay statement",
        ReviewFieldKey::PayRecency => "Age of the newest pay date",
        ReviewFieldKey::Identity => "Identity in the record",
        ReviewFieldKey::Suspicion => "Truv's suspicion flag",
    }
}

/// A whole line as a sentence. `label` names subject and employer.
pub(super) fn sentence(
    key: ReviewFieldKey,
    label: &str,
    employer: &str,
    (change, percent): (ChangeKind, Option<Decimal>),
    now: Option<&Value>,
    before: Option<&Value>,
) -> String {
    if let Some(special) = special(key, employer, change, now, before) {
        return special;
    }
    let (now, before) = (now.map(shown), before.map(shown));
    let percent = percent.map(|percent| format!(" ({percent:+} %)")).unwrap_or_default();
    match (change, now, before) {
        (ChangeKind::Unchanged, Some(now), Some(_)) => format!("{label} is still {now}."),
        (ChangeKind::Unchanged, Some(now), None) => format!("{label}: {now}."),
        (ChangeKind::Unchanged, None, _) => format!("{label} is not known."),
        (ChangeKind::Increased, Some(now), Some(before)) => format!("{label} rose from {before} to {now}{percent}."),
        (ChangeKind::Decreased, Some(now), Some(before)) => format!("{label} fell from {before} to {now}{percent}."),
        (_, Some(now), Some(before)) => format!("{label} changed from {before} to {now}."),
        (_, Some(now), None) => format!("{label} is now known: {now}."),
        (_, None, Some(before)) => format!("{label} is no longer known; it was {before}."),
        (_, None, None) => format!("{label} is not known."),
    }
}

/// Lines that read better in words of their own.
fn special(
    key: ReviewFieldKey,
    employer: &str,
    change: ChangeKind,
    now: Option<&Value>,
    before: Option<&Value>,
) -> Option<String> {
    let word = |value: Option<&Value>| match value {
        Some(Value::Word(word)) => *word,
        _ => "",
    };
    let is_day = |value: Option<&Value>| matches!(value, Some(Value::Day(_)));
    Some(match key {
        ReviewFieldKey::Employer => match change {
            ChangeKind::Added => format!("There is a new job at {employer}."),
            ChangeKind::Removed => format!("The job at {employer} is not in the new report."),
            ChangeKind::Changed => format!("{} is now called {}.", before.map(shown)?, now.map(shown)?),
            _ => format!("The job at {employer} is in the report."),
        },
        ReviewFieldKey::EmploymentStatus if change == ChangeKind::Changed => match word(now) {
            "Ended" => format!("The job at {employer} has ended."),
            _ => format!("The job at {employer} runs again."),
        },
        ReviewFieldKey::PayGaps => match (now.map(shown), change) {
            (Some(days), ChangeKind::Unchanged) => format!("There is no pay statement at {employer} for {days}."),
            (Some(days), _) => format!("There is now no pay statement at {employer} for {days}."),
            (None, ChangeKind::Removed) => format!("The pay statements at {employer} have no gap any more."),
            (None, _) => format!("The pay statements at {employer} have no gap."),
        },
        ReviewFieldKey::PayRecency => match (now.map(shown), change) {
            (Some(age), _) => format!("The newest pay date at {employer} is too old: {age} before the report."),
            (None, ChangeKind::Removed) => format!("The newest pay date at {employer} is not too old any more."),
            (None, _) => format!("The newest pay date at {employer} is no cause for concern."),
        },
        ReviewFieldKey::Identity => match (now.map(shown), change) {
            (Some(how), _) => format!("{employer} knows the person differently: {how}."),
            (None, ChangeKind::Removed) => format!("{employer} now knows the person as the client is known."),
            (None, _) => format!("The identity in the record of {employer} is no cause for concern."),
        },
        ReviewFieldKey::Suspicion => match (now.is_some(), change) {
            (true, _) => format!("Truv suspects fraud or a mismatch in the data from {employer}."),
            (false, ChangeKind::Removed) => format!("Truv suspects nothing about {employer} any more."),
            (false, _) => format!("Truv has raised no suspicion about {employer}."),
        },
        _ if is_day(now) && is_day(before) && change != ChangeKind::Unchanged => {
            format!("{} at {employer} moved from {} to {}.", subject(key), before.map(shown)?, now.map(shown)?)
        }
        _ => return None,
    })
}

/// A value as it stands in a sentence.
fn shown(value: &Value) -> String {
    match value {
        Value::Money(amount) => dollars(*amount),
        Value::Hours(hours) => hours.to_string(),
        Value::Day(day) => day.to_string(),
        Value::Word(word) => word.to_lowercase(),
        Value::Company(text) | Value::Text(text) => text.clone(),
    }
}

/// `-$1,234.50`.
pub(super) fn dollars(amount: Decimal) -> String {
    let text = amount.abs().to_string();
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if amount.is_sign_negative() && !amount.is_zero() { "-" } else { "" };
    format!("{sign}${grouped}.{cents}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_grouped_by_thousands() {
        for (amount, text) in
            [("0.00", "$0.00"), ("999.90", "$999.90"), ("1000.00", "$1,000.00"), ("-1234567.05", "-$1,234,567.05")]
        {
            assert_eq!(dollars(amount.parse().unwrap()), text);
        }
    }
}
