//! `/v1/webhooks/`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use url::Url;

use super::Call;
use super::answer::Answer;
use super::body::RequestBody;
use super::page::Page;
use crate::simulator::chance::Id;
use crate::simulator::deliveries::is_loopback;
use crate::simulator::events::instant;
use crate::simulator::refusal::Refusal;
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
