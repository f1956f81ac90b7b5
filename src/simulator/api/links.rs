//! `/v1/links/` and `/v1/link-access-tokens/`.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::Call;
use super::answer::Answer;
use super::body::RequestBody;
use super::page::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::state::{Link, Owner, World};

impl World {
    pub(crate) fn link_of(&self, caller: Owner, id: &str) -> Result<&Link, Refusal> {
        let link = self.links.get(id).ok_or(Refusal::NotFound)?;
        caller.may_see(link.owner)?;
        Ok(link)
    }

    /// Removes a connection's data and credentials; once.
    pub(crate) fn delete_link(&mut self, link_id: &str, now: DateTime<Utc>) {
        let Some(link) = self.links.get_mut(link_id).filter(|link| link.deleted_at.is_none()) else { return };
        link.deleted_at = Some(now);
        link.updated_at = now;
        link.data = None;
        let (product, tracking_info) = (link.product, link.tracking_info.clone());
        self.emit_link(link_id, "link-deleted", product, tracking_info.as_ref(), None, now);
    }
}

/// All connections, or those of one user: only then the access tokens are in clear.
pub(crate) fn list(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let user = call.query.get("user_id").map(|id| world.user_of(call.owner, id)).transpose()?;
    let mut links: Vec<&Link> = match user {
        Some(user) => user.links.iter().filter_map(|id| world.links.get(id)).collect(),
        None => world
            .user_ids
            .iter()
            .filter_map(|id| world.users.get(id))
            .filter(|user| user.owner == call.owner)
            .flat_map(|user| user.links.iter().filter_map(|id| world.links.get(id)))
            .collect(),
    };
    links.retain(|link| link.deleted_at.is_none());
    Ok(Answer::ok(Page::of(call, links, |link| world.link_view(link, user.is_some()))?))
}

pub(crate) fn read(world: &World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    Ok(Answer::ok(world.link_view(world.link_of(call.owner, id)?, false)))
}

pub(crate) fn delete(world: &mut World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let link = world.link_of(call.owner, id)?;
    if link.deleted_at.is_some() {
        return Err(Refusal::NotFound);
    }
    let id = link.id.clone();
    world.delete_link(&id, call.now);
    Ok(Answer::empty())
}

/// Trades the one-time token of the widget for the connection's lasting one.
pub(crate) fn exchange(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let token = RequestBody::parse(call.body)?.required_text("public_token", 256)?;
    let public = world.public_tokens.get_mut(token.as_str()).filter(|token| token.owner == call.owner);
    let public = public.ok_or_else(|| Refusal::field("public_token", "Unknown public_token."))?;
    if public.used || public.expires_at <= call.now {
        return Err(Refusal::ExpiredToken);
    }
    public.used = true;
    let link = world.links.get(&public.link_id).ok_or(Refusal::NotFound)?;
    Ok(Answer::created(json!({ "access_token": link.access_token, "link_id": link.id })))
}
