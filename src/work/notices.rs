//! Sends notices to the agencies' own systems, a bounded number at once, so that one slow receiver keeps only its own.

use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::kit::Kit;
use crate::notices::{self, Sender};

/// Notices taken by one statement, and sent at once.
const BATCH: u64 = 16;

pub(super) async fn run(kit: Kit, stop: CancellationToken) {
    let Some(sender) = Sender::try_new() else { return };
    let mut wakes = kit.db.wakes();
    loop {
        match notices::claim(&kit, BATCH).await {
            Ok(claimed) if claimed.is_empty() => {}
            Ok(claimed) => {
                let (kit, sender) = (&kit, &sender);
                let send = |notice| async move {
                    if let Err(error) = notices::deliver(kit, sender, &notice).await {
                        tracing::error!(%error, "what became of a notice could not be stored; it goes out again");
                    }
                };
                futures_util::stream::iter(claimed).for_each_concurrent(None, send).await;
                if !stop.is_cancelled() {
                    continue;
                }
            }
            Err(error) => tracing::error!(%error, "notices could not be read; trying again"),
        }
        if !super::wait(&kit, &mut wakes, &stop).await {
            return;
        }
    }
}
