//! Looks, once a minute, for what nobody told us: orders without news, and cases that became due.

use std::time::Duration;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use crate::cases;
use crate::kit::Kit;
use crate::orders;

/// Distance between two looks, by the clock.
const EVERY: Duration = Duration::from_mins(1);

pub(super) async fn run(kit: Kit, stop: CancellationToken) {
    loop {
        let next = kit.clock.now() + TimeDelta::from_std(EVERY).unwrap_or_default();
        look(&kit).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = kit.clock.sleep_until(next) => {}
        }
    }
}

async fn look(kit: &Kit) {
    match orders::sweep_silent(kit).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "orders without news are being asked about"),
        Err(error) => tracing::error!(%error, "orders without news could not be looked for"),
    }
    for agency in kit.accounts.keys() {
        match cases::open_due_renewals(kit, *agency).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(agency.id = %agency, count, "cases became due"),
            Err(error) => tracing::error!(agency.id = %agency, %error, "due cases could not be looked for"),
        }
    }
}
