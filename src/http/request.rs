//! The parameters of a GraphQL request, their shapes checked by hand so that every refusal has words of ours.
//!
//! Shapes come from "GraphQL over HTTP" (Request Parameters).

use async_graphql::Variables;
use serde_json::{Map, Value};

use crate::failure::Code;
use crate::http::documents::{Document, Documents, Hash};
use crate::http::json;
use crate::http::refusal::Refusal;

/// A request with its document in hand.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    pub(crate) document: Document,
    /// The hash under which a sent document may be kept.
    pub(crate) hash: Option<Hash>,
    pub(crate) operation_name: Option<String>,
    pub(crate) variables: Variables,
}

impl Parameters {
    /// From the body of a POST.
    pub(crate) fn from_body(body: &[u8], documents: &Documents) -> Result<Self, Refusal> {
        let value = json::parse(body).map_err(|error| Refusal::new(Code::BadRequest, error.message()))?;
        Self::from_value(value, documents)
    }

    /// From the query string of a GET, where `variables` and `extensions` are JSON texts.
    pub(crate) fn from_query_string(text: &str, documents: &Documents) -> Result<Self, Refusal> {
        let mut object = Map::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            let value = match name.as_ref() {
                "variables" | "extensions" => {
                    json::parse(value.as_bytes()).map_err(|_| shape("a parameter that must be JSON is not"))?
                }
                _ => Value::String(value.into_owned()),
            };
            if object.insert(name.into_owned(), value).is_some() {
                return Err(shape("a parameter is given twice"));
            }
        }
        Self::from_value(Value::Object(object), documents)
    }

    /// From a JSON value: a POST's body, or the payload of `subscribe` on a socket.
    pub(crate) fn from_value(value: Value, documents: &Documents) -> Result<Self, Refusal> {
        let mut object = match value {
            Value::Object(object) => object,
            Value::Array(_) => {
                return Err(Refusal::new(Code::BatchingDisabled, "send one request at a time, not an array"));
            }
            _ => return Err(shape("the request must be a JSON object")),
        };
        let query = match object.remove("query") {
            None | Some(Value::Null) => None,
            Some(Value::String(query)) if !query.trim().is_empty() => Some(query),
            Some(_) => return Err(shape("query must be a string that is not empty")),
        };
        let operation_name = match object.remove("operationName") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name),
            Some(_) => return Err(shape("operationName must be a string or null")),
        };
        let variables = match object.remove("variables") {
            None | Some(Value::Null) => Variables::default(),
            Some(variables @ Value::Object(_)) => serde_json::from_value(variables)
                .map_err(|_| shape("the variables are not values that GraphQL knows"))?,
            Some(_) => return Err(shape("variables must be an object or null")),
        };
        let extensions = match object.remove("extensions") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(extensions)) => extensions,
            Some(_) => return Err(shape("extensions must be an object or null")),
        };
        let hash = match (object.remove("documentId"), extensions.get("persistedQuery")) {
            (None | Some(Value::Null), None) => None,
            (Some(Value::String(id)), None) => {
                let hash = id.strip_prefix("sha256:").and_then(parse_hash);
                Some(hash.ok_or_else(|| shape("documentId must be sha256: and 64 lower-case hex digits"))?)
            }
            (None | Some(Value::Null), Some(persisted)) => Some(persisted_hash(persisted)?),
            (Some(Value::String(_)), Some(_)) => return Err(shape("send documentId or persistedQuery, not both")),
            (Some(_), _) => return Err(shape("documentId must be a string or null")),
        };
        Ok(Self { document: documents.find(query, hash)?, hash, operation_name, variables })
    }
}

/// Apollo's automatic persisted queries: `{"version": 1, "sha256Hash": "…"}`.
fn persisted_hash(persisted: &Value) -> Result<Hash, Refusal> {
    let version = persisted.get("version").and_then(Value::as_u64);
    let hash = persisted.get("sha256Hash").and_then(Value::as_str).and_then(parse_hash);
    match (version, hash) {
        (Some(1), Some(hash)) => Ok(hash),
        _ => Err(shape("persistedQuery must have version 1 and a sha256Hash")),
    }
}

fn parse_hash(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    let strict = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    (strict && hex::decode_to_slice(text, &mut hash).is_ok()).then_some(hash)
}

fn shape(message: &'static str) -> Refusal {
    Refusal::new(Code::BadRequest, message)
}
