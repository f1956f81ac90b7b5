//! The simulated API: one listener, connections served by hand.
//!
//! The connections are not left to a framework, because a faithful upstream must also be able to hang, to drop a
//! connection after it has done the work, and to stop in the middle of a body.

mod answer;
mod body;
mod gate;
mod history;
mod links;
mod orders;
mod page;
mod reports;
mod routes;
mod shapes;
mod tasks;
mod users;
mod webhooks;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, DATE};
use axum::http::{HeaderMap, HeaderValue, Request, Response};
use chrono::{DateTime, Utc};
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use self::answer::{Answer, Body};
pub(crate) use self::shapes::short_share_url;
use super::Shared;
use super::faults::{Action, Fault};
use super::log::What;
use super::outbox::LaneKey;
use super::refusal::Refusal;
use super::state::Owner;

/// The largest request body that is read.
const BODY_LIMIT: usize = 1024 * 1024;

/// An authenticated request.
pub(crate) struct Call<'a> {
    pub(crate) owner: Owner,
    pub(crate) now: DateTime<Utc>,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) host: &'a str,
    pub(crate) body: &'a [u8],
}

/// The connection ends without a (whole) answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
struct Dropped;

type ResponseBody = BoxBody<Bytes, Infallible>;

/// Accepts connections until the simulator stops.
pub(crate) async fn serve(shared: Shared, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        // Running out of descriptors passes; the listener stays good.
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        if shared.lock().faults.refuses_connection() {
            // Without lingering, closing resets the connection: the client is never heard.
            let _ = stream.set_zero_linger();
            continue;
        }
        let served = shared.clone();
        shared.tracker.spawn(async move {
            tokio::select! {
                () = served.stop.cancelled() => {}
                () = connection(&served, stream) => {}
            }
        });
    }
}

async fn connection(shared: &Shared, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| handle(shared, request));
    let outcome = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = outcome {
        tracing::debug!(error = %error, "A connection to the simulator ended early.");
    }
}

async fn handle(shared: &Shared, request: Request<Incoming>) -> Result<Response<ResponseBody>, Dropped> {
    let (parts, body) = request.into_parts();
    let (method, path) = (parts.method.as_str(), parts.uri.path());
    let fault = shared.lock().faults.of_request(method, path);
    if let Some(Fault { action: Action::Refuse, .. }) = fault {
        note(shared, method, path, None, None, Some(Action::Refuse));
        return Err(Dropped);
    }
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else { return Err(Dropped) };
    let body = body.to_bytes();
    if let Some(Fault { action: Action::NeverAnswer, .. }) = fault {
        note(shared, method, path, None, None, Some(Action::NeverAnswer));
        // The body has been read, so a client that loses patience is noticed and this ends with its connection.
        std::future::pending::<()>().await;
    }
    let instead = match fault.map(|fault| fault.action) {
        Some(Action::ErrorBefore) => Some(Answer::server_error()),
        Some(Action::BadGateway) => Some(Answer::bad_gateway()),
        Some(Action::Throttle) => {
            let hint = shared.lock().settings.retry_after_header;
            Some(Answer::refused(Refusal::Throttled { seconds: 1 }, hint))
        }
        _ => None,
    };
    let (answer, held) = match instead {
        Some(answer) => {
            note(shared, method, path, None, Some(&answer), fault.map(|fault| fault.action));
            (answer, Held::default())
        }
        None => execute(shared, &parts.headers, method, path, parts.uri.query(), &body, fault).await,
    };
    finish(shared, answer, held, fault).await
}

/// Carries a request out and waits for what must have been sent before it is answered.
async fn execute(
    shared: &Shared,
    headers: &HeaderMap,
    method: &str,
    path: &str,
    query: Option<&str>,
    body: &[u8],
    fault: Option<Fault>,
) -> (Answer, Held) {
    let (answer, awaited, held, client) = {
        let mut world = shared.lock();
        let now = shared.clock.now();
        // What was due has happened before the request looks.
        world.catch_up(now);
        let (answer, client) = world.answer(headers, method, path, query, body, now);
        let awaited = std::mem::take(&mut world.outbox.awaited);
        let held = std::mem::take(&mut world.outbox.held);
        (answer, awaited, held, client)
    };
    shared.wake();
    for first_attempt in awaited {
        // An error says that the delivery went another way; either way it is over.
        let _ = first_attempt.await;
    }
    note(shared, method, path, client, Some(&answer), fault.map(|fault| fault.action));
    (answer, Held { lanes: held, shared: Some(shared.clone()) })
}

async fn finish(
    shared: &Shared,
    answer: Answer,
    held: Held,
    fault: Option<Fault>,
) -> Result<Response<ResponseBody>, Dropped> {
    let mut answer = answer;
    match fault.map(|fault| fault.action) {
        Some(Action::ExecuteThenDrop) => return Err(Dropped),
        Some(Action::ErrorAfter) => answer = Answer::server_error(),
        Some(Action::SlowHeaders) => pause(shared, fault).await,
        _ => {}
    }
    let (content_type, mut bytes) = match answer.body {
        Body::Empty => (None, Bytes::new()),
        Body::Ready(content_type, bytes) => (Some(content_type), bytes),
        Body::Json(render) => (Some("application/json"), Bytes::from(render())),
    };
    if let Some(Fault { action: Action::Truncate, .. }) = fault {
        bytes.truncate(bytes.len() / 2);
    }
    let body = match fault {
        Some(Fault { action: Action::SlowBody, params }) => slow(bytes, Duration::from_millis(params.ms)),
        _ => Full::new(bytes).boxed(),
    };
    // The events that wait for the response go out when its body has been handed over.
    let body = body
        .map_frame(move |frame| {
            let _ = &held;
            frame
        })
        .boxed();
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    if let Some(content_type) = content_type {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    // By the clock of everything else that it says.
    let date = shared.clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(DATE, date);
    }
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// Faults of the wire take real time: it is a real client whose patience they try.
async fn pause(shared: &Shared, fault: Option<Fault>) {
    let time = Duration::from_millis(fault.map_or(0, |fault| fault.params.ms));
    tokio::select! {
        () = shared.stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}

/// A body in four pieces.
fn slow(bytes: Bytes, gap: Duration) -> ResponseBody {
    let size = bytes.len().div_ceil(4).max(1);
    let pieces = stream::unfold((bytes, false), move |(mut rest, started)| async move {
        if rest.is_empty() {
            return None;
        }
        if started {
            tokio::time::sleep(gap).await;
        }
        let piece = rest.split_to(size.min(rest.len()));
        Some((Ok(Frame::data(piece)), (rest, true)))
    });
    BodyExt::boxed(StreamBody::new(Box::pin(pieces)))
}

/// Lanes that are released when the response is gone, however it goes.
#[derive(Default)]
struct Held {
    lanes: Vec<LaneKey>,
    shared: Option<Shared>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(shared) = self.shared.take().filter(|_| !self.lanes.is_empty()) else { return };
        {
            let mut world = shared.lock();
            for lane in &self.lanes {
                world.outbox.release(lane);
            }
        }
        shared.wake();
    }
}

fn note(
    shared: &Shared,
    method: &str,
    path: &str,
    client_id: Option<String>,
    answer: Option<&Answer>,
    fault: Option<Action>,
) {
    let unanswered = matches!(fault, Some(Action::Refuse | Action::NeverAnswer | Action::ExecuteThenDrop));
    let status = match fault {
        Some(Action::ErrorAfter) => Some(500),
        _ => answer.map(|answer| answer.status.as_u16()).filter(|_| !unanswered),
    };
    let what = What::Request {
        method: method.to_owned(),
        path: path.to_owned(),
        client_id,
        status,
        order_id: answer.and_then(|answer| answer.made.clone()),
        fault: fault.map(Action::as_str),
    };
    let now = shared.clock.now();
    shared.lock().log.add(now, what);
}
