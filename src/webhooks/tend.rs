//! Looks after the way webhooks come: is the endpoint switched on, and what was sent that did not come?

use std::time::Duration;

use chrono::TimeDelta;
use metrics::counter;

use super::backfill::{BackfillError, Backfilled, backfill};
use super::health::{Health, health};
use super::register::{Registered, register};
use crate::deliveries::{self, Watch};
use crate::ids::AgencyId;
use crate::kit::{Account, Kit};
use crate::orders;
use crate::storage::Error;
use crate::words::WebhookState;

/// Distance of the looks while there is reason to doubt, or more to read.
const SOON: Duration = Duration::from_mins(1);

/// Looks where it is time to: at a start always, else once in every interval, and soon again while nothing comes that is
/// expected. Of several replicas one looks. Answers how things stand then.
pub(crate) async fn tend(kit: &Kit, agency: AgencyId, account: &Account, is_start: bool) -> Result<Health, Error> {
    let watch = deliveries::watch(kit, agency).await?;
    let before = health(kit, agency).await?;
    let distance = if is_start {
        Duration::ZERO
    } else if before.state == WebhookState::Deaf || watch.under_way.is_some() {
        SOON.min(kit.webhooks.history_interval)
    } else {
        kit.webhooks.history_interval
    };
    if !deliveries::take_turn(kit, agency, TimeDelta::from_std(distance).unwrap_or_default()).await? {
        return Ok(before);
    }
    match look(kit, agency, account, &watch).await {
        Ok(brought) => {
            if brought.missed > 0 {
                counter!("recert_deliveries_missed_total").increment(u64::try_from(brought.missed).unwrap_or_default());
                tracing::warn!(
                    agency = account.slug,
                    missed = brought.missed,
                    seen = brought.seen,
                    "deliveries that had not come were found in Truv's history"
                );
            }
        }
        Err(error) => {
            deliveries::return_turn(kit, agency, &watch).await?;
            match error {
                BackfillError::Storage(error) => return Err(error),
                BackfillError::Truv(error) => {
                    tracing::warn!(agency = account.slug, %error, "Truv could not be asked about its webhooks; trying again");
                }
            }
        }
    }
    health(kit, agency).await
}

async fn look(kit: &Kit, agency: AgencyId, account: &Account, watch: &Watch) -> Result<Backfilled, BackfillError> {
    let found = register(account, kit.webhooks.switch_on).await?;
    deliveries::save_endpoint(kit, agency, found.is_enabled(), found == Registered::SwitchedOn).await?;
    match found {
        Registered::Already | Registered::NotFound => {}
        Registered::Added => tracing::info!(agency = account.slug, "Truv knows now where to send webhooks"),
        Registered::SwitchedOff => {
            tracing::error!(agency = account.slug, "Truv's webhook endpoint is switched off; switch it on again");
        }
        Registered::SwitchedOn => {
            counter!("recert_webhook_endpoint_switched_on_total").increment(1);
            tracing::warn!(agency = account.slug, "Truv's webhook endpoint was switched off; it is on again");
            // What happened meanwhile was not even sent, so no history tells it.
            let asked = orders::sweep_all(kit, agency).await?;
            tracing::info!(agency = account.slug, count = asked, "orders are asked about that may have moved unheard");
        }
    }
    backfill(kit, agency, account, watch).await
}
