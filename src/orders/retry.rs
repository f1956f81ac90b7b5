//! Repeats a refresh that failed for a passing reason, when its time has come.

use chrono::{DateTime, TimeDelta, Utc};

use super::plan::Ask;
use super::refresh::{Intent, plan_in_tx};
use super::refusal::{Error as Refused, Refusal};
use super::settle::standing_in_tx;
use super::{Failure, Order, policy, store, tally};
use crate::batches;
use crate::caller::{CaseScope, Caseload};
use crate::cases::{self, Case};
use crate::events::Change;
use crate::ids::{AgencyId, CaseId, OrderEmployerId, OrderId};
use crate::jobs::Ran;
use crate::kit::Kit;
use crate::storage::{Error, Tx};
use crate::words::{BatchItemStatus, CaseEventKind, CaseStatus, OrderKind, OrderStatus, RefreshPurpose};

/// How long a retry waits for an order of another case over the same connection.
const SHARED: TimeDelta = TimeDelta::minutes(1);

/// Asks again for the employers that failed for a passing reason. A retry that has become needless does nothing; one that
/// is not possible any more is left to a caseworker, or to the client where the connection has stopped working.
pub(crate) async fn retry(kit: &Kit, agency: AgencyId, id: OrderId) -> Result<Ran, Error> {
    let Some(failed) = store::find(kit.db.read(), agency, id).await? else { return Ok(Ran::Finished) };
    let tx = kit.db.begin().await?;
    let scope = CaseScope { agency, caseload: Caseload::All };
    let Some(mut locked) = cases::lock_in_tx(&tx, scope, failed.case).await? else { return Ok(Ran::Finished) };
    let Some(mut failed) = store::lock_in_tx(&tx, agency, id).await? else { return Ok(Ran::Finished) };
    let Some(source) = failed.parent.filter(|_| is_wanted(&failed, locked.case())) else {
        give_up_in_tx(kit, &tx, &failed, BatchItemStatus::Failed).await?;
        kit.db.commit(tx).await?;
        return Ok(Ran::Finished);
    };
    let again = employers_to_repeat(&tx, &failed).await?;
    let ask = Ask {
        source: Some(source),
        product: failed.product,
        purpose: None,
        employers: Some(&again),
        tries_disconnected: true,
    };
    let placed = match plan_in_tx(kit, &tx, locked.case(), &ask).await {
        Ok(plan) => {
            let intent = Intent {
                kind: OrderKind::Retry,
                product: failed.product,
                purpose: failed.purpose.unwrap_or(RefreshPurpose::Renewal),
                requested_by: "system:retry",
                attempt: failed.attempt + 1,
                batch_item: failed.batch_item,
                is_bulk: failed.is_bulk,
            };
            intent.place_in_tx(kit, &tx, &mut locked, &plan).await.map(|_| ())
        }
        Err(refused) => Err(refused),
    };
    match placed {
        Ok(()) => {}
        Err(Refused::Storage(error)) => return Err(error),
        Err(refused) if is_held_up(&refused, failed.case) => {
            let at = kit.clock.now() + SHARED;
            return Ok(Ran::Hindered { at, why: "another case is refreshing the same connection".to_owned() });
        }
        Err(refused) => {
            let now = kit.clock.now();
            let terms = policy::Terms::of(&failed, Some(locked.case().due_on));
            let later = allowed_again(&refused).filter(|at| terms.admits(*at, now));
            let before = failed.clone();
            let Some(failure) = failed.failure.take() else { return Ok(Ran::Finished) };
            if let Some(at) = later {
                failed.retry_moved_to = Some(at);
                failed.failure = Some(Failure { retry_at: Some(at), ..failure });
            } else {
                tracing::warn!(order.id = %id, %refused, "a scheduled retry was not possible; a person must act");
                failed.retry_canceled_at = Some(now);
                failed.failure = Some(if is_clients_to_mend(&refused) {
                    policy::left_to_client(&failure)
                } else {
                    policy::left_to_caseworker(failure, "Trying again was not possible.")
                });
                locked.stand(standing_in_tx(&tx, &failed).await?);
                let told = tally::told(&failed).unwrap_or(BatchItemStatus::Failed);
                give_up_in_tx(kit, &tx, &failed, told).await?;
            }
            failed.updated_at = now;
            failed.version += 1;
            store::save_in_tx(&tx, &before, &failed, now).await?;
            locked.note(Change { order: Some(id), ..Change::of(CaseEventKind::RefreshFailed) });
            if let Some(at) = later {
                locked.save_in_tx(&tx, now).await?;
                kit.db.commit(tx).await?;
                return Ok(Ran::Hindered { at, why: "no connection has a refresh left".to_owned() });
            }
        }
    }
    locked.save_in_tx(&tx, kit.clock.now()).await?;
    kit.db.commit(tx).await?;
    Ok(Ran::Finished)
}

/// Whether an order of another case over the same connection, which comes to its end by itself, is all that stands against
/// the retry.
fn is_held_up(refused: &Refused, case: CaseId) -> bool {
    let Refused::Refused(refusals) = refused else { return false };
    let passes = |refusal: &Refusal| match refusal {
        Refusal::InProgress { order } => {
            order.case != case && order.status != OrderStatus::Stalled && order.failure.is_none()
        }
        Refusal::Limit { .. } => true,
        _ => false,
    };
    allowed_again(refused).is_none() && !refusals.is_empty() && refusals.iter().all(passes)
}

/// When a refresh becomes possible that only the allowance of connections stands against; `None` for anything else.
fn allowed_again(refused: &Refused) -> Option<DateTime<Utc>> {
    let Refused::Refused(refusals) = refused else { return None };
    let at = |refusal: &Refusal| match refusal {
        Refusal::Limit { next_available_at, .. } => Some(*next_available_at),
        _ => None,
    };
    refusals.iter().map(at).collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// Whether a connection has stopped working since, which only its client can mend.
fn is_clients_to_mend(refused: &Refused) -> bool {
    let Refused::Refused(refusals) = refused else { return false };
    refusals.iter().any(|refusal| matches!(refusal, Refusal::Reauthenticate { .. }))
}

/// No retry follows: the item of a renewal batch that waited for it has its outcome. Nothing happens where another order
/// has taken the item over.
async fn give_up_in_tx(kit: &Kit, tx: &Tx, failed: &Order, told: BatchItemStatus) -> Result<(), Error> {
    match failed.batch_item {
        Some(item) => batches::follow_in_tx(kit, tx, item, failed.id, told).await,
        None => Ok(()),
    }
}

/// Whether the case still waits for this retry: nobody has acted since, and the failure is still a passing one.
fn is_wanted(failed: &Order, case: &Case) -> bool {
    case.latest_order == Some(failed.id)
        && case.renewal == failed.renewal
        && case.status == CaseStatus::RetryScheduled
        && failed.contact.is_none()
        && failed.failure.as_ref().is_some_and(|failure| failure.retry_at.is_some())
}

async fn employers_to_repeat(tx: &Tx, failed: &Order) -> Result<Vec<OrderEmployerId>, Error> {
    let employers = store::employers(tx, failed.id).await?;
    let terms = policy::Terms::of(failed, None);
    let has_failed = |employer: &&super::OrderEmployer| {
        failed.truv_order_id.is_none()
            || policy::of_employer(employer, &terms).is_some_and(|failure| failure.retry_at.is_some())
    };
    Ok(employers.iter().filter(has_failed).filter_map(|employer| employer.source).collect())
}
