//! What leaves the gateway: data as it is, errors only in words that are known to be ours.

use async_graphql::{PathSegment, Response as Executed, ServerError, Value};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::failure::Code;
use crate::http::guard::Cost;
use crate::http::negotiation::Media;
use crate::http::refusal::Refusal;

const MAX_ERRORS: usize = 5;
/// The one extension of the executor's that is passed on.
const WITHHELD: &str = "withheld";
const MAX_MESSAGE: usize = 200;
const MAX_ERROR_BYTES: usize = 8 * 1024;

/// One result in the form that every transport sends.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<Json>,
    /// Absent when execution did not begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Value>,
    /// What the operation cost; on a stream, the first result tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) extensions: Option<Extensions>,
    /// What the errors say to a transport that has a status.
    #[serde(skip)]
    codes: Vec<Code>,
    /// Seconds until another try makes sense, when an error says so.
    #[serde(skip)]
    pub(crate) retry_after: Option<u64>,
}

/// What an answer says about the operation itself.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Extensions {
    /// The operation's cost, and what is left of the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cost: Option<Cost>,
    /// How many more operations the caller could have had in hand at once when this one began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) concurrency: Option<Concurrency>,
    /// Fields that are null or masked in this answer because the token lacks a scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) withheld: Option<Value>,
}

/// A budget of operations in hand.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Concurrency {
    pub(crate) limit: usize,
    pub(crate) remaining: usize,
}

impl Answer {
    /// The same with the operation's cost, if it began.
    pub(crate) fn costing(self, extensions: Option<Extensions>) -> Self {
        if !self.began() {
            return Self { extensions: None, ..self };
        }
        let withheld = self.extensions.and_then(|told| told.withheld);
        let extensions = if extensions.is_none() && withheld.is_none() {
            None
        } else {
            Some(Extensions { withheld, ..extensions.unwrap_or_default() })
        };
        Self { extensions, ..self }
    }

    /// What was executed, its errors masked.
    pub(crate) fn of(executed: Executed, request_id: Uuid) -> Self {
        let began = has_begun(&executed);
        let retry_after = executed.errors.iter().find_map(retry_after);
        let (codes, mut errors): (Vec<Code>, Vec<Json>) =
            executed.errors.iter().take(MAX_ERRORS).map(|error| mask(error, began, request_id)).unzip();
        let size: usize = errors.iter().map(|error| error.to_string().len()).sum();
        if size > MAX_ERROR_BYTES {
            // Only a path of long aliases can be that long.
            for error in errors.iter_mut().filter_map(Json::as_object_mut) {
                error.remove("path");
            }
        }
        let withheld = executed.extensions.get(WITHHELD).cloned();
        let extensions = withheld.map(|withheld| Extensions { withheld: Some(withheld), ..Extensions::default() });
        Self { errors, data: began.then_some(executed.data), extensions, codes, retry_after }
    }

    /// A refusal in the same form, for transports without a status.
    pub(crate) fn refused(refusal: &Refusal, request_id: Uuid) -> Self {
        Self {
            errors: vec![refusal.error(request_id)],
            data: None,
            extensions: None,
            codes: vec![refusal.code()],
            retry_after: None,
        }
    }

    /// Whether execution began: then the answer has data, if only null.
    pub(crate) fn began(&self) -> bool {
        self.data.is_some()
    }

    /// The HTTP status: 200 once execution has begun, else that of the first error.
    ///
    /// The draft of "GraphQL over HTTP" would have 422 for some of the 400s; audit suites and clients take 400 for a
    /// request that was not served.
    pub(crate) fn status(&self, media: Media) -> StatusCode {
        match self.codes.first() {
            Some(&code) if !self.began() => {
                let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                media.status(code, status)
            }
            _ => StatusCode::OK,
        }
    }
}

/// A request error is one where execution did not begin: there is no data, and no error has a path. (Missing variables,
/// which the library finds while executing, never get this far.)
fn has_begun(executed: &Executed) -> bool {
    executed.data != Value::Null || executed.errors.iter().any(|error| !error.path.is_empty())
}

/// The code that our own errors carry in `extensions.code`; the library's carry none.
fn code_of(error: &ServerError) -> Option<Code> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(word) => Code::parse(word),
        Value::Enum(word) => Code::parse(word),
        _ => None,
    }
}

fn retry_after(error: &ServerError) -> Option<u64> {
    code_of(error)?;
    match error.extensions.as_ref()?.get("retryAfter")? {
        Value::Number(seconds) => seconds.as_u64(),
        _ => None,
    }
}

fn mask(error: &ServerError, began: bool, request_id: Uuid) -> (Code, Json) {
    let (code, message) = match code_of(error) {
        Some(Code::InternalServerError) => (Code::InternalServerError, "internal error".to_owned()),
        Some(code) => (code, bounded(&error.message)),
        None if !began => (Code::GraphqlValidationFailed, bounded(without_hint(&error.message))),
        None if is_about_input(&error.message) => {
            (Code::BadUserInput, "an argument has a value that its type does not accept".to_owned())
        }
        None => {
            // The message may hold anything, a person's data too, so that even the log does without it.
            tracing::error!(request.id = %request_id, path = %path_text(&error.path), "a resolver failed without a code");
            (Code::InternalServerError, "internal error".to_owned())
        }
    };
    let mut extensions = Map::new();
    extensions.insert("code".to_owned(), json!(code.as_str()));
    extensions.insert("requestId".to_owned(), json!(request_id.to_string()));
    if let Some(seconds) = retry_after(error) {
        extensions.insert("retryAfter".to_owned(), json!(seconds));
    }
    let mut masked = Map::new();
    masked.insert("message".to_owned(), Json::String(message));
    let locations: Vec<Json> =
        error.locations.iter().take(5).map(|at| json!({ "line": at.line, "column": at.column })).collect();
    if !locations.is_empty() {
        masked.insert("locations".to_owned(), Json::Array(locations));
    }
    if !error.path.is_empty() {
        masked.insert("path".to_owned(), error.path.iter().map(segment).collect());
    }
    masked.insert("extensions".to_owned(), Json::Object(extensions));
    (code, Json::Object(masked))
}

/// At most 200 characters, on one line, without control characters.
fn bounded(message: &str) -> String {
    let mut text: String =
        message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_MESSAGE + 1).collect();
    if text.chars().count() > MAX_MESSAGE {
        text = text.chars().take(MAX_MESSAGE - 1).collect();
        text.push('…');
    }
    text
}

/// Suggestions name what the schema has, and introspection may be off.
fn without_hint(message: &str) -> &str {
    message.split(" Did you mean").next().unwrap_or_default()
}

/// The two beginnings of the library's words about a value that did not parse while a field ran.
fn is_about_input(message: &str) -> bool {
    message.starts_with("Failed to parse \"") || message.starts_with("Expected input type \"")
}

fn segment(segment: &PathSegment) -> Json {
    match segment {
        PathSegment::Field(name) => json!(name),
        PathSegment::Index(index) => json!(index),
    }
}

fn path_text(path: &[PathSegment]) -> String {
    let parts = path.iter().map(|part| match part {
        PathSegment::Field(name) => name.escape_default().to_string(),
        PathSegment::Index(index) => index.to_string(),
    });
    parts.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(error: ServerError, data: Value) -> Answer {
        let mut executed = Executed::new(data);
        executed.errors.push(error);
        Answer::of(executed, Uuid::nil())
    }

    fn in_field(message: &str) -> ServerError {
        ServerError::new(message, None).with_path(vec![PathSegment::Field("a".to_owned())])
    }

    #[test]
    fn a_resolvers_own_words_never_leave() {
        let answer = masked(in_field("duplicate key value violates unique constraint \"cases_number\""), Value::Null);
        assert_eq!(answer.status(Media::OldJson), StatusCode::OK);
        assert_eq!(answer.errors[0]["message"], "internal error");
        assert_eq!(answer.errors[0]["extensions"]["code"], "INTERNAL_SERVER_ERROR");
    }

    #[test]
    fn words_with_a_code_of_ours_do() {
        let mut error = in_field("no such case");
        error.extensions.get_or_insert_default().set("code", "NOT_FOUND");
        let answer = masked(error, Value::Null);
        assert_eq!(answer.errors[0]["message"], "no such case");
        assert_eq!(answer.errors[0]["extensions"]["code"], "NOT_FOUND");
    }

    #[test]
    fn a_request_error_has_no_data_and_no_suggestion() {
        let answer =
            masked(ServerError::new("Unknown field \"x\" on type \"Q\". Did you mean \"y\"?", None), Value::Null);
        assert_eq!(answer.status(Media::GraphqlJson), StatusCode::BAD_REQUEST);
        assert!(answer.data.is_none());
        assert_eq!(answer.errors[0]["message"], "Unknown field \"x\" on type \"Q\".");
        assert_eq!(answer.errors[0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    }

    #[test]
    fn long_messages_and_many_errors_are_cut() {
        let errors = (0..9).map(|_| in_field(&"x".repeat(500))).collect();
        let answer = Answer::of(Executed::from_errors(errors), Uuid::nil());
        assert_eq!(answer.errors.len(), 5);
        assert_eq!(bounded(&"x".repeat(500)).chars().count(), 200);
    }
}
