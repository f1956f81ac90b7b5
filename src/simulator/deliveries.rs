//! Sending: signs, posts, retries, gives up, switches off (Truv, "Webhooks").

use std::time::Duration;

use axum::body::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

use super::Shared;
use super::chance::Id;
use super::engine::{Due, millis};
use super::faults::{Action, Fault};
use super::log::What;
use super::outbox::{Attempt, Delivery, LaneKey, Work};
use super::state::World;
use crate::truv::signature;

/// What an endpoint sees as the sender.
const SENDER: &str = "Truv-Webhook-Service/2.0";

/// Real time that an attempt under way still has after the simulator's clock says it is too late: when that clock jumps
/// over a month, a delivery that takes a millisecond on loopback must not count as timed out.
const GRACE: Duration = Duration::from_millis(100);

/// A client that never leaves the machine.
pub(crate) fn client() -> Result<reqwest::Client, reqwest::Error> {
    let redirects = reqwest::redirect::Policy::custom(|hop| {
        if hop.previous().len() > 5 {
            hop.error("too many redirects")
        } else if is_loopback(hop.url()) {
            hop.follow()
        } else {
            hop.stop()
        }
    });
    reqwest::Client::builder().no_proxy().redirect(redirects).build()
}

/// Whether an address is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Sends what is ready until the simulator stops.
pub(crate) async fn run(shared: Shared) {
    loop {
        let woken = shared.delivery_wake.notified();
        let work = {
            let mut world = shared.lock();
            let parallelism = usize::try_from(world.settings.delivery_parallelism).unwrap_or(usize::MAX);
            world.outbox.take(parallelism)
        };
        for one in work {
            let sender = shared.clone();
            shared.tracker.spawn(async move {
                tokio::select! {
                    () = sender.stop.cancelled() => {}
                    () = carry_out(&sender, one) => {}
                }
            });
        }
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = woken => {}
        }
    }
}

async fn carry_out(shared: &Shared, work: Work) {
    match work {
        Work::One(delivery) => attempt(shared, *delivery).await,
        Work::Lane(key) => {
            while let Some(delivery) = next_in_lane(shared, &key) {
                attempt(shared, delivery).await;
            }
        }
    }
    shared.lock().outbox.ended();
    shared.delivery_wake.notify_one();
    shared.quiet.notify_waiters();
}

fn next_in_lane(shared: &Shared, key: &LaneKey) -> Option<Delivery> {
    shared.lock().outbox.next_in_lane(key)
}

/// One attempt, ready to be sent.
struct Prepared {
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    copies: u32,
    /// A request that comes before the real one.
    before: Option<(HeaderMap, Bytes)>,
    fault: Option<Fault>,
}

async fn attempt(shared: &Shared, mut delivery: Delivery) {
    let started = shared.clock.now();
    let prepared = shared.lock().prepare(&mut delivery, started);
    let delivery = match prepared {
        Next::Send(prepared) => {
            let timeout = shared.lock().settings.delivery_timeout_ms;
            let deadline = started + millis(u64::from(timeout));
            let target = match prepared.fault {
                Some(Fault { action: Action::Redirect, params }) => shared.detour(&prepared.url, params.status),
                _ => prepared.url.clone(),
            };
            if let Some((headers, body)) = prepared.before {
                // Its outcome is nobody's concern: it is noise.
                let _ = post(shared, &target, headers, body, deadline).await;
            }
            let mut outcome = post(shared, &target, prepared.headers.clone(), prepared.body.clone(), deadline).await;
            for _ in 0..prepared.copies {
                outcome = post(shared, &target, prepared.headers.clone(), prepared.body.clone(), deadline).await;
            }
            let now = shared.clock.now();
            let mut world = shared.lock();
            world.conclude(delivery, started, now, outcome, prepared.fault.map(|fault| fault.action))
        }
        Next::Lost => {
            let outcome = Err("Connection timed out".to_owned());
            let mut world = shared.lock();
            world.conclude(delivery, started, started, outcome, Some(Action::Drop))
        }
        Next::Moved(at) => {
            delivery.moved = true;
            // The response that waits for this event must not wait for the fault.
            delivery.first_attempt = None;
            Some((at, delivery))
        }
        Next::Gone => None,
    };
    if let Some((at, delivery)) = delivery {
        shared.lock().agenda.add(at, Due::Send(Box::new(delivery)));
        shared.engine_wake.notify_one();
    }
}

async fn post(
    shared: &Shared,
    url: &Url,
    headers: HeaderMap,
    body: Bytes,
    deadline: DateTime<Utc>,
) -> Result<u16, String> {
    let late = async {
        shared.clock.sleep_until(deadline).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        biased;
        answer = shared.http.post(url.clone()).headers(headers).body(body).send() => match answer {
            Ok(answer) => {
                let status = answer.status();
                // Read to the end, so that the connection can be used again.
                let _ = answer.bytes().await;
                Ok(status.as_u16())
            }
            Err(error) => Err(plain(&error).to_owned()),
        },
        () = late => Err("Read timed out".to_owned()),
    }
}

/// A transport failure in words without addresses.
fn plain(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "Connection refused"
    } else if error.is_redirect() {
        "Too many redirects"
    } else {
        "Connection aborted"
    }
}

/// What becomes of a delivery whose turn has come.
enum Next {
    Send(Box<Prepared>),
    Moved(DateTime<Utc>),
    Lost,
    Gone,
}

impl World {
    fn prepare(&mut self, delivery: &mut Delivery, now: DateTime<Utc>) -> Next {
        let Some(endpoint) = self.endpoints.iter().find(|one| one.id == delivery.endpoint && one.enabled) else {
            return Next::Gone;
        };
        let url = endpoint.url.clone();
        let fault = self.faults.of_delivery(&delivery.event_type, delivery.moved);
        match fault.map(|fault| (fault.action, fault.params)) {
            Some((Action::Drop, _)) => return Next::Lost,
            Some((Action::Delay, params)) => return Next::Moved(now + millis(params.ms)),
            Some((Action::Reorder, params)) => {
                let wait = self.faults.below(params.ms + 1);
                return Next::Moved(now + millis(wait));
            }
            _ => {}
        }
        let Some(secret) = self.signing_secret(delivery.owner) else { return Next::Gone };
        let body = match fault {
            Some(Fault { action: Action::Oversize, params }) => padded(&delivery.body, params.bytes),
            _ => delivery.body.clone(),
        };
        let headers = match fault.map(|fault| fault.action) {
            Some(Action::MissingHeader) => headers(None),
            Some(Action::WrongSignature) => headers(Some(&signature::sign("sandbox-another-key", &body))),
            _ => headers(Some(&signature::sign(secret.expose_secret(), &body))),
        };
        let before = fault.filter(|fault| fault.action == Action::UnknownEvent).map(|_| {
            let id = self.chance.id("unknown event", &delivery.webhook_id, 0);
            let body = json!({
                "webhook_id": id,
                "event_type": "payday-moved",
                "event_created_at": super::events::instant(delivery.created_at),
                "anything": { "nested": [1, 2, 3] },
            });
            let body = Bytes::from(body.to_string());
            (self::headers(Some(&signature::sign(secret.expose_secret(), &body))), body)
        });
        let copies = fault.filter(|fault| fault.action == Action::Duplicate).map_or(0, |fault| fault.params.copies);
        Next::Send(Box::new(Prepared { url, headers, body, copies, before, fault }))
    }

    /// Records an attempt; answers the delivery and its next time when it will be tried again.
    fn conclude(
        &mut self,
        mut delivery: Delivery,
        started: DateTime<Utc>,
        now: DateTime<Utc>,
        outcome: Result<u16, String>,
        fault: Option<Action>,
    ) -> Option<(DateTime<Utc>, Delivery)> {
        delivery.attempts = delivery.attempts.saturating_add(1);
        let lost = fault == Some(Action::Drop);
        let attempt = delivery.attempts;
        let (status, error) = match outcome {
            Ok(status) => (Some(status), StatusCode::from_u16(status).ok().filter(|code| !code.is_success())),
            Err(_) => (None, None),
        };
        let error = outcome.err().or_else(|| error.map(|code| format!("HTTP {code}")));
        let delivered = status.is_some_and(|status| (200..300).contains(&status));
        self.log.add(
            started,
            What::Delivery {
                webhook_id: delivery.webhook_id.clone(),
                event_type: delivery.event_type.clone(),
                endpoint_id: delivery.endpoint.clone(),
                attempt,
                status,
                error: error.clone(),
                order_id: delivery.order_id.clone(),
                fault: fault.map(Action::as_str),
            },
        );
        if let Some(endpoint) = self.endpoints.iter().find(|one| one.id == delivery.endpoint) {
            let id: Id = self.chance.id("attempt", &delivery.webhook_id, u64::from(attempt));
            self.outbox.record(Attempt {
                n: 0,
                id,
                owner: delivery.owner,
                at: started,
                event_type: delivery.event_type.clone(),
                event_created_at: delivery.created_at,
                status,
                error,
                url: endpoint.url.to_string(),
                body: delivery.body.clone(),
            });
        }
        // Whoever waits for the first attempt goes on, whatever came of it.
        drop(delivery.first_attempt.take());
        if lost {
            return None;
        }
        self.count_outcome(&delivery.endpoint, delivered, now);
        let again = !delivered && delivery.attempts <= self.settings.retry_count;
        again.then(|| (now + TimeDelta::seconds(i64::from(self.settings.retry_gap)), delivery))
    }

    /// Switches an endpoint off that has failed for long.
    fn count_outcome(&mut self, endpoint_id: &Id, delivered: bool, now: DateTime<Utc>) {
        let limit = self.settings.disable_after;
        let Some(endpoint) = self.endpoints.iter_mut().find(|one| one.id == *endpoint_id) else { return };
        endpoint.failures = if delivered { 0 } else { endpoint.failures + 1 };
        if limit > 0 && endpoint.failures >= limit && endpoint.enabled {
            endpoint.enabled = false;
            endpoint.updated_at = now;
            tracing::warn!(endpoint.id = %endpoint.id, "A webhook endpoint of the simulator kept failing and is off.");
            self.outbox.forget(endpoint_id);
        }
    }
}

fn headers(signature: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(SENDER));
    if let Some(Ok(value)) = signature.map(HeaderValue::from_str) {
        headers.insert(HeaderName::from_static(signature::HEADER), value);
    }
    headers
}

/// The same event, grown to a size.
fn padded(body: &Bytes, bytes: usize) -> Bytes {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else { return body.clone() };
    fields.insert("padding".to_owned(), Value::String("x".repeat(bytes.saturating_sub(body.len()))));
    Bytes::from(Value::Object(fields).to_string())
}
