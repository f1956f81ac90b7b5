//! `/v1/tasks/` and the link-level `/v1/refresh/tasks/`.

use axum::http::StatusCode;
use serde_json::json;

use super::Call;
use super::answer::Answer;
use super::body::RequestBody;
use super::page::Page;
use super::shapes::second;
use crate::simulator::refusal::Refusal;
use crate::simulator::state::{Owner, Task, World, product};

impl World {
    fn task_of(&self, caller: Owner, id: &str) -> Result<&Task, Refusal> {
        let task = self.tasks.get(id).ok_or(Refusal::NotFound)?;
        caller.may_see(task.owner)?;
        Ok(task)
    }
}

/// Newest first; `user_id` and `link_id` narrow it down.
pub(crate) fn list(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let (user, link) = (call.query.get("user_id"), call.query.get("link_id"));
    let tasks: Vec<&Task> = world
        .task_ids
        .iter()
        .rev()
        .filter_map(|id| world.tasks.get(id))
        .filter(|task| task.owner == call.owner)
        .filter(|task| user.is_none_or(|user| *task.user_id == **user))
        .filter(|task| link.is_none_or(|link| task.link_id.as_deref() == Some(link)))
        .collect();
    Ok(Answer::ok(Page::of(call, tasks, |task| world.task_view(task))?))
}

pub(crate) fn read(world: &World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    Ok(Answer::ok(world.task_view(world.task_of(call.owner, id)?)))
}

/// Refreshes one connection without an order. It shares the quota with refresh orders.
pub(crate) fn refresh(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let body = RequestBody::parse(call.body)?;
    let token = body.required_text("access_token", 256)?;
    let product = product(&body.required_text("product_type", 64)?)
        .ok_or_else(|| Refusal::field("product_type", "Not a valid choice."))?;
    let link = world.by_access_token.get(token.as_str()).and_then(|id| world.links.get(id));
    let link = link
        .filter(|link| link.owner == call.owner && link.deleted_at.is_none())
        .ok_or_else(|| Refusal::field("access_token", "Unknown access_token."))?;
    let link_id = link.id.clone();
    if world.link_is_over_quota(&link_id, call.now) {
        return Err(Refusal::QuotaExceeded);
    }
    let task_id = world.new_id("refresh task");
    world.begin_refresh(&task_id, &link_id, product, None, false, call.now);
    Ok(Answer::json(StatusCode::CREATED, json!({ "task_id": task_id })))
}

pub(crate) fn read_refresh(world: &World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let task = world.task_of(call.owner, id)?;
    Ok(Answer::ok(json!({
        "id": task.id,
        "status": task.status.as_str(),
        "created_at": second(task.created_at),
        "refresh_date": null,
    })))
}
