//! Which path does what.

use super::answer::Answer;
use super::{Call, history, links, orders, reports, tasks, users, webhooks};
use crate::simulator::payroll::Detail;
use crate::simulator::refusal::Refusal;
use crate::simulator::state::World;

/// Carries a request out.
pub(crate) fn route(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let segments: Vec<&str> = call.path.split('/').filter(|segment| !segment.is_empty()).collect();
    let Some((&"v1", path)) = segments.split_first() else { return Err(Refusal::NotFound) };
    match (path, call.method) {
        (["orders"], "GET") => orders::list(world, call),
        (["orders"], "POST") => orders::create(world, call),
        (["orders", "lookup"], "POST") => orders::lookup(world, call),
        (["orders", id], "GET") => orders::read(world, call, id),
        (["orders", id], "POST") => orders::refresh(world, call, id),
        (["orders", id], "PATCH") => orders::patch(world, call, id),
        (["orders", id, "cancel"], "POST") => orders::cancel(world, call, id),
        (["orders", id, "events"], "GET") => orders::events(world, call, id),
        (["orders", id, "invoice"], "GET") => orders::invoice(world, call, id),
        (["orders", id, "employers"], "POST") => orders::add_employer(world, call, id),
        (["orders", id, "refresh"], "POST") if world.settings.refresh_alias_path => orders::refresh(world, call, id),
        (["tasks"], "GET") => tasks::list(world, call),
        (["tasks", id], "GET") => tasks::read(world, call, id),
        (["refresh", "tasks"], "POST") => tasks::refresh(world, call),
        (["refresh", "tasks", id], "GET") => tasks::read_refresh(world, call, id),
        (["links"], "GET") => links::list(world, call),
        (["links", id], "GET") => links::read(world, call, id),
        // Older pages spell the path in the singular.
        (["links" | "link", id], "DELETE") => links::delete(world, call, id),
        (["links", id, "income", "report"], "GET") => reports::of_link(world, call, id, Detail::Income),
        (["links", id, "employment", "report"], "GET") => reports::of_link(world, call, id, Detail::Employment),
        (["link-access-tokens"], "POST") => links::exchange(world, call),
        (["users"], "GET") => users::list(world, call),
        (["users"], "POST") => users::create(world, call),
        (["users", id], "GET") => users::read(world, call, id),
        (["users", id], "PATCH") => users::patch(world, call, id),
        (["users", id], "DELETE") => users::delete(world, call, id),
        (["users", id, "tokens"], "POST") => users::create_token(world, call, id),
        (["users", id, "reports"], "POST") => reports::create(world, call, id),
        (["users", id, "reports", report], "GET") => reports::read(world, call, id, report),
        (["webhooks"], "GET") => webhooks::list(world, call),
        (["webhooks"], "POST") => webhooks::create(world, call),
        (["webhooks", id], "GET") => webhooks::read(world, call, id),
        (["webhooks", id], "PATCH") => webhooks::patch(world, call, id),
        (["webhooks", id], "DELETE") => webhooks::delete(world, call, id),
        (["webhook-requests"], "GET") => history::requests(world, call),
        (
            ["orders" | "tasks" | "links" | "users" | "webhooks" | "link-access-tokens" | "webhook-requests"]
            | ["orders" | "tasks" | "links" | "users" | "webhooks", _],
            _,
        ) => Err(Refusal::MethodNotAllowed),
        _ => Err(Refusal::NotFound),
    }
}
