//! Subscriptions as an HTTP answer without an end: server-sent events (graphql-sse, distinct connections) and
//! multipart (Apollo's `subscriptionSpec=1.0`, where every part is `{"payload": …}`).
//!
//! A stream ends with its token, also with one that is revoked meanwhile. A drain ends an event stream with `retry:`, which tells the client when to come back.
//!
//! An event's id is the cursor found in its payload, so that a browser's `Last-Event-ID` resumes where it broke off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_graphql::{Name, Value};
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::json;
use tokio::sync::watch;

use async_graphql::parser::types::OperationType;

use crate::caller::Caller;
use crate::clock::Clock;
use crate::http::answer::Answer;
use crate::http::auth;
use crate::http::graphql::plain;
use crate::http::negotiation::Streaming;
use crate::http::operation::{Event, Operation};
use crate::http::protocol;
use crate::http::request::Parameters;
use crate::http::token::Claims;
use crate::http::{Edge, refusal::Refusal};

/// Takes `Last-Event-ID` for the variable `after`, which names where a subscription resumes. The header wins: a browser
/// that reconnects repeats its first request and only the header is new.
pub(crate) fn resumed(mut parameters: Parameters, headers: &HeaderMap) -> Parameters {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    if let Some(cursor) = last {
        parameters.variables.insert(Name::new("after"), Value::String(cursor.to_owned()));
    }
    parameters
}

/// Whose stream it is.
pub(crate) struct Bearer {
    /// Where the operation hears that scopes were withdrawn.
    pub(crate) newest: watch::Sender<Arc<Caller>>,
    pub(crate) claims: Claims,
}

/// The answer that carries an operation's results until it ends, its token ends or is revoked, or the gateway drains. In the
/// last cases the end mark is missing, which tells the client to connect again.
pub(crate) fn respond(edge: &Arc<Edge>, operation: Operation, form: Streaming, bearer: Bearer) -> Response {
    let events = match operation.kind() {
        OperationType::Subscription => operation.stream(),
        _ => single(operation),
    };
    let (clock, verifier) = (edge.parts.clock.clone(), &edge.parts.verifier);
    let expires_at = bearer.claims.expires_at;
    let revoked = revoked(Arc::clone(edge), bearer);
    let (over, is_leaving) = over(clock.clone(), verifier.ends_at(expires_at), revoked, edge.leave());
    let notice = Some(notice(clock, verifier.warns_at(expires_at), form.expiring(expires_at)).boxed());
    let hint = stream::once(async move { is_leaving.load(Ordering::Relaxed).then(|| form.retry()).flatten() });
    let frames = events.map(move |event| form.frame(&event)).chain(stream::once(async move { form.end() })).boxed();
    let frames = noticed(frames, notice);
    let frames = beating(frames, form, edge.graphql.heartbeat).take_until(over);
    let frames = stream::iter(form.opening()).chain(frames).chain(hint.filter_map(std::future::ready));
    let body = Body::from_stream(frames.map(Ok::<_, std::convert::Infallible>));
    plain(StatusCode::OK, form.media(), body)
}

/// The frame that says that the token is about to expire, when it is time.
async fn notice(clock: Clock, at: DateTime<Utc>, frame: Bytes) -> Bytes {
    clock.sleep_until(at).await;
    frame
}

/// The frames, with one of another kind among them when that is ready. They end with the first ones.
fn noticed(frames: BoxStream<'static, Bytes>, notice: Option<BoxFuture<'static, Bytes>>) -> BoxStream<'static, Bytes> {
    stream::unfold((frames, notice), |(mut frames, mut notice)| async move {
        let Some(waiting) = notice.as_mut() else { return Some((frames.next().await?, (frames, None))) };
        tokio::select! {
            biased;
            frame = waiting => Some((frame, (frames, None))),
            frame = frames.next() => Some((frame?, (frames, notice))),
        }
    })
    .boxed()
}

fn single(operation: Operation) -> BoxStream<'static, Event> {
    let request_id = operation.request_id();
    let run = async move {
        let answer = operation.run().await;
        Event::said(&answer.unwrap_or_else(|refusal: Refusal| Answer::refused(&refusal, request_id)))
    };
    run.into_stream().boxed()
}

/// Waits until the token is revoked. The sender lives in here, as long as the stream does.
async fn revoked(edge: Arc<Edge>, Bearer { newest, claims }: Bearer) {
    let directory = edge.parts.directory.as_ref();
    // Before the first look, so that nothing can fall between the two.
    let mut changes = directory.changes();
    while auth::look_again(directory, &claims, &newest).await.is_ok() {
        if changes.changed().await.is_err() {
            // The gateway is being taken down, which ends the stream in its own way.
            std::future::pending::<()>().await;
        }
    }
}

/// The end of a stream that does not end by itself, and whether it was a drain.
fn over(
    clock: Clock,
    ends_at: DateTime<Utc>,
    revoked: impl Future<Output = ()> + Send + 'static,
    leave: impl Future<Output = ()> + Send + 'static,
) -> (BoxFuture<'static, ()>, Arc<AtomicBool>) {
    let is_leaving = Arc::new(AtomicBool::new(false));
    let leaving = Arc::clone(&is_leaving);
    let over = async move {
        tokio::select! {
            () = clock.sleep_until(ends_at) => {}
            () = revoked => {}
            () = leave => leaving.store(true, Ordering::Relaxed),
        }
    };
    (over.boxed(), is_leaving)
}

/// The frames, with a sign of life whenever none came for a while.
fn beating(frames: BoxStream<'static, Bytes>, form: Streaming, every: Duration) -> BoxStream<'static, Bytes> {
    stream::unfold(frames, move |mut frames| async move {
        match tokio::time::timeout(every, frames.next()).await {
            Ok(frame) => Some((frame?, frames)),
            Err(_) => Some((form.heartbeat(), frames)),
        }
    })
    .boxed()
}

impl Streaming {
    fn media(self) -> &'static str {
        match self {
            Self::Events => "text/event-stream; charset=utf-8",
            Self::Multipart => "multipart/mixed; boundary=\"graphql\"; subscriptionSpec=\"1.0\"",
        }
    }

    /// What stands before the first frame.
    fn opening(self) -> Option<Bytes> {
        match self {
            Self::Events => None,
            Self::Multipart => Some(Bytes::from_static(b"\r\n--graphql")),
        }
    }

    fn frame(self, event: &Event) -> Bytes {
        let json = &event.json;
        let text = match self {
            Self::Events => {
                let id = event.cursor.as_ref().map(|id| format!("id: {id}\n")).unwrap_or_default();
                format!("event: next\n{id}data: {json}\n\n")
            }
            Self::Multipart => part(&format!(r#"{{"payload":{json}}}"#)),
        };
        Bytes::from(text)
    }

    /// How many milliseconds the client should wait before it comes back; other clients come at other times.
    fn retry(self) -> Option<Bytes> {
        (self == Self::Events).then(|| Bytes::from(format!("retry: {}\n\n", rand::random_range(500..=2_500))))
    }

    fn heartbeat(self) -> Bytes {
        match self {
            Self::Events => Bytes::from_static(b":\n\n"),
            Self::Multipart => Bytes::from(part("{}")),
        }
    }

    /// Says that the token is about to expire, in a form that clients pass over: a comment between events (a named event
    /// would break graphql-sse), and a part that holds no result.
    fn expiring(self, expires_at: DateTime<Utc>) -> Bytes {
        let at = protocol::instant(expires_at);
        Bytes::from(match self {
            Self::Events => format!(": token_expiring {at}\n\n"),
            Self::Multipart => part(&json!({ "extensions": { "tokenExpiring": { "expiresAt": at } } }).to_string()),
        })
    }

    fn end(self) -> Bytes {
        match self {
            Self::Events => Bytes::from_static(b"event: complete\ndata:\n\n"),
            Self::Multipart => Bytes::from_static(b"--\r\n"),
        }
    }
}

/// A part with the boundary behind it: readers such as Apollo Client take a part for whole only when they have seen the
/// next boundary, and would show every event as late as the one that follows it.
fn part(json: &str) -> String {
    format!("\r\ncontent-type: application/json\r\n\r\n{json}\r\n--graphql")
}
