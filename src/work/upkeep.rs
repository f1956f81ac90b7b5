//! Looks for what nobody told us, and tidies up: once a minute for orders without news and cases that became due, at the
//! start and once an hour for failed orders whose client may have logged in late, for how long connections last, and events
//! that are too old.

use chrono::{DateTime, TimeDelta, Utc};

use crate::cases;
use crate::clock::{Alarm, Clock};
use crate::events;
use crate::kit::Kit;
use crate::ledger;
use crate::links;
use crate::notices;
use crate::orders;
use crate::renewals;
use crate::revocations;

/// Distances between two looks, by the clock.
const OFTEN: TimeDelta = TimeDelta::minutes(1);
const SELDOM: TimeDelta = TimeDelta::hours(1);

/// Looks for ever. It may be broken off anywhere: the next look begins anew.
pub(super) async fn run(kit: Kit, mut alarm: Alarm) {
    let kit = kit.in_bulk();
    let (mut often, mut seldom) = (Timer::new(OFTEN), Timer::new(SELDOM));
    loop {
        if seldom.is_due(&kit.clock) {
            look_late(&kit).await;
            prune(&kit).await;
            forget_keys(&kit).await;
            forget_revocations(&kit).await;
            forget_notices(&kit).await;
            ask_for_invoices(&kit).await;
            learn(&kit).await;
        }
        if often.is_due(&kit.clock) {
            look(&kit).await;
        }
        let next = often.next.min(seldom.next).unwrap_or_else(|| kit.clock.now());
        alarm.until(next).await;
    }
}

struct Timer {
    every: TimeDelta,
    next: Option<DateTime<Utc>>,
}

impl Timer {
    fn new(every: TimeDelta) -> Self {
        Self { every, next: None }
    }

    /// Whether it is time; if so, the next time is set.
    fn is_due(&mut self, clock: &Clock) -> bool {
        let now = clock.now();
        let is_due = self.next.is_none_or(|next| now >= next);
        if is_due {
            self.next = Some(now + self.every);
        }
        is_due
    }
}

async fn look(kit: &Kit) {
    match orders::sweep_silent(kit).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "orders without news are being asked about"),
        Err(error) => tracing::error!(%error, "orders without news could not be looked for"),
    }
    if let Err(error) = renewals::batch::wake(kit).await {
        tracing::error!(%error, "renewal batches could not be looked for");
    }
    for agency in kit.accounts.keys() {
        match cases::open_due_renewals(kit, *agency).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(agency.id = %agency, count, "cases became due"),
            Err(error) => tracing::error!(agency.id = %agency, %error, "due cases could not be looked for"),
        }
    }
}

async fn look_late(kit: &Kit) {
    match orders::sweep_late(kit).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "failed orders are asked whether their client has logged in"),
        Err(error) => tracing::error!(%error, "failed orders could not be looked for"),
    }
}

async fn forget_keys(kit: &Kit) {
    match orders::forget_keys(kit).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "old idempotency keys were forgotten"),
        Err(error) => tracing::error!(%error, "old idempotency keys could not be forgotten"),
    }
}

async fn forget_revocations(kit: &Kit) {
    match revocations::prune(kit).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "revocations that were over long ago were removed"),
        Err(error) => tracing::error!(%error, "old revocations could not be removed"),
    }
}

async fn forget_notices(kit: &Kit) {
    match notices::forget(kit).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "old notices were forgotten"),
        Err(error) => tracing::error!(%error, "old notices could not be forgotten"),
    }
}

async fn ask_for_invoices(kit: &Kit) {
    match ledger::ask_for_due(kit).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "ledgers are being held against Truv's invoices"),
        Err(error) => tracing::error!(%error, "the ledger could not be looked through"),
    }
}

async fn learn(kit: &Kit) {
    for agency in kit.accounts.keys() {
        if let Err(error) = links::learn(kit, *agency).await {
            tracing::error!(agency.id = %agency, %error, "what connections have shown could not be read");
        }
    }
}

async fn prune(kit: &Kit) {
    match events::prune(kit).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "events beyond the retention were removed"),
        Err(error) => tracing::error!(%error, "old events could not be removed"),
    }
}
