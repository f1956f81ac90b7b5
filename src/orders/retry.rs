//! Repeats a refresh that failed for a passing reason, when its time has come.

use super::plan::Ask;
use super::refresh::{Intent, plan_in_tx};
use super::refusal::Error as Refused;
use super::{Order, policy, store};
use crate::batches;
use crate::caller::{CaseScope, Caseload};
use crate::cases::{self, Case};
use crate::ids::{AgencyId, OrderEmployerId, OrderId};
use crate::jobs::Ran;
use crate::kit::Kit;
use crate::storage::{Error, Tx};
use crate::words::{Actor, BatchItemStatus, CaseStatus, NextAction, OrderKind, RefreshPurpose};

/// Asks again for the employers that failed for a passing reason. A retry that has become needless does nothing; one that is not possible any
/// more is left to a caseworker.
pub(crate) async fn retry(kit: &Kit, agency: AgencyId, id: OrderId) -> Result<Ran, Error> {
    let Some(failed) = store::find(kit.db.read(), agency, id).await? else { return Ok(Ran::Finished) };
    let tx = kit.db.begin().await?;
    let scope = CaseScope { agency, caseload: Caseload::All };
    let Some(mut locked) = cases::lock_in_tx(&tx, scope, failed.case).await? else { return Ok(Ran::Finished) };
    let Some(failed) = store::lock_in_tx(&tx, agency, id).await? else { return Ok(Ran::Finished) };
    let Some(source) = failed.parent.filter(|_| is_wanted(&failed, locked.case())) else {
        give_up_in_tx(kit, &tx, &failed).await?;
        kit.db.commit(tx).await?;
        return Ok(Ran::Finished);
    };
    let again = employers_to_repeat(&tx, &failed).await?;
    let ask = Ask { source: Some(source), product: failed.product, employers: Some(&again), tries_broken: true };
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
        Err(refused) => {
            tracing::warn!(order.id = %id, %refused, "a scheduled retry was not possible; a caseworker is asked");
            locked.stand(cases::Standing {
                status: CaseStatus::NeedsCaseworker,
                next_action: NextAction::ResolveByHand,
                next_actor: Some(Actor::Caseworker),
            });
            give_up_in_tx(kit, &tx, &failed).await?;
        }
    }
    locked.save_in_tx(&tx, kit.clock.now()).await?;
    kit.db.commit(tx).await?;
    Ok(Ran::Finished)
}

/// No retry follows: the item of a renewal batch that waited for it has its outcome. Nothing happens where another order
/// has taken the item over.
async fn give_up_in_tx(kit: &Kit, tx: &Tx, failed: &Order) -> Result<(), Error> {
    match failed.batch_item {
        Some(item) => batches::follow_in_tx(kit, tx, item, failed.id, BatchItemStatus::Failed).await,
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
    let has_failed = |employer: &&super::OrderEmployer| {
        failed.truv_order_id.is_none()
            || policy::of_employer(employer, failed.attempt).is_some_and(|failure| failure.retry_at.is_some())
    };
    Ok(employers.iter().filter(has_failed).filter_map(|employer| employer.source).collect())
}
