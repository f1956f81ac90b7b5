//! Why a request is refused, before anybody thinks of status codes.

/// A refusal.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// No such object, or another client's.
    NotFound,
    /// The object belongs to another environment of the same client.
    OtherEnvironment,
    /// The headers name no active key.
    NotAuthenticated,
    /// The request cannot be carried out as it is; each field with what is wrong.
    Invalid { message: String, fields: Vec<(String, String)> },
    /// The connection's refreshes of the day are used up.
    QuotaExceeded,
    /// A bridge or public token came late, or twice.
    ExpiredToken,
    /// Too many requests; seconds to wait.
    Throttled { seconds: i64 },
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The body is something other than JSON.
    UnsupportedMediaType,
}

impl Refusal {
    /// One wrong field.
    pub(crate) fn field(field: &str, message: &str) -> Self {
        Self::Invalid {
            message: "Invalid request parameters".to_owned(),
            fields: vec![(field.to_owned(), message.to_owned())],
        }
    }
}
