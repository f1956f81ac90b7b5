//! Looks after the way webhooks come, once a minute for every agency, and says so once when they stop coming and once when
//! they come again.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use metrics::gauge;

use super::measure;
use crate::clock::Alarm;
use crate::ids::AgencyId;
use crate::kit::Kit;
use crate::storage::Error;
use crate::webhooks::{self, Health};
use crate::words::WebhookState;

/// Distance between two looks, by the clock.
const OFTEN: Duration = Duration::from_mins(1);
/// Agencies looked after at once.
const AT_ONCE: usize = 8;

/// Looks for ever. It may be broken off anywhere: the next look begins anew.
pub(super) async fn run(kit: Kit, mut alarm: Alarm) {
    let mut states: HashMap<AgencyId, WebhookState> = HashMap::new();
    look(&kit, &mut states, true).await;
    loop {
        alarm.after(OFTEN).await;
        look(&kit, &mut states, false).await;
    }
}

async fn look(kit: &Kit, states: &mut HashMap<AgencyId, WebhookState>, is_start: bool) {
    let looks: Vec<_> = kit.accounts.keys().map(|agency| tend(kit, *agency, is_start).boxed()).collect();
    let found: Vec<_> = futures_util::stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
    let (mut received, mut parked, mut quarantined) = (0, 0, 0);
    for (agency, slug, health) in found {
        match health {
            Ok(health) => {
                received += health.received;
                parked += health.parked;
                quarantined += health.quarantined;
                tell(slug, states.insert(agency, health.state), &health);
            }
            Err(error) => tracing::error!(agency = slug, %error, "webhooks could not be looked after"),
        }
    }
    for state in WebhookState::ALL {
        let count = states.values().filter(|known| *known == state).count();
        gauge!("recert_webhook_agencies", "state" => state.word()).set(float(count));
    }
    for (status, count) in [("received", received), ("parked", parked), ("quarantined", quarantined)] {
        gauge!("recert_deliveries", "status" => status).set(float(usize::try_from(count).unwrap_or(usize::MAX)));
    }
    measure::look(kit).await;
}

async fn tend(kit: &Kit, agency: AgencyId, is_start: bool) -> (AgencyId, &str, Result<Health, Error>) {
    let Some(account) = kit.account(agency) else {
        return (agency, "", Err(Error::Corrupt("an agency has left the settings".to_owned())));
    };
    (agency, &account.slug, webhooks::tend(kit, agency, account, is_start).await)
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn tell(slug: &str, before: Option<WebhookState>, health: &Health) {
    let is_bad = |state| matches!(state, WebhookState::Deaf | WebhookState::SwitchedOff);
    if is_bad(health.state) && before != Some(health.state) {
        tracing::error!(
            agency = slug,
            webhooks.state = %health.state,
            orders.waiting = health.waiting,
            "something is expected of Truv and no webhook comes; orders are asked about instead"
        );
    } else if before.is_some_and(is_bad) && !is_bad(health.state) {
        tracing::info!(agency = slug, "webhooks come again");
    }
}
