//! A request that is not served: one code, one sentence of ours, and the headers that go with it.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;
use uuid::Uuid;

use crate::failure::Code;
use crate::http::negotiation::Media;

/// Why a request is not served. Its words are ours and may be read by anyone.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    code: Code,
    status: StatusCode,
    message: Cow<'static, str>,
    location: Option<(usize, usize)>,
    allow: Option<&'static str>,
    retry_after: Option<Duration>,
    closes: bool,
    is_constant: bool,
}

impl Refusal {
    /// A refusal whose status is the code's own.
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            code,
            status,
            message: message.into(),
            location: None,
            allow: None,
            retry_after: None,
            closes: false,
            is_constant: false,
        }
    }

    /// The one answer to every kind of missing or bad token.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "a valid bearer token is required")
    }

    /// A fault of ours; the rest is in the log under the request's id.
    pub(crate) fn internal() -> Self {
        Self::new(Code::InternalServerError, "internal error")
    }

    /// The gateway cannot serve this now.
    pub(crate) fn unavailable(message: &'static str) -> Self {
        Self::new(Code::ServiceUnavailable, message).retry_after(Duration::from_secs(1))
    }

    /// 405 with the methods that are served.
    pub(crate) fn method(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(Code::BadRequest, "this method is not served here").status(StatusCode::METHOD_NOT_ALLOWED)
        }
    }

    /// Another status than the code's own, where the closed list of codes is coarser than HTTP.
    pub(crate) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Where in the document (line and column, from 1).
    pub(crate) fn at(self, line: usize, column: usize) -> Self {
        Self { location: Some((line, column)), ..self }
    }

    /// When to try again.
    pub(crate) fn retry_after(self, time: Duration) -> Self {
        Self { retry_after: Some(time), ..self }
    }

    /// Ends the connection with the answer, because the rest of the request will not be read.
    pub(crate) fn closing(self) -> Self {
        Self { closes: true, ..self }
    }

    /// Leaves the request's id to the header alone, so that every such answer has the same body to the byte.
    pub(crate) fn constant(self) -> Self {
        Self { is_constant: true, ..self }
    }

    /// The code, for the transports that have no status.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// Whether the fault is the gateway's and not the client's.
    pub(crate) fn is_ours(&self) -> bool {
        self.status.is_server_error()
    }

    /// The sentence alone, for a message that is not an answer.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The error as GraphQL writes it.
    pub(crate) fn error(&self, request_id: Uuid) -> serde_json::Value {
        let code = self.code.as_str();
        let extensions =
            if self.is_constant { json!({ "code": code }) } else { json!({ "code": code, "requestId": request_id }) };
        let mut error = json!({ "message": self.message, "extensions": extensions });
        if let (Some((line, column)), Some(error)) = (self.location, error.as_object_mut()) {
            error.insert("locations".to_owned(), json!([{ "line": line, "column": column }]));
        }
        error
    }

    /// The answer over HTTP, as `media`.
    pub(crate) fn answer(&self, media: Media, request_id: Uuid) -> Response {
        let body = json!({ "errors": [self.error(request_id)] }).to_string();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = media.status(self.code, self.status);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media.name()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(time) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(time.as_secs().max(1)));
        }
        if self.closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
