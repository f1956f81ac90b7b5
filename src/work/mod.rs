//! Background work: the loops that carry on with what was stored.
//!
//! Three loops, each on its own: `deliveries` applies what webhooks brought, `jobs` runs stored jobs, `upkeep` looks for
//! what nobody told us. The first two look again after every commit of this process, when another one is said to have
//! committed (`wake`), when the clock is moved, and at least once in every poll interval. Stopping claims nothing new and ends what is in hand.

mod deliveries;
mod jobs;
mod upkeep;

use tokio_util::sync::CancellationToken;

use crate::kit::Kit;

/// Works until the token is cancelled and everything in hand has ended.
pub async fn run(kit: Kit, stop: CancellationToken) {
    tokio::join!(
        deliveries::run(kit.clone(), stop.clone()),
        jobs::run(kit.clone(), stop.clone()),
        upkeep::run(kit, stop)
    );
}

/// Waits for a reason to look again; answers `false` when it is time to stop.
async fn wait(kit: &Kit, wakes: &mut tokio::sync::watch::Receiver<u64>, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => return false,
        _ = wakes.changed() => {}
        () = kit.clock.moved() => {}
        () = tokio::time::sleep(kit.work.poll_interval) => {}
    }
    true
}
