//! Corrections that a decision makes to lines of its review. Pure: what is corrected must be on the screen, and the new
//! value must read as the line does. The original stays where it is; nothing is overwritten.

use std::collections::HashSet;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::review::{Field, RHYTHMS};
use crate::reports::income::cents;
use crate::words::ReviewFieldKey;

/// Most corrections of one decision.
const MOST: usize = 200;
/// The longest reason and the longest name, in characters.
const LONGEST: usize = 1_000;
/// Nobody earns or works so much; a slip.
const MOST_AMOUNT: i64 = 1_000_000_000;

/// A correction as somebody asks for it.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The line.
    pub key: ReviewFieldKey,
    /// The job; `None` for the line of the whole report.
    pub employment_key: Option<String>,
    /// What it should say.
    pub value: String,
    /// Why.
    pub reason: String,
}

/// A correction that fits its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The line.
    pub key: ReviewFieldKey,
    /// The job; `None` for the line of the whole report.
    pub employment_key: Option<String>,
    /// The line in plain words.
    pub label: String,
    /// What it said; `None` when that was not known.
    pub original: Option<String>,
    /// What it says now, in the form of the line.
    pub value: String,
    /// Why.
    pub reason: String,
}

/// What is wrong with a correction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEdit {
    /// Its place, from 0.
    pub place: usize,
    /// The part that is wrong, as the API names it.
    pub part: &'static str,
    /// Why, for people.
    pub message: String,
}

/// Holds corrections against the lines of the review.
///
/// # Errors
/// [`BadEdit`] for the first one that does not fit.
pub fn read(edits: &[Edit], fields: &[Field]) -> Result<Vec<Edited>, BadEdit> {
    let bad = |place, part, message: &str| Err(BadEdit { place, part, message: message.to_owned() });
    if edits.len() > MOST {
        return bad(MOST, "key", "A decision may correct 200 lines.");
    }
    let mut seen = HashSet::new();
    let mut found = Vec::with_capacity(edits.len());
    for (place, edit) in edits.iter().enumerate() {
        let is_line = |field: &&Field| field.key == edit.key && field.employment_key == edit.employment_key;
        let Some(field) = fields.iter().find(is_line) else {
            return bad(place, "employmentKey", "The review has no such line.");
        };
        if !seen.insert((edit.key, edit.employment_key.as_deref())) {
            return bad(place, "key", "This line is corrected twice.");
        }
        if !is_text(&edit.reason) {
            return bad(place, "reason", "Say why, in at most 1,000 characters without control characters.");
        }
        let value = match read_value(edit.key, edit.value.trim()) {
            Ok(value) => value,
            Err(message) => return bad(place, "value", &message),
        };
        if field.value.as_deref() == Some(value.as_str()) {
            return bad(place, "value", "The line says so already.");
        }
        found.push(Edited {
            key: edit.key,
            employment_key: edit.employment_key.clone(),
            label: field.label.clone(),
            original: field.value.clone(),
            value,
            reason: edit.reason.trim().to_owned(),
        });
    }
    Ok(found)
}

fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= LONGEST && !text.chars().any(char::is_control)
}

/// The value in the form of the line.
fn read_value(key: ReviewFieldKey, text: &str) -> Result<String, String> {
    match key {
        ReviewFieldKey::Employer if is_text(text) => Ok(text.to_owned()),
        ReviewFieldKey::Employer => Err("Write the employer's name.".to_owned()),
        ReviewFieldKey::EmploymentStatus => one_of(text, &["Active", "Ended"]),
        ReviewFieldKey::PayFrequency => one_of(text, &RHYTHMS),
        ReviewFieldKey::PayRate | ReviewFieldKey::MonthlyIncome => {
            let amount = number(text).ok_or("Write an amount in US dollars, such as 1234.50.")?;
            Ok(cents(amount).to_string())
        }
        ReviewFieldKey::Hours => {
            let hours = number(text).ok_or("Write a number of hours, such as 37.5.")?;
            Ok(hours.round_dp(2).normalize().to_string())
        }
        ReviewFieldKey::LastPayDate | ReviewFieldKey::StartDate | ReviewFieldKey::EndDate => {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|day| day.to_string() == text);
            day.map(|day| day.to_string()).ok_or_else(|| "Write a day as YYYY-MM-DD.".to_owned())
        }
        ReviewFieldKey::PayGaps | ReviewFieldKey::PayRecency | ReviewFieldKey::Identity | ReviewFieldKey::Suspicion => {
            Err("This line follows from others and cannot be corrected; say in the note what you found.".to_owned())
        }
    }
}

fn one_of(text: &str, words: &[&str]) -> Result<String, String> {
    let found = words.iter().find(|word| word.eq_ignore_ascii_case(text));
    found.map(|word| (*word).to_owned()).ok_or_else(|| format!("Write one of: {}.", words.join(", ")))
}

fn number(text: &str) -> Option<Decimal> {
    let number: Decimal = text.parse().ok()?;
    (!number.is_sign_negative() && number < Decimal::from(MOST_AMOUNT)).then_some(number)
}
