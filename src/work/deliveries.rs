//! Applies deliveries in the order they came, several lanes at once: what concerns one order or one task stays in one
//! lane, so that a watcher sees its steps in their order.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::{FutureExt, StreamExt};
use metrics::counter;
use tokio_util::sync::CancellationToken;

use crate::deliveries::{self, Claimed, Lease};
use crate::kit::Kit;
use crate::storage::Error;
use crate::webhooks;

/// Deliveries taken by one statement.
const BATCH: u64 = 128;
/// Distance to the next attempt after a failure of ours; it doubles.
const REPEAT: Duration = Duration::from_secs(1);
/// Attempts in a row at a delivery whose transaction loses against another one.
const MEETINGS: u32 = 4;
/// Attempts that may fail before a delivery is set aside.
const ATTEMPTS: u32 = 20;

pub(super) async fn run(kit: Kit, stop: CancellationToken) {
    let mut wakes = kit.db.wakes();
    loop {
        match deliveries::claim(&kit, BATCH).await {
            Ok(claimed) if claimed.is_empty() => {}
            Ok(claimed) => {
                let lease = claimed.first().map(Claimed::lease);
                apply_all(&kit, claimed, &stop).await;
                if !stop.is_cancelled() {
                    continue;
                }
                if let Some(Err(error)) = put_back(&kit, lease).await {
                    tracing::warn!(%error, "deliveries could not be put back; their lease will end");
                }
            }
            Err(error) => tracing::error!(%error, "deliveries could not be read; trying again"),
        }
        if !super::wait(&kit, &mut wakes, &stop).await {
            return;
        }
    }
}

/// Lets others take what a stop has left unapplied.
async fn put_back(kit: &Kit, lease: Option<Lease>) -> Option<Result<(), Error>> {
    Some(deliveries::put_back(kit, lease?).await)
}

async fn apply_all(kit: &Kit, claimed: Vec<Claimed>, stop: &CancellationToken) {
    let mut lanes: Vec<Vec<Claimed>> = (0..kit.work.workers.max(1)).map(|_| Vec::new()).collect();
    let count = lanes.len();
    for delivery in claimed {
        let lane = usize::try_from(lane(&delivery)).unwrap_or_default() % count;
        if let Some(lane) = lanes.get_mut(lane) {
            lane.push(delivery);
        }
    }
    futures_util::stream::iter(lanes)
        .for_each_concurrent(None, |lane| async move {
            for delivery in lane.into_iter().take_while(|_| !stop.is_cancelled()) {
                apply_one(kit, &delivery).await;
            }
        })
        .await;
}

/// The lane of a delivery: everything about one connection goes the same way. Every event but those of a whole order
/// names its link.
fn lane(delivery: &Claimed) -> u64 {
    let json: Option<serde_json::Value> = serde_json::from_slice(&delivery.body).ok();
    let field = |name: &str| json.as_ref()?.get(name)?.as_str().map(str::to_owned);
    let mut hasher = DefaultHasher::new();
    field("link_id").or_else(|| field("order_id")).hash(&mut hasher);
    hasher.finish() >> 1
}

async fn apply_one(kit: &Kit, delivery: &Claimed) {
    let Err(error) = attempt(kit, delivery).await else {
        let waited = (kit.clock.now() - delivery.received_at).to_std().unwrap_or_default();
        metrics::histogram!("recert_delivery_wait_seconds").record(waited);
        return;
    };
    if delivery.attempts >= ATTEMPTS && !matches!(error, Error::Collision(_)) {
        tracing::error!(delivery.id = %delivery.id, %error, "a delivery could not be applied and was set aside");
        counter!("recert_deliveries_quarantined_total").increment(1);
        let reason = "it could not be applied, however often it was tried";
        if let Err(error) = deliveries::quarantine(kit, delivery, reason).await {
            tracing::error!(delivery.id = %delivery.id, %error, "a delivery could not be set aside; its lease will end");
        }
        return;
    }
    // Two transactions in each other's way are no fault; everything else is worth a look.
    if matches!(error, Error::Collision(_)) {
        tracing::debug!(delivery.id = %delivery.id, "a delivery met another transaction; trying again");
    } else {
        tracing::error!(delivery.id = %delivery.id, %error, "a delivery could not be applied; trying again");
    }
    let wait = REPEAT * (1 << delivery.attempts.min(6));
    let next_at = kit.clock.now() + TimeDelta::from_std(wait).unwrap_or_default();
    if let Err(error) = deliveries::return_lease(kit, delivery, next_at).await {
        tracing::error!(delivery.id = %delivery.id, %error, "a delivery could not be put back; its lease will end");
    }
}

/// Applies the delivery. Two transactions in each other's way are no fault: once one has won, the other may follow at once.
async fn attempt(kit: &Kit, delivery: &Claimed) -> Result<(), Error> {
    for _ in 1..MEETINGS {
        match apply_guarded(kit, delivery).await {
            Err(Error::Collision(_)) => {}
            other => return other,
        }
    }
    apply_guarded(kit, delivery).await
}

/// One delivery that brings the code down must not take the others with it.
async fn apply_guarded(kit: &Kit, delivery: &Claimed) -> Result<(), Error> {
    let kit = kit.of(delivery.agency);
    let applied = AssertUnwindSafe(webhooks::apply(&kit, delivery)).catch_unwind().await;
    applied.unwrap_or_else(|_| Err(Error::Corrupt("applying it panicked".to_owned())))
}
