//! The client: one method per call, one attempt per method.
//!
//! This file builds the client and carries a call out; `orders`, `people` and `webhooks` say which calls there are.

mod orders;
mod paths;
mod people;
mod webhooks;

pub use self::webhooks::Sounding;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::{Instrument as _, field};
use url::Url;

use crate::config;
use crate::gate::{Gate, Signal, Turn, Urgency};
use crate::telemetry::TRACE;
use crate::truv::error::is_cut_short;
use crate::truv::{Error, json, redact, throttle, wire::Page};

const CLIENT_ID: HeaderName = HeaderName::from_static("x-access-client-id");
const SECRET: HeaderName = HeaderName::from_static("x-access-secret");

/// A report of two years over several jobs is below one mebibyte; what is longer than this is not a report.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// Enough of an error's body to explain it.
const LONGEST_EXPLANATION: usize = 64 * 1024;

/// Pages read of one list, at 100 entries each. Lists that are read whole are short: a person's links, an agency's
/// webhooks.
const MOST_PAGES: usize = 50;

const PAGE_SIZE: &str = "100";

/// A connection that idled longer is not used again: if the server has just closed it, a `POST` written to it ends with an
/// unknown outcome, which costs a look-up.
const IDLE_CONNECTION: Duration = Duration::from_secs(15);

/// Speaks to Truv for one agency. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    /// `None` where nobody keeps a budget: tests of the client alone.
    gate: Option<Gate>,
    urgency: Urgency,
    /// A turn taken in advance, for the next call.
    turn: Option<Arc<Mutex<Option<Turn>>>>,
}

/// Why no client could be built from the settings.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Not an `http` or `https` address with a host.
    #[error("the address of Truv must be an http or https address with a host")]
    Address,
    /// The client id or the secret holds a character that cannot stand in a header.
    #[error("the Truv {0} holds characters that cannot be sent")]
    Credential(&'static str),
    /// TLS could not be set up, for instance because the system has no root certificates.
    #[error("the HTTP client could not be built")]
    Http(#[source] reqwest::Error),
}

/// An answer as it is used and as it is kept.
#[derive(Clone)]
pub struct Fetched<T> {
    /// The answer, typed.
    pub value: T,
    /// The whole answer after [`redact()`]: what a snapshot stores, fields unknown to us included.
    pub raw: Value,
}

impl<T: fmt::Debug> fmt::Debug for Fetched<T> {
    /// Leaves `raw` out, which is long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched").field("value", &self.value).finish_non_exhaustive()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("host", &self.base.host_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client for the address and time-outs of the section, which signs in with one agency's client id and secret.
    ///
    /// It follows no redirect (the secret would travel with it), repeats nothing (a repeated refresh is billed), and
    /// ignores the environment's proxies.
    ///
    /// # Errors
    /// [`BuildError`], when the settings cannot be used.
    pub fn try_new(section: &config::Truv, client_id: &str, secret: &SecretString) -> Result<Self, BuildError> {
        if !matches!(section.url.scheme(), "http" | "https") || !section.url.has_host() {
            return Err(BuildError::Address);
        }
        let mut base = section.url.clone();
        base.set_query(None);
        base.set_fragment(None);

        let mut headers = HeaderMap::new();
        headers.insert(CLIENT_ID, credential("client id", client_id)?);
        headers.insert(SECRET, credential("secret", secret.expose_secret())?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));

        let http = reqwest::Client::builder()
            .user_agent(concat!("recert/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(section.connect_timeout)
            .timeout(section.timeout)
            .pool_idle_timeout(IDLE_CONNECTION)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .build()
            .map_err(BuildError::Http)?;
        Ok(Self { http, base, gate: None, urgency: Urgency::Interactive, turn: None })
    }

    /// The same client behind the gate of its access key.
    #[must_use]
    pub fn behind(self, gate: Gate) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// The gate of the access key; `None` where there is none.
    pub fn gate(&self) -> Option<&Gate> {
        self.gate.as_ref()
    }

    /// The same client for bulk work and upkeep: its calls use what interactive ones leave of the budget.
    #[must_use]
    pub fn in_bulk(&self) -> Self {
        Self { urgency: Urgency::Bulk, ..self.clone() }
    }

    /// Waits for a turn now. The next call of the client that is answered goes out at once.
    ///
    /// # Errors
    /// [`Error::Held`], when no call may go out for a while.
    pub async fn ready(&self) -> Result<Self, Error> {
        let turn = self.turn().await?;
        Ok(Self { turn: Some(Arc::new(Mutex::new(turn))), ..self.clone() })
    }

    async fn turn(&self) -> Result<Option<Turn>, Error> {
        let reserved = self.turn.as_ref().and_then(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner).take());
        match (&self.gate, reserved) {
            (_, Some(turn)) => Ok(Some(turn)),
            (Some(gate), None) => gate.turn(self.urgency).await.map(Some).map_err(Error::Held),
            (None, None) => Ok(None),
        }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &'static str,
        ids: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Error> {
        let mut url = paths::address(&self.base, path, ids)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        decode(&self.call(Method::GET, path, url, None).await?)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &'static str,
        ids: &[&str],
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.write(Method::POST, path, ids, body).await
    }

    async fn patch<T: DeserializeOwned>(
        &self,
        path: &'static str,
        ids: &[&str],
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.write(Method::PATCH, path, ids, body).await
    }

    async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &'static str,
        ids: &[&str],
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let url = paths::address(&self.base, path, ids)?;
        decode(&self.call(method, path, url, Some(encode(body)?)).await?)
    }

    /// Reads a list to its end.
    async fn list<T: DeserializeOwned>(&self, path: &'static str, query: &[(&str, &str)]) -> Result<Vec<T>, Error> {
        let mut url = paths::address(&self.base, path, &[])?;
        url.query_pairs_mut().extend_pairs(query).append_pair("page_size", PAGE_SIZE);
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES {
            let page: Page<T> = decode(&self.call(Method::GET, path, url.clone(), None).await?)?;
            all.extend(page.results);
            let Some(next) = page.next else { return Ok(all) };
            url.set_query(self.next_page(&next)?.query());
        }
        Err(Error::Undecodable { reason: "the list does not end" })
    }

    /// The address of a following page, if its host is ours. Only its query is used, so the scheme need not agree: behind
    /// a proxy that ends TLS a server believes that it is plain.
    fn next_page(&self, next: &str) -> Result<Url, Error> {
        self.base
            .join(next)
            .ok()
            .filter(|next| (next.host(), next.port()) == (self.base.host(), self.base.port()))
            .ok_or(Error::Undecodable { reason: "its next page is on another server" })
    }

    /// Carries out one call, when its turn has come, and returns the body of a success. `path` is its name in the metrics.
    async fn call(
        &self,
        method: Method,
        path: &'static str,
        url: Url,
        body: Option<Vec<u8>>,
    ) -> Result<Vec<u8>, Error> {
        let turn = self.turn().await?;
        let (call, begun) = (format!("{method} /{path}"), Instant::now());
        let span = tracing::info_span!(
            target: TRACE, "upstream", otel.name = call, otel.kind = "client", otel.status_code = field::Empty
        );
        let answer = self.send(method, url, body).instrument(span.clone()).await;
        if answer.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        drop(span);
        if let Some(gate) = &self.gate {
            let agency = gate.agency().to_owned();
            metrics::histogram!("recert_upstream_seconds", "agency" => agency, "call" => call).record(begun.elapsed());
        }
        if let (Some(gate), Some(turn)) = (&self.gate, turn) {
            gate.done(turn, signal(&answer)).await;
        }
        answer
    }

    async fn send(&self, method: Method, url: Url, body: Option<Vec<u8>>) -> Result<Vec<u8>, Error> {
        self.exchange(method, url, body).await.1
    }

    /// Sends it, and answers with the time that the other side says it is, too.
    async fn exchange(
        &self,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
    ) -> (Option<DateTime<Utc>>, Result<Vec<u8>, Error>) {
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.body(body);
        }
        match request.send().await {
            Ok(response) => {
                let date = response.headers().get(DATE).and_then(|date| throttle::http_date(date.to_str().ok()?));
                (date, Self::take(response).await)
            }
            Err(error) => (None, Err(Error::of_transport(&error))),
        }
    }

    /// The body of a success.
    async fn take(mut response: Response) -> Result<Vec<u8>, Error> {
        let status = response.status();
        if status.is_success() {
            return match read(&mut response, LONGEST_ANSWER).await? {
                Body::Whole(body) => Ok(body),
                Body::Longer(_) => Err(Error::Undecodable { reason: "it is longer than 16 MiB" }),
            };
        }
        Err(match read(&mut response, LONGEST_EXPLANATION).await {
            // The status has decided that nothing happened. A body that breaks off only explains less.
            Err(_) => Error::of_status(status, response.headers()),
            Ok(Body::Whole(body)) if is_cut_short(&body) => Error::of_status(status, response.headers()),
            Ok(Body::Whole(body) | Body::Longer(body)) => Error::of_answer(status, response.headers(), &body),
        })
    }
}

/// What the gate has to know of a call.
fn signal(answer: &Result<Vec<u8>, Error>) -> Signal {
    match answer {
        Ok(_) => Signal::Answered,
        Err(error) => match error {
            Error::Unauthorized => Signal::Unauthorized,
            Error::Throttled { retry_after } => Signal::Throttled(*retry_after),
            Error::Upstream { .. } | Error::TimedOut | Error::Unreachable { .. } | Error::Broken { .. } => {
                Signal::Failed
            }
            Error::Refused { .. }
            | Error::Unexplained { .. }
            | Error::Forbidden
            | Error::NotFound
            | Error::Undecodable { .. }
            | Error::Held(_) => Signal::Answered,
        },
    }
}

enum Body {
    Whole(Vec<u8>),
    /// The beginning of one that exceeds the limit.
    Longer(Vec<u8>),
}

async fn read(response: &mut Response, longest: usize) -> Result<Body, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Error::of_transport(&error))? {
        if body.len() + chunk.len() > longest {
            return Ok(Body::Longer(body));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Body::Whole(body))
}

fn encode(body: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(body)
        .map_err(|_| Error::Unreachable { cause: "the request cannot be written as JSON".to_owned() })
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    json::parse(body).map_err(|error| Error::of_json(&error))
}

/// Lets a call that is asked for a [`Fetched`] answer be decoded like any other.
impl<'de, T: DeserializeOwned> Deserialize<'de> for Fetched<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let body = Value::deserialize(from)?;
        let value = T::deserialize(&body).map_err(serde::de::Error::custom)?;
        Ok(Self { value, raw: redact(body) })
    }
}

fn credential(name: &'static str, value: &str) -> Result<HeaderValue, BuildError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| BuildError::Credential(name))?;
    value.set_sensitive(true);
    Ok(value)
}
