//! Reading a request's JSON: unknown fields are ignored, known ones must have the right type.

use serde_json::{Map, Value};

use crate::simulator::refusal::Refusal;
use crate::simulator::state::product;

/// The object a request sent; empty when it sent nothing.
pub(crate) struct RequestBody(Map<String, Value>);

impl RequestBody {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Refusal::Invalid { message: "Expected an object.".to_owned(), fields: Vec::new() }),
            Err(_) => Err(Refusal::Invalid { message: "JSON parse error.".to_owned(), fields: Vec::new() }),
        }
    }

    /// A nested object as a body of its own.
    pub(crate) fn nested(value: &Value, field: &str) -> Result<Self, Refusal> {
        match value {
            Value::Object(fields) => Ok(Self(fields.clone())),
            _ => Err(Refusal::field(field, "Expected an object.")),
        }
    }

    /// The value, unless it is absent or null.
    pub(crate) fn value(&self, field: &str) -> Option<&Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    /// Whether the field was sent, even as null.
    pub(crate) fn names(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    pub(crate) fn text(&self, field: &str) -> Result<Option<String>, Refusal> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Refusal::field(field, "Not a valid string.")),
        }
    }

    /// Text that must be there and have between 1 and `most` characters.
    pub(crate) fn required_text(&self, field: &str, most: usize) -> Result<String, Refusal> {
        let text = self.text(field)?.ok_or_else(|| Refusal::field(field, "This field is required."))?;
        let count = text.chars().count();
        if count == 0 || count > most {
            return Err(Refusal::field(field, &format!("Must have between 1 and {most} characters.")));
        }
        Ok(text)
    }

    pub(crate) fn flag(&self, field: &str) -> Result<Option<bool>, Refusal> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Refusal::field(field, "Must be a valid boolean.")),
        }
    }

    pub(crate) fn list(&self, field: &str) -> Result<Option<&[Value]>, Refusal> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(Refusal::field(field, "Expected a list.")),
        }
    }

    /// The field `products`: known words, at least one.
    pub(crate) fn products(&self) -> Result<Vec<&'static str>, Refusal> {
        let items = self.list("products")?.ok_or_else(|| Refusal::field("products", "This field is required."))?;
        let products: Option<Vec<_>> = items.iter().map(|item| item.as_str().and_then(product)).collect();
        match products {
            Some(products) if !products.is_empty() => Ok(products),
            _ => Err(Refusal::field("products", "Not a valid choice.")),
        }
    }
}
