//! Cancels an order: at once when it was not sent yet or could not be found at Truv, else by asking Truv. Of an order that
//! has failed and is to be tried again, the retry is called off.

use super::advance::Open;
use super::news::{News, Said};
use super::refusal::{Error, Refusal, input};
use super::send::again;
use super::{Made, Order, advance_in_tx, policy, store};
use crate::caller::{Caller, Scope};
use crate::cases;
use crate::ids::{AgencyId, OrderId};
use crate::jobs::{self, NewJob, Priority, Ran};
use crate::kit::Kit;
use crate::ledger;
use crate::links;
use crate::storage::{self, Tx};
use crate::truv;
use crate::words::{CaseStatus, JobKind, OrderStatus};

/// Cancels the order, or stores the wish to; of an order that failed and waits for its retry, cancels the retry. Canceling
/// twice is no error.
///
/// # Errors
/// [`Error::Refused`] for an order that is not there, or that is settled.
pub async fn cancel(kit: &Kit, caller: &Caller, id: OrderId) -> Result<Made, Error> {
    caller.require(Scope::OrdersRefresh)?;
    let scope = caller.cases()?;
    let missing = || Refusal::not_found(input("orderId"), "There is no such order.");
    let tx = kit.db.begin().await?;
    let open = Open::load_in_tx(&tx, caller.agency, id).await?.ok_or_else(missing)?;
    if !scope.admits(open.case.case().agency, open.case.case().assignee) {
        return Err(missing().into());
    }
    match open.order.status {
        OrderStatus::Canceled => {}
        OrderStatus::Requested if open.order.sent_at.is_none() => end_unsent_in_tx(kit, &tx, open).await?,
        // The look-up was given up, so there is nothing at Truv to cancel. The refreshes stay spent, since nobody knows.
        OrderStatus::OutcomeUnknown if open.order.failure.is_some() => end_here_in_tx(kit, &tx, open).await?,
        status if store::OPEN.contains(&status) => {
            let job = NewJob {
                agency: caller.agency,
                kind: JobKind::CancelOrder,
                subject: id.0,
                priority: Priority::Interactive,
                run_at: kit.clock.now(),
            };
            jobs::enqueue_in_tx(kit, &tx, job).await?;
        }
        _ if open.order.retry_canceled_at.is_some() => {}
        _ if is_to_be_retried(&open) => call_off_in_tx(kit, &tx, open).await?,
        status => {
            return Err(Refusal::Conflict {
                path: input("orderId"),
                message: format!("The order is {status} and cannot be canceled any more."),
                current_version: open.case.case().version,
            }
            .into());
        }
    }
    let order = store::load(&tx, caller.agency, id).await?;
    let case = cases::find_any(&tx, caller.agency, order.case).await?;
    kit.db.commit(tx).await?;
    Ok(Made { order, case, spending: None, fresh: None })
}

/// Whether the case waits for this order's retry.
fn is_to_be_retried(open: &Open) -> bool {
    let case = open.case.case();
    open.order.failure.as_ref().is_some_and(|failure| failure.retry_at.is_some())
        && case.latest_order == Some(open.order.id)
        && case.status == CaseStatus::RetryScheduled
}

/// The order stays failed, and nothing follows by itself.
async fn call_off_in_tx(kit: &Kit, tx: &Tx, mut open: Open) -> Result<(), storage::Error> {
    open.order.retry_canceled_at = Some(kit.clock.now());
    open.order.failure =
        open.order.failure.take().map(|failure| policy::left_to_caseworker(failure, "It is not tried again."));
    open.settle_in_tx(kit, tx).await?;
    Ok(())
}

/// Truv has never heard of it: the refreshes come back, and nothing is billed.
async fn end_unsent_in_tx(kit: &Kit, tx: &Tx, open: Open) -> Result<(), storage::Error> {
    let (agency, id) = (open.order.agency, open.order.id);
    links::return_units_in_tx(tx, agency, id).await?;
    end_here_in_tx(kit, tx, open).await?;
    ledger::void_in_tx(tx, id, kit.clock.now()).await
}

async fn end_here_in_tx(kit: &Kit, tx: &Tx, mut open: Open) -> Result<(), storage::Error> {
    open.order.status = OrderStatus::Canceled;
    open.order.canceled_at = Some(kit.clock.now());
    open.order.failure = None;
    open.settle_in_tx(kit, tx).await?;
    Ok(())
}

/// Asks Truv to cancel an order that it has.
pub(crate) async fn carry_out(kit: &Kit, agency: AgencyId, id: OrderId) -> Result<Ran, storage::Error> {
    let Some(order) = store::find(kit.db.read(), agency, id).await? else { return Ok(Ran::Finished) };
    if !store::OPEN.contains(&order.status) {
        return Ok(Ran::Finished);
    }
    // The look-up was given up after the wish to cancel was stored.
    let is_given_up = |order: &Order| order.status == OrderStatus::OutcomeUnknown && order.failure.is_some();
    // Nobody is to get a link that is canceled as soon as it is there.
    let is_unsent = |order: &Order| order.status == OrderStatus::Requested && order.sent_at.is_none();
    if is_given_up(&order) || is_unsent(&order) {
        let tx = kit.db.begin().await?;
        let Some(open) = Open::load_in_tx(&tx, agency, id).await? else { return Ok(Ran::Finished) };
        if is_unsent(&open.order) {
            end_unsent_in_tx(kit, &tx, open).await?;
        } else if is_given_up(&open.order) {
            end_here_in_tx(kit, &tx, open).await?;
        } else {
            return Ok(again(kit, std::time::Duration::from_secs(1), "the order has just been sent"));
        }
        kit.db.commit(tx).await?;
        return Ok(Ran::Finished);
    }
    let wait = std::time::Duration::from_secs(10);
    let (Some(account), Some(truv_order_id)) = (kit.account(agency), &order.truv_order_id) else {
        return Ok(again(kit, wait, "the order is not known at Truv yet"));
    };
    match account.client.cancel_order(truv_order_id).await {
        Ok(()) => {
            let news = News::said(Said::Canceled { at: kit.clock.now() });
            let tx = kit.db.begin().await?;
            advance_in_tx(kit, &tx, agency, id, &news).await?;
            kit.db.commit(tx).await?;
            Ok(Ran::Finished)
        }
        // Too late, or not allowed: the order goes its way, and a look tells which.
        Err(error @ (truv::Error::Refused { .. } | truv::Error::NotFound | truv::Error::Forbidden)) => {
            tracing::warn!(order.id = %id, error = %error, "Truv refused to cancel an order");
            super::poll(kit, agency, id).await
        }
        Err(error) => {
            let why = || format!("Truv could not be asked to cancel: {error}");
            Ok(jobs::hindered(kit, &error).unwrap_or_else(|| Ran::Failed { why: why() }))
        }
    }
}
