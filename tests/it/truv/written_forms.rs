//! Values survive the way they are written, whatever it is; nothing that upstream writes stops a reader.

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use proptest::prelude::*;
use recert::truv::redact;
use recert::truv::wire::scalars::{parse_date, parse_decimal, parse_instant};
use recert::truv::wire::{Employment, Order, Statement};
use rust_decimal::Decimal;
use serde_json::{Value, json};

fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    (0..4_000_000_000_000_000_i64).prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap())
}

fn bodies() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        let name = prop_oneof![
            Just("ssn".to_owned()),
            Just("access_token".to_owned()),
            Just("bank_accounts".to_owned()),
            Just("employers".to_owned()),
            Just("id".to_owned()),
            "[a-z_]{1,8}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(name, inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn has_secret(body: &Value) -> bool {
    match body {
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            matches!(name.as_str(), "access_token" | "bank_accounts")
                || (name == "ssn" && value.as_str().is_some_and(|text| text.matches(char::is_numeric).count() > 4))
                || has_secret(value)
        }),
        Value::Array(items) => items.iter().any(has_secret),
        _ => false,
    }
}

proptest! {
    #[test]
    fn an_amount_is_the_same_as_text_and_as_a_number(cents in -99_999_999_999_i64..99_999_999_999) {
        let amount = Decimal::new(cents, 2);
        let text = amount.to_string();
        prop_assert_eq!(parse_decimal(&text), Some(amount));
        for written in [format!("\"{text}\""), text] {
            let read: Statement = serde_json::from_str(&format!("{{\"gross_pay\": {written}}}")).unwrap();
            prop_assert_eq!(read.gross_pay, Some(amount));
        }
    }

    #[test]
    fn an_instant_is_the_same_in_every_form(at in instants(), hours in -12..14) {
        let utc = at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let zone = chrono::FixedOffset::east_opt(hours * 3_600).unwrap();
        for text in [utc.replace('Z', "+00:00"), utc.replace('T', " "), at.with_timezone(&zone).to_rfc3339(), utc] {
            prop_assert_eq!(parse_instant(&text), Some(at), "{}", text);
        }
    }

    #[test]
    fn a_date_is_the_same_in_both_forms(days in 0..40_000_i64) {
        let day = NaiveDate::from_ymd_opt(1950, 1, 1).unwrap() + TimeDelta::days(days);
        for text in [day.to_string(), format!("{day}T00:00:00.000Z"), format!("{day}T23:30:00-11:00")] {
            prop_assert_eq!(parse_date(&text), Some(day));
        }
    }

    #[test]
    fn no_text_stops_a_reader(text in "\\PC{0,40}|[0-9T:. +Z-]{0,30}") {
        let _ = (parse_decimal(&text), parse_instant(&text), parse_date(&text));
        let odd = json!({"income": text, "start_date": text, "statements": [{"pay_date": text, "hours": text}]});
        prop_assert!(serde_json::from_value::<Employment>(odd).is_ok());
    }

    #[test]
    fn no_body_stops_a_reader_and_none_keeps_a_secret(body in bodies()) {
        let _ = serde_json::from_value::<Order>(body.clone());
        let kept = redact(body);
        prop_assert!(!has_secret(&kept));
        prop_assert_eq!(&redact(kept.clone()), &kept, "redacting twice changes nothing");
    }
}
