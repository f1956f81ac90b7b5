//! What the gate decides: how calls are spread over the minute, and how long it stays shut. Pure.
//!
//! The budget is kept by a virtual schedule (GCRA): one instant says when all calls so far will have been paid back. A tenth
//! of the budget may be used at once, the rest comes back evenly over a little more than a minute, so that no minute
//! exceeds the whole, even when a call leaves somewhat after its turn or two replicas' clocks differ by a second.

use std::time::Duration;

/// How urgent a call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits for it.
    #[default]
    Interactive,
    /// Bulk and upkeep: uses what interactive calls leave, and never more than four fifths of the budget.
    Bulk,
}

/// The time over which the budget is spread: a minute, and two seconds for calls that leave late.
const SPREAD_MICROS: i64 = 62_000_000;

/// Failures in a row after which the breaker opens.
pub(super) const FAILURES: i32 = 5;
/// The first wait after the breaker has opened; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// No wait for a failing Truv is longer.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// Distance between two calls that try whether a refused access key is accepted again.
const LOCKED_OUT: Duration = Duration::from_mins(5);
/// The first wait after a 429 that does not say how long.
const FIRST_PATIENCE: Duration = Duration::from_secs(4);

/// How a budget is spread, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// What one call adds to the schedule.
    pub(super) step: i64,
    /// How far the schedule may run ahead.
    pub(super) ahead: i64,
    /// What one bulk call adds to the schedule of bulk calls.
    pub(super) bulk_step: i64,
    /// How far the schedule may run ahead for a bulk call: half of what may be used at once is left to interactive calls.
    pub(super) bulk_ahead: i64,
}

impl Pace {
    /// For so many calls a minute; `None` for no limit.
    pub(super) fn per_minute(budget: u32) -> Option<Self> {
        if budget == 0 {
            return None;
        }
        let budget = i64::from(budget);
        let burst = (budget / 10).max(1);
        let step = SPREAD_MICROS / (budget - burst).max(1);
        let bulk_step = step + step / 4;
        Some(Self { step, ahead: (burst - 1) * step, bulk_step, bulk_ahead: (burst - 1) / 2 * step })
    }
}

/// How long the breaker stays open, by how often in a row it has opened (from 1). `chance` is between 0 and 1.
pub(super) fn pause(openings: u32, chance: f64) -> Duration {
    let longest = (FIRST_PAUSE * 2_u32.saturating_pow(openings.saturating_sub(1).min(10))).min(LONGEST_PAUSE);
    // At least half of it: the probes of a long outage must not come all at once.
    longest.mul_f64(f64::midpoint(1.0, chance))
}

/// How long nobody calls after a 401.
pub(super) fn lockout() -> Duration {
    LOCKED_OUT
}

/// How long to wait after a 429: as Truv says, else a random part of a growing time. `throttles` counts them from 1.
pub(super) fn patience(asked: Option<Duration>, throttles: u32, chance: f64) -> Duration {
    asked.unwrap_or_else(|| {
        let longest = (FIRST_PATIENCE * 2_u32.saturating_pow(throttles.saturating_sub(1).min(10))).min(LONGEST_PAUSE);
        longest.mul_f64(chance).max(Duration::from_secs(1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The instants, in microseconds, at which calls leave that ask every ten milliseconds for three minutes.
    fn leaves(pace: Pace, step: i64, ahead: i64) -> Vec<i64> {
        let (mut paced_to, mut leaves) = (0_i64, Vec::new());
        for now in (0..180_000_000).step_by(10_000) {
            if paced_to <= now + ahead {
                paced_to = paced_to.max(now) + step;
                leaves.push(now);
            }
        }
        assert!(step >= pace.step);
        leaves
    }

    fn most_in_a_minute(leaves: &[i64]) -> usize {
        let in_minute = |first: &i64| leaves.iter().filter(|at| **at >= *first && **at < first + 60_000_000).count();
        leaves.iter().map(in_minute).max().unwrap_or_default()
    }

    #[test]
    fn no_minute_exceeds_the_budget_and_the_budget_is_used() {
        for budget in [1, 2, 5, 9, 10, 37, 60, 300, 1_000] {
            let pace = Pace::per_minute(budget).unwrap();
            let leaves = leaves(pace, pace.step, pace.ahead);
            let most = most_in_a_minute(&leaves);
            let budget = usize::try_from(budget).unwrap();
            assert!(most <= budget, "{most} of {budget} in one minute");
            assert!(most + 1 >= budget * 9 / 10, "only {most} of {budget}");
        }
    }

    #[test]
    fn bulk_calls_leave_a_fifth_of_the_budget_alone() {
        let pace = Pace::per_minute(300).unwrap();
        let leaves = leaves(pace, pace.bulk_step, pace.bulk_ahead);
        let most = most_in_a_minute(&leaves);
        assert!((200..=240).contains(&most), "{most} bulk calls in one minute");
    }

    #[test]
    fn without_a_budget_there_is_no_pace() {
        assert_eq!(Pace::per_minute(0), None);
    }

    #[test]
    fn pauses_grow_to_a_minute_and_are_never_shorter_than_half() {
        assert_eq!(pause(1, 1.0), Duration::from_secs(5));
        assert_eq!(pause(1, 0.0), Duration::from_millis(2_500));
        assert_eq!(pause(3, 1.0), Duration::from_secs(20));
        assert_eq!(pause(99, 1.0), Duration::from_mins(1));
    }

    #[test]
    fn truvs_own_word_counts_before_a_guess() {
        assert_eq!(patience(Some(Duration::from_secs(17)), 4, 0.1), Duration::from_secs(17));
        assert_eq!(patience(None, 1, 0.5), Duration::from_secs(2));
        assert_eq!(patience(None, 9, 1.0), Duration::from_mins(1));
        assert_eq!(patience(None, 1, 0.0), Duration::from_secs(1));
    }
}
