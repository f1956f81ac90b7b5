//! Our own scalars: a day, an instant, an amount, an address. Each one refuses a bad value while the document is validated,
//! before anything has run.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{NaiveDate, SecondsFormat, Utc};

fn parse<T: ScalarType + async_graphql::InputType, P>(
    value: &Value,
    expected: &str,
    parse: impl Fn(&str) -> Option<P>,
) -> Result<P, InputValueError<T>> {
    match value {
        Value::String(text) => parse(text).ok_or_else(|| InputValueError::custom(expected)),
        _ => Err(InputValueError::custom(expected)),
    }
}

fn is_text(value: &Value, is_valid: impl Fn(&str) -> bool) -> bool {
    matches!(value, Value::String(text) if is_valid(text))
}

/// A local calendar day, `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date(pub NaiveDate);

impl Date {
    fn read(text: &str) -> Option<NaiveDate> {
        // Chrono alone also takes `2026-1-2` and years with a sign.
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|day| day.format("%Y-%m-%d").to_string() == text)
    }
}

/// A local calendar day, `YYYY-MM-DD`.
#[Scalar(name = "Date", specified_by_url = "https://scalars.graphql.org/chillicream/local-date.html")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse(&value, "expected a day as YYYY-MM-DD", Self::read).map(Self)
    }

    fn is_valid(value: &Value) -> bool {
        is_text(value, |text| Self::read(text).is_some())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.format("%Y-%m-%d").to_string())
    }
}

/// An instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub chrono::DateTime<Utc>);

impl DateTime {
    fn read(text: &str) -> Option<chrono::DateTime<Utc>> {
        let at = chrono::DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
        // The database keeps microseconds; years outside four digits cannot be written back.
        let micros = chrono::DateTime::from_timestamp_micros(at.timestamp_micros())?;
        (0..=9_999).contains(&chrono::Datelike::year(&micros)).then_some(micros)
    }
}

/// An instant, RFC 3339, in answers always UTC ending in `Z`, with at most six digits of a second.
#[Scalar(name = "DateTime", specified_by_url = "https://scalars.graphql.org/chillicream/date-time.html")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse(&value, "expected an instant as YYYY-MM-DDThh:mm:ssZ", Self::read).map(Self)
    }

    fn is_valid(value: &Value) -> bool {
        is_text(value, |text| Self::read(text).is_some())
    }

    fn to_value(&self) -> Value {
        let micros = chrono::DateTime::from_timestamp_micros(self.0.timestamp_micros()).unwrap_or(self.0);
        Value::String(micros.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// An exact decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal(pub rust_decimal::Decimal);

/// An exact decimal as text, so that money never passes through a float. US dollars unless a field says otherwise.
#[Scalar(name = "Decimal", specified_by_url = "https://www.w3.org/TR/xmlschema11-2/#decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse(&value, "expected a decimal as text", |text| text.parse().ok()).map(Self)
    }

    fn is_valid(value: &Value) -> bool {
        is_text(value, |text| text.parse::<rust_decimal::Decimal>().is_ok())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An absolute address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(pub url::Url);

/// An absolute address.
#[Scalar(name = "URL", specified_by_url = "https://url.spec.whatwg.org/")]
impl ScalarType for Url {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse(&value, "expected an absolute address", |text| url::Url::parse(text).ok()).map(Self)
    }

    fn is_valid(value: &Value) -> bool {
        is_text(value, |text| url::Url::parse(text).is_ok())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_printed_in_utc_with_a_z_and_never_finer_than_microseconds() {
        let print = |text: &str| DateTime(chrono::DateTime::parse_from_rfc3339(text).unwrap().into()).to_value();
        assert_eq!(print("2026-03-01T01:00:00+01:00"), Value::from("2026-03-01T00:00:00Z"));
        assert_eq!(print("2026-03-01T00:00:00.123456789Z"), Value::from("2026-03-01T00:00:00.123456Z"));
    }

    #[test]
    fn a_bad_value_is_noticed_before_anything_runs() {
        for bad in ["2026-2-1", "2026-02-30", "+2026-02-1", "", "today"] {
            assert!(!Date::is_valid(&Value::from(bad)), "{bad}");
        }
        assert!(!Date::is_valid(&Value::from(20_260_201)));
        assert!(!DateTime::is_valid(&Value::from("2026-02-01")));
        assert!(!Decimal::is_valid(&Value::from(1)));
        assert!(Decimal::is_valid(&Value::from("1.10")));
        assert!(!Url::is_valid(&Value::from("/relative")));
    }

    #[test]
    fn an_amount_keeps_its_digits() {
        let amount = Decimal::parse(Value::from("1200.50")).unwrap();
        assert_eq!(amount.to_value(), Value::from("1200.50"));
    }
}
