//! When a notice that could not be delivered is sent again: at once, then ever less often, for some four days. Pure.

use std::time::Duration;

/// Distances between attempts. After the last one nobody tries any more until somebody asks for it.
const DISTANCES: [Duration; 11] = [
    Duration::from_secs(5),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
    Duration::from_hours(24),
];

/// The receiver may ask for more time, but not for more than this.
const LONGEST_WISH: Duration = Duration::from_hours(24);

/// How long to wait after so many attempts in vain (from 1); `None` when it is given up. `wished` is what the receiver
/// asked for, `chance` between 0 and 1 spreads what failed together.
pub fn wait(attempts: u32, wished: Option<Duration>, chance: f64) -> Option<Duration> {
    let place = usize::try_from(attempts).ok()?.checked_sub(1)?;
    let distance = *DISTANCES.get(place)?;
    let spread = distance.mul_f64(1.0 + chance.clamp(0.0, 1.0) / 10.0);
    Some(wished.map_or(spread, |wished| spread.max(wished.min(LONGEST_WISH))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_tried_for_days_and_then_given_up() {
        let waits: Vec<Duration> = (1..100).map_while(|attempts| wait(attempts, None, 0.0)).collect();
        assert_eq!(waits.len(), DISTANCES.len());
        let whole: Duration = waits.iter().sum();
        assert!((Duration::from_hours(96)..Duration::from_hours(120)).contains(&whole), "{whole:?}");
        assert_eq!(wait(0, None, 0.0), None, "nothing has failed yet");
    }

    #[test]
    fn the_receivers_wish_lengthens_a_wait_within_limits() {
        assert_eq!(wait(1, Some(Duration::from_mins(7)), 0.5), Some(Duration::from_mins(7)));
        assert_eq!(wait(4, Some(Duration::from_secs(1)), 0.0), Some(Duration::from_mins(30)));
        assert_eq!(wait(1, Some(Duration::MAX), 0.0), Some(LONGEST_WISH));
        assert_eq!(wait(1, None, 1.0), Some(Duration::from_millis(5_500)));
    }
}
