//! Pauses, resumes and cancels a batch. Each of them done twice is done once.

use super::start::feed_in_tx;
use super::{Error, require};
use crate::batches::{self, Batch};
use crate::caller::Caller;
use crate::ids::BatchId;
use crate::kit::Kit;
use crate::storage::Tx;
use crate::words::BatchStatus;

/// Takes up no more cases until the batch is resumed; what is at work goes on.
///
/// # Errors
/// [`Error::Conflict`] for a batch that has ended.
pub async fn pause(kit: &Kit, caller: &Caller, id: BatchId) -> Result<Batch, Error> {
    steer(kit, caller, id, BatchStatus::Paused).await
}

/// Goes on taking up cases.
///
/// # Errors
/// [`Error::Conflict`] for a batch that has ended.
pub async fn resume(kit: &Kit, caller: &Caller, id: BatchId) -> Result<Batch, Error> {
    steer(kit, caller, id, BatchStatus::Running).await
}

/// Skips the cases whose turn has not come; what is at work goes on to its end, retries included.
///
/// # Errors
/// [`Error::Conflict`] for a batch that has finished.
pub async fn cancel(kit: &Kit, caller: &Caller, id: BatchId) -> Result<Batch, Error> {
    steer(kit, caller, id, BatchStatus::Canceled).await
}

async fn steer(kit: &Kit, caller: &Caller, id: BatchId, to: BatchStatus) -> Result<Batch, Error> {
    require(caller)?;
    let tx = kit.db.begin().await?;
    let mut batch = batches::lock_in_tx(&tx, caller.agency, id).await?.ok_or(Error::NotFound)?;
    let is_there = batch.status == to || (batch.status == BatchStatus::Queued && to == BatchStatus::Running);
    if is_there {
        return Ok(batch);
    }
    if matches!(batch.status, BatchStatus::Canceled | BatchStatus::Finished) {
        let message = if batch.status == BatchStatus::Finished {
            "The batch has finished."
        } else {
            "The batch was canceled. Start a new one for the cases that were skipped."
        };
        return Err(Error::Conflict { field: "batchId", message, current_version: batch.version });
    }
    go_in_tx(kit, &tx, &mut batch, to).await?;
    kit.db.commit(tx).await?;
    Ok(batch)
}

async fn go_in_tx(kit: &Kit, tx: &Tx, batch: &mut Batch, to: BatchStatus) -> Result<(), Error> {
    let now = kit.clock.now();
    batch.status = to;
    if to == BatchStatus::Canceled {
        batches::skip_waiting_in_tx(tx, batch.id, now).await?;
    }
    batches::save_in_tx(tx, batch, now).await?;
    // Also for a canceled one: it may be that nothing is at work, and then it has ended.
    if to != BatchStatus::Paused {
        feed_in_tx(kit, tx, batch).await?;
    }
    Ok(())
}
