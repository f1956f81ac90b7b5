//! What a resolver answers when it cannot answer.
//!
//! [`ApiError`] has no `Display` on purpose: the library turns any `Display` into the client's text with `?`, and with it
//! the names of constraints and pieces of SQL. Only what is converted here reaches a client.

use std::borrow::Cow;

use async_graphql::{ErrorExtensionValues, Value};

use crate::caller::Forbidden;
use crate::failure::Code;
use crate::storage;

/// An error of one field: a code from the closed list, and a sentence in our own words.
#[derive(Clone, Debug)]
pub struct ApiError {
    code: Code,
    message: Cow<'static, str>,
}

impl ApiError {
    /// An argument that could not be parsed or is out of range.
    pub(crate) fn bad_input(message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: Code::BadUserInput, message: message.into() }
    }

    /// A cursor from before what the log still holds.
    pub(crate) fn cursor_expired() -> Self {
        Self { code: Code::CursorExpired, message: Cow::Borrowed("the event log does not reach back to this cursor") }
    }

    /// A fault of ours. The log gets `what`, the client a constant sentence.
    pub(crate) fn internal(what: &str) -> Self {
        tracing::error!(what, "an answer could not be put together");
        Self { code: Code::InternalServerError, message: Cow::Borrowed("internal error") }
    }
}

impl From<ApiError> for async_graphql::Error {
    fn from(error: ApiError) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", Value::from(error.code.as_str()));
        let mut answer = Self::new(error.message);
        answer.extensions = Some(extensions);
        answer
    }
}

impl From<Forbidden> for ApiError {
    fn from(forbidden: Forbidden) -> Self {
        Self { code: Code::Forbidden, message: Cow::Owned(forbidden.to_string()) }
    }
}

impl From<storage::Error> for ApiError {
    fn from(error: storage::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the database failed a request");
        match error {
            storage::Error::Unavailable(_) | storage::Error::Collision(_) => {
                Self { code: Code::ServiceUnavailable, message: Cow::Borrowed("the gateway cannot serve this now") }
            }
            storage::Error::UnknownScheme
            | storage::Error::Duplicate(_)
            | storage::Error::Corrupt(_)
            | storage::Error::Newer(_)
            | storage::Error::Fault(_) => {
                Self { code: Code::InternalServerError, message: Cow::Borrowed("internal error") }
            }
        }
    }
}
