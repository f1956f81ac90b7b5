//! Takes the cases of a batch up, one after the other.
//!
//! The job runs whenever a seat becomes free, and once a minute besides (`wake`): cases may wait for an allowance, and a
//! job may have been set aside. It is the only one of its batch; should two run all the same, because the first had lost
//! its lease, the item's row under the lock of its case says who was first.

use crate::batches::{self, Batch, Item};
use crate::caller::{CaseScope, Caseload};
use crate::cases::{self, Standing};
use crate::ids::{AgencyId, BatchId};
use crate::jobs::Ran;
use crate::kit::Kit;
use crate::orders::{self, BulkRefresh};
use crate::storage::{Error, Tx};
use crate::words::{Actor, BatchItemStatus, BatchStatus, CaseStatus, NextAction};

use super::start::feed_in_tx;
use super::turn::{self, Turn};

/// Items read by one statement.
const STEP: u64 = 20;
/// Steps of one run; then the job stands in line again, behind whatever is more urgent.
const STEPS: u32 = 10;

/// Takes up as many cases as there are seats, and ends the batch when all have their outcome.
pub(crate) async fn feed(kit: &Kit, agency: AgencyId, id: BatchId) -> Result<Ran, Error> {
    for _ in 0..STEPS {
        let Some(batch) = batches::find(&kit.db, agency, id).await? else { return Ok(Ran::Finished) };
        if batch.finished_at.is_some() || batch.status == BatchStatus::Paused {
            return Ok(Ran::Finished);
        }
        if batch.status == BatchStatus::Queued {
            begin(kit, &batch).await?;
        }
        let seats =
            u64::from(kit.renewals.batch_in_flight).saturating_sub(batches::count_under_way(&kit.db, id).await?);
        let due = batches::list_due(&kit.db, id, kit.clock.now(), seats.min(STEP)).await?;
        if due.is_empty() {
            return end(kit, &batch).await;
        }
        for item in due {
            take_up(kit, &item).await?;
        }
    }
    let Some(batch) = batches::find(&kit.db, agency, id).await? else { return Ok(Ran::Finished) };
    let tx = kit.db.begin().await?;
    feed_in_tx(kit, &tx, &batch).await?;
    kit.db.commit(tx).await?;
    Ok(Ran::Finished)
}

/// Asks every batch that has something to do to go on. Answers how many.
pub(crate) async fn wake(kit: &Kit) -> Result<usize, Error> {
    let open = batches::list_unfinished(&kit.db).await?;
    if !open.is_empty() {
        let tx = kit.db.begin().await?;
        for batch in &open {
            feed_in_tx(kit, &tx, batch).await?;
        }
        kit.db.commit(tx).await?;
    }
    Ok(open.len())
}

async fn begin(kit: &Kit, batch: &Batch) -> Result<(), Error> {
    let tx = kit.db.begin().await?;
    if let Some(mut batch) = batches::lock_in_tx(&tx, batch.agency, batch.id).await?
        && batch.status == BatchStatus::Queued
    {
        batch.status = BatchStatus::Running;
        batches::save_in_tx(&tx, &mut batch, kit.clock.now()).await?;
    }
    kit.db.commit(tx).await
}

/// Ends the batch, if every case has its outcome: a settled case is never on its way again, so this needs no lock.
async fn end(kit: &Kit, batch: &Batch) -> Result<Ran, Error> {
    let now = kit.clock.now();
    let counts = batches::load_progress(&kit.db, &[batch.id], now).await?;
    if !counts.get(&batch.id).is_none_or(batches::Counts::is_settled) {
        return Ok(Ran::Finished);
    }
    let tx = kit.db.begin().await?;
    if let Some(mut batch) = batches::lock_in_tx(&tx, batch.agency, batch.id).await?
        && batch.finished_at.is_none()
    {
        if batch.status != BatchStatus::Canceled {
            batch.status = BatchStatus::Finished;
        }
        batch.finished_at = Some(now);
        batches::save_in_tx(&tx, &mut batch, now).await?;
        tracing::info!(batch.id = %batch.id, batch.status = %batch.status, "a renewal batch has ended");
    }
    kit.db.commit(tx).await?;
    Ok(Ran::Finished)
}

async fn take_up(kit: &Kit, item: &Item) -> Result<(), Error> {
    match try_take_up(kit, item).await {
        Err(Error::Corrupt(what)) => {
            // One case that cannot be read must not hold up the others.
            tracing::error!(batch.item.id = %item.id, what, "a case of a renewal batch could not be taken up");
            let tx = kit.db.begin().await?;
            batches::settle_in_tx(kit, &tx, item, BatchItemStatus::Failed, None).await?;
            kit.db.commit(tx).await
        }
        done => done,
    }
}

async fn try_take_up(kit: &Kit, item: &Item) -> Result<(), Error> {
    let tx = kit.db.begin().await?;
    let scope = CaseScope { agency: item.agency, caseload: Caseload::All };
    let missing = || Error::Corrupt(format!("case {} is missing", item.case));
    let mut locked = cases::lock_in_tx(&tx, scope, item.case).await?.ok_or_else(missing)?;
    let Some(item) = waiting_in_tx(&tx, item).await? else { return Ok(()) };
    let batch = batches::load_in_tx(&tx, item.batch).await?;
    if batch.status != BatchStatus::Running {
        return Ok(());
    }
    let now = kit.clock.now();
    let mut turn = turn::of_case(locked.case());
    if turn == Turn::Refresh {
        let ask = BulkRefresh { item: item.id, product: batch.product, requested_by: &batch.requested_by };
        match orders::refresh_in_tx(kit, &tx, &mut locked, ask).await {
            Ok(_) => {}
            Err(orders::Error::Refused(refusals)) => turn = turn::of_refusals(locked.case(), &refusals, now),
            Err(orders::Error::Storage(error)) => return Err(error),
            // Whether batches may be run was asked when this one was started.
            Err(orders::Error::Forbidden(_)) => turn = Turn::Fail,
        }
    }
    match turn {
        Turn::Refresh => {}
        Turn::Skip(reason) => {
            batches::settle_in_tx(kit, &tx, &item, BatchItemStatus::Skipped, Some(reason)).await?;
        }
        Turn::Fail => batches::settle_in_tx(kit, &tx, &item, BatchItemStatus::Failed, None).await?,
        Turn::Wait(at) => batches::wait_in_tx(&tx, item.id, at, now).await?,
        Turn::NeedsLink => {
            // The queue of those to be asked.
            locked.stand(Standing {
                status: CaseStatus::NeedsClient,
                next_action: NextAction::SendVerificationLink,
                next_actor: Some(Actor::Client),
            });
            batches::settle_in_tx(kit, &tx, &item, BatchItemStatus::NeedsLink, None).await?;
        }
    }
    locked.save_in_tx(&tx, now).await?;
    kit.db.commit(tx).await
}

/// The item under its lock, if it still waits.
async fn waiting_in_tx(tx: &Tx, item: &Item) -> Result<Option<Item>, Error> {
    let item = batches::lock_item_in_tx(tx, item.id).await?;
    Ok(item.filter(|item| item.status == BatchItemStatus::Queued))
}
