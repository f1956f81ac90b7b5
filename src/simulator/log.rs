//! What was asked and what was sent, in order: the control port's record for tests. No bodies, no secrets.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::chance::Id;

/// Entries kept; the oldest go first.
pub const LOG_CAPACITY: usize = 100_000;

/// One entry.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    /// Counts from 1 and has no gaps.
    pub(crate) n: u64,
    pub(crate) at: DateTime<Utc>,
    #[serde(flatten)]
    pub(crate) what: What,
}

/// A request served or a delivery attempted.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum What {
    /// A request to the API.
    Request {
        method: String,
        path: String,
        client_id: Option<String>,
        /// The status as it was decided; `None` when nothing was answered.
        status: Option<u16>,
        /// The order that the request made.
        #[serde(skip_serializing_if = "Option::is_none")]
        order_id: Option<Id>,
        /// The fault that hit it.
        #[serde(skip_serializing_if = "Option::is_none")]
        fault: Option<&'static str>,
    },
    /// An attempt to deliver an event.
    Delivery {
        webhook_id: Id,
        event_type: String,
        endpoint_id: Id,
        /// 1 for the first.
        attempt: u32,
        status: Option<u16>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        order_id: Option<Id>,
        #[serde(skip_serializing_if = "Option::is_none")]
        fault: Option<&'static str>,
    },
}

/// The record.
#[derive(Default)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    written: u64,
}

impl Log {
    pub(crate) fn add(&mut self, at: DateTime<Utc>, what: What) {
        self.written += 1;
        self.entries.push_back(Entry { n: self.written, at, what });
        if self.entries.len() > LOG_CAPACITY {
            self.entries.pop_front();
        }
    }

    /// Entries numbered above `after`, at most `limit`, oldest first.
    pub(crate) fn after(&self, after: u64, limit: usize) -> Vec<Entry> {
        self.entries.iter().filter(|entry| entry.n > after).take(limit).cloned().collect()
    }

    /// The number of the newest entry.
    pub(crate) fn last(&self) -> u64 {
        self.written
    }
}
