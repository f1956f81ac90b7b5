//! When a job that did not succeed runs again. Attempts of many jobs are spread by chance, so that what failed together
//! does not come back together.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Ran;
use crate::kit::Kit;
use crate::truv;

/// The first window of attempts; each one after it is twice as long.
const FIRST: Duration = Duration::from_secs(5);
/// Longest window.
const LONGEST: Duration = Duration::from_mins(5);
/// How long to wait when Truv asked for patience without saying how long.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long to wait when our keys were refused: somebody must repair them first.
const LOCKED_OUT: Duration = Duration::from_mins(5);
/// Those who were held back by the gate come within that time after it has opened.
const SPREAD: Duration = Duration::from_secs(5);

/// A random instant of a window that grows with the attempts so far ("full jitter").
pub(crate) fn backoff(kit: &Kit, attempts: u32) -> DateTime<Utc> {
    let window = (FIRST * 2_u32.saturating_pow(attempts.min(10))).min(LONGEST);
    kit.clock.now() + span(kit.some_of(window).max(Duration::from_secs(1)))
}

/// What follows when nothing was attempted, because the gate is shut or Truv turned the call away; `None` for every other
/// error.
pub(crate) fn hindered(kit: &Kit, error: &truv::Error) -> Option<Ran> {
    let now = kit.clock.now();
    let at = match error {
        truv::Error::Held(closed) => closed.until + span(kit.some_of(SPREAD)),
        truv::Error::Throttled { retry_after } => {
            now + span(retry_after.unwrap_or(PATIENCE)) + span(kit.some_of(SPREAD))
        }
        truv::Error::Unauthorized => now + span(LOCKED_OUT),
        truv::Error::Refused { .. }
        | truv::Error::Unexplained { .. }
        | truv::Error::Forbidden
        | truv::Error::NotFound
        | truv::Error::Upstream { .. }
        | truv::Error::TimedOut
        | truv::Error::Unreachable { .. }
        | truv::Error::Broken { .. }
        | truv::Error::Undecodable { .. } => return None,
    };
    Some(Ran::Hindered { at, why: error.to_string() })
}

fn span(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or_default()
}
