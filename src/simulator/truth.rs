//! `GET /control/state`: what really is, for comparing with what a client believes.

use serde_json::{Value, json};

use super::scenarios::TaskState;
use super::state::{Link, World};

impl World {
    /// Orders, connections, bill and notices; of one order when `only` names it. No tokens, no personal data.
    pub(crate) fn truth(&self, only: Option<&str>) -> Value {
        let wanted = |id: &str| only.is_none_or(|only| only == id);
        let orders: Vec<Value> = self
            .order_ids
            .iter()
            .filter(|id| wanted(id))
            .filter_map(|id| self.orders.get(id))
            .map(|order| {
                let employers: Vec<Value> = order
                    .suborders
                    .iter()
                    .map(|one| {
                        json!({
                            "id": one.id,
                            "suborder_number": one.number,
                            "status": one.status.as_str(),
                            "last_task_status": one.last_task.map(TaskState::as_str),
                            "link_id": one.link_id,
                        })
                    })
                    .collect();
                json!({
                    "order_id": order.id,
                    "order_number": order.order_number,
                    "user_id": order.user_id,
                    "products": order.products,
                    "parent": order.parent,
                    "initial_order": order.initial_order,
                    "refresh_order": order.refresh_order,
                    "refreshes": order.refreshes,
                    "created_at": order.created_at,
                    "completed_at": order.completed_at,
                    "canceled_at": order.canceled_at,
                    "is_expired": order.is_expired,
                    "employers": employers,
                })
            })
            .collect();
        let mut links: Vec<&Link> = self.links.values().filter(|_| only.is_none()).collect();
        links.sort_by(|a, b| a.id.cmp(&b.id));
        let links: Vec<Value> = links
            .into_iter()
            .map(|link| {
                json!({
                    "link_id": link.id,
                    "user_id": link.user_id,
                    "provider_id": link.provider.id,
                    "scenario": link.scenario,
                    "status": link.status.as_str(),
                    "authorised_at": link.authorised_at,
                    "deleted_at": link.deleted_at,
                    "data_as_of": link.data.as_ref().map(|data| data.as_of),
                    "refreshes_counted": link.attempts.len(),
                })
            })
            .collect();
        let billing: Vec<Value> = self
            .billing
            .iter()
            .filter(|line| line.order_id.as_deref().is_some_and(wanted) || only.is_none())
            .map(|line| {
                json!({
                    "at": line.at,
                    "task_id": line.task_id,
                    "link_id": line.link_id,
                    "order_id": line.order_id,
                    "product": line.product,
                    "kind": if line.refresh { "refresh" } else { "login" },
                })
            })
            .collect();
        let notices: Vec<Value> = self
            .notices
            .iter()
            .filter(|notice| wanted(&notice.order_id))
            .map(|notice| {
                json!({
                    "at": notice.at,
                    "order_id": notice.order_id,
                    "employer_id": notice.suborder_id,
                    "channel": notice.channel,
                    "reason": notice.reason.as_str(),
                })
            })
            .collect();
        json!({ "orders": orders, "links": links, "billing": billing, "notices": notices })
    }
}
