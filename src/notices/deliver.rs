//! Sends one notice. The network is not spoken to inside a transaction: the lease says whose turn it is.

use std::time::Duration;

use metrics::counter;
use reqwest::{StatusCode, header, redirect, retry};
use secrecy::ExposeSecret;

use super::store::{self, Claimed};
use super::{pace, sign};
use crate::config::Notices;
use crate::kit::Kit;
use crate::storage::Error;

/// A receiver that takes longer is tried again.
const PATIENCE: Duration = Duration::from_secs(15);

/// The client that all notices go through. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sender(reqwest::Client);

impl Sender {
    /// A client that follows no redirect (it would lead away from what the settings name) and ignores the environment's
    /// proxies; `None` when TLS cannot be set up.
    pub(crate) fn try_new() -> Option<Self> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("recert/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .build();
        client.inspect_err(|error| tracing::error!(%error, "notices cannot be sent: no HTTP client")).ok().map(Self)
    }
}

/// Why an attempt failed, and how long the receiver asked to be left alone.
struct Refused {
    why: String,
    wished: Option<Duration>,
}

/// Sends a notice and writes down what became of it.
///
/// # Errors
/// When the database fails; the notice then goes out once more when its lease ends.
pub(crate) async fn deliver(kit: &Kit, sender: &Sender, notice: &Claimed) -> Result<(), Error> {
    let endpoint = kit.account(notice.agency).and_then(|account| account.notices.as_ref());
    let Some(endpoint) = endpoint else { return store::put_back(kit, notice).await };
    match send(kit, sender, endpoint, notice).await {
        Ok(()) => {
            counter!("recert_notices_total", "outcome" => "delivered").increment(1);
            store::delivered(kit, notice).await
        }
        Err(Refused { why, wished }) => {
            let wait = pace::wait(notice.attempts + 1, wished, kit.ids.chance());
            let outcome = if wait.is_some() { "failed" } else { "given_up" };
            counter!("recert_notices_total", "outcome" => outcome).increment(1);
            tracing::warn!(notice.id = %notice.id, attempts = notice.attempts + 1, reason = why, outcome, "a notice was not taken");
            store::failed(kit, notice, wait, &why).await
        }
    }
}

async fn send(kit: &Kit, Sender(client): &Sender, endpoint: &Notices, notice: &Claimed) -> Result<(), Refused> {
    let id = format!("msg_{}", notice.id.0.simple());
    let timestamp = kit.clock.now().timestamp();
    let secrets = endpoint.secrets.iter().map(ExposeSecret::expose_secret);
    let request = client
        .post(endpoint.url.clone())
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", &id)
        .header("webhook-timestamp", timestamp.to_string())
        .header("webhook-signature", sign::signature(secrets, &id, timestamp, &notice.body))
        .body(notice.body.clone());
    let refused = |why: &str| Refused { why: why.to_owned(), wished: None };
    let answer = request.send().await.map_err(|error| {
        // The library's own text names the address, which may hold a credential.
        refused(match (error.is_timeout(), error.is_connect()) {
            (true, _) => "it took too long",
            (_, true) => "no connection",
            _ => "the connection broke",
        })
    })?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let is_busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    let wished = answer.headers().get(header::RETRY_AFTER).filter(|_| is_busy);
    let wished = wished.and_then(|value| value.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
    Err(Refused { why: format!("it answered {}", status.as_u16()), wished })
}
