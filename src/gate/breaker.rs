//! Takes turns, hears how calls went, and opens and closes the breaker.

use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::rules::{self, Pace, Urgency};
use super::{Closed, Inner, Signal, Turn, WHILE_PROBING, Why, instant, micros, micros_of, span, store};
use crate::storage::Error;
use crate::storage::entities::gates::Model;
use crate::words::{BreakerReason, BreakerState};

impl Inner {
    pub(super) fn remembered(&self, now: DateTime<Utc>) -> Option<Closed> {
        let refused = *self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.filter(|closed| closed.until > now)
    }

    fn remember(&self, closed: Closed, now: DateTime<Utc>) -> Closed {
        // Not for long: another replica may find Truv well again before that.
        let brief = Closed { until: closed.until.min(now + span(WHILE_PROBING)), ..closed };
        if matches!(closed.why, Why::Broken(_) | Why::Asked) {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(brief);
        }
        closed
    }

    pub(super) async fn take(&self, urgency: Urgency, deadline: DateTime<Utc>) -> Result<Result<Turn, Closed>, Error> {
        loop {
            let now = self.clock.now();
            let row = match self.pace {
                Some(pace) => {
                    let patience = micros(deadline).saturating_sub(micros(now)).max(0);
                    let taken = store::take(&self.db, &self.fingerprint, pace, urgency, micros(now), patience);
                    if let Some(row) = taken.await? {
                        let slot = row.paced_to - pace.step - pace.ahead;
                        self.clock.sleep_until(instant(slot.max(micros(now)))).await;
                        return Ok(Ok(Turn::of(&row, false)));
                    }
                    store::load(self.db.read(), &self.fingerprint).await?
                }
                None => store::load(self.db.read(), &self.fingerprint).await?,
            };
            match verdict(&row, self.pace, urgency, micros(now)) {
                Verdict::Go => return Ok(Ok(Turn::of(&row, false))),
                Verdict::Probe => {
                    self.show(BreakerState::HalfOpen);
                    let until = micros(now + span(self.probe_time));
                    if store::probe(&self.db, &row, until, now).await? {
                        return Ok(Ok(Turn::of(&row, true)));
                    }
                }
                Verdict::Wait(at) if instant(at) <= deadline => self.clock.sleep_until(instant(at)).await,
                Verdict::Wait(at) => return Ok(Err(Closed { why: Why::Budget, until: instant(at) })),
                Verdict::Closed(why, at) => {
                    self.show(row.state);
                    return Ok(Err(self.remember(Closed { why, until: instant(at) }, now)));
                }
            }
        }
    }

    pub(super) async fn hear(&self, turn: &Turn, signal: Signal) -> Result<(), Error> {
        let now = self.clock.now();
        let chance = self.ids.chance();
        let (db, key) = (&self.db, &self.fingerprint);
        match signal {
            Signal::Answered if turn.is_marked || turn.is_probe => self.recover(turn, now).await,
            Signal::Answered => Ok(()),
            Signal::Throttled(asked) => {
                // It answers, though it is busy.
                if turn.is_probe {
                    self.recover(turn, now).await?;
                }
                let wait = rules::patience(asked, turn.throttles + 1, chance);
                tracing::warn!(agency = self.agency, wait_ms = wait.as_millis(), "Truv asked every caller to wait");
                store::hold(db, key, micros(now + span(wait))).await
            }
            Signal::Failed => {
                let failures = store::failed(db, key).await?;
                if !turn.is_probe && failures < rules::FAILURES {
                    return Ok(());
                }
                let pause = rules::pause(turn.openings + 1, chance);
                self.stop(turn, BreakerReason::Failing, pause, now).await
            }
            Signal::Unauthorized => self.stop(turn, BreakerReason::Unauthorized, rules::lockout(), now).await,
        }
    }

    async fn recover(&self, turn: &Turn, now: DateTime<Utc>) -> Result<(), Error> {
        let changed = store::recovered(&self.db, &self.fingerprint, turn.is_probe, now).await?;
        if changed && turn.is_probe {
            self.show(BreakerState::Closed);
            tracing::info!(agency = self.agency, "Truv answers again; calls go out");
        }
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    async fn stop(&self, turn: &Turn, reason: BreakerReason, pause: Duration, now: DateTime<Utc>) -> Result<(), Error> {
        let retry_at = micros(now + span(pause));
        if !store::open(&self.db, &self.fingerprint, reason, turn.is_probe, retry_at, now).await? {
            return Ok(());
        }
        self.show(BreakerState::Open);
        metrics::counter!(
            "recert_upstream_stops_total",
            "agency" => self.agency.clone(),
            "reason" => reason.word().to_ascii_lowercase()
        )
        .increment(1);
        let pause_ms = pause.as_millis();
        match (reason, turn.is_probe) {
            (BreakerReason::Failing, _) => {
                tracing::warn!(agency = self.agency, pause_ms, "Truv keeps failing; nothing is sent for a while");
            }
            (BreakerReason::Unauthorized, false) => tracing::error!(
                agency = self.agency,
                pause_ms,
                "Truv does not accept the agency's access key: nothing is sent until it does. Check agencies[].client_id \
                 and agencies[].secrets, then restart; until then one call tries again after each pause"
            ),
            (BreakerReason::Unauthorized, true) => {
                tracing::warn!(agency = self.agency, pause_ms, "Truv still does not accept the agency's access key");
            }
        }
        Ok(())
    }

    pub(super) fn show(&self, state: BreakerState) {
        let level = match state {
            BreakerState::Closed => 0.0,
            BreakerState::HalfOpen => 1.0,
            BreakerState::Open => 2.0,
        };
        metrics::gauge!("recert_upstream_breaker", "agency" => self.agency.clone()).set(level);
    }
}

impl Turn {
    fn of(row: &Model, is_probe: bool) -> Self {
        let count = |number: i32| u32::try_from(number).unwrap_or_default();
        Self {
            is_probe,
            is_marked: row.failures > 0 || row.throttles > 0,
            throttles: count(row.throttles),
            openings: count(row.openings),
        }
    }
}

/// What follows from a row.
enum Verdict {
    /// A call may go out: there is no budget to keep.
    Go,
    /// A call may try whether Truv is back.
    Probe,
    /// A turn comes up then.
    Wait(i64),
    /// No call before then.
    Closed(Why, i64),
}

fn verdict(row: &Model, pace: Option<Pace>, urgency: Urgency, now: i64) -> Verdict {
    let why = || Why::Broken(row.reason.unwrap_or(BreakerReason::Failing));
    match row.state {
        BreakerState::Open | BreakerState::HalfOpen if row.retry_at <= now => return Verdict::Probe,
        BreakerState::Open => return Verdict::Closed(why(), row.retry_at),
        BreakerState::HalfOpen => return Verdict::Closed(why(), now + micros_of(WHILE_PROBING)),
        BreakerState::Closed => {}
    }
    if row.held_until > now {
        return Verdict::Closed(Why::Asked, row.held_until);
    }
    let Some(pace) = pace else { return Verdict::Go };
    match urgency {
        Urgency::Interactive => Verdict::Wait(row.paced_to - pace.ahead),
        Urgency::Bulk => Verdict::Wait(row.paced_to.max(row.bulk_paced_to) - pace.bulk_ahead),
    }
}
