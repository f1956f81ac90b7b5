//! What happens by itself as time passes: one agenda, ordered by time, worked off by one task.
//!
//! Each entry is done *as of* its own moment, not of the moment it is looked at. When the clock jumps over a year, all
//! that was due happens in the right order and with the right times.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Shared;
use super::chance::Id;
use super::outbox::Delivery;
use super::state::{SuborderStatus, World};

/// Entries done under one hold of the lock, so that requests are not kept waiting by a bulk run.
const AT_A_TIME: usize = 128;

/// Something that will happen.
pub(crate) enum Due {
    /// A task takes its next step.
    Step(Id),
    /// A suborder's status follows its task.
    Settle { order: Id, suborder: Id, status: SuborderStatus },
    /// An order's window ends.
    Expire(Id),
    /// The applicant follows Truv's notice.
    Recover { order: Id, suborder: Id },
    /// A delivery's turn comes again, or late.
    Send(Box<Delivery>),
}

/// What will happen, by time; entries of one moment keep the order in which they were made.
#[derive(Default)]
pub(crate) struct Agenda {
    entries: BTreeMap<(DateTime<Utc>, u64), Due>,
    made: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, at: DateTime<Utc>, due: Due) {
        self.made += 1;
        self.entries.insert((at, self.made), due);
    }

    fn next_at(&self) -> Option<DateTime<Utc>> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    fn pop(&mut self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Due)> {
        let entry = self.entries.first_entry()?;
        let at = entry.key().0;
        (at <= now).then(|| (at, entry.remove()))
    }
}

impl World {
    /// Does up to `limit` things that are due; answers whether any may be left.
    pub(crate) fn run_due(&mut self, now: DateTime<Utc>, limit: usize) -> bool {
        for _ in 0..limit {
            let Some((at, due)) = self.agenda.pop(now) else { return false };
            match due {
                Due::Step(task) => self.step(&task, at),
                Due::Settle { order, suborder, status } => self.settle(&order, &suborder, status, at),
                Due::Expire(order) => self.expire(&order, at),
                Due::Recover { order, suborder } => self.recover(&order, &suborder, at),
                Due::Send(delivery) => self.outbox.send_now(*delivery),
            }
        }
        true
    }

    /// Does everything that is due.
    pub(crate) fn catch_up(&mut self, now: DateTime<Utc>) {
        while self.run_due(now, AT_A_TIME) {}
    }
}

/// A time from now in milliseconds.
pub(crate) fn millis(count: u64) -> TimeDelta {
    TimeDelta::milliseconds(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Works off the agenda until the simulator stops.
pub(crate) async fn run(shared: Shared) {
    loop {
        // Registered before looking, so that a change in between is not missed.
        let woken = shared.engine_wake.notified();
        let (more, next) = {
            let mut world = shared.lock();
            let more = world.run_due(shared.clock.now(), AT_A_TIME);
            (more, world.agenda.next_at())
        };
        shared.delivery_wake.notify_one();
        if more {
            tokio::task::yield_now().await;
            continue;
        }
        let pause = async {
            match next {
                Some(at) => shared.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = woken => {}
            () = pause => {}
        }
    }
}
