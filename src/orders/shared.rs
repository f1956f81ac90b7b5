//! What a connection's fate means for all cases of its client: they learn that it broke or works again, and an ask that has
//! become needless by another case's order ends.

use super::plan::{self, Ask};
use super::{Order, OrderEmployer, policy, status, store};
use crate::cases::{self, Case, Locked, Standing};
use crate::events::{Change, Facts};
use crate::ids::{AgencyId, LinkId};
use crate::jobs::{self, NewJob, Priority, Ran};
use crate::kit::Kit;
use crate::links::{self, Link};
use crate::storage::{Error, Tx};
use crate::words::{CaseEventKind, CaseStatus, JobKind, NextAction, OrderStatus, ProductType, RestoredBy, TaskStatus};

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
    let failed = missing_client(of_renewal.clone());
    let is_moving = of_renewal.any(|order| order.contact.is_none() && store::OPEN.contains(&order.status));
    let is_mended = match (failed, ask.and_then(|ask| ask.contact.as_ref())) {
        (Some(failed), _) => is_mended_in_tx(tx, failed).await?,
        // What the case has asked for itself comes to its own end.
        (None, _) if is_moving => false,
        // Somebody wants another connection, whatever this one does.
        (None, Some(contact)) if !contact.links.contains(&link.id) => false,
        // A batch found the connection broken before it asked Truv for anything.
        (None, _) => is_refreshable_in_tx(tx, locked.case()).await?,
    };
    if !is_mended {
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
        order: ask.or(failed).or(orders.last()).map(|order| order.id),
        facts: Facts { link: Some(link.id), restored_by: Some(RestoredBy::OtherCase), ..Facts::default() },
        ..Change::of(CaseEventKind::ConnectionRestored)
    });
    locked.stand(Standing::DUE);
    Ok(())
}

/// The order that a case needs its client for, of those of its renewal, the newest first: the one that failed, rather than an
/// ask about it that came to nothing.
pub(super) fn missing_client<'a>(orders: impl Iterator<Item = &'a Order> + Clone) -> Option<&'a Order> {
    let mut needs = orders.filter(|order| order.failure.as_ref().is_some_and(policy::needs_client));
    needs.clone().find(|order| order.contact.is_none()).or_else(|| needs.next())
}

/// Whether every connection that a refresh of the case would ask works.
async fn is_refreshable_in_tx(tx: &Tx, case: &Case) -> Result<bool, Error> {
    let product = ProductType::Income;
    let ask = Ask { source: None, product, purpose: None, employers: None, tries_disconnected: false };
    let targets = plan::choose(tx, case, &ask).await?.targets;
    Ok(!targets.is_empty() && targets.iter().all(|target| target.link.works()))
}

fn is_begun(employer: &OrderEmployer) -> bool {
    employer.link.is_some() || employer.task_status.is_some()
}

/// Whether every connection that made the order fail has brought data since: those that the client had to mend, or, where
/// the order had failed for another reason and waited for its retry, those that were to be tried again.
pub(super) async fn is_mended_in_tx(tx: &Tx, failed: &Order) -> Result<bool, Error> {
    let employers = store::employers(tx, failed.id).await?;
    let failing = |is_one: fn(TaskStatus) -> bool| -> Vec<_> {
        let found = employers.iter().filter(|employer| employer.task().is_some_and(is_one));
        found.map(|employer| (employer.link, employer.task_at)).collect()
    };
    let mut refused = failing(status::is_clients_to_mend);
    if refused.is_empty() {
        refused = failing(TaskStatus::is_failure);
    }
    let ids: Vec<LinkId> = refused.iter().filter_map(|(link, _)| *link).collect();
    let known = links::find_all(tx, failed.agency, &ids).await?;
    let is_mended = |(link, failed_at): &(Option<LinkId>, _)| {
        let link = link.and_then(|id| known.get(&id)).filter(|link| link.works());
        link.is_some_and(|link| link.last_refreshed_at > *failed_at)
    };
    Ok(!refused.is_empty() && refused.iter().all(is_mended))
}

/// How the client was asked for another case already.
pub(super) enum Asked {
    /// By an order of ours that is open.
    By(Box<Order>, Box<Case>),
    /// By a message of Truv's own, after a refresh that failed.
    ByTruv,
}

/// Whether another case of the same client has one of these connections asked for: one incident, one ask.
pub(super) async fn find_ask_elsewhere_in_tx(tx: &Tx, case: &Case, wanted: &[LinkId]) -> Result<Option<Asked>, Error> {
    for other in cases::list_open_of_client_in_tx(tx, case.agency, case.client).await? {
        if other.id == case.id {
            continue;
        }
        let overlaps = |order: &Order| {
            order.contact.as_ref().is_some_and(|contact| contact.links.iter().any(|link| wanted.contains(link)))
        };
        let orders = store::list_of_case(tx, other.id).await?;
        if let Some(latest) = orders.iter().find(|order| Some(order.id) == other.latest_order)
            && is_written_about(latest)
            && store::employers(tx, latest.id)
                .await?
                .iter()
                .filter_map(|entry| entry.link)
                .any(|link| wanted.contains(&link))
        {
            return Ok(Some(Asked::ByTruv));
        }
        if let Some(ask) = orders.into_iter().find(|order| store::OPEN.contains(&order.status) && overlaps(order)) {
            return Ok(Some(Asked::By(Box::new(ask), Box::new(other))));
        }
    }
    Ok(None)
}

/// Truv itself has asked the client after this order failed, and the answer is awaited.
pub(super) fn is_written_about(order: &Order) -> bool {
    order.failure.as_ref().is_some_and(|failure| failure.next_action == NextAction::Wait)
}
