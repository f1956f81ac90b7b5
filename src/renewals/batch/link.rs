//! Sends a link to the client of a case that a batch could not refresh.

use chrono::{DateTime, TimeDelta, Utc};

use crate::batches::{self, Item};
use crate::caller::Caller;
use crate::cases::Case;
use crate::ids::{AgencyId, BatchItemId};
use crate::jobs::Ran;
use crate::kit::Kit;
use crate::orders::{self, AskInput, Refusal};
use crate::people::{self, Client};
use crate::storage::Error;
use crate::words::{BatchItemStatus, OrderStatus};

/// Asks the client, once for the item: the key says so, however often the job runs. A client without an address stays in
/// the queue of those to be asked, where a caseworker finds another way.
pub(crate) async fn send_link(kit: &Kit, agency: AgencyId, id: BatchItemId) -> Result<Ran, Error> {
    let found = batches::load_items(&kit.db, agency, &[id]).await?;
    let Some(item) = found.get(&id).filter(|item| item.status == BatchItemStatus::NeedsLink) else {
        return Ok(Ran::Finished);
    };
    let case = crate::cases::find_any(kit.db.read(), agency, item.case).await?;
    if let Some(wait) = in_doubt(kit, item, &case).await? {
        return Ok(wait);
    }
    let found = batches::load_items(&kit.db, agency, &[id]).await?;
    let Some(item) = found.get(&id).filter(|item| item.status == BatchItemStatus::NeedsLink) else {
        return Ok(Ran::Finished);
    };
    let client = people::find_client(kit.db.read(), agency, case.client).await?;
    // One channel only: two messages about one thing are one too many.
    let Some(channel) = client.as_ref().and_then(Client::channel) else {
        tracing::info!(case.id = %item.case, "a client cannot be sent a link: no address is known");
        return Ok(Ran::Finished);
    };
    let ask = AskInput {
        case: item.case,
        link: None,
        channels: vec![channel],
        // The connection may have come back while this waited.
        only_where_needed: true,
        idempotency_key: format!("renewal-batch-item-{id}"),
    };
    match orders::ask(kit, &Caller::system(agency, "renewal-batch"), &ask).await {
        Ok(_) => Ok(Ran::Finished),
        Err(orders::Error::Storage(error)) => Err(error),
        Err(refused) => {
            if let Some(at) = later(&refused) {
                return Ok(Ran::Hindered { at, why: "nothing can be sent to Truv now".to_owned() });
            }
            tracing::info!(case.id = %item.case, %refused, "a client was not sent a link");
            Ok(Ran::Finished)
        }
    }
}

/// Truv may write to the client by itself, and says so a moment after the failure. Before anybody else does, the order is
/// looked at once that moment has passed; what it shows may settle the matter.
async fn in_doubt(kit: &Kit, item: &Item, case: &Case) -> Result<Option<Ran>, Error> {
    let wait = |until, why: &str| Ok(Some(Ran::Hindered { at: until, why: why.to_owned() }));
    let Some(order) = item.order else {
        // The batch asked for nothing here: somebody else's refresh, or one of another case, found the connection broken.
        let targets = orders::load_targets(&kit.db, item.agency, &[case.id]).await?;
        let broken_at =
            targets.get(&case.id).and_then(|found| found.links.iter().filter_map(|link| link.broken_at).max());
        return match broken_at.map(|at| at + DOUBT).filter(|told_by| kit.clock.now() < *told_by) {
            Some(told_by) => wait(told_by, "Truv may be writing to the client"),
            None => Ok(None),
        };
    };
    let orders = orders::load(&kit.db, item.agency, &[order]).await?;
    let failed = orders.get(&order).filter(|order| order.contact.is_none() && order.truv_order_id.is_some());
    let Some(failed) = failed else { return Ok(None) };
    let Some(failure) = &failed.failure else {
        if failed.status == OrderStatus::Completed {
            return Ok(Some(Ran::Finished));
        }
        // It has moved on since the item was read, and may fail again with the next delivery.
        return wait(kit.clock.now() + DOUBT, "the order moves again");
    };
    let told_by = failure.occurred_at + DOUBT;
    if kit.clock.now() < told_by {
        return wait(told_by, "Truv may be writing to the client");
    }
    Ok(match orders::poll(kit, item.agency, order).await? {
        Ran::Finished => None,
        hindered => Some(hindered),
    })
}

/// How long Truv takes at most from a failure to its own word about the client.
const DOUBT: TimeDelta = TimeDelta::seconds(10);

/// When to try again what is refused for now alone.
fn later(refused: &orders::Error) -> Option<DateTime<Utc>> {
    let orders::Error::Refused(refusals) = refused else { return None };
    refusals.iter().find_map(|refusal| match refusal {
        Refusal::Unavailable { retry_at, .. } => Some(*retry_at),
        _ => None,
    })
}
