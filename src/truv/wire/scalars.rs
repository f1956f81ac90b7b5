//! Single values as Truv writes them, read tolerantly: one odd field must not cost a whole report.
//!
//! Three things come in several forms (the vendor's samples disagree with its reference): money is text or a number, dates
//! are short or carry a midnight, and timestamps vary in separator, fraction and offset. What cannot be read is `None`.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SubsecRound, Utc};
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serializer};
use serde_json::Value;

/// A decimal such as `"11500.32"`, `"2"` or `"-4.5"`, exactly; `None` for anything else, also when it has more digits than
/// a [`Decimal`] holds.
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    if text.contains(['e', 'E']) { Decimal::from_scientific(text).ok() } else { Decimal::from_str_exact(text).ok() }
}

/// A calendar date, from `2018-05-15` or `2018-05-15T00:00:00.000Z`. The day is taken as written: shifting it by a time zone
/// would move a pay date.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let (day, rest) = text.split_at_checked(10)?;
    if !day.starts_with(|first: char| first.is_ascii_digit()) || !(rest.is_empty() || rest.starts_with(['T', 't', ' ']))
    {
        return None;
    }
    NaiveDate::from_str(day).ok()
}

/// An instant, from `2026-03-04T15:06:02.714235Z` and its relatives: `+00:00` for `Z`, a space for the `T`, any number of
/// fraction digits. Without an offset it is UTC. `None` for an impossible one (a sample of the vendor says 2022-06-31).
/// Cut to microseconds, as every instant of ours.
pub fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    const OFFSET: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z"];
    const BARE: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];

    let text = text.trim();
    let offset = || OFFSET.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()).map(|at| at.to_utc());
    let bare = || BARE.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(|at| at.and_utc());
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.to_utc())
        .ok()
        .or_else(offset)
        .or_else(bare)
        .map(|at| at.trunc_subsecs(6))
}

/// Text, or a number's or a truth value's text: references such as `order_number` come back as they were once given.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    })
}

/// Money, hours, units. A JSON number is read through its shortest text, which is the text that was sent as long as it
/// has no more than 15 digits.
pub(super) fn decimal<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Decimal>, D::Error> {
    Ok(text(from)?.and_then(|text| parse_decimal(&text)))
}

/// A whole number, such as a year.
pub(super) fn integer<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(text(from)?.and_then(|text| text.trim().parse().ok()))
}

/// See [`parse_date`].
pub(super) fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Option<NaiveDate>, D::Error> {
    Ok(text(from)?.and_then(|text| parse_date(&text)))
}

/// See [`parse_instant`].
pub(super) fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(text(from)?.and_then(|text| parse_instant(&text)))
}

/// The last four digits of a number; `None` when fewer are shown.
pub(super) fn last_four<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let digits: Vec<char> = text(from)?.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    let (_, last) = digits.split_at(digits.len().saturating_sub(4));
    Ok((last.len() == 4).then(|| last.iter().collect()))
}

/// A list; null is an empty one.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A secret; `None` when upstream shows only stars and the last digits.
pub(super) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(text(from)?.filter(|text| !text.is_empty() && !text.contains('*')).map(SecretString::from))
}

/// Writes a secret into a request's body, the only place where it belongs.
#[expect(clippy::ref_option, reason = "the signature that serde's `serialize_with` asks for")]
pub(super) fn expose<S: Serializer>(secret: &Option<SecretString>, to: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => to.serialize_some(secret.expose_secret()),
        None => to.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_every_digit_they_came_with() {
        for text in ["11500.32", "29.7", "45500.0", "40.00", "2", "-4.5", "0.10", "7922816251426433759354395033.5"] {
            assert_eq!(parse_decimal(text).map(|read| read.to_string()).as_deref(), Some(text));
        }
        assert_eq!(parse_decimal(" 12.50 "), Some(Decimal::new(1_250, 2)));
        assert_eq!(parse_decimal("1.5e3"), Some(Decimal::from(1_500)));
        for text in ["", "N/A", "1,200.00", "NaN", "inf", "1e99", "0.12345678901234567890123456789012345"] {
            assert_eq!(parse_decimal(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_date_is_the_day_as_written() {
        let day = NaiveDate::from_ymd_opt(2018, 5, 15);
        for text in ["2018-05-15", "2018-05-15T00:00:00.000Z", "2018-05-15T23:59:59-11:00", "2018-05-15 00:00:00+00:00"]
        {
            assert_eq!(parse_date(text), day, "{text:?}");
        }
        for text in ["", "2022-06-31", "05/15/2018", "2018-05-15x", "2018-5-15", "-018-05-15", "2018-05-1é"] {
            assert_eq!(parse_date(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_instant_is_read_in_every_form_seen() {
        let at = |text| parse_instant(text).map(|at| at.to_rfc3339());
        for text in [
            "2026-03-04T15:06:02Z",
            "2026-03-04T15:06:02.000Z",
            "2026-03-04T15:06:02.000000+00:00",
            "2026-03-04 15:06:02+00:00",
            "2026-03-04 15:06:02+0000",
            "2026-03-04T10:06:02-05:00",
            "2026-03-04T15:06:02",
            "2026-03-04 15:06:02.0",
        ] {
            assert_eq!(at(text).as_deref(), Some("2026-03-04T15:06:02+00:00"), "{text:?}");
        }
        assert_eq!(at("2026-03-04T15:06:02.714Z").as_deref(), Some("2026-03-04T15:06:02.714+00:00"));
        assert_eq!(at("2026-03-04T15:06:02.714235999Z").as_deref(), Some("2026-03-04T15:06:02.714235+00:00"));
        for text in ["", "2022-06-31T10:00:00Z", "yesterday", "2026-03-04", "2026-03-04T25:00:00Z"] {
            assert_eq!(at(text), None, "{text:?}");
        }
    }
}
