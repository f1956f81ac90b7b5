//! Answers: a status and a body that is rendered after the lock is given back.

use axum::body::Bytes;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use crate::simulator::chance::Id;
use crate::simulator::refusal::Refusal;
use crate::simulator::walk::QUOTA_MESSAGE;

/// What a request is answered with.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
    /// The order that the request made.
    pub(crate) made: Option<Id>,
}

/// The body, as bytes or as the means to make them.
pub(crate) enum Body {
    Empty,
    Ready(&'static str, Bytes),
    Json(Box<dyn FnOnce() -> Vec<u8> + Send>),
}

impl Answer {
    /// A value that holds all it needs; it is serialised later, outside the lock.
    pub(crate) fn json(status: StatusCode, value: impl Serialize + Send + 'static) -> Self {
        let render = move || serde_json::to_vec(&value).unwrap_or_default();
        Self { status, headers: Vec::new(), body: Body::Json(Box::new(render)), made: None }
    }

    pub(crate) fn ok(value: impl Serialize + Send + 'static) -> Self {
        Self::json(StatusCode::OK, value)
    }

    pub(crate) fn created(value: impl Serialize + Send + 'static) -> Self {
        Self::json(StatusCode::CREATED, value)
    }

    pub(crate) fn empty() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: Vec::new(), body: Body::Empty, made: None }
    }

    pub(crate) fn made(mut self, order: Id) -> Self {
        self.made = Some(order);
        self
    }

    /// What a proxy in front of the service says when the service is gone.
    pub(crate) fn bad_gateway() -> Self {
        let page = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center>\
                    <hr><center>nginx</center></body></html>";
        let body = Body::Ready("text/html", Bytes::from_static(page.as_bytes()));
        Self { status: StatusCode::BAD_GATEWAY, headers: Vec::new(), body, made: None }
    }

    pub(crate) fn server_error() -> Self {
        let body = json!({ "error": { "code": "server_error", "message": "Internal server error" } });
        Self::json(StatusCode::INTERNAL_SERVER_ERROR, body)
    }

    /// The redirect to the same path with a slash.
    pub(crate) fn with_slash(location: String) -> Self {
        let headers = vec![("location", location)];
        Self { status: StatusCode::MOVED_PERMANENTLY, headers, body: Body::Empty, made: None }
    }

    /// A refusal in Truv's words (Truv, "Errors"). `hint` says whether a 429 carries `Retry-After`.
    pub(crate) fn refused(refusal: Refusal, hint: bool) -> Self {
        let error = |status, code: &str, message: &str| {
            Self::json(status, json!({ "error": { "code": code, "message": message } }))
        };
        match refusal {
            Refusal::NotFound => Self::json(StatusCode::NOT_FOUND, json!({ "detail": "Not Found." })),
            Refusal::MethodNotAllowed => {
                error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed.")
            }
            Refusal::UnsupportedMediaType => error(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Unsupported media type in request.",
            ),
            Refusal::NotAuthenticated => {
                error(StatusCode::UNAUTHORIZED, "authentication_failed", "Incorrect authentication credentials.")
            }
            Refusal::OtherEnvironment => error(
                StatusCode::FORBIDDEN,
                "not_authenticated",
                "You do not have permission to perform this action in this environment.",
            ),
            Refusal::ExpiredToken => error(StatusCode::GONE, "expired_token", "Token has expired or was used already."),
            Refusal::QuotaExceeded => error(StatusCode::BAD_REQUEST, "incorrect_parameters", QUOTA_MESSAGE),
            Refusal::Invalid { message, fields } => {
                let invalid: Vec<Value> =
                    fields.iter().map(|(field, message)| json!({ "field": field, "message": message })).collect();
                let body = json!({ "error": {
                    "code": "incorrect_parameters",
                    "message": message,
                    "extra": { "invalid-params": invalid },
                } });
                Self::json(StatusCode::BAD_REQUEST, body)
            }
            Refusal::Throttled { seconds } => {
                let message = format!("Request was throttled. Expected available in {seconds} seconds.");
                let mut answer = error(StatusCode::TOO_MANY_REQUESTS, "throttled", &message);
                if hint {
                    answer.headers.push(("retry-after", seconds.to_string()));
                }
                answer
            }
        }
    }
}
