//! One key, one effect. A mutation that costs money or contacts a client carries a key; the key is stored in the same
//! transaction as the intent, so that a repeat finds the first result, even while the first is still on its way.

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::refusal::{Error, Refusal, input};
use super::store::{self, Remembered};
use crate::caller::Caller;
use crate::cases::Case;
use crate::ids::{AgencyId, OrderId};
use crate::kit::Kit;
use crate::storage::{self, Tx};

/// A key with what it was used for.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    agency: AgencyId,
    text: String,
    fingerprint: String,
}

/// Forgets keys that are older than the settings say. Answers how many.
pub(crate) async fn forget_keys(kit: &Kit) -> Result<u64, storage::Error> {
    let before = kit.clock.now() - TimeDelta::from_std(kit.work.idempotency_retention).unwrap_or(TimeDelta::MAX);
    store::forget_keys(&kit.db, before).await
}

impl Key {
    /// Checks the key's form and takes the fingerprint of caller, operation and input.
    pub(crate) fn parse(
        caller: &Caller,
        key: &str,
        operation: &str,
        asked: &impl serde::Serialize,
    ) -> Result<Self, Refusal> {
        if key.trim().is_empty() || key.chars().count() > 200 || key.chars().any(char::is_control) {
            let message = "The idempotency key must have 1 to 200 characters, no control characters, and not be blank.";
            return Err(Refusal::invalid(input("idempotencyKey"), message));
        }
        let mut hash = Sha256::new();
        for part in [caller.subject.as_bytes(), operation.as_bytes(), &serde_json::to_vec(asked).unwrap_or_default()] {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Ok(Self { agency: caller.agency, text: key.to_owned(), fingerprint: hex::encode(hash.finalize()) })
    }

    /// The key itself.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The hash of caller, operation and input.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The order that an earlier use of the key made; `None` for a new key. The case's row must be locked.
    pub(super) async fn find_in_tx(&self, tx: &Tx, case: &Case) -> Result<Option<OrderId>, Error> {
        match store::find_key_in_tx(tx, self.agency, &self.text).await? {
            None => Ok(None),
            Some(known) if known.fingerprint == self.fingerprint => Ok(Some(known.order)),
            Some(_) => Err(Refusal::Conflict {
                path: input("idempotencyKey"),
                message: "This idempotency key was used before with other input. Use a new key for a new request."
                    .to_owned(),
                current_version: case.version,
            }
            .into()),
        }
    }

    pub(super) async fn store_in_tx(&self, kit: &Kit, tx: &Tx, order: OrderId) -> Result<(), Error> {
        let remembered = Remembered { fingerprint: self.fingerprint.clone(), order };
        Ok(store::remember_key_in_tx(tx, self.agency, &self.text, &remembered, kit.clock.now()).await?)
    }
}
