//! Time comes from outside. Everything that asks "what time is it" or waits for a moment holds a [`Clock`].
//!
//! Three kinds share one type: the system's clock; a *shifted* clock that runs with the system's but can be moved ahead
//! (the demonstration uses it, so that a year passes in a second); and a *still* clock that moves only when told to
//! (tests). Instants are UTC and cut to microseconds, because PostgreSQL keeps no more and a cursor must read back equal.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Timelike, Utc};
use tokio::sync::watch;

/// A source of time that can be handed to every part.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    /// Microseconds ahead of the system's clock.
    Shifted(Arc<watch::Sender<i64>>),
    /// Microseconds since the Unix epoch.
    Still(Arc<watch::Sender<i64>>),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that runs with the system's and can be moved ahead by [`Clock::advance`].
    pub fn shifted() -> Self {
        Self(Kind::Shifted(Arc::new(watch::Sender::new(0))))
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn still(start: DateTime<Utc>) -> Self {
        Self(Kind::Still(Arc::new(watch::Sender::new(start.timestamp_micros()))))
    }

    /// The present instant, UTC, in whole microseconds.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Kind::System => system_now(),
            Kind::Shifted(ahead) => system_now() + TimeDelta::microseconds(*ahead.borrow()),
            Kind::Still(at) => Utc.timestamp_micros(*at.borrow()).single().unwrap_or_default(),
        }
    }

    /// The present calendar day in UTC.
    pub fn today(&self) -> NaiveDate {
        self.now().date_naive()
    }

    /// Moves a shifted or a still clock ahead; answers `false` for the system's clock, which nobody moves.
    pub fn advance(&self, by: Duration) -> bool {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        match &self.0 {
            Kind::System => false,
            Kind::Shifted(at) | Kind::Still(at) => {
                at.send_modify(|at| *at = at.saturating_add(micros));
                true
            }
        }
    }

    /// Waits until the clock has reached `at`. On a still clock only [`Clock::advance`] ends the wait.
    pub async fn sleep_until(&self, at: DateTime<Utc>) {
        loop {
            let left = (at - self.now()).to_std().unwrap_or_default();
            if left.is_zero() {
                return;
            }
            match &self.0 {
                Kind::System => tokio::time::sleep(left).await,
                Kind::Shifted(moved) => {
                    let mut moved = moved.subscribe();
                    if self.now() >= at {
                        return;
                    }
                    tokio::select! {
                        () = tokio::time::sleep(left) => {}
                        _ = moved.changed() => {}
                    }
                }
                Kind::Still(moved) => {
                    let mut moved = moved.subscribe();
                    if self.now() >= at {
                        return;
                    }
                    // The sender lives in `self`, so the wait cannot end by its loss.
                    let _ = moved.changed().await;
                }
            }
        }
    }

    /// Waits until somebody moves the clock; for ever on the system's.
    pub async fn moved(&self) {
        match &self.0 {
            Kind::System => std::future::pending().await,
            Kind::Shifted(at) | Kind::Still(at) => {
                // The sender lives in `self`, so the wait cannot end by its loss.
                let _ = at.subscribe().changed().await;
            }
        }
    }

    /// Waits for `time` of this clock.
    pub async fn sleep(&self, time: Duration) {
        self.sleep_until(self.now() + TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX)).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
fn system_now() -> DateTime<Utc> {
    let now = Utc::now();
    now.with_nanosecond(now.nanosecond() / 1_000 * 1_000).unwrap_or(now)
}
