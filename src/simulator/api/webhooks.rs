//! `/v1/webhooks/` and the history of what was sent, `/v1/webhook-requests/`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::Call;
use super::answer::Answer;
use super::body::RequestBody;
use super::page::Page;
use crate::simulator::chance::Id;
use crate::simulator::deliveries::is_loopback;
use crate::simulator::events::instant;
use crate::simulator::outbox::Attempt;
use crate::simulator::refusal::Refusal;
use crate::simulator::settings::HistoryPayload;
use crate::simulator::state::{Endpoint, Owner, World};

#[derive(Serialize)]
struct EndpointView {
    id: Id,
    name: String,
    webhook_url: String,
    env_type: &'static str,
    events: Vec<String>,
    enabled: bool,
    created_at: String,
    updated_at: String,
}

impl From<&Endpoint> for EndpointView {
    fn from(endpoint: &Endpoint) -> Self {
        Self {
            id: endpoint.id.clone(),
            name: endpoint.name.clone(),
            webhook_url: endpoint.url.to_string(),
            env_type: endpoint.owner.environment.as_str(),
            events: endpoint.events.clone(),
            enabled: endpoint.enabled,
            created_at: instant(endpoint.created_at),
            updated_at: instant(endpoint.updated_at),
        }
    }
}

impl World {
    /// Registers an endpoint, once per address and environment.
    pub(crate) fn register(
        &mut self,
        owner: Owner,
        name: String,
        url: &str,
        events: Vec<String>,
        now: DateTime<Utc>,
    ) -> Result<&Endpoint, Refusal> {
        let url = self.checked_url(url)?;
        if self.endpoints.iter().any(|one| one.owner == owner && one.url == url) {
            return Err(Refusal::field("webhook_url", "Webhook with this URL already exists."));
        }
        let id = self.new_id("endpoint");
        let endpoint =
            Endpoint { id, owner, name, url, events, enabled: true, created_at: now, updated_at: now, failures: 0 };
        self.endpoints.push(endpoint);
        self.endpoints.last().ok_or(Refusal::NotFound)
    }

    fn checked_url(&self, text: &str) -> Result<Url, Refusal> {
        let url = Url::parse(text).ok().filter(|_| text.len() <= 2_048);
        let url = url.ok_or_else(|| Refusal::field("webhook_url", "Enter a valid URL."))?;
        let scheme = match url.scheme() {
            "https" => true,
            "http" => self.settings.plain_http_webhooks,
            _ => false,
        };
        if !scheme {
            return Err(Refusal::field("webhook_url", "Enter a valid URL, beginning with https."));
        }
        if !is_loopback(&url) {
            return Err(Refusal::field("webhook_url", "This simulator sends to loopback addresses only."));
        }
        Ok(url)
    }

    fn endpoint_of(&self, caller: Owner, id: &str) -> Result<&Endpoint, Refusal> {
        let endpoint = self.endpoints.iter().find(|one| *one.id == *id).ok_or(Refusal::NotFound)?;
        caller.may_see(endpoint.owner)?;
        Ok(endpoint)
    }
}

pub(crate) fn list(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let endpoints: Vec<&Endpoint> = world.endpoints.iter().filter(|one| one.owner == call.owner).collect();
    Ok(Answer::ok(Page::of(call, endpoints, EndpointView::from)?))
}

pub(crate) fn create(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let body = RequestBody::parse(call.body)?;
    let name = body.required_text("name", 128)?;
    let url = body.required_text("webhook_url", 2_048)?;
    let environment = body.required_text("env_type", 16)?;
    if environment != call.owner.environment.as_str() {
        return Err(Refusal::field("env_type", "Does not match the environment of the access key."));
    }
    let events = events(&body)?.unwrap_or_default();
    let endpoint = world.register(call.owner, name, &url, events, call.now)?;
    Ok(Answer::created(EndpointView::from(endpoint)))
}

pub(crate) fn read(world: &World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    Ok(Answer::ok(EndpointView::from(world.endpoint_of(call.owner, id)?)))
}

pub(crate) fn patch(world: &mut World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let id = world.endpoint_of(call.owner, id)?.id.clone();
    let body = RequestBody::parse(call.body)?;
    let url = body.text("webhook_url")?.map(|url| world.checked_url(&url)).transpose()?;
    let (name, events, enabled) = (body.text("name")?, events(&body)?, body.flag("enabled")?);
    if enabled == Some(false) {
        world.outbox.forget(&id);
    }
    let Some(endpoint) = world.endpoints.iter_mut().find(|one| one.id == id) else { return Err(Refusal::NotFound) };
    if let Some(enabled) = enabled {
        endpoint.enabled = enabled;
        endpoint.failures = 0;
    }
    endpoint.name = name.unwrap_or_else(|| endpoint.name.clone());
    endpoint.url = url.unwrap_or_else(|| endpoint.url.clone());
    endpoint.events = events.unwrap_or_else(|| endpoint.events.clone());
    endpoint.updated_at = call.now;
    Ok(Answer::ok(EndpointView::from(&*endpoint)))
}

pub(crate) fn delete(world: &mut World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let id = world.endpoint_of(call.owner, id)?.id.clone();
    world.endpoints.retain(|one| one.id != id);
    world.outbox.forget(&id);
    Ok(Answer::empty())
}

fn events(body: &RequestBody) -> Result<Option<Vec<String>>, Refusal> {
    let Some(items) = body.list("events")? else { return Ok(None) };
    let words: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    words.map(Some).ok_or_else(|| Refusal::field("events", "Not a valid string."))
}

/// A page of the history: cursors, and no count.
#[derive(Serialize)]
struct History {
    next: Option<String>,
    previous: Option<String>,
    results: Vec<AttemptView>,
}

#[derive(Serialize)]
struct AttemptView {
    /// The attempt's own id; the event's id is the one inside the payload.
    webhook_id: Id,
    event_type: String,
    event_created_at: String,
    created_at: String,
    status_code: Option<u16>,
    error_message: Option<String>,
    webhook_url: String,
    webhook_payload: Value,
}

const PAGE: usize = 50;

/// Attempts of the last thirty days, newest first.
pub(crate) fn requests(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let since = instant_of(call, "created_at__gte")?;
    let until = instant_of(call, "created_at__lte")?;
    let event_type = call.query.get("event_type");
    let status = match call.query.get("status_code") {
        None => None,
        Some(text) => Some(
            text.parse::<u16>()
                .ok()
                .filter(|code| (100..=599).contains(code))
                .ok_or_else(|| Refusal::field("status_code", "Must be between 100 and 599."))?,
        ),
    };
    let size = match call.query.get("page_size") {
        None => PAGE,
        Some(text) => text.parse::<usize>().unwrap_or(PAGE).clamp(1, 100),
    };
    let matching = |attempt: &&Attempt| {
        attempt.owner == call.owner
            && since.is_none_or(|since| attempt.at >= since)
            && until.is_none_or(|until| attempt.at <= until)
            && event_type.is_none_or(|kind| attempt.event_type == *kind)
            && status.is_none_or(|code| attempt.status == Some(code))
    };
    let cursor = call.query.get("cursor").map(|text| Cursor::parse(text)).transpose()?;
    // One more than a page tells whether another follows.
    let mut found: Vec<&Attempt> = match cursor {
        None => world.outbox.history().filter(matching).take(size + 1).collect(),
        Some(Cursor::Before(n)) => {
            world.outbox.history().filter(|one| one.n < n).filter(matching).take(size + 1).collect()
        }
        Some(Cursor::After(n)) => {
            let newer: Vec<&Attempt> = world.outbox.history().filter(|one| one.n > n).filter(matching).collect();
            newer[newer.len().saturating_sub(size + 1)..].to_vec()
        }
    };
    let backwards = matches!(cursor, Some(Cursor::After(_)));
    let more = found.len() > size;
    if more {
        if backwards {
            found.remove(0);
        } else {
            found.pop();
        }
    }
    let has_older = if backwards { true } else { more };
    let has_newer = if backwards { more } else { cursor.is_some() };
    let link = |cursor: Cursor| call.address_with("cursor", &cursor.text());
    let next = found.last().filter(|_| has_older).map(|last| link(Cursor::Before(last.n)));
    let previous = found.first().filter(|_| has_newer).map(|first| link(Cursor::After(first.n)));
    let sparse = world.settings.history_payload == HistoryPayload::Sparse;
    let results = found.into_iter().map(|attempt| AttemptView::of(attempt, sparse)).collect();
    Ok(Answer::ok(History { next, previous, results }))
}

impl AttemptView {
    fn of(attempt: &Attempt, sparse: bool) -> Self {
        let mut payload: Value = serde_json::from_slice(&attempt.body).unwrap_or_default();
        if let (true, Some(fields)) = (sparse, payload.as_object_mut()) {
            for field in ["updated_at", "employer_id", "order_number"] {
                fields.remove(field);
            }
        }
        Self {
            webhook_id: attempt.id.clone(),
            event_type: attempt.event_type.clone(),
            event_created_at: instant(attempt.event_created_at),
            created_at: instant(attempt.at),
            status_code: attempt.status,
            error_message: attempt.error.clone(),
            webhook_url: attempt.url.clone(),
            webhook_payload: payload,
        }
    }
}

/// A place between two attempts.
#[derive(Clone, Copy)]
enum Cursor {
    Before(u64),
    After(u64),
}

impl Cursor {
    fn text(self) -> String {
        let plain = match self {
            Self::Before(n) => format!("b{n}"),
            Self::After(n) => format!("a{n}"),
        };
        URL_SAFE_NO_PAD.encode(plain)
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        let read = || {
            let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            match plain.split_at_checked(1)? {
                ("b", n) => n.parse().ok().map(Self::Before),
                ("a", n) => n.parse().ok().map(Self::After),
                _ => None,
            }
        };
        read().ok_or(Refusal::NotFound)
    }
}

fn instant_of(call: &Call, name: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
    let Some(text) = call.query.get(name) else { return Ok(None) };
    // A `+` that was not escaped arrives as a space.
    let text = text.replace(' ', "+");
    DateTime::parse_from_rfc3339(&text)
        .map(|at| Some(at.to_utc()))
        .map_err(|_| Refusal::field(name, "Enter a valid date/time."))
}
