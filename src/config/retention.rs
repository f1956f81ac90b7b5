//! How long each class of data is kept.

use std::time::Duration;

use super::reader::Reader;
use super::values::days;

/// `[retention]`: what `recert purge` removes when its time is over. A case under hold is left as it is.
#[derive(Clone, Debug)]
pub struct Retention {
    /// `RECERT_RETENTION_DELIVERIES_DAYS`: days the body of a settled delivery is kept. Default 90.
    pub deliveries: Duration,
    /// `RECERT_RETENTION_CLOSED_CASES_DAYS`: days the personal data of a closed case is kept. Default 1,095.
    pub closed_cases: Duration,
    /// `RECERT_RETENTION_AUDIT_DAYS`: days an entry of the audit trail is kept. Default 2,555.
    pub audit: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: u64| Duration::from_hours(days * 24);
        Self { deliveries: days(90), closed_cases: days(1_095), audit: days(2_555) }
    }
}

pub(super) fn retention(reader: &mut Reader<'_>) -> Retention {
    let default = Retention::default();
    let mut of = |key: &str, variable: &'static [&'static str], or: Duration| reader.open(key, variable, days).or(or);
    Retention {
        deliveries: of("retention.deliveries", &["RECERT_RETENTION_DELIVERIES_DAYS"], default.deliveries),
        closed_cases: of("retention.closed_cases", &["RECERT_RETENTION_CLOSED_CASES_DAYS"], default.closed_cases),
        audit: of("retention.audit", &["RECERT_RETENTION_AUDIT_DAYS"], default.audit),
    }
}
