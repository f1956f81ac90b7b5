//! How fast a client may talk.

use tokio::time::Instant;

/// A bucket of messages that fills at a steady rate and holds four seconds' worth.
#[derive(Debug)]
pub(crate) struct Pace {
    per_second: f64,
    left: f64,
    at: Instant,
}

impl Pace {
    const SECONDS_HELD: f64 = 4.0;

    /// A full bucket.
    pub(crate) fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second.max(1));
        Self { per_second, left: per_second * Self::SECONDS_HELD, at: Instant::now() }
    }

    /// Whether nothing has been taken out for long enough.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        now.duration_since(self.at).as_secs_f64() >= Self::SECONDS_HELD
    }

    /// Takes one message out, if there is one.
    pub(crate) fn admits(&mut self, now: Instant) -> bool {
        let gained = now.duration_since(self.at).as_secs_f64() * self.per_second;
        self.left = (self.left + gained).min(self.per_second * Self::SECONDS_HELD);
        self.at = now;
        let admits = self.left >= 1.0;
        if admits {
            self.left -= 1.0;
        }
        admits
    }
}
