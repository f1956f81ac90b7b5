//! Starts a batch: stores it with its cases, and answers.

use serde::Serialize;

use super::{Error, require};
use crate::batches::{self, Batch};
use crate::caller::{Caller, Scope};
use crate::cases::queue::Filter;
use crate::jobs::{self, NewJob, Priority};
use crate::kit::Kit;
use crate::orders;
use crate::storage;
use crate::words::{BatchStatus, JobKind, ProductType};

/// Longest name, in characters.
const LONGEST_NAME: usize = 200;

/// A batch to be started.
#[derive(Clone, Debug, Serialize)]
pub struct NewBatch {
    /// In the words of whoever starts it.
    pub name: String,
    /// Which cases; without a status those whose renewal is open.
    pub filter: Filter,
    /// What to ask Truv for.
    pub product: ProductType,
    /// Most cases, the earliest due date first; `None` for all.
    pub max_cases: Option<u64>,
    /// Whether clients who must log in again are sent a link at once.
    pub sends_links: bool,
    /// A repeat with the same key and input answers with the first result.
    #[serde(skip)]
    pub idempotency_key: String,
}

/// Stores the batch, its cases and the job that takes them up. A repeat with the same key answers with the first batch.
///
/// # Errors
/// [`Error`]; nothing has then been stored.
pub async fn start(kit: &Kit, caller: &Caller, new: &NewBatch) -> Result<Batch, Error> {
    require(caller)?;
    if new.sends_links {
        caller.require(Scope::ClientsContact)?;
    }
    check(new)?;
    match store(kit, caller, new).await {
        // Another request with the same key came first; now it can be seen.
        Err(Error::Storage(storage::Error::Duplicate(_))) => store(kit, caller, new).await,
        done => done,
    }
}

fn check(new: &NewBatch) -> Result<(), Error> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        let message = "The name must have 1 to 200 characters, no control characters, and not be blank.";
        return Err(Error::Invalid { field: "name", message });
    }
    if new.product == ProductType::Unknown {
        return Err(Error::Invalid { field: "product", message: "Name the product that Truv is to be asked for." });
    }
    if new.max_cases == Some(0) {
        return Err(Error::Invalid { field: "maxCases", message: "Take at least one case, or leave maxCases out." });
    }
    Ok(())
}

async fn store(kit: &Kit, caller: &Caller, new: &NewBatch) -> Result<Batch, Error> {
    let key = orders::Key::parse(caller, &new.idempotency_key, "startRenewalBatch", new).map_err(|_| {
        let message = "The idempotency key must have 1 to 200 characters, no control characters, and not be blank.";
        Error::Invalid { field: "idempotencyKey", message }
    })?;
    let scope = caller.cases()?;
    let now = kit.clock.now();
    let tx = kit.db.begin().await?;
    if let Some((known, fingerprint)) = batches::find_by_key_in_tx(&tx, caller.agency, key.text()).await? {
        if fingerprint == key.fingerprint() {
            return Ok(known);
        }
        let message = "This idempotency key was used before with other input. Use a new key for a new batch.";
        return Err(Error::Conflict { field: "idempotencyKey", message, current_version: known.version });
    }
    let batch = Batch {
        id: kit.ids.next(),
        agency: caller.agency,
        name: new.name.trim().to_owned(),
        status: BatchStatus::Queued,
        product: new.product,
        sends_links: new.sends_links,
        requested_by: caller.subject.clone(),
        version: 1,
        created_at: now,
        updated_at: now,
        finished_at: None,
    };
    // The filter is plain data, which always becomes JSON.
    let selection = serde_json::to_value(&new.filter).unwrap_or_default();
    batches::insert_in_tx(&tx, &batch, selection, (key.text(), key.fingerprint())).await?;
    if batches::choose_in_tx(&tx, &batch, scope, &new.filter, new.max_cases).await? == 0 {
        return Err(Error::Invalid { field: "filter", message: "The filter admits no case whose renewal is open." });
    }
    feed_in_tx(kit, &tx, &batch).await?;
    kit.db.commit(tx).await?;
    Ok(batch)
}

/// Asks for the next cases to be taken up.
pub(super) async fn feed_in_tx(kit: &Kit, tx: &storage::Tx, batch: &Batch) -> Result<(), storage::Error> {
    let job = NewJob {
        agency: batch.agency,
        kind: JobKind::FeedBatch,
        subject: batch.id.0,
        priority: Priority::Background,
        run_at: kit.clock.now(),
    };
    jobs::enqueue_in_tx(kit, tx, job).await
}
