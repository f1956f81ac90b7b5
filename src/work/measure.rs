//! Gauges of what stands in the database, for all replicas alike: whoever charts them takes the highest of the replicas'.

use metrics::gauge;

use crate::batches;
use crate::jobs;
use crate::kit::Kit;
use crate::links;
use crate::storage::Error;

/// Counts, and says so where it could not.
pub(super) async fn look(kit: &Kit) {
    for (what, counted) in [
        ("jobs", jobs(kit).await),
        ("renewal batches", batches(kit).await),
        ("connections without refreshes", used_up(kit).await),
    ] {
        if let Err(error) = counted {
            tracing::error!(what, %error, "something could not be counted for the metrics");
        }
    }
}

async fn jobs(kit: &Kit) -> Result<(), Error> {
    let tally = jobs::tally(&kit.db).await?;
    for (state, count) in [("in_hand", tally.in_hand), ("waiting", tally.waiting), ("set_aside", tally.set_aside)] {
        gauge!("recert_jobs", "state" => state).set(float(u64::try_from(count).unwrap_or(u64::MAX)));
    }
    Ok(())
}

/// Cases of the batches that have not come to their end.
async fn batches(kit: &Kit) -> Result<(), Error> {
    let unfinished = batches::list_unfinished(&kit.db).await?;
    let ids: Vec<_> = unfinished.iter().map(|batch| batch.id).collect();
    let progress = if ids.is_empty() {
        Vec::new()
    } else {
        batches::load_progress(&kit.db, &ids, kit.clock.now()).await?.into_values().collect()
    };
    let sum = |count: fn(&batches::Counts) -> u64| progress.iter().map(count).sum::<u64>();
    for (status, count) in [
        ("queued", sum(|counts| counts.queued)),
        ("refreshing", sum(|counts| counts.refreshing)),
        ("retrying", sum(|counts| counts.retrying)),
        ("succeeded", sum(|counts| counts.succeeded)),
        ("needs_link", sum(|counts| counts.needs_link)),
        ("failed", sum(|counts| counts.failed)),
        ("skipped", sum(|counts| counts.skipped)),
    ] {
        gauge!("recert_batch_cases", "status" => status).set(float(count));
    }
    gauge!("recert_batches").set(float(u64::try_from(unfinished.len()).unwrap_or(u64::MAX)));
    Ok(())
}

async fn used_up(kit: &Kit) -> Result<(), Error> {
    let count = links::count_used_up(&kit.db, kit.renewals.refreshes_per_day, kit.clock.now()).await?;
    gauge!("recert_connections_used_up").set(float(count));
    Ok(())
}

fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
