//! Stores a verified delivery, once.

use sha2::{Digest, Sha256};

use crate::deliveries::{self, NewDelivery};
use crate::ids::AgencyId;
use crate::kit::Kit;
use crate::storage::Error;
use crate::truv;

/// Stores the delivery. When this returns, it survives the loss of the process; a repeat is stored no second time.
///
/// "Once" goes by `webhook_id`, which every attempt for one event carries; a body without one is known by its hash.
///
/// # Errors
/// When the database fails: the sender must then be told to try again.
pub async fn receive(kit: &Kit, agency: AgencyId, body: &[u8]) -> Result<(), Error> {
    let json: Option<serde_json::Value> = truv::json::parse(body).ok();
    let text = |field: &str| json.as_ref()?.get(field)?.as_str().filter(|text| is_plain(text)).map(str::to_owned);
    let dedupe_key = match text("webhook_id") {
        Some(id) => format!("id:{id}"),
        None => format!("sha256:{}", hex::encode(Sha256::digest(body))),
    };
    let delivery = NewDelivery { agency, dedupe_key, event_type: text("event_type"), body: body.to_vec() };
    deliveries::store(kit, delivery).await?;
    Ok(())
}

/// Fit for an index and for a log line.
fn is_plain(text: &str) -> bool {
    (1..=128).contains(&text.len()) && !text.chars().any(char::is_control)
}
