//! `graphql-transport-ws` over a WebSocket: the handshake, the deadlines, and what each message leads to.
//!
//! The reading loop below never waits for the client to read: answers are offered to a bounded queue
//! (`outgoing.rs`), and a client that leaves it full is told to come back later.

use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{FromRequestParts as _, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};
use tungstenite::error::{CapacityError, Error as WireError};
use uuid::Uuid;

use crate::caller::{Caller, Standing};
use crate::failure::Code;
use crate::http::negotiation::Media;
use crate::http::operation::Operation;
use crate::http::operations::{NoPlace, Operations};
use crate::http::origin::is_own;
use crate::http::outgoing::{self, Outgoing};
use crate::http::pace::Pace;
use crate::http::protocol::{self, ClientMessage, Closing};
use crate::http::refusal::Refusal;
use crate::http::request::Parameters;
use crate::http::token::Claims;
use crate::http::{Edge, SubjectSeat, auth, seats::Seat};

/// Small buffers: an idle socket costs 20 kB instead of the 142 kB of the library's own sizes.
const READ_BUFFER: usize = 4096;
/// How long the client's own close frame is waited for.
const GOODBYE: Duration = Duration::from_secs(1);

/// Whether a request asks for a WebSocket.
pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.get(header::UPGRADE).is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// The handshake.
pub(crate) async fn open(edge: Arc<Edge>, request_id: Uuid, request: Request) -> Response {
    shake_hands(edge, request).await.unwrap_or_else(|refusal| refusal.answer(Media::Json, request_id))
}

async fn shake_hands(edge: Arc<Edge>, request: Request) -> Result<Response, Refusal> {
    let bad = |message: &'static str| Refusal::new(Code::BadRequest, message);
    let (mut parts, _) = request.into_parts();
    let mut origins = parts.headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        // What is not a browser sends no origin, and needs none: its token is not a cookie.
        (None, _) => {}
        (Some(origin), None) if edge.origins.admit(origin) => {}
        // The portal and the explorer are pages from here.
        (Some(origin), None) if edge.has_pages && is_own(origin, parts.headers.get(header::HOST)) => {}
        (Some(_), None) => return Err(Refusal::new(Code::Forbidden, "this origin may not connect")),
        (Some(_), Some(_)) => return Err(bad("one origin at most")),
    }
    let token = match auth::bearer(&parts.headers) {
        Some(Err(_)) => Handshake::Malformed,
        Some(Ok(token)) => Handshake::Token(token.to_owned()),
        None => Handshake::Nothing,
    };
    let upgrade = WebSocketUpgrade::<axum::extract::ws::DefaultOnFailedUpgrade>::from_request_parts(&mut parts, &())
        .await
        .map_err(|rejection| match rejection {
            WebSocketUpgradeRejection::ConnectionNotUpgradable(_) => {
                bad("this connection cannot be upgraded").status(StatusCode::UPGRADE_REQUIRED)
            }
            _ => bad("not a WebSocket handshake of version 13"),
        })?;
    let settings = &edge.graphql.socket;
    let upgrade = upgrade
        .protocols([protocol::NAME])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(settings.max_message_bytes)
        .max_frame_size(settings.max_message_bytes);
    if upgrade.selected_protocol().is_none() {
        return Err(bad("the subprotocol must be graphql-transport-ws"));
    }
    if edge.parts.shutdown.is_cancelled() {
        return Err(Refusal::unavailable("the gateway is shutting down"));
    }
    let seat = edge
        .all_sockets
        .take((), settings.max_sockets)
        .ok_or_else(|| Refusal::unavailable("too many sockets are open"))?;
    let tasks = edge.parts.tasks.clone();
    Ok(upgrade.on_upgrade(move |socket| tasks.track_future(converse(edge, socket, token, seat))))
}

/// What the handshake's own header said about the caller.
enum Handshake {
    Nothing,
    Malformed,
    Token(String),
}

/// One socket from its first message to its last.
async fn converse(edge: Arc<Edge>, socket: WebSocket, handshake: Handshake, _seat: Seat<()>) {
    let _counted = Open::count();
    let (sink, mut incoming) = socket.split();
    let (closing, asked) = watch::channel(None);
    let (out, write) = outgoing::channel(sink, &edge.graphql.socket, asked);
    let mut writing = edge.parts.tasks.spawn(write);
    let connection = Connection::new(edge, handshake, out);
    let outcome = tokio::select! {
        outcome = connection.listen(&mut incoming) => outcome,
        // The client is gone or does not read: the writing task has said what there was to say.
        _ = &mut writing => return,
    };
    if let Some(reason) = outcome {
        closing.send_replace(Some(reason));
        let _ = writing.await;
    }
    // Reading on sends the answer to the client's close frame, and waits for the answer to ours: leaving unread bytes
    // behind would reset the connection, and the client would not see the reason.
    let goodbye = async { while let Some(Ok(_)) = incoming.next().await {} };
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
}

/// Counts a socket for as long as it is open.
struct Open;

impl Open {
    fn count() -> Self {
        metrics::gauge!("recert_sockets").increment(1.0);
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!("recert_sockets").decrement(1.0);
    }
}

/// What a socket knows of its client.
struct Connection {
    edge: Arc<Edge>,
    out: Outgoing,
    operations: Operations,
    handshake: Handshake,
    signed_in: Option<SignedIn>,
    /// Until when a client that has not introduced itself may stay.
    init_by: Instant,
    pace: Pace,
}

struct SignedIn {
    /// Where the running operations hear of a new token.
    newest: watch::Sender<Arc<Caller>>,
    standing: Standing,
    /// What the newest token says.
    claims: Claims,
    /// Whether the client has been told that its token is about to expire.
    is_warned: bool,
    _seat: SubjectSeat,
}

type Step = ControlFlow<Closing>;

impl Connection {
    fn new(edge: Arc<Edge>, handshake: Handshake, out: Outgoing) -> Self {
        let settings = &edge.graphql.socket;
        Self {
            operations: Operations::new(edge.parts.tasks.clone(), out.clone(), settings.max_operations),
            init_by: Instant::now() + settings.init_timeout,
            pace: Pace::new(settings.messages_per_second),
            handshake,
            signed_in: None,
            out,
            edge,
        }
    }

    /// Reads until the socket must close, for the reason answered; `None` when the client has closed it.
    async fn listen(mut self, incoming: &mut SplitStream<WebSocket>) -> Option<Closing> {
        let (ping_every, idle_for) = (self.edge.graphql.socket.ping_interval, self.edge.graphql.socket.idle_timeout);
        let mut leave = pin!(self.edge.leave());
        let clock = self.edge.parts.clock.clone();
        let mut revocations = self.edge.parts.directory.changes();
        let mut heard = Instant::now();
        let mut ping_at = heard + ping_every;
        loop {
            let (warn_at, ends_at) = (self.warns_at(), self.ends_at());
            let reached = async |at: Option<DateTime<Utc>>| match at {
                Some(at) => clock.sleep_until(at).await,
                None => std::future::pending().await,
            };
            let step = tokio::select! {
                biased;
                () = reached(ends_at) => ControlFlow::Break(Closing::FORBIDDEN),
                Ok(()) = revocations.changed() => self.look_again().await,
                () = &mut leave => ControlFlow::Break(Closing::RESTART),
                () = sleep_until(self.init_by), if self.signed_in.is_none() => ControlFlow::Break(Closing::INIT_TIMEOUT),
                () = reached(warn_at) => self.warn(),
                () = sleep_until(heard + idle_for) => return None,
                () = sleep_until(ping_at) => {
                    ping_at += ping_every;
                    self.offer(Message::Ping(bytes::Bytes::new()))
                }
                message = incoming.next() => {
                    heard = Instant::now();
                    match message? {
                        Ok(Message::Close(_)) => return None,
                        Ok(Message::Text(text)) => self.hear(&text).await,
                        Ok(Message::Ping(_) | Message::Pong(_)) => self.paced(),
                        Ok(Message::Binary(_)) => ControlFlow::Break(Closing::BAD_MESSAGE),
                        Err(error) => return fault(error),
                    }
                }
            };
            if let ControlFlow::Break(reason) = step {
                return Some(reason);
            }
        }
    }

    async fn hear(&mut self, text: &str) -> Step {
        self.paced()?;
        let Ok(message) = ClientMessage::parse(text) else { return ControlFlow::Break(Closing::BAD_MESSAGE) };
        match message {
            ClientMessage::Init(_) if self.signed_in.is_some() => ControlFlow::Break(Closing::SECOND_INIT),
            ClientMessage::Init(payload) => {
                let introduced = timeout_at(self.init_by, self.introduce(&payload)).await;
                introduced.unwrap_or(ControlFlow::Break(Closing::INIT_TIMEOUT))
            }
            ClientMessage::Subscribe(id, request) => self.subscribe(id, request),
            ClientMessage::Complete(id) => {
                self.operations.stop(&id);
                ControlFlow::Continue(())
            }
            ClientMessage::Ping(Some(Value::Object(payload)))
                if given(&payload).is_some() && self.signed_in.is_some() =>
            {
                self.renew(&payload).await
            }
            ClientMessage::Ping(payload) => self.say(protocol::pong(payload.as_ref())),
            ClientMessage::Pong => ControlFlow::Continue(()),
        }
    }

    /// `connection_init`: the token is in the payload, or else in the handshake's header.
    async fn introduce(&mut self, payload: &Map<String, Value>) -> Step {
        let token = match (given(payload), &self.handshake) {
            (Some(Value::String(value)), _) => auth::token_of(value),
            (Some(_), _) | (None, Handshake::Nothing | Handshake::Malformed) => None,
            (None, Handshake::Token(token)) => Some(token.as_str()),
        };
        let Some(token) = token else { return ControlFlow::Break(Closing::FORBIDDEN) };
        let auth::SignedIn { caller, claims } = match self.resolve(token).await {
            Ok(signed_in) => signed_in,
            Err(reason) => return ControlFlow::Break(reason),
        };
        let subject = (caller.agency, Some(caller.subject.clone()));
        let Some(seat) = self.edge.sockets.take(subject, self.edge.graphql.socket.max_per_subject) else {
            return ControlFlow::Break(Closing::BUSY);
        };
        let (newest, standing) = Standing::changing(caller);
        self.signed_in = Some(SignedIn { newest, standing, claims, is_warned: false, _seat: seat });
        self.say(protocol::ack())
    }

    /// A ping that carries a token renews the socket without a gap. It must be the same subject's of the same agency; its
    /// scopes count at once, for the operations that run too.
    async fn renew(&mut self, payload: &Map<String, Value>) -> Step {
        let Some(token) = given(payload).and_then(Value::as_str).and_then(auth::token_of) else {
            return ControlFlow::Break(Closing::FORBIDDEN);
        };
        let (clock, ends_at) = (self.edge.parts.clock.clone(), self.ends_at());
        let expiry = async {
            match ends_at {
                Some(at) => clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        // However long the new token takes to be checked, the old one is not prolonged by it.
        let resolved = tokio::select! {
            resolved = self.resolve(token) => resolved,
            () = expiry => Err(Closing::FORBIDDEN),
        };
        let auth::SignedIn { caller, claims } = match resolved {
            Ok(signed_in) => signed_in,
            Err(reason) => return ControlFlow::Break(reason),
        };
        let Some(signed_in) = &mut self.signed_in else { return ControlFlow::Break(Closing::FORBIDDEN) };
        let held = signed_in.standing.now();
        if (held.agency, &held.subject) != (caller.agency, &caller.subject) {
            return ControlFlow::Break(Closing::FORBIDDEN);
        }
        let expires_at = claims.expires_at;
        signed_in.claims = claims;
        signed_in.is_warned = false;
        signed_in.newest.send_replace(Arc::new(caller));
        // The token itself is not sent back.
        self.say(protocol::renewed(expires_at))
    }

    /// Tokens were revoked: this one may be among them, or have lost scopes.
    async fn look_again(&mut self) -> Step {
        let Some(SignedIn { newest, claims, .. }) = &self.signed_in else { return ControlFlow::Continue(()) };
        let looked = auth::look_again(self.edge.parts.directory.as_ref(), claims, newest).await;
        looked.map_or_else(|refusal| ControlFlow::Break(closing(&refusal)), ControlFlow::Continue)
    }

    /// Tells the client that its token is about to expire.
    fn warn(&mut self) -> Step {
        let Some(signed_in) = &mut self.signed_in else { return ControlFlow::Continue(()) };
        signed_in.is_warned = true;
        let expires_at = signed_in.claims.expires_at;
        self.say(protocol::expiring(expires_at))
    }

    async fn resolve(&self, token: &str) -> Result<auth::SignedIn, Closing> {
        let parts = &self.edge.parts;
        auth::resolve(&parts.verifier, parts.directory.as_ref(), token).await.map_err(|refusal| closing(&refusal))
    }

    /// When the token stops to count; `None` without one.
    fn ends_at(&self) -> Option<DateTime<Utc>> {
        Some(self.edge.parts.verifier.ends_at(self.signed_in.as_ref()?.claims.expires_at))
    }

    /// When the client is to be told that its token is about to expire; `None` when it has been, and without a token.
    fn warns_at(&self) -> Option<DateTime<Utc>> {
        let signed_in = self.signed_in.as_ref().filter(|signed_in| !signed_in.is_warned)?;
        Some(self.edge.parts.verifier.warns_at(signed_in.claims.expires_at))
    }

    fn subscribe(&mut self, id: String, request: Value) -> Step {
        let Some(signed_in) = &self.signed_in else { return ControlFlow::Break(Closing::UNAUTHORIZED) };
        let request_id = self.edge.parts.ids.next();
        let admitted = match self.operations.check(&id) {
            Err(NoPlace::Duplicate) => return ControlFlow::Break(Closing::DUPLICATE_ID),
            Err(NoPlace::Full) => Err(Refusal::new(Code::TooManySubscriptions, Code::TooManySubscriptions.as_str())),
            Ok(()) => Parameters::from_value(request, &self.edge.documents)
                .and_then(|parameters| Operation::admit(&self.edge, parameters, &signed_in.standing, request_id)),
        };
        match admitted {
            Ok(operation) => {
                self.operations.start(id, operation);
                ControlFlow::Continue(())
            }
            Err(refusal) => {
                let errors = Value::from(vec![refusal.error(request_id)]);
                self.say(protocol::error(&id, &errors.to_string()))
            }
        }
    }

    fn say(&self, text: String) -> Step {
        self.offer(Message::Text(text.into()))
    }

    fn offer(&self, message: Message) -> Step {
        self.out.offer(message).map_or(ControlFlow::Break(Closing::SLOW), ControlFlow::Continue)
    }

    fn paced(&mut self) -> Step {
        if self.pace.admits(Instant::now()) { ControlFlow::Continue(()) } else { ControlFlow::Break(Closing::BUSY) }
    }
}

/// The close code that goes with the refusal of a token.
fn closing(refusal: &Refusal) -> Closing {
    match refusal.code() {
        Code::Unauthenticated => Closing::FORBIDDEN,
        // What a retry can cure must not look like a refusal, after which clients give up.
        _ => Closing::BUSY,
    }
}

/// The `authorization` member of a payload, its key in any case.
fn given(payload: &Map<String, Value>) -> Option<&Value> {
    payload.iter().find(|(key, _)| key.eq_ignore_ascii_case("authorization")).map(|(_, value)| value)
}

/// The close code of a connection that broke the rules of WebSocket itself (RFC 6455, 7.4.1); `None` when it is gone.
fn fault(error: axum::Error) -> Option<Closing> {
    match error.into_inner().downcast::<WireError>().map(|error| *error) {
        Ok(WireError::Capacity(CapacityError::MessageTooLong { .. })) => Some(Closing::TOO_LARGE),
        Ok(WireError::Utf8(_)) => Some(Closing::NOT_UTF8),
        Ok(WireError::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => None,
        Ok(WireError::Protocol(_)) => Some(Closing::PROTOCOL),
        _ => None,
    }
}
