//! Whether an agency's webhooks come: tells *quiet* (nothing is expected) from *deaf* (something was, and nothing came).

use chrono::{DateTime, TimeDelta, Utc};

use crate::deliveries;
use crate::ids::AgencyId;
use crate::kit::Kit;
use crate::orders;
use crate::storage::Error;
use crate::words::{DeliveryStatus, WebhookState};

/// A refresh that Truv has should be told of within seconds; so long without a word is too long.
const SILENCE: TimeDelta = TimeDelta::minutes(3);

/// What is known about the way an agency's webhooks come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The conclusion.
    pub state: WebhookState,
    /// When the last webhook came; `None` when none has.
    pub last_delivery_at: Option<DateTime<Utc>>,
    /// Refreshes at Truv that should be told of.
    pub waiting: u64,
    /// When the oldest of them was sent.
    pub waiting_since: Option<DateTime<Utc>>,
    /// Whether Truv's endpoint is switched on; `None` while that is not known.
    pub is_endpoint_enabled: Option<bool>,
    /// When Truv was last asked about the endpoint.
    pub endpoint_checked_at: Option<DateTime<Utc>>,
    /// When the endpoint was last found switched off and switched on again.
    pub switched_on_at: Option<DateTime<Utc>>,
    /// When Truv's history was last read.
    pub history_read_at: Option<DateTime<Utc>>,
    /// When we last learned by asking what a webhook should have told.
    pub missed_at: Option<DateTime<Utc>>,
    /// Deliveries that are still to be applied, parked ones not counted.
    pub received: u64,
    /// Deliveries that wait for their order to appear.
    pub parked: u64,
    /// Deliveries for which no order appeared.
    pub unmatched: u64,
    /// Deliveries that could not be used.
    pub quarantined: u64,
}

/// Looks at everything that tells.
///
/// # Errors
/// When the database fails.
pub async fn health(kit: &Kit, agency: AgencyId) -> Result<Health, Error> {
    let watch = deliveries::find_watch(&kit.db, agency).await?;
    let last_delivery_at = deliveries::last_received(&kit.db, agency, Some(false)).await?;
    let (waiting, waiting_since) = orders::waiting(&kit.db, agency).await?;
    let tally = deliveries::tally(&kit.db, agency).await?;
    let count = |wanted| tally.iter().find(|(status, _)| *status == wanted).map_or(0, |(_, count)| *count);
    let watch = watch.as_ref();
    let mut health = Health {
        state: WebhookState::Quiet,
        last_delivery_at,
        waiting,
        waiting_since,
        is_endpoint_enabled: watch.and_then(|watch| watch.is_enabled),
        endpoint_checked_at: watch.and_then(|watch| watch.checked_at),
        switched_on_at: watch.and_then(|watch| watch.switched_on_at),
        history_read_at: watch.and_then(|watch| watch.history_read_at),
        missed_at: watch.and_then(|watch| watch.missed_at),
        received: count(DeliveryStatus::Received),
        parked: count(DeliveryStatus::Parked),
        unmatched: count(DeliveryStatus::Unmatched),
        quarantined: count(DeliveryStatus::Dead),
    };
    health.state = judge(&health, kit.clock.now());
    Ok(health)
}

/// The conclusion. Pure.
fn judge(health: &Health, now: DateTime<Utc>) -> WebhookState {
    let came_since = |at: DateTime<Utc>| health.last_delivery_at.is_some_and(|last| last >= at);
    let is_overdue = |since: DateTime<Utc>| now - since > SILENCE && !came_since((now - SILENCE).max(since));
    if health.is_endpoint_enabled == Some(false) {
        WebhookState::SwitchedOff
    } else if health.missed_at.is_some_and(|at| !came_since(at)) || health.waiting_since.is_some_and(is_overdue) {
        WebhookState::Deaf
    } else if health.waiting > 0 || came_since(now - SILENCE) {
        WebhookState::Healthy
    } else {
        WebhookState::Quiet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_636_400, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn judged(change: impl FnOnce(&mut Health)) -> WebhookState {
        let mut health = Health {
            state: WebhookState::Quiet,
            last_delivery_at: None,
            waiting: 0,
            waiting_since: None,
            is_endpoint_enabled: Some(true),
            endpoint_checked_at: None,
            switched_on_at: None,
            history_read_at: None,
            missed_at: None,
            received: 0,
            parked: 0,
            unmatched: 0,
            quarantined: 0,
        };
        change(&mut health);
        judge(&health, at(0))
    }

    #[test]
    fn silence_is_bad_only_where_something_was_expected() {
        assert_eq!(judged(|_| ()), WebhookState::Quiet);
        assert_eq!(judged(|h| h.last_delivery_at = Some(at(-600))), WebhookState::Quiet);
        assert_eq!(judged(|h| h.last_delivery_at = Some(at(-1))), WebhookState::Healthy);
        let waits = |since| move |h: &mut Health| (h.waiting, h.waiting_since) = (1, Some(at(since)));
        assert_eq!(judged(waits(-1)), WebhookState::Healthy, "it is too early to tell");
        assert_eq!(judged(waits(-4)), WebhookState::Deaf);
        assert_eq!(
            judged(|h| {
                waits(-10)(h);
                h.last_delivery_at = Some(at(-2));
            }),
            WebhookState::Healthy,
            "what waits is slow; webhooks come"
        );
        assert_eq!(
            judged(|h| {
                waits(-10)(h);
                h.last_delivery_at = Some(at(-5));
            }),
            WebhookState::Deaf
        );
    }

    #[test]
    fn what_was_learned_by_asking_shows_deafness_until_a_webhook_comes() {
        assert_eq!(judged(|h| h.missed_at = Some(at(-60))), WebhookState::Deaf);
        assert_eq!(judged(|h| (h.missed_at, h.last_delivery_at) = (Some(at(-60)), Some(at(-59)))), WebhookState::Quiet);
    }

    #[test]
    fn an_endpoint_that_is_switched_off_explains_the_rest() {
        assert_eq!(
            judged(|h| (h.is_endpoint_enabled, h.missed_at) = (Some(false), Some(at(-1)))),
            WebhookState::SwitchedOff
        );
    }
}
