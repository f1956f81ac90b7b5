//! Stores a verified delivery, once.

use sha2::{Digest, Sha256};

use crate::deliveries::{self, NewDelivery, Stored};
use crate::ids::AgencyId;
use crate::kit::Kit;
use crate::storage::Error;
use crate::truv;

/// Stores the delivery. When this returns, it survives the loss of the process; a repeat is stored no second time.
///
/// "Once" goes by `webhook_id`, which every attempt for one event carries; a body without one is known by its hash. The
/// first body under an id is the one that counts: the signature has no time in it, so this alone stands against replays.
///
/// # Errors
/// When the database fails: the sender must then be told to try again.
pub async fn receive(kit: &Kit, agency: AgencyId, body: &[u8]) -> Result<(), Error> {
    store(kit, agency, body, false).await.map(|_| ())
}

/// The same for what Truv's history holds; answers whether it had not come before.
pub(super) async fn receive_from_history(kit: &Kit, agency: AgencyId, body: &[u8]) -> Result<bool, Error> {
    Ok(store(kit, agency, body, true).await? == Stored::New)
}

async fn store(kit: &Kit, agency: AgencyId, body: &[u8], is_from_history: bool) -> Result<Stored, Error> {
    let json: Option<serde_json::Value> = truv::json::parse(body).ok();
    let text = |field: &str| json.as_ref()?.get(field)?.as_str().filter(|text| is_plain(text)).map(str::to_owned);
    let dedupe_key = match text("webhook_id") {
        Some(id) => format!("id:{id}"),
        None => format!("sha256:{}", hex::encode(Sha256::digest(body))),
    };
    let delivery =
        NewDelivery { agency, dedupe_key, event_type: text("event_type"), body: body.to_vec(), is_from_history };
    deliveries::store(kit, delivery).await
}

/// Fit for an index and for a log line.
fn is_plain(text: &str) -> bool {
    (1..=128).contains(&text.len()) && !text.chars().any(char::is_control)
}
