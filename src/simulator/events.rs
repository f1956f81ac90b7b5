//! The bodies of webhooks (Truv, "Webhook events"), in the field order of the published samples.

use axum::body::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::chance::Id;
use super::outbox::{Delivery, LaneKey};
use super::settings::{Edition, OrderCreated};
use super::state::{Owner, World};

/// An object whose fields keep the order in which they are listed.
pub(crate) struct Fields(pub(crate) Vec<(&'static str, Value)>);

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Stands where the value differs between endpoints; filled in when the event is published.
const LATER: Value = Value::Null;

/// An event before it is addressed to endpoints.
struct Event {
    owner: Owner,
    /// The order, or the connection where no order is known: events about it keep their order.
    subject: Id,
    order_id: Option<Id>,
    kind: &'static str,
    at: DateTime<Utc>,
    fields: Vec<(&'static str, Value)>,
}

impl World {
    /// `task-status-updated`.
    pub(crate) fn emit_task(&mut self, task_id: &str, at: DateTime<Utc>) {
        let Some(task) = self.tasks.get(task_id) else { return };
        let link = task.link_id.as_ref().and_then(|id| self.links.get(id));
        let template = task.order_id.as_ref().and_then(|id| self.orders.get(id)).map(|order| &order.template_id);
        let fields = vec![
            ("webhook_id", LATER),
            ("event_type", json!("task-status-updated")),
            ("event_created_at", LATER),
            ("product", json!(task.product)),
            ("link_id", json!(task.link_id)),
            ("user_id", json!(task.user_id)),
            ("data_source", json!(link.map(|link| &link.data_source))),
            ("task_id", json!(task.id)),
            ("tracking_info", json!(task.tracking_info)),
            ("status", json!(task.status.as_str())),
            ("template_id", json!(template)),
            ("updated_at", LATER),
        ];
        let subject = task.order_id.clone().or_else(|| task.link_id.clone()).unwrap_or_else(|| task.id.clone());
        let event = Event {
            owner: task.owner,
            subject,
            order_id: task.order_id.clone(),
            kind: "task-status-updated",
            at,
            fields,
        };
        self.publish(event);
    }

    /// `order-created`, once per order or once per product.
    pub(crate) fn emit_order_created(&mut self, order_id: &str, at: DateTime<Utc>) {
        let Some(order) = self.orders.get(order_id) else { return };
        let count = if self.settings.order_events_per_product { order.products.len() } else { 1 };
        for product in order.products.clone().into_iter().take(count) {
            self.emit_order(order_id, None, "order-created", product, "pending", at);
        }
    }

    /// An event about one suborder. An expired one is reported without its connection.
    pub(crate) fn emit_suborder(
        &mut self,
        order_id: &str,
        suborder_id: &str,
        kind: &'static str,
        status: &'static str,
        at: DateTime<Utc>,
    ) {
        let Some(suborder) = self.orders.get(order_id).and_then(|order| order.suborder(suborder_id)) else { return };
        let (suborder_id, product) = (suborder.id.clone(), suborder.product);
        self.emit_order(order_id, Some(&suborder_id), kind, product, status, at);
    }

    fn emit_order(
        &mut self,
        order_id: &str,
        suborder_id: Option<&Id>,
        kind: &'static str,
        product: &'static str,
        status: &'static str,
        at: DateTime<Utc>,
    ) {
        let Some(order) = self.orders.get(order_id) else { return };
        let link_id = suborder_id
            .filter(|_| status != "expired")
            .and_then(|id| order.suborder(id))
            .and_then(|suborder| suborder.link_id.as_ref());
        let link = link_id.and_then(|id| self.links.get(id));
        let fields = vec![
            ("webhook_id", LATER),
            ("event_type", json!(kind)),
            ("event_created_at", LATER),
            ("updated_at", LATER),
            ("product", json!(product)),
            ("link_id", json!(link_id)),
            ("user_id", json!(order.user_id)),
            ("data_source", json!(link.map(|link| &link.data_source))),
            ("order_id", json!(order.id)),
            ("order_number", json!(order.order_number)),
            ("employer_id", json!(suborder_id)),
            ("status", json!(status)),
            ("template_id", json!(order.template_id)),
        ];
        let (subject, owner) = (order.id.clone(), order.owner);
        self.publish(Event { owner, order_id: Some(subject.clone()), subject, kind, at, fields });
    }

    /// `link-connected`, `link-disconnected`, `link-deleted`.
    pub(crate) fn emit_link(
        &mut self,
        link_id: &str,
        kind: &'static str,
        product: &'static str,
        tracking_info: Option<&Id>,
        order_id: Option<&Id>,
        at: DateTime<Utc>,
    ) {
        let Some(link) = self.links.get(link_id) else { return };
        let fields = vec![
            ("webhook_id", LATER),
            ("event_type", json!(kind)),
            ("event_created_at", LATER),
            ("link_id", json!(link.id)),
            ("product", json!(product)),
            ("data_source", json!(link.data_source)),
            ("tracking_info", json!(tracking_info)),
            ("user_id", json!(link.user_id)),
        ];
        let subject = order_id.cloned().unwrap_or_else(|| link.id.clone());
        self.publish(Event { owner: link.owner, subject, order_id: order_id.cloned(), kind, at, fields });
    }

    /// A data event of a task: an object's id, or the number of objects of an employment.
    pub(crate) fn emit_data(&mut self, task_id: &str, kind: &'static str, about: About, at: DateTime<Utc>) {
        let Some(task) = self.tasks.get(task_id) else { return };
        let Some(link) = task.link_id.as_ref().and_then(|id| self.links.get(id)) else { return };
        let mut fields = vec![
            ("webhook_id", LATER),
            ("task_id", json!(task.id)),
            ("link_id", json!(link.id)),
            ("product", json!(task.product)),
            ("data_source", json!(link.data_source)),
            ("tracking_info", json!(task.tracking_info)),
            ("event_type", json!(kind)),
            ("event_created_at", LATER),
        ];
        match about {
            About::Object(id) => fields.push(("object_id", json!(id))),
            About::Count { employment_id, objects } => {
                fields.push(("objects_count", json!(objects)));
                fields.push(("employment_id", json!(employment_id)));
            }
        }
        fields.push(("user_id", json!(task.user_id)));
        let subject = task.order_id.clone().unwrap_or_else(|| link.id.clone());
        self.publish(Event { owner: task.owner, subject, order_id: task.order_id.clone(), kind, at, fields });
    }

    /// Addresses an event to every endpoint that wants it. The body is serialised here, once.
    fn publish(&mut self, event: Event) {
        let (created_at, number) = self.outbox.stamp(&event.subject, event.at);
        let lag = self.chance.below("updated_at", &event.subject, number, 900);
        let updated_at = created_at + TimeDelta::microseconds(20 + i64::try_from(lag).unwrap_or(0));
        let mut fields = event.fields;
        for (name, value) in &mut fields {
            match *name {
                "event_created_at" => *value = json!(instant(created_at)),
                "updated_at" => *value = json!(updated_at.to_rfc3339_opts(SecondsFormat::Micros, false)),
                _ => {}
            }
        }
        if self.settings.edition == Edition::Legacy {
            fields = legacy(fields);
        }
        let endpoints: Vec<Id> = self
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.owner == event.owner && endpoint.enabled)
            .filter(|endpoint| endpoint.events.is_empty() || endpoint.events.iter().any(|kind| kind == event.kind))
            .map(|endpoint| endpoint.id.clone())
            .collect();
        for endpoint in endpoints {
            let webhook_id = self.chance.id("webhook", &format!("{endpoint}{}", event.subject), number);
            if let Some((_, value)) = fields.iter_mut().find(|(name, _)| *name == "webhook_id") {
                *value = json!(webhook_id);
            }
            let body = serde_json::to_vec(&Fields(fields.clone())).unwrap_or_default();
            let lane: LaneKey = (endpoint.clone(), event.subject.clone());
            let first_attempt = (event.kind == "order-created").then(|| self.tie_to_response(&lane)).flatten();
            self.outbox.push(Delivery {
                webhook_id,
                owner: event.owner,
                endpoint,
                event_type: event.kind.to_owned(),
                created_at,
                body: Bytes::from(body),
                order_id: event.order_id.clone(),
                lane,
                attempts: 0,
                moved: false,
                first_attempt,
            });
        }
    }

    /// Makes the response of the request under way wait for this event, or the event wait for the response.
    fn tie_to_response(&mut self, lane: &LaneKey) -> Option<oneshot::Sender<()>> {
        match self.settings.order_created {
            OrderCreated::Racing => None,
            OrderCreated::After => {
                self.outbox.hold(lane);
                None
            }
            OrderCreated::Before => {
                let (sender, receiver) = oneshot::channel();
                self.outbox.awaited.push(receiver);
                Some(sender)
            }
        }
    }
}

/// What a data event is about.
pub(crate) enum About {
    Object(String),
    Count { employment_id: String, objects: usize },
}

/// An instant as most of the API writes it: six digits and `Z`.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The older samples: without the three newer fields, and with the type and the time last.
fn legacy(fields: Vec<(&'static str, Value)>) -> Vec<(&'static str, Value)> {
    let (named, mut others): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .filter(|(name, _)| !["user_id", "template_id", "updated_at"].contains(name))
        .partition(|(name, _)| ["event_type", "event_created_at"].contains(name));
    others.extend(named);
    others
}
