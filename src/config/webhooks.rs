//! Settings of the way webhooks come.

use std::time::Duration;

/// `[webhooks]`
#[derive(Clone, Debug)]
pub struct Webhooks {
    /// `RECERT_WEBHOOK_MAX_BODY_BYTES`. Default 1,048,576.
    pub max_body_bytes: usize,
    /// `RECERT_WEBHOOK_PARK`: seconds a delivery waits for the order it belongs to. Default 600.
    pub park: Duration,
    /// `RECERT_WEBHOOK_HISTORY_INTERVAL`: seconds between looks at Truv's delivery history and at the endpoint there.
    /// Default 300.
    pub history_interval: Duration,
    /// `RECERT_WEBHOOK_SWITCH_ON`: switch the endpoint on again when Truv has switched it off. Default true.
    pub switch_on: bool,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            max_body_bytes: 1024 * 1024,
            park: Duration::from_mins(10),
            history_interval: Duration::from_mins(5),
            switch_on: true,
        }
    }
}
