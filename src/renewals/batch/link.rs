//! Sends a link to the client of a case that a batch could not refresh.

use chrono::{DateTime, Utc};

use crate::batches;
use crate::caller::Caller;
use crate::ids::{AgencyId, BatchItemId};
use crate::jobs::Ran;
use crate::kit::Kit;
use crate::orders::{self, AskInput, Refusal};
use crate::people::{self, Client};
use crate::storage::Error;
use crate::words::{BatchItemStatus, DeliveryChannel};

/// Asks the client, once for the item: the key says so, however often the job runs. A client without an address stays in
/// the queue of those to be asked, where a caseworker finds another way.
pub(crate) async fn send_link(kit: &Kit, agency: AgencyId, id: BatchItemId) -> Result<Ran, Error> {
    let found = batches::load_items(&kit.db, agency, &[id]).await?;
    let Some(item) = found.get(&id).filter(|item| item.status == BatchItemStatus::NeedsLink) else {
        return Ok(Ran::Finished);
    };
    let case = crate::cases::find_any(kit.db.read(), agency, item.case).await?;
    let client = people::find_client(kit.db.read(), agency, case.client).await?;
    let Some(channel) = client.as_ref().and_then(channel) else {
        tracing::info!(case.id = %item.case, "a client cannot be sent a link: no address is known");
        return Ok(Ran::Finished);
    };
    let ask = AskInput {
        case: item.case,
        link: None,
        channels: vec![channel],
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

/// When to try again what is refused for now alone.
fn later(refused: &orders::Error) -> Option<DateTime<Utc>> {
    let orders::Error::Refused(refusals) = refused else { return None };
    refusals.iter().find_map(|refusal| match refusal {
        Refusal::Unavailable { retry_at, .. } => Some(*retry_at),
        _ => None,
    })
}

/// One channel only: two messages about one thing are one too many.
fn channel(client: &Client) -> Option<DeliveryChannel> {
    match (&client.email, &client.phone) {
        (Some(_), _) => Some(DeliveryChannel::Email),
        (None, Some(_)) => Some(DeliveryChannel::Sms),
        (None, None) => None,
    }
}
