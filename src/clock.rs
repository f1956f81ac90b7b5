//! Time comes from outside. Everything that asks "what time is it" or waits for a moment holds a [`Clock`].
//!
//! Three kinds share one type: the system's clock; a *shifted* clock that runs with the system's but can be moved ahead
//! (the demonstration uses it, so that a year passes in a second); and a *still* clock that moves only when told to
//! (tests). Instants are UTC and cut to microseconds, because PostgreSQL keeps no more and a cursor must read back equal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    Still(Arc<Still>),
}

#[derive(Debug)]
struct Still {
    /// Microseconds since the Unix epoch.
    at: watch::Sender<i64>,
    alarms: Mutex<Alarms>,
}

/// The instants, in microseconds, for which the loops that hold an [`Alarm`] wait; [`AT_WORK`] while one works.
#[derive(Debug, Default)]
struct Alarms {
    made: u64,
    set: HashMap<u64, i64>,
}

/// Before every instant: a loop that does not wait is never early.
const AT_WORK: i64 = i64::MIN;

impl Still {
    fn alarms(&self) -> MutexGuard<'_, Alarms> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let at = watch::Sender::new(start.timestamp_micros());
        Self(Kind::Still(Arc::new(Still { at, alarms: Mutex::default() })))
    }

    /// The present instant, UTC, in whole microseconds.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Kind::System => system_now(),
            Kind::Shifted(ahead) => system_now() + TimeDelta::microseconds(*ahead.borrow()),
            Kind::Still(still) => Utc.timestamp_micros(*still.at.borrow()).single().unwrap_or_default(),
        }
    }

    /// The present calendar day in UTC.
    pub fn today(&self) -> NaiveDate {
        self.now().date_naive()
    }

    /// Moves a shifted or a still clock ahead; answers `false` for the system's clock, which nobody moves.
    pub fn advance(&self, by: Duration) -> bool {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        let at = match &self.0 {
            Kind::System => return false,
            Kind::Shifted(ahead) => ahead,
            Kind::Still(still) => &still.at,
        };
        at.send_modify(|at| *at = at.saturating_add(micros));
        true
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
                Kind::Still(still) => {
                    let mut moved = still.at.subscribe();
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
        let at = match &self.0 {
            Kind::System => return std::future::pending().await,
            Kind::Shifted(ahead) => ahead,
            Kind::Still(still) => &still.at,
        };
        // The sender lives in `self`, so the wait cannot end by its loss.
        let _ = at.subscribe().changed().await;
    }

    /// Waits for `time` of this clock.
    pub async fn sleep(&self, time: Duration) {
        self.sleep_until(self.now() + TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX)).await;
    }

    /// An alarm for a loop that works, waits for its time, and works again. From now on until it waits, it is at work.
    pub fn alarm(&self) -> Alarm {
        let mut number = 0;
        if let Kind::Still(still) = &self.0 {
            let mut alarms = still.alarms();
            alarms.made += 1;
            number = alarms.made;
            alarms.set.insert(number, AT_WORK);
        }
        Alarm { clock: self.clone(), number }
    }

    /// Whether every loop with an alarm waits for a time that has not come yet, so that nothing more happens until a still
    /// clock is moved. The other clocks are never at rest.
    pub fn is_at_rest(&self) -> bool {
        match &self.0 {
            Kind::System | Kind::Shifted(_) => false,
            Kind::Still(still) => {
                let now = *still.at.borrow();
                still.alarms().set.values().all(|at| *at > now)
            }
        }
    }
}

/// How a loop waits for its time, in a way that whoever moves a still clock can tell when it has done its work.
#[derive(Debug)]
pub struct Alarm {
    clock: Clock,
    number: u64,
}

impl Alarm {
    /// Waits until the clock has reached `at`.
    pub async fn until(&mut self, at: DateTime<Utc>) {
        self.set(at.timestamp_micros());
        self.clock.sleep_until(at).await;
        self.set(AT_WORK);
    }

    /// Waits for `time` of the clock.
    pub async fn after(&mut self, time: Duration) {
        let at = self.clock.now().checked_add_signed(TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX));
        self.until(at.unwrap_or(DateTime::<Utc>::MAX_UTC)).await;
    }

    fn set(&self, at: i64) {
        if let Kind::Still(still) = &self.clock.0 {
            still.alarms().set.insert(self.number, at);
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Kind::Still(still) = &self.clock.0 {
            still.alarms().set.remove(&self.number);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
fn system_now() -> DateTime<Utc> {
    let now = Utc::now();
    now.with_nanosecond(now.nanosecond() / 1_000 * 1_000).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_loop_is_at_work_until_it_waits_and_again_when_its_time_has_come() {
        let clock = Clock::still(DateTime::<Utc>::UNIX_EPOCH);
        assert!(clock.is_at_rest(), "there is no loop");
        let mut alarm = clock.alarm();
        assert!(!clock.is_at_rest());
        let mut minute = Box::pin(alarm.after(Duration::from_mins(1)));
        assert!(minute.as_mut().now_or_never().is_none());
        assert!(clock.is_at_rest());
        clock.advance(Duration::from_secs(59));
        assert!(minute.as_mut().now_or_never().is_none() && clock.is_at_rest());
        clock.advance(Duration::from_secs(1));
        assert!(!clock.is_at_rest(), "its time has come, though it has not noticed yet");
        assert!(minute.as_mut().now_or_never().is_some());
        drop(minute);
        assert!(!clock.is_at_rest(), "it works");
        drop(alarm);
        assert!(clock.is_at_rest());
    }
}
