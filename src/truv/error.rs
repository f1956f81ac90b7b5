//! What can go wrong with a call to Truv, and what is then known about it.
//!
//! The HTTP status decides, the body only explains: codes differ between editions of the vendor's pages, and a proxy may
//! answer with HTML. Of a body we keep the code, the message and the named fields, bounded and cleaned (`words` below).

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use serde_json::Value;

use super::throttle;
use crate::gate::Closed;

/// Longest text taken over from an answer, in characters.
const LONGEST_TEXT: usize = 200;

/// Most fields taken over from an answer.
const MOST_FIELDS: usize = 20;

/// A call that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Truv understood the call and will not do it: any 4xx without a variant of its own, and every refusal over the
    /// refresh limit. Repeating it as it is cannot help.
    #[error("Truv refused the call with status {status}{}", explained(code.as_deref(), message.as_deref()))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// `incorrect_parameters`, `expired_token`, …; `None` when the body has none.
        code: Option<String>,
        /// Truv's words.
        message: Option<String>,
        /// What was wrong with which field.
        fields: Vec<FieldProblem>,
    },
    /// A refusal of which only the status arrived; why, was lost on the way.
    #[error("Truv refused the call with status {status}, and the connection broke off before it said why")]
    Unexplained {
        /// The HTTP status.
        status: u16,
    },
    /// 401: the client id or the secret is wrong. Every further call would fail too.
    #[error("Truv does not accept the access key")]
    Unauthorized,
    /// 403: the key may not see this, such as a sandbox key and a production object.
    #[error("Truv does not let this access key see the object")]
    Forbidden,
    /// 404: unknown, or another agency's; shortly after a creation it may only be too early. Also the answer, without a
    /// call, for an id that cannot stand in a path.
    #[error("Truv has no such object")]
    NotFound,
    /// 429: too many requests; not executed.
    #[error("Truv receives too many requests from this access key")]
    Throttled {
        /// How long to wait, at most a day; `None` when the answer does not say.
        retry_after: Option<Duration>,
    },
    /// Not called at all: the gate of the access key is shut. Nothing was sent.
    #[error("Truv is not called now: {}", .0.why)]
    Held(Closed),
    /// 5xx, or a status that should not occur, such as a redirect, which is never followed because the secret would travel
    /// with it.
    #[error("Truv answered with status {status}")]
    Upstream {
        /// The HTTP status.
        status: u16,
    },
    /// The call took longer than the setting allows. It may have been executed.
    #[error("Truv did not answer in time")]
    TimedOut,
    /// No connection came about: refused, unknown host, or a failed handshake. Nothing was sent.
    #[error("Truv could not be reached: {cause}")]
    Unreachable {
        /// The operating system's or the TLS library's words.
        cause: String,
    },
    /// The connection ended in the middle. The call may have been executed.
    #[error("the connection to Truv broke off: {cause}")]
    Broken {
        /// The HTTP library's words.
        cause: String,
    },
    /// The call succeeded and its answer cannot be read.
    #[error("the answer of Truv cannot be read: {reason}")]
    Undecodable {
        /// In our words; never a piece of the answer.
        reason: &'static str,
    },
}

/// One field that Truv refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field's name in the request.
    pub field: String,
    /// Truv's words.
    pub message: String,
}

/// What is known, after a failed `POST`, about whether it took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It had no effect, and it is worth sending again: it never left, or it was refused for a reason that got lost.
    NotSent,
    /// It was refused: no effect, and no use in sending it again.
    Refused,
    /// It was turned away for now, by Truv or by our own gate: no effect, to be sent again after the wait.
    Throttled,
    /// It may have taken effect: look it up before sending it again.
    Unknown,
}

impl Error {
    /// What is known about whether the call took effect. Matters for calls that change something; a read can always be
    /// repeated.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Unreachable { .. } | Self::Unexplained { .. } => Outcome::NotSent,
            Self::Refused { .. } | Self::Unauthorized | Self::Forbidden | Self::NotFound => Outcome::Refused,
            Self::Throttled { .. } | Self::Held(_) => Outcome::Throttled,
            Self::Upstream { .. } | Self::TimedOut | Self::Broken { .. } | Self::Undecodable { .. } => Outcome::Unknown,
        }
    }

    /// Whether the refresh limit of a connection is used up ("Refresh limit for the `access_token` exceeded"). The status
    /// and the code of that answer are not documented, so both the text and the code are looked at.
    pub fn is_refresh_limit(&self) -> bool {
        match self {
            Self::Refused { code, message, .. } => names_refresh_limit(code.as_deref(), message.as_deref()),
            _ => false,
        }
    }

    /// The error in an answer of which nothing but the status arrived.
    pub(super) fn of_status(status: StatusCode, headers: &HeaderMap) -> Self {
        match Self::of_answer(status, headers, &[]) {
            // Only the body tells a limit that lasts for a day from a mistake that stays one.
            Self::Refused { status, .. } => Self::Unexplained { status },
            other => other,
        }
    }

    /// The error in an answer that is not a success.
    pub(super) fn of_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let explanation = Explanation::read(body);
        let limit = names_refresh_limit(explanation.code.as_deref(), explanation.message.as_deref());
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthorized,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::FORBIDDEN if !limit => Self::Forbidden,
            StatusCode::TOO_MANY_REQUESTS if !limit => {
                let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
                let message = explanation.message.as_deref();
                Self::Throttled { retry_after: throttle::wait(header(RETRY_AFTER), header(DATE), message) }
            }
            status if status.is_client_error() => {
                let Explanation { code, message, fields } = explanation;
                Self::Refused { status: status.as_u16(), code, message, fields }
            }
            status => Self::Upstream { status: status.as_u16() },
        }
    }

    /// The error when no complete answer came.
    pub(super) fn of_transport(error: &reqwest::Error) -> Self {
        // A connect time-out is both; what matters is that nothing had been sent.
        if error.is_connect() || error.is_builder() {
            Self::Unreachable { cause: root_cause(error) }
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Broken { cause: root_cause(error) }
        }
    }

    /// The error in a successful answer that is not what the reference promises. The library's own text quotes the answer,
    /// so only its kind is kept.
    pub(super) fn of_json(error: &serde_json::Error) -> Self {
        Self::Undecodable {
            reason: match error.classify() {
                serde_json::error::Category::Eof => "it is cut short",
                serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON",
                serde_json::error::Category::Data => "it has another shape than documented",
            },
        }
    }
}

/// What an error's body says: `{"error": {"code", "message", "extra": {"invalid-params"}}}`, or `{"detail"}` on a 404.
#[derive(Default)]
struct Explanation {
    code: Option<String>,
    message: Option<String>,
    fields: Vec<FieldProblem>,
}

/// Whether it begins as JSON and ends too soon.
pub(super) fn is_cut_short(body: &[u8]) -> bool {
    !body.is_empty() && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err_and(|error| error.is_eof())
}

impl Explanation {
    fn read(body: &[u8]) -> Self {
        let Ok(body) = serde_json::from_slice::<Value>(body) else { return Self::default() };
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(words);
        let fields = body.pointer("/error/extra/invalid-params").and_then(Value::as_array).map(Vec::as_slice);
        Self {
            code: text("/error/code"),
            message: text("/error/message").or_else(|| text("/detail")),
            fields: fields.unwrap_or_default().iter().take(MOST_FIELDS).filter_map(FieldProblem::read).collect(),
        }
    }
}

impl FieldProblem {
    fn read(param: &Value) -> Option<Self> {
        let text = |name: &str| param.get(name).and_then(Value::as_str).map(words);
        Some(Self { field: text("field")?, message: text("message").unwrap_or_default() })
    }
}

/// Whether Truv says that the refreshes of a connection are used up.
pub(crate) fn names_refresh_limit(code: Option<&str>, message: Option<&str>) -> bool {
    let has = |text: Option<&str>, part| text.is_some_and(|text| text.to_ascii_lowercase().contains(part));
    has(message, "refresh limit") || has(code, "refresh_limit")
}

fn explained(code: Option<&str>, message: Option<&str>) -> String {
    match (code, message) {
        (Some(code), Some(message)) => format!(" ({code}): {message}"),
        (Some(code), None) => format!(" ({code})"),
        (None, Some(message)) => format!(": {message}"),
        (None, None) => String::new(),
    }
}

/// Truv's or a provider's words as they may be shown: control characters become spaces, anything that could be a token or a social
/// security number becomes "…", and 200 characters are enough.
pub(crate) fn words(text: &str) -> String {
    let mut shown = String::new();
    let mut run = String::new();
    for character in text.chars().chain(['\0']) {
        if character.is_ascii_alphanumeric() || matches!(character, '-' | '_') {
            run.push(character);
            continue;
        }
        shown.push_str(if could_be_secret(&run) { "…" } else { &run });
        run.clear();
        shown.push(if character.is_control() { ' ' } else { character });
    }
    shown.trim().chars().take(LONGEST_TEXT).collect()
}

/// Nine digits in one word, or sixteen characters with a digit among them.
fn could_be_secret(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    digits >= 9 || (word.len() >= 16 && digits > 0)
}

/// The innermost cause: an operating system's or a library's words. The outer texts hold the address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    cause.map_or_else(|| "no cause given".to_owned(), |cause| words(&cause.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_whose_reason_got_lost_is_worth_sending_again() {
        assert!(is_cut_short(br#"{"error": {"code": "incorrect_par"#));
        for whole in [&br#"{"error": {"code": "incorrect_parameters"}}"#[..], b"<html>", b""] {
            assert!(!is_cut_short(whole));
        }
        assert_eq!(Error::of_status(StatusCode::BAD_REQUEST, &HeaderMap::new()).outcome(), Outcome::NotSent);
        assert_eq!(Error::of_status(StatusCode::NOT_FOUND, &HeaderMap::new()), Error::NotFound);
    }

    #[test]
    fn borrowed_words_hold_no_control_characters_and_no_secret() {
        assert_eq!(words("bad\r\n\u{1b}[31mphone\u{7}"), "bad   [31mphone");
        assert_eq!(words("token 7e5b1bd7b317a4597496888b27bdfeb3 exceeded"), "token … exceeded");
        assert_eq!(words("ssn 900-55-0142, or 900550142"), "ssn …, or …");
        assert_eq!(words("see https://x.test/?bridge_token=c30c7e9bf2a70c1e."), "see https://x.test/?bridge_token=….");
        assert_eq!(words("key sandbox-5f0e7c1d9b2a4e6f"), "key …");
        assert_eq!(words("unverifiable_employment since 2026-03-04"), "unverifiable_employment since 2026-03-04");
        assert_eq!(words(&"é ".repeat(500)).chars().count(), LONGEST_TEXT);
    }
}
