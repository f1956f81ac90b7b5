//! What is left out of a body before it is kept.
//!
//! A stored snapshot is evidence for a decision, and needs neither the keys to a person's payroll account nor what no
//! decision uses. Tokens and the links that contain them go, and so do bank accounts and dates of birth; of a social
//! security number the last four digits stay, which is what a caseworker compares.

use serde_json::{Map, Value};

const DROPPED: [&str; 6] =
    ["access_token", "bridge_token", "share_url", "short_share_url", "bank_accounts", "date_of_birth"];

const MASKED: [&str; 2] = ["ssn", "social_security_number"];

/// The body without secrets and without what need not be kept, at any depth.
pub fn redact(body: Value) -> Value {
    match body {
        Value::Object(fields) => Value::Object(fields.into_iter().filter_map(field).collect::<Map<_, _>>()),
        Value::Array(items) => items.into_iter().map(redact).collect(),
        scalar => scalar,
    }
}

fn field((name, value): (String, Value)) -> Option<(String, Value)> {
    if DROPPED.contains(&name.as_str()) {
        return None;
    }
    let value = if MASKED.contains(&name.as_str()) { masked(&value) } else { redact(value) };
    Some((name, value))
}

/// `900550142` and `900-55-0142` become `*****0142`, and that stays what it is. What has four digits or fewer is only the end of a number already.
fn masked(value: &Value) -> Value {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Value::Null,
    };
    let digits: Vec<char> = text.chars().filter(|c| c.is_ascii_digit() || *c == '*').collect();
    let (hidden, last) = digits.split_at(digits.len().saturating_sub(4));
    Value::String("*".repeat(hidden.len()) + &last.iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_and_needless_data_go_at_any_depth_and_the_rest_stays() {
        let body = json!({
            "id": "o1", "share_url": "https://s.test/?bridge_token=t", "short_share_url": "https://g.test/1", "bridge_token": "t",
            "employers": [{"access_token": "a", "bridge_token": null, "link_id": "l1", "employments": [{
                "income": "18.40", "bank_accounts": [{"account_number": "1"}],
                "profile": {"ssn": "900550142", "date_of_birth": "1991-11-04", "full_name": "Rosa Quintero"}}]}],
        });
        let kept = json!({
            "id": "o1",
            "employers": [{"link_id": "l1", "employments": [{
                "income": "18.40", "profile": {"ssn": "*****0142", "full_name": "Rosa Quintero"}}]}],
        });
        assert_eq!(redact(body), kept);
    }

    #[test]
    fn a_social_security_number_keeps_its_last_four_digits_in_every_form() {
        for (given, kept) in [
            (json!("900550142"), json!("*****0142")),
            (json!("900-55-0142"), json!("*****0142")),
            (json!(900_550_142), json!("*****0142")),
            (json!("*****0142"), json!("*****0142")),
            (json!("0142"), json!("0142")),
            (json!(null), json!(null)),
            (json!({"value": "900550142"}), json!(null)),
        ] {
            assert_eq!(redact(json!({"ssn": given})), json!({"ssn": kept}));
        }
    }
}
