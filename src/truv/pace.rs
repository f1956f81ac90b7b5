//! The budget of one access key: Truv answers 429 to what exceeds 300 requests a minute (fact sheet "Request rate").
//!
//! A token bucket: a tenth of the budget may be used at once, the rest comes back evenly, so that no minute exceeds the
//! whole. The bucket belongs to this process; what several replicas exceed together, Truv's 429 corrects.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Nobody waits longer than this for a turn: whoever would is told to come back.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Hands out turns.
#[derive(Debug)]
pub(super) struct Pace {
    /// Turns that may be taken at once.
    burst: f64,
    /// Turns that come back each second.
    rate: f64,
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    /// Below zero: so many have been promised ahead.
    turns: f64,
    at: Instant,
}

impl Pace {
    /// For a budget of so many requests a minute; `None` for no limit.
    pub(super) fn per_minute(budget: u32) -> Option<Self> {
        if budget == 0 {
            return None;
        }
        let burst = (f64::from(budget) / 10.0).max(1.0);
        let rate = (f64::from(budget) - burst).max(0.5) / 60.0;
        Some(Self { burst, rate, bucket: Mutex::new(Bucket { turns: burst, at: Instant::now() }) })
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// The time after which to come back, when the wait would be too long; nothing has then been taken.
    pub(super) async fn turn(&self) -> Result<(), Duration> {
        let wait = self.take(Instant::now())?;
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn take(&self, now: Instant) -> Result<Duration, Duration> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let back = now.saturating_duration_since(bucket.at).as_secs_f64() * self.rate;
        let turns = (bucket.turns + back).min(self.burst) - 1.0;
        let wait = Duration::from_secs_f64((-turns).max(0.0) / self.rate);
        if wait > LONGEST_WAIT {
            return Err(wait);
        }
        *bucket = Bucket { turns, at: now };
        Ok(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_exceeds_the_budget_and_nobody_waits_long() {
        let pace = Pace::per_minute(300).unwrap();
        let start = Instant::now();
        let mut leaves = Vec::new();
        // Somebody asks every ten milliseconds for two minutes.
        for step in 0..12_000 {
            let now = start + Duration::from_millis(step * 10);
            if let Ok(wait) = pace.take(now) {
                assert!(wait <= LONGEST_WAIT);
                leaves.push(now + wait);
            }
        }
        for (index, first) in leaves.iter().enumerate() {
            let in_minute = leaves[index..].iter().filter(|at| **at < *first + Duration::from_mins(1)).count();
            assert!(in_minute <= 300, "{in_minute} in one minute");
        }
        assert!(leaves.len() > 500, "the budget is used: {}", leaves.len());
    }

    #[test]
    fn without_a_budget_there_is_no_limit() {
        assert!(Pace::per_minute(0).is_none());
    }
}
