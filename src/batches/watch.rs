//! Progress of batches, live.
//!
//! However many watch a batch in this process, one of them looks for all: it waits until something was committed, here or
//! (by the poll interval) elsewhere, looks at most twice a second, and hands what it saw to the others. When it goes away
//! another takes over; when nobody watches, nothing happens at all. A slow watcher skips frames, since each of them is the
//! whole state.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::Stream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Batch, Counts, store};
use crate::ids::{AgencyId, BatchId};
use crate::kit::Kit;
use crate::storage::Error;

/// Shortest distance between two looks at one batch.
const DISTANCE: Duration = Duration::from_millis(500);

/// A batch with where its cases stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The batch.
    pub batch: Batch,
    /// Its cases.
    pub counts: Counts,
}

/// The batches that are being watched in this process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Mutex<HashMap<BatchId, Weak<Shared>>>>);

/// What the watchers of one batch share.
#[derive(Debug)]
struct Shared {
    frames: watch::Sender<Option<Arc<Progress>>>,
    /// Held by the one who looks for all.
    looking: tokio::sync::Mutex<Looking>,
}

#[derive(Debug)]
struct Looking {
    wakes: watch::Receiver<u64>,
    last: Instant,
}

struct Watcher {
    kit: Kit,
    agency: AgencyId,
    id: BatchId,
    shared: Arc<Shared>,
    frames: watch::Receiver<Option<Arc<Progress>>>,
    told: Option<Arc<Progress>>,
}

impl Watch {
    /// The batch as it stands now, then every change, several of them in one frame; ends when every case has its outcome.
    /// Without such a batch it ends at once.
    pub fn stream(
        &self,
        kit: Kit,
        agency: AgencyId,
        id: BatchId,
    ) -> impl Stream<Item = Result<Arc<Progress>, Error>> + Send + use<> {
        let shared = self.join(&kit, id);
        let frames = shared.frames.subscribe();
        let watcher = Watcher { kit, agency, id, shared, frames, told: None };
        futures_util::stream::try_unfold(watcher, |mut watcher| async move {
            Ok(watcher.next().await?.map(|frame| (frame, watcher)))
        })
    }

    fn join(&self, kit: &Kit, id: BatchId) -> Arc<Shared> {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = watched.get(&id).and_then(Weak::upgrade) {
            return shared;
        }
        watched.retain(|_, shared| shared.strong_count() > 0);
        let looking = Looking { wakes: kit.db.wakes(), last: Instant::now() };
        let shared = Arc::new(Shared { frames: watch::Sender::new(None), looking: tokio::sync::Mutex::new(looking) });
        watched.insert(id, Arc::downgrade(&shared));
        shared
    }
}

impl Watcher {
    async fn next(&mut self) -> Result<Option<Arc<Progress>>, Error> {
        let Some(told) = &self.told else {
            // The first frame is of this moment, whatever the others were told before.
            self.frames.mark_unchanged();
            self.told = look(&self.kit, self.agency, self.id).await?;
            return Ok(self.told.clone());
        };
        if told.batch.finished_at.is_some() {
            return Ok(None);
        }
        loop {
            if self.frames.has_changed().unwrap_or(false) {
                let frame = self.frames.borrow_and_update().clone();
                if frame != self.told {
                    self.told.clone_from(&frame);
                    return Ok(frame);
                }
            }
            tokio::select! {
                // The sender lives in `shared`.
                _ = self.frames.changed() => {}
                mut looking = self.shared.looking.lock() => {
                    looking.wait(&self.kit).await;
                    let seen = look(&self.kit, self.agency, self.id).await?;
                    self.shared.frames.send_if_modified(|frame| {
                        let is_new = *frame != seen;
                        if is_new {
                            *frame = seen;
                        }
                        is_new
                    });
                }
            }
        }
    }
}

impl Looking {
    /// Waits for a reason to look again, and not less than the distance.
    async fn wait(&mut self, kit: &Kit) {
        tokio::time::sleep_until(self.last + DISTANCE).await;
        tokio::select! {
            _ = self.wakes.changed() => {}
            () = tokio::time::sleep(kit.work.poll_interval) => {}
        }
        self.wakes.mark_unchanged();
        self.last = Instant::now();
    }
}

async fn look(kit: &Kit, agency: AgencyId, id: BatchId) -> Result<Option<Arc<Progress>>, Error> {
    let Some(batch) = store::find(&kit.db, agency, id).await? else { return Ok(None) };
    let counts = store::load_progress(&kit.db, &[id], kit.clock.now()).await?;
    Ok(Some(Arc::new(Progress { batch, counts: counts.get(&id).copied().unwrap_or_default() })))
}
