//! What a delivery says. Pure.

use chrono::{DateTime, Utc};

use crate::truv::{self, wire::webhooks::Event};

/// What a delivery is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    /// An order or one of its employer entries.
    Order { truv_order_id: String, news: OrderNews },
    /// A task.
    Task { truv_task_id: String, raw_status: String },
    /// The client connected an employer.
    LinkConnected { truv_link_id: String },
    /// A connection failed during a refresh.
    LinkDisconnected { truv_link_id: String },
    /// Data and credentials of a connection were removed.
    LinkDeleted { truv_link_id: String },
    /// Authentic, and of no concern.
    Nothing { why: &'static str },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum OrderNews {
    Created,
    Suborder {
        raw_status: String,
    },
    RefreshFailed {
        raw_status: String,
    },
    /// Something changed; a look tells what.
    Touched,
}

/// Why a delivery is of no use, ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unusable(pub(super) &'static str);

/// Said of an event whose type nobody here has met.
pub(super) const UNHEARD_OF: &str = "this event type is not known";

/// The event in a body.
pub(super) fn parse(body: &[u8]) -> Result<Event, Unusable> {
    let Ok(json) = truv::json::parse::<serde_json::Value>(body) else {
        return Err(Unusable("the body is not JSON"));
    };
    if !json.get("event_type").is_some_and(serde_json::Value::is_string) {
        return Err(Unusable("event_type is missing or not text"));
    }
    serde_json::from_value(json).map_err(|_| Unusable("a field has the wrong type"))
}

/// What the event means. Only `event_type` is required upstream; an event that lacks what it is about is unusable.
pub(super) fn meaning(event: &Event) -> Result<Meaning, Unusable> {
    let need = |field: &Option<String>, why| field.clone().ok_or(Unusable(why));
    let order =
        |news| need(&event.order_id, "order_id is missing").map(|truv_order_id| Meaning::Order { truv_order_id, news });
    let link = || need(&event.link_id, "link_id is missing");
    let status = || need(&event.status, "status is missing");
    match event.event_type.as_str() {
        "order-created" => order(OrderNews::Created),
        "order-status-updated" => order(OrderNews::Suborder { raw_status: status()? }),
        "order-refresh-failed" => {
            order(OrderNews::RefreshFailed { raw_status: event.status.clone().unwrap_or_else(|| "error".to_owned()) })
        }
        "order-finalized" => order(OrderNews::Touched),
        "task-status-updated" => {
            let truv_task_id = need(&event.task_id, "task_id is missing")?;
            Ok(Meaning::Task { truv_task_id, raw_status: status()? })
        }
        "link-connected" => link().map(|truv_link_id| Meaning::LinkConnected { truv_link_id }),
        "link-disconnected" => link().map(|truv_link_id| Meaning::LinkDisconnected { truv_link_id }),
        "link-deleted" => link().map(|truv_link_id| Meaning::LinkDeleted { truv_link_id }),
        // Data events are no sign of an end: a refresh that finds nothing new sends none.
        "employment-created"
        | "employment-updated"
        | "profile-created"
        | "profile-updated"
        | "statements-created"
        | "statements-updated"
        | "bank-accounts-created"
        | "bank-accounts-updated"
        | "shifts-created"
        | "shifts-updated"
        | "certification-completed" => Ok(Meaning::Nothing { why: "data events are not followed" }),
        _ => Ok(Meaning::Nothing { why: UNHEARD_OF }),
    }
}

/// When the event happened: the best clock it carries, else the time it came in.
pub(super) fn instant(event: &Event, received_at: DateTime<Utc>) -> DateTime<Utc> {
    event.updated_at.or(event.event_created_at).unwrap_or(received_at)
}
