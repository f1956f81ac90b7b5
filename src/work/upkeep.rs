//! Looks, once a minute, for what nobody told us: orders without news, and cases that became due.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::cases;
use crate::kit::Kit;
use crate::orders;

/// Distance between two looks, by the clock.
const EVERY: Duration = Duration::from_mins(1);

pub(super) async fn run(kit: Kit, stop: CancellationToken) {
    let mut next: Option<DateTime<Utc>> = None;
    loop {
        let now = kit.clock.now();
        if next.is_none_or(|next| now >= next) {
            next = Some(now + TimeDelta::from_std(EVERY).unwrap_or_default());
            look(&kit).await;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = kit.clock.moved() => {}
            () = tokio::time::sleep(EVERY) => {}
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
