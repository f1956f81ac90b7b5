//! Deliveries waiting to be sent, in lanes.
//!
//! All events of one order to one endpoint share a lane and go one after another; lanes go in parallel. A failed attempt
//! does not hold up its lane: its retry comes alone, later, which is how deliveries overtake each other upstream.

use std::collections::{HashMap, VecDeque};

use axum::body::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::oneshot;

use super::chance::Id;
use super::state::Owner;

/// Attempts kept for `webhook-requests`, besides the limit of thirty days.
pub const HISTORY_CAPACITY: usize = 100_000;
const HISTORY_DAYS: i64 = 30;

/// An endpoint and the order (or connection) that the events are about.
pub(crate) type LaneKey = (Id, Id);

/// One event on its way to one endpoint.
pub(crate) struct Delivery {
    pub(crate) webhook_id: Id,
    pub(crate) owner: Owner,
    pub(crate) endpoint: Id,
    pub(crate) event_type: String,
    pub(crate) created_at: DateTime<Utc>,
    /// Serialised once; every attempt sends these bytes.
    pub(crate) body: Bytes,
    pub(crate) order_id: Option<Id>,
    pub(crate) lane: LaneKey,
    /// Attempts made.
    pub(crate) attempts: u32,
    /// Whether a fault has had its chance to move it in time.
    pub(crate) moved: bool,
    /// Fires, or is dropped, when the first attempt is over.
    pub(crate) first_attempt: Option<oneshot::Sender<()>>,
}

/// One attempt, as `webhook-requests` shows it.
#[derive(Clone)]
pub(crate) struct Attempt {
    /// Counts from 1.
    pub(crate) n: u64,
    pub(crate) id: Id,
    pub(crate) owner: Owner,
    pub(crate) at: DateTime<Utc>,
    pub(crate) event_type: String,
    pub(crate) event_created_at: DateTime<Utc>,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<String>,
    pub(crate) url: String,
    pub(crate) body: Bytes,
}

#[derive(Default)]
struct Lane {
    queue: VecDeque<Delivery>,
    busy: bool,
    held: bool,
}

/// Something to send.
pub(crate) enum Work {
    /// Everything in a lane.
    Lane(LaneKey),
    /// A delivery outside its lane.
    One(Box<Delivery>),
}

/// The queue.
#[derive(Default)]
pub(crate) struct Outbox {
    lanes: HashMap<LaneKey, Lane>,
    ready: VecDeque<Work>,
    under_way: usize,
    history: VecDeque<Attempt>,
    attempts: u64,
    /// The time and the number of the last event about each subject.
    last_events: HashMap<Id, (DateTime<Utc>, u64)>,
    /// First attempts that the response of the present request waits for.
    pub(crate) awaited: Vec<oneshot::Receiver<()>>,
    /// Lanes that wait for the response of the present request.
    pub(crate) held: Vec<LaneKey>,
}

impl Outbox {
    /// The time of a new event about `subject`, later than the one before, and its number.
    pub(crate) fn stamp(&mut self, subject: &Id, at: DateTime<Utc>) -> (DateTime<Utc>, u64) {
        let (last, count) = self.last_events.entry(subject.clone()).or_insert((DateTime::<Utc>::MIN_UTC, 0));
        *last = at.max(*last + TimeDelta::microseconds(1));
        *count += 1;
        (*last, *count)
    }

    /// Appends to the delivery's lane.
    pub(crate) fn push(&mut self, delivery: Delivery) {
        let key = delivery.lane.clone();
        let lane = self.lanes.entry(key.clone()).or_default();
        lane.queue.push_back(delivery);
        self.make_ready(&key);
    }

    /// Sends outside the lane, as soon as possible.
    pub(crate) fn send_now(&mut self, delivery: Delivery) {
        self.ready.push_back(Work::One(Box::new(delivery)));
    }

    /// Holds a lane back until [`Outbox::release`].
    pub(crate) fn hold(&mut self, key: &LaneKey) {
        self.lanes.entry(key.clone()).or_default().held = true;
        self.held.push(key.clone());
    }

    pub(crate) fn release(&mut self, key: &LaneKey) {
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.held = false;
        }
        self.make_ready(key);
    }

    fn make_ready(&mut self, key: &LaneKey) {
        if let Some(lane) = self.lanes.get_mut(key)
            && !lane.busy
            && !lane.held
        {
            lane.busy = true;
            self.ready.push_back(Work::Lane(key.clone()));
        }
    }

    /// Takes work for which there is room.
    pub(crate) fn take(&mut self, parallelism: usize) -> Vec<Work> {
        let room = parallelism.max(1).saturating_sub(self.under_way).min(self.ready.len());
        self.under_way += room;
        self.ready.drain(..room).collect()
    }

    /// The next delivery of a lane under way; `None` ends the work on it.
    pub(crate) fn next_in_lane(&mut self, key: &LaneKey) -> Option<Delivery> {
        let lane = self.lanes.get_mut(key)?;
        if !lane.held
            && let Some(delivery) = lane.queue.pop_front()
        {
            return Some(delivery);
        }
        lane.busy = false;
        if lane.queue.is_empty() && !lane.held {
            self.lanes.remove(key);
        }
        None
    }

    /// Marks one work as ended.
    pub(crate) fn ended(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Whether nothing is waiting or being sent.
    pub(crate) fn is_idle(&self) -> bool {
        self.under_way == 0 && self.ready.is_empty()
    }

    /// Forgets what waits for an endpoint: nothing is replayed after it was switched off or deleted.
    pub(crate) fn forget(&mut self, endpoint: &Id) {
        for lane in self.lanes.iter_mut().filter(|(key, _)| key.0 == *endpoint).map(|(_, lane)| lane) {
            lane.queue.clear();
        }
    }

    /// Adds an attempt to the history, numbered.
    pub(crate) fn record(&mut self, mut attempt: Attempt) {
        self.attempts += 1;
        attempt.n = self.attempts;
        let oldest = attempt.at - TimeDelta::days(HISTORY_DAYS);
        self.history.push_back(attempt);
        while self.history.len() > HISTORY_CAPACITY || self.history.front().is_some_and(|first| first.at < oldest) {
            self.history.pop_front();
        }
    }

    /// The attempts of the last thirty days, newest first.
    pub(crate) fn history(&self) -> impl Iterator<Item = &Attempt> {
        self.history.iter().rev()
    }
}
