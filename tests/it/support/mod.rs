//! What the tests share: the app builder, a database per test, a client that sends `schema/operations`.

pub(crate) mod caseload;
pub(crate) mod client;
#[cfg(feature = "otel")]
pub(crate) mod collector;
pub(crate) mod database;
pub(crate) mod promises;
pub(crate) mod proxy;
pub(crate) mod seed;
pub(crate) mod socket;
pub(crate) mod traced;
pub(crate) mod upstream;
pub(crate) mod world;

use std::time::{Duration, Instant};

/// For how long this thread has had a core, since other work on the machine is not the test's; where the system does not
/// tell, the time that has passed since then.
pub(crate) fn worked(since: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|told| told.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| since.elapsed(), Duration::from_nanos)
}
