//! The hub: one tail of the log for the whole process.
//!
//! It reads what has been committed since its position, whenever it is woken (`wake`) and at least once in every poll
//! interval, and hands each event to the streams that it concerns (`listeners.rs`). It keeps nothing: a stream that falls
//! behind its queue reads the log from its own position instead.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::listeners::{Key, Listeners};
use super::{Filter, Happening, Position, horizon, log};
use crate::caller::CaseScope;
use crate::ids::AgencyId;
use crate::kit::Kit;

/// Events read by one statement of the tail.
const BATCH: u64 = 512;
/// Listeners that are told before the others on this thread get their turn.
const TURN: usize = 2_048;

/// Where streams get live events from. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Hub(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    /// Whether the tail knows where it stands.
    stands: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    /// Everything up to here has been handed out.
    head: Position,
    listeners: Listeners,
}

/// A place among the listeners, given up when dropped.
#[derive(Debug)]
pub(super) struct Listening {
    hub: Hub,
    agency: AgencyId,
    key: Key,
    /// What happens. Ends when the listener was too slow.
    pub(super) queue: mpsc::Receiver<Arc<Happening>>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.hub.lock().listeners.remove(self.agency, self.key);
    }
}

impl Hub {
    /// A hub that stands still until [`Hub::run`] tails the log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tails the log until the token is cancelled.
    pub async fn run(self, kit: Kit, stop: CancellationToken) {
        let mut wakes = kit.db.wakes();
        let mut position = None;
        let mut watch = horizon::Watch::default();
        loop {
            if let Err(error) = self.catch_up(&kit, &mut position, &mut watch).await {
                tracing::error!(error = %error, "the event log could not be read; trying again");
            }
            // Whoever holds the log back may end without a wake-up, by rolling back.
            let pause =
                watch.again(Instant::now()).map_or(kit.work.poll_interval, |again| again.min(kit.work.poll_interval));
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                _ = wakes.changed() => {}
            }
        }
    }

    async fn catch_up(
        &self,
        kit: &Kit,
        position: &mut Option<Position>,
        watch: &mut horizon::Watch,
    ) -> Result<(), crate::storage::Error> {
        let mut at = match *position {
            Some(at) => at,
            None => log::head(&kit.db).await?,
        };
        if position.replace(at).is_none() {
            self.lock().head = at;
            self.0.stands.send_replace(true);
        }
        loop {
            let log::Tail { page, held, held_count } = log::tail(&kit.db, at, BATCH).await?;
            metrics::counter!("recert_events_total").increment(page.events.len() as u64);
            let mut told = 0;
            for event in page.events {
                at = event.position;
                *position = Some(at);
                let lag = (kit.clock.now() - event.occurred_at).to_std().unwrap_or_default();
                metrics::histogram!("recert_event_lag_seconds").record(lag);
                let happening = Arc::new(Happening::new(event));
                told += {
                    // Under one lock: whoever begins to listen is told this event, or begins after it.
                    let mut state = self.lock();
                    state.head = at;
                    state.listeners.tell(&happening)
                };
                if told >= TURN {
                    told = 0;
                    tokio::task::yield_now().await;
                }
            }
            if !page.has_more {
                watch.note(held, held_count, Instant::now());
                return watch.alarm(&kit.db, kit.work.held_alarm).await;
            }
        }
    }

    /// Listens to what happens from now on, and answers the position that it follows on: everything up to it must be read
    /// from the log.
    pub(super) async fn listen(&self, scope: CaseScope, filter: Filter) -> (Listening, Position) {
        // The sender lives in `self`, so that the wait cannot end by its loss.
        let _ = self.0.stands.subscribe().wait_for(|stands| *stands).await;
        let mut state = self.lock();
        let (key, queue) = state.listeners.add(scope, filter);
        (Listening { hub: self.clone(), agency: scope.agency, key, queue }, state.head)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Streams that get their events live, and not from the log.
    pub fn streams(&self) -> usize {
        self.lock().listeners.count()
    }
}
