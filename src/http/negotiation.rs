//! Which media type a request is in, and which one its answer may have ("GraphQL over HTTP", Media Types).

use axum::http::{HeaderMap, StatusCode, header};

use crate::failure::Code;
use crate::http::refusal::Refusal;

const JSON: &str = "application/json";
const GRAPHQL_JSON: &str = "application/graphql-response+json";

/// The form of a single answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// Plain JSON, because the client did not say.
    Json,
    /// Plain JSON by name: the client reads an answer's body only when the status is 200.
    OldJson,
    /// The type made for GraphQL's answers.
    GraphqlJson,
}

impl Media {
    /// What `Content-Type` says.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json | Self::OldJson => JSON,
            Self::GraphqlJson => GRAPHQL_JSON,
        }
    }

    /// The status of an answer without data, `otherwise` being that of its code: the one place where the two differ.
    ///
    /// Under `application/json` the specification of "GraphQL over HTTP" wants 200 for a well-formed request whose
    /// document or variables are wrong. What breaks a limit of ours, or was never a GraphQL request, stays a 400.
    pub(crate) fn status(self, code: Code, otherwise: StatusCode) -> StatusCode {
        match (self, code) {
            (Self::OldJson, Code::GraphqlParseFailed | Code::GraphqlValidationFailed | Code::BadUserInput) => {
                StatusCode::OK
            }
            _ => otherwise,
        }
    }
}

/// What the client accepts, best first kept per kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// The type of a single answer; `None` when only streams are accepted.
    pub(crate) single: Option<Media>,
    /// The form of a stream; `None` when none is accepted.
    pub(crate) stream: Option<Streaming>,
}

/// The two ways to send a stream over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Streaming {
    /// `text/event-stream` (graphql-sse, distinct connections).
    Events,
    /// `multipart/mixed; subscriptionSpec=1.0` (Apollo's multipart subscriptions).
    Multipart,
}

impl Accepted {
    /// The type for a refusal or a single answer, whatever is accepted.
    pub(crate) fn refusal_type(self) -> Media {
        self.single.unwrap_or(Media::Json)
    }
}

/// Refuses everything but JSON in UTF-8 and in the clear.
pub(crate) fn check_content(headers: &HeaderMap) -> Result<(), Refusal> {
    let refusal = |message| Err(Refusal::new(Code::UnsupportedMediaType, message).closing());
    if headers.contains_key(header::CONTENT_ENCODING) {
        return refusal("an encoded body is not accepted");
    }
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return refusal("the body must be application/json");
    };
    let text = only.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let is_json = parts.next() == Some(JSON);
    let mut parameters = parts.filter(|part| !part.is_empty());
    let charset = parameters.next();
    let is_utf8 = matches!(charset, None | Some("charset=utf-8" | "charset=\"utf-8\""));
    if is_json && is_utf8 && parameters.next().is_none() {
        Ok(())
    } else {
        refusal("the body must be application/json")
    }
}

/// What the `Accept` headers allow.
pub(crate) fn accepted(headers: &HeaderMap) -> Result<Accepted, Refusal> {
    let mut ranges: Vec<(f32, String)> = Vec::new();
    for value in headers.get_all(header::ACCEPT) {
        let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
        ranges.extend(text.split(',').filter(|range| !range.trim().is_empty()).map(quality));
    }
    if ranges.is_empty() {
        return Ok(Accepted { single: Some(Media::Json), stream: None });
    }
    // The sort is stable: among equals the client's order decides.
    ranges.sort_by(|one, other| other.0.total_cmp(&one.0));
    let admitted = || ranges.iter().filter(|(quality, _)| *quality > 0.0).map(|(_, range)| range.as_str());
    let single = admitted().find_map(|range| match media(range) {
        GRAPHQL_JSON => Some(Media::GraphqlJson),
        JSON => Some(Media::OldJson),
        "*/*" | "application/*" => Some(Media::Json),
        _ => None,
    });
    let stream = admitted().find_map(|range| match media(range) {
        "text/event-stream" => Some(Streaming::Events),
        "multipart/mixed" if has_parameter(range, "subscriptionspec", &["1.0", "\"1.0\""]) => {
            Some(Streaming::Multipart)
        }
        _ => None,
    });
    if single.is_none() && stream.is_none() {
        let refusal = Refusal::new(Code::BadRequest, "no acceptable media type: ask for application/json");
        return Err(refusal.status(StatusCode::NOT_ACCEPTABLE));
    }
    Ok(Accepted { single, stream })
}

fn quality(range: &str) -> (f32, String) {
    let weight = range.split(';').skip(1).find_map(|part| part.trim().strip_prefix("q=")?.trim().parse().ok());
    (weight.unwrap_or(1.0), range.trim().to_owned())
}

fn media(range: &str) -> &str {
    range.split(';').next().unwrap_or_default().trim()
}

fn has_parameter(range: &str, name: &str, values: &[&str]) -> bool {
    range.split(';').skip(1).any(|part| {
        part.split_once('=').is_some_and(|(key, value)| key.trim() == name && values.contains(&value.trim()))
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[rstest]
    #[case("application/json", true)]
    #[case("Application/JSON; charset=UTF-8", true)]
    #[case("application/json; charset=latin1", false)]
    #[case("application/json; charset=utf-8; boundary=x", false)]
    #[case("text/plain", false)]
    #[case("application/jsonp", false)]
    #[case("application/graphql", false)]
    #[case("multipart/form-data; boundary=x", false)]
    fn only_json_in_utf8_is_read(#[case] value: &str, #[case] read: bool) {
        assert_eq!(check_content(&headers(header::CONTENT_TYPE, value)).is_ok(), read);
    }

    #[rstest]
    #[case("*/*", Some(Media::Json), None)]
    #[case("application/json;q=0.5, application/graphql-response+json", Some(Media::GraphqlJson), None)]
    #[case("application/json, application/graphql-response+json", Some(Media::OldJson), None)]
    #[case("text/event-stream", None, Some(Streaming::Events))]
    #[case("multipart/mixed;subscriptionSpec=1.0, application/json", Some(Media::OldJson), Some(Streaming::Multipart))]
    #[case("multipart/mixed;deferSpec=20220824, application/json", Some(Media::OldJson), None)]
    fn the_clients_preference_decides(
        #[case] accept: &str,
        #[case] single: Option<Media>,
        #[case] stream: Option<Streaming>,
    ) {
        assert_eq!(accepted(&headers(header::ACCEPT, accept)).unwrap(), Accepted { single, stream });
    }

    #[rstest]
    #[case("text/html")]
    #[case("application/json;q=0")]
    fn what_we_cannot_write_is_not_acceptable(#[case] accept: &str) {
        assert!(accepted(&headers(header::ACCEPT, accept)).is_err());
    }
}
