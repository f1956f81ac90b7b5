//! Reads from Truv's own history what was sent and did not come (fact sheet "Backfill").
//!
//! What it finds goes through the same intake as a webhook; what came already is no second time. There is no signature to
//! check: the history was read over an authenticated call. A mark says up to when everything has been read: it moves only
//! when a pass has come to its end, so that nothing is skipped however much there is.

use chrono::{DateTime, TimeDelta, Utc};

use super::receive::receive_from_history;
use crate::deliveries::{self, Watch};
use crate::ids::AgencyId;
use crate::kit::{Account, Kit};
use crate::storage;
use crate::truv::{
    self,
    wire::{HistoryEntry, HistoryQuery},
};

/// Read from so long before the mark: what was under way then may have been lost since.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);
/// As far as Truv's history reaches back.
const REACH: TimeDelta = TimeDelta::days(30);
/// Pages read in one go; the next one goes on there.
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

/// What a go has brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backfilled {
    /// Entries looked at.
    pub(crate) seen: usize,
    /// Deliveries among them that had not come.
    pub(crate) missed: usize,
}

/// Goes on with the pass under way, or begins one at the mark.
pub(super) async fn backfill(
    kit: &Kit,
    agency: AgencyId,
    account: &Account,
    watch: &Watch,
) -> Result<Backfilled, BackfillError> {
    let now = kit.clock.now();
    let (cursor, until) = match &watch.under_way {
        Some((cursor, until)) => (Some(cursor.clone()), *until),
        None => (None, now),
    };
    let from = (watch.history_read_to - OVERLAP).max(now - REACH);
    let mut query = HistoryQuery { created_from: Some(from), cursor, ..HistoryQuery::default() };
    let mut brought = Backfilled::default();
    for _ in 0..MOST_PAGES {
        let page = account.client.webhook_requests(&query).await?;
        brought.seen += page.results.len();
        brought.missed += take(kit, agency, page.results).await?;
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    deliveries::save_pass(kit, agency, until, query.cursor).await?;
    Ok(brought)
}

/// Takes in what of a page has not come; answers how many.
async fn take(kit: &Kit, agency: AgencyId, entries: Vec<HistoryEntry>) -> Result<usize, storage::Error> {
    let key = |entry: &HistoryEntry| Some(format!("id:{}", entry.webhook_payload.get("webhook_id")?.as_str()?));
    let keys: Vec<String> = entries.iter().filter_map(key).collect();
    let mut known = deliveries::known(&kit.db, agency, &keys).await?;
    let mut missed = 0;
    // Oldest first, as they would have come.
    for entry in entries.into_iter().rev() {
        // Without the id that was delivered it could not be told from what came already.
        let Some(key) = key(&entry) else { continue };
        if known.insert(key) {
            missed += usize::from(
                receive_from_history(kit, agency, &payload(entry.webhook_payload, entry.event_created_at)).await?,
            );
        }
    }
    Ok(missed)
}

/// Entries in the history are sparser than what was sent: the time of the event stands beside the payload.
fn payload(mut payload: serde_json::Value, at: Option<DateTime<Utc>>) -> Vec<u8> {
    if let (Some(fields), Some(at)) = (payload.as_object_mut(), at)
        && !fields.contains_key("updated_at")
        && !fields.contains_key("event_created_at")
    {
        fields.insert("event_created_at".to_owned(), at.to_rfc3339().into());
    }
    payload.to_string().into_bytes()
}
