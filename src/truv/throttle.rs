//! How long a 429 asks us to wait.
//!
//! The vendor's pages name no header. `Retry-After` (RFC 9110, section 10.2.3) is read when it is there; otherwise the
//! message is, because sample code of the vendor expects "… available in N seconds" in it.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

/// No wait is longer: a wrong date must not stop an agency for a month.
const LONGEST: Duration = Duration::from_hours(24);

/// The wait from the header, else from the message; `None` when neither says. A date counts from the answer's own `Date`,
/// so that our clock and Truv's need not agree.
pub(super) fn wait(retry_after: Option<&str>, date: Option<&str>, message: Option<&str>) -> Option<Duration> {
    let header = || retry_after.and_then(|value| seconds(value).or_else(|| until(value, date?)));
    let text = || message.and_then(in_text);
    header().or_else(text).map(|wait| wait.min(LONGEST))
}

fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

fn until(value: &str, date: &str) -> Option<Duration> {
    Some((http_date(value)? - http_date(date)?).to_std().unwrap_or_default())
}

/// All three forms of RFC 9110, section 5.6.7.
pub(super) fn http_date(text: &str) -> Option<DateTime<Utc>> {
    const FORMS: [&str; 3] = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text.trim(), form).ok()).map(|at| at.and_utc())
}

/// The number before the first word that begins with "second".
fn in_text(message: &str) -> Option<Duration> {
    let mut before = None;
    for word in message.split_whitespace() {
        if word.to_ascii_lowercase().starts_with("second") {
            return before.and_then(seconds);
        }
        before = Some(word);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVED: Option<&str> = Some("Wed, 04 Mar 2026 15:06:02 GMT");

    #[test]
    fn seconds_are_taken_as_they_stand() {
        assert_eq!(wait(Some("17"), None, None), Some(Duration::from_secs(17)));
        assert_eq!(wait(Some(" 0 "), None, None), Some(Duration::ZERO));
    }

    #[test]
    fn a_date_counts_from_the_date_of_the_answer() {
        for value in ["Wed, 04 Mar 2026 15:06:32 GMT", "Wednesday, 04-Mar-26 15:06:32 GMT", "Wed Mar  4 15:06:32 2026"]
        {
            assert_eq!(wait(Some(value), SERVED, None), Some(Duration::from_secs(30)), "{value}");
        }
        assert_eq!(wait(Some("Wed, 04 Mar 2026 15:00:00 GMT"), SERVED, None), Some(Duration::ZERO));
        assert_eq!(wait(Some("Wed, 04 Mar 2026 15:06:32 GMT"), None, None), None);
    }

    #[test]
    fn the_message_speaks_when_the_header_does_not() {
        let message = Some("Request was throttled. Expected available in 28 seconds.");
        assert_eq!(wait(None, SERVED, message), Some(Duration::from_secs(28)));
        assert_eq!(wait(Some("soon"), SERVED, message), Some(Duration::from_secs(28)));
        assert_eq!(wait(Some("3"), SERVED, message), Some(Duration::from_secs(3)));
        assert_eq!(wait(None, None, Some("in 1.5 seconds")), Some(Duration::from_millis(1_500)));
        for message in ["Try later.", "seconds", "a few seconds", ""] {
            assert_eq!(wait(None, None, Some(message)), None, "{message}");
        }
    }

    #[test]
    fn no_wait_is_longer_than_a_day() {
        assert_eq!(wait(Some("99999999999"), None, None), Some(LONGEST));
        assert_eq!(wait(Some("Wed, 04 Mar 2099 15:06:32 GMT"), SERVED, None), Some(LONGEST));
        for value in ["-1", "NaN", "1e400", "inf"] {
            assert_eq!(wait(Some(value), None, None), None, "{value}");
        }
    }
}
