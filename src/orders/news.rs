//! What Truv told about an order, in one shape whatever brought it: a webhook, a look, or the answer to our own call.

use chrono::{DateTime, Utc};

use crate::truv::wire;

/// News about one order, to be joined into what is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct News {
    /// The order as Truv showed it.
    pub(crate) shown: Option<Box<wire::orders::Order>>,
    /// What single webhooks said.
    pub(crate) said: Vec<Said>,
}

/// One thing that was said.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// A task moved.
    Task {
        truv_task_id: String,
        truv_suborder_id: Option<String>,
        truv_link_id: Option<String>,
        raw_status: String,
        at: DateTime<Utc>,
    },
    /// What the provider says about a task that failed.
    Explained { truv_task_id: String, message: String },
    /// An employer entry changed. Older editions name no entry: then the order must be looked at.
    Suborder { truv_suborder_id: Option<String>, truv_link_id: Option<String>, raw_status: String, at: DateTime<Utc> },
    /// The refresh failed for an employer entry, in the order's words.
    Failed { truv_suborder_id: Option<String>, truv_link_id: Option<String>, raw_status: String, at: DateTime<Utc> },
    /// The client connected an employer.
    Connected { truv_suborder_id: Option<String>, truv_link_id: String, at: DateTime<Utc> },
    /// The order exists.
    Created,
    /// Something changed that only a look can tell.
    Touched,
    /// The order was canceled.
    Canceled { at: DateTime<Utc> },
    /// Nothing was heard for too long.
    Silence { at: DateTime<Utc> },
}

impl News {
    pub(crate) fn said(said: Said) -> Self {
        Self { shown: None, said: vec![said] }
    }

    pub(crate) fn shown(order: wire::orders::Order) -> Self {
        Self { shown: Some(Box::new(order)), said: Vec::new() }
    }
}
