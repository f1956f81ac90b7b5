//! What a connection's fate means for all cases of its client: they learn that it broke or works again, and an ask that has
//! become needless by another case's order ends.

use super::{Order, OrderEmployer, policy, status, store};
use crate::cases::{self, Locked, Standing};
use crate::events::{Change, Facts};
use crate::ids::{AgencyId, LinkId};
use crate::jobs::{self, NewJob, Priority, Ran};
use crate::kit::Kit;
use crate::links::{self, Link};
use crate::storage::{Error, Tx};
use crate::words::{CaseEventKind, CaseStatus, JobKind, OrderStatus, RestoredBy};

/// Tells every case of the link's client that is not closed, in one transaction. The cases are locked in the order of their
/// ids, so that two connections of one client never wait for each other.
pub(crate) async fn tell_link(kit: &Kit, agency: AgencyId, id: LinkId) -> Result<Ran, Error> {
    let now = kit.clock.now();
    let tx = kit.db.begin().await?;
    let Some(link) = links::find_all(&tx, agency, &[id]).await?.remove(&id) else { return Ok(Ran::Finished) };
    for mut locked in cases::lock_open_of_client_in_tx(&tx, agency, link.client).await? {
        let facts = Facts { link: Some(id), ..Facts::default() };
        locked.note(Change { facts, ..Change::of(CaseEventKind::LinkHealthChanged) });
        if link.works() {
            relieve_in_tx(kit, &tx, &mut locked, &link).await?;
        }
        locked.save_in_tx(&tx, now).await?;
    }
    kit.db.commit(tx).await?;
    Ok(Ran::Finished)
}

/// Ends what a case still wants of its client, if this connection was the last that was missing. The case whose own order
/// brought the data has moved on already.
async fn relieve_in_tx(kit: &Kit, tx: &Tx, locked: &mut Locked, link: &Link) -> Result<(), Error> {
    if !matches!(locked.case().status, CaseStatus::NeedsClient | CaseStatus::WaitingOnClient) {
        return Ok(());
    }
    let (case, renewal) = (locked.case().id, locked.case().renewal);
    let orders = store::list_of_case(tx, case).await?;
    let mut of_renewal = orders.iter().rev().filter(|order| order.renewal.is_some() && order.renewal == renewal);
    let ask = of_renewal.clone().find(|order| order.contact.is_some() && store::OPEN.contains(&order.status));
    let Some(failed) = of_renewal.find(|order| order.failure.as_ref().is_some_and(policy::needs_client)) else {
        return Ok(());
    };
    if !is_mended_in_tx(tx, failed).await? {
        return Ok(());
    }
    if let Some(ask) = ask {
        // The client is at it: what they have begun comes to its own end.
        if ask.status == OrderStatus::InProgress || store::employers(tx, ask.id).await?.iter().any(is_begun) {
            return Ok(());
        }
        let job = NewJob {
            agency: ask.agency,
            kind: JobKind::CancelOrder,
            subject: ask.id.0,
            priority: Priority::Interactive,
            run_at: kit.clock.now(),
        };
        jobs::enqueue_in_tx(kit, tx, job).await?;
    }
    locked.note(Change {
        order: Some(ask.unwrap_or(failed).id),
        facts: Facts { link: Some(link.id), restored_by: Some(RestoredBy::OtherCase), ..Facts::default() },
        ..Change::of(CaseEventKind::ConnectionRestored)
    });
    locked.stand(Standing::DUE);
    Ok(())
}

fn is_begun(employer: &OrderEmployer) -> bool {
    employer.link.is_some() || employer.task_status.is_some()
}

/// Whether every connection that made the order fail has brought data since.
pub(super) async fn is_mended_in_tx(tx: &Tx, failed: &Order) -> Result<bool, Error> {
    let employers = store::employers(tx, failed.id).await?;
    let refused = employers.iter().filter(|employer| employer.task().is_some_and(status::is_clients_to_mend));
    let refused: Vec<_> = refused.map(|employer| (employer.link, employer.task_at)).collect();
    let ids: Vec<LinkId> = refused.iter().filter_map(|(link, _)| *link).collect();
    let known = links::find_all(tx, failed.agency, &ids).await?;
    let is_mended = |(link, failed_at): &(Option<LinkId>, _)| {
        let link = link.and_then(|id| known.get(&id)).filter(|link| link.works());
        link.is_some_and(|link| link.last_refreshed_at > *failed_at)
    };
    Ok(!refused.is_empty() && refused.iter().all(is_mended))
}

/// An ask of another case of the same client that is open for one of these connections: one incident, one ask.
pub(super) async fn find_ask_elsewhere_in_tx(
    tx: &Tx,
    case: &cases::Case,
    wanted: &[LinkId],
) -> Result<Option<(Order, cases::Case)>, Error> {
    for other in cases::list_open_of_client_in_tx(tx, case.agency, case.client).await? {
        if other.id == case.id {
            continue;
        }
        let overlaps = |order: &Order| {
            order.contact.as_ref().is_some_and(|contact| contact.links.iter().any(|link| wanted.contains(link)))
        };
        let orders = store::list_of_case(tx, other.id).await?;
        if let Some(ask) = orders.into_iter().find(|order| store::OPEN.contains(&order.status) && overlaps(order)) {
            return Ok(Some((ask, other)));
        }
    }
    Ok(None)
}
