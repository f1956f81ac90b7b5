//! The closed list of error codes and the HTTP status each one has where HTTP speaks.
//!
//! Every folder of the core says the [`Code`] of its errors in a match of its own; the edge and the GraphQL layer are the
//! only two places that render one.

use std::fmt;

/// `extensions.code` of an answer. Clients branch on it, so a word is never reused with another meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// No token, a bad token, or a bad signature.
    Unauthenticated,
    /// A known caller, and an act that is not allowed.
    Forbidden,
    /// Absent, or not yours: the answer is the same.
    NotFound,
    /// An argument could not be parsed or is out of range.
    BadUserInput,
    /// The state forbids it now.
    Conflict,
    /// The request itself has the wrong shape.
    BadRequest,
    /// Not JSON, or an encoding that is not accepted.
    UnsupportedMediaType,
    /// The body is larger than the limit.
    PayloadTooLarge,
    /// The document does not parse.
    GraphqlParseFailed,
    /// The document does not fit the schema.
    GraphqlValidationFailed,
    /// The document exceeds one of the limits.
    QueryTooComplex,
    /// Try later; the answer says when.
    RateLimited,
    /// An array of requests in one body.
    BatchingDisabled,
    /// The persisted document is not known.
    PersistedQueryNotFound,
    /// Truv failed or was too slow.
    UpstreamUnavailable,
    /// The position is older than the log reaches.
    CursorExpired,
    /// The socket has as many subscriptions as it may.
    TooManySubscriptions,
    /// The gateway cannot serve this now.
    ServiceUnavailable,
    /// A fault of ours; the log has the rest.
    InternalServerError,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 19] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::BadUserInput,
        Self::Conflict,
        Self::BadRequest,
        Self::UnsupportedMediaType,
        Self::PayloadTooLarge,
        Self::GraphqlParseFailed,
        Self::GraphqlValidationFailed,
        Self::QueryTooComplex,
        Self::RateLimited,
        Self::BatchingDisabled,
        Self::PersistedQueryNotFound,
        Self::UpstreamUnavailable,
        Self::CursorExpired,
        Self::TooManySubscriptions,
        Self::ServiceUnavailable,
        Self::InternalServerError,
    ];

    /// The code behind a word; `None` for a word that is not in the list.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == word)
    }

    /// The word in `extensions.code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::Conflict => "CONFLICT",
            Self::BadRequest => "BAD_REQUEST",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::QueryTooComplex => "QUERY_TOO_COMPLEX",
            Self::RateLimited => "RATE_LIMITED",
            Self::BatchingDisabled => "BATCHING_DISABLED",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::UpstreamUnavailable => "UPSTREAM_UNAVAILABLE",
            Self::CursorExpired => "CURSOR_EXPIRED",
            Self::TooManySubscriptions => "TOO_MANY_SUBSCRIPTIONS",
            Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
        }
    }

    /// The HTTP status where the whole answer is this one error.
    pub fn status(self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::RateLimited | Self::TooManySubscriptions => 429,
            Self::InternalServerError => 500,
            Self::UpstreamUnavailable | Self::ServiceUnavailable => 503,
            Self::BadUserInput
            | Self::BadRequest
            | Self::GraphqlParseFailed
            | Self::GraphqlValidationFailed
            | Self::QueryTooComplex
            | Self::BatchingDisabled
            | Self::PersistedQueryNotFound
            | Self::CursorExpired => 400,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
