//! Gives the entries of the audit trail their places in the chains.

use tokio_util::sync::CancellationToken;

use crate::audit;
use crate::kit::Kit;

/// Looks for entries without a place once in every poll interval, and once more at the end.
pub(super) async fn run(kit: Kit, stop: CancellationToken) {
    loop {
        let is_last = stop.is_cancelled();
        if let Err(error) = audit::chain(&kit.db).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the audit trail could not be chained");
        }
        if is_last {
            return;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(kit.work.poll_interval) => {}
        }
    }
}
