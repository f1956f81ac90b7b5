//! Reads from Truv's own history what was sent while nobody was there to receive it (fact sheet "Backfill").
//!
//! What it finds goes through the same intake as a webhook; what came already is no second time. There is no signature to
//! check: the history was read over an authenticated call.

use chrono::{DateTime, TimeDelta, Utc};

use super::receive::receive;
use crate::deliveries;
use crate::ids::AgencyId;
use crate::kit::{Account, Kit};
use crate::storage;
use crate::truv::{self, wire::HistoryQuery};

/// Read from so long before the last delivery: what was under way then may have been lost.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);
/// Pages read in one go; the rest comes with the next look.
const MOST_PAGES: usize = 50;

/// Why the history could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackfillError {
    /// Truv could not be asked.
    #[error("Truv's delivery history could not be read")]
    Truv(#[from] truv::Error),
    /// Storage failed.
    #[error("a delivery from the history could not be stored")]
    Storage(#[from] storage::Error),
}

/// Takes in what was sent since the last delivery that came, and answers how many entries were looked at. An agency that
/// has never received a delivery has missed none.
pub(crate) async fn backfill(kit: &Kit, agency: AgencyId, account: &Account) -> Result<usize, BackfillError> {
    let Some(last) = deliveries::last_received(&kit.db, agency).await? else { return Ok(0) };
    let mut query = HistoryQuery { created_from: Some(last - OVERLAP), ..HistoryQuery::default() };
    let mut seen = 0;
    for _ in 0..MOST_PAGES {
        let page = account.client.webhook_requests(&query).await?;
        for entry in page.results {
            seen += 1;
            take(kit, agency, entry.webhook_payload, entry.event_created_at).await?;
        }
        match page.next_cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => break,
        }
    }
    Ok(seen)
}

/// Entries in the history are sparser than what was sent: the time of the event stands beside the payload.
async fn take(
    kit: &Kit,
    agency: AgencyId,
    mut payload: serde_json::Value,
    at: Option<DateTime<Utc>>,
) -> Result<(), storage::Error> {
    let Some(fields) = payload.as_object_mut() else { return Ok(()) };
    // Without the id that was delivered it could not be told from what came already.
    if !fields.get("webhook_id").is_some_and(serde_json::Value::is_string) {
        return Ok(());
    }
    if let Some(at) = at
        && !fields.contains_key("updated_at")
        && !fields.contains_key("event_created_at")
    {
        fields.insert("event_created_at".to_owned(), at.to_rfc3339().into());
    }
    receive(kit, agency, payload.to_string().as_bytes()).await
}
