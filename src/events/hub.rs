//! The hub: one tail of the log for the whole process.
//!
//! It reads what has been committed since its position, whenever it is woken (`wake`) and at least once in every poll
//! interval, and hands each event to the streams that are open. It keeps nothing: a stream
//! that falls behind the channel's capacity reads the log from its own position instead.

use std::sync::Arc;

use tokio::sync::{broadcast, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Event, Position, horizon, log};
use crate::kit::Kit;

/// Events kept for streams that are a little behind; beyond that they read the log.
const CAPACITY: usize = 4_096;
/// Events read by one statement of the tail.
const BATCH: u64 = 512;

/// Where streams get live events from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hub {
    live: broadcast::Sender<Arc<Event>>,
    /// Everything up to here has been handed out.
    head: Arc<watch::Sender<Option<Position>>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    /// A hub that stands still until [`Hub::run`] tails the log.
    pub fn new() -> Self {
        Self { live: broadcast::Sender::new(CAPACITY), head: Arc::new(watch::Sender::new(None)) }
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
        loop {
            let log::Tail { page, held, held_count } = log::tail(&kit.db, at, BATCH).await?;
            at = page.events.last().map_or(at, |event| event.position);
            // The head moves first: a stream that opens in between starts after these events, which are committed and
            // so part of any snapshot it reads. The other way round they would be in neither.
            *position = Some(at);
            self.head.send_if_modified(|head| head.replace(at) != Some(at));
            metrics::counter!("recert_events_total").increment(page.events.len() as u64);
            for event in page.events {
                let lag = (kit.clock.now() - event.occurred_at).to_std().unwrap_or_default();
                metrics::histogram!("recert_event_lag_seconds").record(lag);
                // Without a stream there is nobody to tell.
                let _ = self.live.send(Arc::new(event));
            }
            if !page.has_more {
                watch.note(held, held_count, Instant::now());
                return watch.alarm(&kit.db, kit.work.held_alarm).await;
            }
        }
    }

    /// Live events from now on, and the position that they follow on: everything up to it must be read from the log.
    pub(super) async fn subscribe(&self) -> (broadcast::Receiver<Arc<Event>>, Position) {
        let live = self.live.subscribe();
        let mut head = self.head.subscribe();
        // The sender lives in `self`, so waiting for the first position cannot fail.
        let position = head.wait_for(Option::is_some).await.ok().and_then(|head| *head).unwrap_or(Position::START);
        (live, position)
    }

    /// Streams that are open.
    pub fn streams(&self) -> usize {
        self.live.receiver_count()
    }
}
