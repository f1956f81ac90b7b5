//! Background work: the loops that carry on with what was stored.
//!
//! Six loops, each on its own: `deliveries` applies what webhooks brought, `jobs` runs stored jobs, `notices` sends webhooks
//! of ours, `trail` chains the audit trail, `upkeep` looks for what nobody told us, `watch` looks after the way webhooks
//! come. The first three look again after every commit of this
//! process, when another one is said to have committed (`wake`), when the clock is moved, and at least once in every poll
//! interval. Stopping claims nothing new, ends what is in hand, and puts back what does not end in time.

mod deliveries;
mod jobs;
mod measure;
mod notices;
mod trail;
mod upkeep;
mod watch;

use tokio_util::sync::CancellationToken;

use crate::kit::Kit;

/// How work is told to end.
#[derive(Clone, Debug, Default)]
pub struct End {
    /// Nothing new is begun.
    pub stop: CancellationToken,
    /// What is still in hand is broken off and put back, so that another replica may take it at once. It has stored what
    /// it did so far, as before a loss of the process.
    pub break_off: CancellationToken,
}

/// Works until the end is asked for and nothing is in hand any more. The first looks count as under way from the call on.
pub fn run(kit: Kit, end: End) -> impl Future<Output = ()> + Send {
    let (for_upkeep, for_watch) = (kit.clock.alarm(), kit.clock.alarm());
    async move {
        // What these two have begun is begun again by whoever comes next.
        let upkeep = end.stop.run_until_cancelled(upkeep::run(kit.clone(), for_upkeep));
        let watch = end.stop.run_until_cancelled(watch::run(kit.clone(), for_watch));
        tokio::join!(
            deliveries::run(kit.clone(), end.stop.clone()),
            jobs::run(kit.clone(), end.clone()),
            notices::run(kit.clone(), end.stop.clone()),
            upkeep,
            watch,
            trail::run(kit.clone(), end.stop.clone())
        );
    }
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
