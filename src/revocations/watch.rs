//! The list as this process knows it, and the task that keeps it fresh.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::list::{Bearer, List};
use super::store;
use crate::caller::Scope;
use crate::kit::Kit;
use crate::storage::Error;

/// Longest distance between two looks, whatever the poll interval is.
const SELDOM: Duration = Duration::from_secs(1);
/// Shortest distance: most of what wakes a process is no revocation.
const OFTEN: Duration = Duration::from_millis(200);

/// The revocations that count now. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    list: RwLock<Arc<List>>,
    /// How often the list had changed when it was read; `None` before the first time.
    edition: watch::Sender<Option<i64>>,
}

impl Watch {
    /// The list as it is in the database now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(kit: &Kit) -> Result<Self, Error> {
        let watch = Self::default();
        watch.look(kit).await?;
        Ok(watch)
    }

    /// Follows the list until the token is cancelled.
    pub async fn run(self, kit: Kit, stop: CancellationToken) {
        let mut wakes = kit.db.wakes();
        loop {
            let woken = async {
                tokio::time::sleep(OFTEN).await;
                // The sender lives in the database.
                let _ = wakes.changed().await;
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = woken => {}
                () = tokio::time::sleep(SELDOM.min(kit.work.poll_interval.max(OFTEN))) => {}
            }
            if let Err(error) = self.look(&kit).await {
                tracing::error!(%error, "the list of revoked tokens could not be read; the last one counts on");
            }
        }
    }

    async fn look(&self, kit: &Kit) -> Result<(), Error> {
        // The number first: what is read afterwards is at least as new.
        let edition = store::edition(&kit.db).await?;
        if *self.0.edition.borrow() == Some(edition) {
            return Ok(());
        }
        let list = List::of(store::active(&kit.db, kit.clock.now()).await?);
        *self.0.list.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(list);
        self.0.edition.send_replace(Some(edition));
        Ok(())
    }

    /// The scopes that a token still carries, in its own order; `None` when it does not count any more. From memory.
    pub fn scopes(&self, bearer: &Bearer<'_>, now: DateTime<Utc>) -> Option<Vec<Scope>> {
        let list = Arc::clone(&self.0.list.read().unwrap_or_else(PoisonError::into_inner));
        list.scopes(bearer, now)
    }

    /// Changes after the list has.
    pub fn changes(&self) -> watch::Receiver<Option<i64>> {
        self.0.edition.subscribe()
    }
}
