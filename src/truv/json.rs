//! JSON from outside, without the one character that PostgreSQL cannot keep.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// How U+0000 is written in JSON; nothing else in a document begins like this.
const ESCAPE: &[u8] = br"\u0000";

/// Reads a body. U+0000 is taken out of texts and names: PostgreSQL holds it neither in `text` nor in `jsonb`, and a row
/// that cannot be stored would be tried for ever.
///
/// # Errors
/// When the body is not JSON, or not of this shape.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    if body.windows(ESCAPE.len()).any(|part| part == ESCAPE) {
        return serde_json::from_value(without_nul(serde_json::from_slice(body)?));
    }
    serde_json::from_slice(body)
}

fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('\0', "")),
        Value::Array(items) => items.into_iter().map(without_nul).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name.replace('\0', ""), without_nul(value))).collect()
        }
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_)) => scalar,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_character_goes_from_texts_and_names_and_an_escaped_backslash_stays() {
        let body = br#"{"a\u0000b": ["x\u0000", 1.5, null], "c": "\\u0000"}"#;
        assert_eq!(parse::<Value>(body).unwrap(), json!({ "ab": ["x", 1.5, null], "c": "\\u0000" }));
    }

    #[test]
    fn what_is_no_json_stays_an_error() {
        assert!(parse::<Value>(br#"{"a": "\u0000""#).is_err());
    }
}
