//! The messages of `graphql-transport-ws` (enisdenjo/graphql-ws, PROTOCOL.md), read strictly.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::http::json;

/// The one subprotocol spoken here. The legacy `graphql-ws` is not.
pub(crate) const NAME: &str = "graphql-transport-ws";

const MAX_ID: usize = 128;

/// What a client may say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ClientMessage {
    /// `connection_init`, with its payload's members.
    Init(Map<String, Value>),
    /// `subscribe`: an id of the client's choice and a request.
    Subscribe(String, Value),
    /// `complete`: the client wants no more of that id.
    Complete(String),
    /// `ping`, whose payload comes back with the pong.
    Ping(Option<Value>),
    /// `pong`, asked for or not.
    Pong,
}

/// Not a message of this protocol: close with 4400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAMessage;

impl ClientMessage {
    /// Reads one text frame.
    pub(crate) fn parse(text: &str) -> Result<Self, NotAMessage> {
        let Ok(Value::Object(mut message)) = json::parse(text.as_bytes()) else { return Err(NotAMessage) };
        let Some(Value::String(kind)) = message.remove("type") else { return Err(NotAMessage) };
        let payload = message.remove("payload").filter(|payload| !payload.is_null());
        let members = |payload| match payload {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(NotAMessage),
        };
        match kind.as_str() {
            "connection_init" => Ok(Self::Init(members(payload)?.unwrap_or_default())),
            "subscribe" => {
                let request = members(payload)?.ok_or(NotAMessage)?;
                // Without a document there is no request; the rest of its shape is a request error, not a protocol error.
                let has_document = ["query", "documentId", "extensions"]
                    .iter()
                    .any(|name| request.get(*name).is_some_and(|v| !v.is_null()));
                let is_text = request.get("query").is_none_or(|query| query.is_string() || query.is_null());
                if !has_document || !is_text {
                    return Err(NotAMessage);
                }
                Ok(Self::Subscribe(id(&mut message)?, Value::Object(request)))
            }
            "complete" => Ok(Self::Complete(id(&mut message)?)),
            "ping" => Ok(Self::Ping(members(payload)?.map(Value::Object))),
            "pong" => members(payload).map(|_| Self::Pong),
            _ => Err(NotAMessage),
        }
    }
}

fn id(message: &mut Map<String, Value>) -> Result<String, NotAMessage> {
    match message.remove("id") {
        Some(Value::String(id)) if (1..=MAX_ID).contains(&id.len()) => Ok(id),
        _ => Err(NotAMessage),
    }
}

/// `connection_ack`.
pub(crate) fn ack() -> String {
    json!({ "type": "connection_ack" }).to_string()
}

/// `pong`, with the ping's payload.
pub(crate) fn pong(payload: Option<&Value>) -> String {
    match payload {
        Some(payload) => json!({ "type": "pong", "payload": payload }).to_string(),
        None => json!({ "type": "pong" }).to_string(),
    }
}

/// `pong` to a ping that brought a new token: until when it counts.
pub(crate) fn renewed(expires_at: DateTime<Utc>) -> String {
    json!({ "type": "pong", "payload": { "expiresAt": instant(expires_at) } }).to_string()
}

/// `ping` whose payload says that the token is about to expire: the protocol lets both sides put anything there, and a
/// client that does not know ours answers with a pong like to any other.
pub(crate) fn expiring(expires_at: DateTime<Utc>) -> String {
    json!({ "type": "ping", "payload": { "type": "token_expiring", "expiresAt": instant(expires_at) } }).to_string()
}

/// An instant as the transports write it: RFC 3339, UTC, whole seconds like the token's own times.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `next`: one result, already written as JSON.
pub(crate) fn next(id: &str, result: &str) -> String {
    framed(id, "next", result)
}

/// `error`: the operation did not begin, or ended with what makes its results void. The errors are written already.
pub(crate) fn error(id: &str, errors: &str) -> String {
    framed(id, "error", errors)
}

fn framed(id: &str, kind: &str, payload: &str) -> String {
    format!(r#"{{"id":{},"type":"{kind}","payload":{payload}}}"#, Value::from(id))
}

/// `complete`: no more results.
pub(crate) fn complete(id: &str) -> String {
    json!({ "id": id, "type": "complete" }).to_string()
}

/// Why a socket is closed: the code and words of at most 123 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closing(pub(crate) u16, pub(crate) &'static str);

impl Closing {
    pub(crate) const PROTOCOL: Self = Self(1002, "Protocol error");
    pub(crate) const NOT_UTF8: Self = Self(1007, "Not UTF-8");
    pub(crate) const TOO_LARGE: Self = Self(1009, "Message too large");
    pub(crate) const RESTART: Self = Self(1012, "Service restart");
    pub(crate) const SLOW: Self = Self(1013, "Client reads too slowly");
    pub(crate) const BUSY: Self = Self(1013, "Try again later");
    pub(crate) const BAD_MESSAGE: Self = Self(4400, "Invalid message");
    pub(crate) const UNAUTHORIZED: Self = Self(4401, "Unauthorized");
    pub(crate) const FORBIDDEN: Self = Self(4403, "Forbidden");
    pub(crate) const INIT_TIMEOUT: Self = Self(4408, "Connection initialisation timeout");
    pub(crate) const SECOND_INIT: Self = Self(4429, "Too many initialisation requests");
    pub(crate) const DUPLICATE_ID: Self = Self(4409, "Subscriber already exists");
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("not json")]
    #[case("[]")]
    #[case("{}")]
    #[case(r#"{"type":1}"#)]
    #[case(r#"{"type":"start","id":"1","payload":{"query":"{a}"}}"#)]
    #[case(r#"{"type":"stop","id":"1"}"#)]
    #[case(r#"{"type":"connection_terminate"}"#)]
    #[case(r#"{"type":"connection_ack"}"#)]
    #[case(r#"{"type":"next","id":"1","payload":{}}"#)]
    #[case(r#"{"type":"connection_init","payload":[]}"#)]
    #[case(r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#)]
    #[case(r#"{"type":"subscribe","id":1,"payload":{"query":"{a}"}}"#)]
    #[case(r#"{"type":"subscribe","id":"1"}"#)]
    #[case(r#"{"type":"subscribe","id":"1","payload":{"query":7}}"#)]
    #[case(r#"{"type":"ping","payload":"x"}"#)]
    fn everything_else_is_not_a_message(#[case] text: &str) {
        assert_eq!(ClientMessage::parse(text), Err(NotAMessage));
    }

    #[test]
    fn an_id_has_at_most_128_bytes() {
        let message = |length: usize| json!({ "type": "complete", "id": "x".repeat(length) }).to_string();
        assert!(ClientMessage::parse(&message(128)).is_ok());
        assert!(ClientMessage::parse(&message(129)).is_err());
    }
}
