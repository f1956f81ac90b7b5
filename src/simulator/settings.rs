//! How the simulator behaves where the real service is unknown, slow or switchable. Every field can be changed while it
//! runs (`PUT /control/settings`), and a duration of 0 means "at once".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All switches. The names are those of the control port.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, one for each unknown of the real service")]
pub struct Settings {
    /// Whether `initial_order` of a refresh of a refresh names the first order or the one refreshed.
    pub initial_order_mode: InitialOrderMode,
    /// What happens to a refresh beyond the quota.
    pub quota_mode: QuotaMode,
    /// Whether a failed refresh uses up a unit.
    pub quota_counts_failures: bool,
    /// Refreshes of one connection in 24 hours.
    pub refreshes_per_day: u32,
    /// The word in `order-refresh-failed`.
    pub refresh_failed_status: RefreshFailedStatus,
    /// Whether `order-created` comes once per product.
    pub order_events_per_product: bool,
    /// Whether `POST /v1/orders/{id}/refresh/` exists.
    pub refresh_alias_path: bool,
    /// Retries of a delivery after the first attempt.
    pub retry_count: u32,
    /// Seconds between attempts.
    pub retry_gap: u32,
    /// Whether a refresh without the applicant extends the authorisation.
    pub silent_refresh_extends_auth: bool,
    /// Milliseconds between two states of a task.
    pub step_ms: u32,
    /// Per cent by which a step may be longer, drawn from the seed.
    pub step_jitter_percent: u32,
    /// A suborder's status follows its task within that many milliseconds.
    pub suborder_lag_ms: u32,
    /// Milliseconds after `done` during which a report answers 404.
    pub report_delay_ms: u32,
    /// Milliseconds from Truv's notice to the login in the scenario `recover_after_login`.
    pub recover_after_ms: u32,
    /// Requests per minute and access key; 0 for no limit.
    pub requests_per_minute: u32,
    /// Whether a 429 carries `Retry-After`.
    pub retry_after_header: bool,
    /// When `order-created` is sent.
    pub order_created: OrderCreated,
    /// The shapes of events.
    pub edition: Edition,
    /// Whether paths must end in a slash.
    pub trailing_slash_required: bool,
    /// Which of a client's active secrets signs deliveries.
    pub signing_key: SigningKey,
    /// Milliseconds an endpoint has to answer.
    pub delivery_timeout_ms: u32,
    /// Deliveries under way at once, over all endpoints. Events of one order always go one after another.
    pub delivery_parallelism: u32,
    /// Failed attempts in a row after which an endpoint is switched off; 0 for never.
    pub disable_after: u32,
    /// Whether `webhook-requests` shows the sparser payloads of the published sample.
    pub history_payload: HistoryPayload,
    /// Hours until an order expires; weekends are not counted.
    pub order_window_hours: u32,
    /// Days an authorisation lasts at providers not listed below; 0 for ever.
    pub auth_lifetime_days: u32,
    /// Days an authorisation lasts, by provider id; 0 for ever.
    pub provider_lifetimes: BTreeMap<String, u32>,
    /// The share of lapsed authorisations that show as `mfa_error`, 0 to 1; the others are `login_error`.
    pub expired_auth_mfa_share: f64,
    /// Minutes a bridge token or a public token lives.
    pub token_minutes: u32,
    /// Whether `http://` addresses may be registered for deliveries. All addresses must be on loopback.
    pub plain_http_webhooks: bool,
    /// The agency's name on orders.
    pub client_name: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            initial_order_mode: InitialOrderMode::Root,
            quota_mode: QuotaMode::RejectPost,
            quota_counts_failures: true,
            refreshes_per_day: 3,
            refresh_failed_status: RefreshFailedStatus::TaskWord,
            order_events_per_product: false,
            refresh_alias_path: false,
            retry_count: 3,
            retry_gap: 30,
            silent_refresh_extends_auth: false,
            step_ms: 50,
            step_jitter_percent: 20,
            suborder_lag_ms: 2_000,
            report_delay_ms: 1_000,
            recover_after_ms: 5_000,
            requests_per_minute: 300,
            retry_after_header: true,
            order_created: OrderCreated::Before,
            edition: Edition::Current,
            trailing_slash_required: true,
            signing_key: SigningKey::Newest,
            delivery_timeout_ms: 10_000,
            delivery_parallelism: 64,
            disable_after: 100,
            history_payload: HistoryPayload::Sparse,
            order_window_hours: 72,
            auth_lifetime_days: 180,
            provider_lifetimes: BTreeMap::new(),
            expired_auth_mfa_share: 0.3,
            token_minutes: 360,
            plain_http_webhooks: true,
            client_name: "Example County Human Services".to_owned(),
        }
    }
}

impl Settings {
    /// The defaults without any waiting or limit: what tests on a still clock start from.
    pub fn at_once() -> Self {
        Self {
            step_ms: 0,
            suborder_lag_ms: 0,
            report_delay_ms: 0,
            recover_after_ms: 0,
            requests_per_minute: 0,
            ..Self::default()
        }
    }

    /// Refuses numbers that make no sense together.
    ///
    /// # Errors
    ///
    /// The sentence that says which setting is out of range.
    pub fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.expired_auth_mfa_share) {
            return Err("expired_auth_mfa_share must be between 0 and 1".to_owned());
        }
        if self.delivery_parallelism == 0 {
            return Err("delivery_parallelism must be at least 1".to_owned());
        }
        if !(1..=12 * 7 * 24).contains(&self.order_window_hours) {
            return Err("order_window_hours must be between 1 and 2016".to_owned());
        }
        Ok(())
    }

    /// Days an authorisation at this provider lasts; `None` for ever.
    pub(crate) fn lifetime_days(&self, provider: &str) -> Option<i64> {
        let days = self.provider_lifetimes.get(provider).copied().unwrap_or(self.auth_lifetime_days);
        (days > 0).then_some(i64::from(days))
    }
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }
    )+};
}

words! {
    /// What `initial_order` names on a refresh of a refresh.
    InitialOrderMode {
        /// The order at the root of the lineage.
        Root,
        /// The order that was refreshed.
        Parent,
    }
    /// What happens to a refresh beyond the quota.
    QuotaMode {
        /// The whole request is refused with 400.
        RejectPost,
        /// The order is made; the suborder of that connection fails.
        FailSuborder,
    }
    /// The word in `order-refresh-failed`.
    RefreshFailedStatus {
        /// The task's state, such as `login_error`.
        TaskWord,
        /// Always `error`.
        Error,
    }
    /// When `order-created` is sent.
    OrderCreated {
        /// Its first attempt ends before the response to the request is written.
        Before,
        /// After the response is written.
        After,
        /// At the same time as the response.
        Racing,
    }
    /// The shapes of events.
    Edition {
        /// docs.truv.com as published now.
        Current,
        /// Older samples: no `user_id`, `template_id` and `updated_at`; `order-status-updated` once per order.
        Legacy,
    }
    /// Which of a client's active secrets signs deliveries.
    SigningKey {
        /// The first key given for the environment.
        Newest,
        /// The last key given for the environment.
        Oldest,
    }
    /// What `webhook-requests` shows of a payload.
    HistoryPayload {
        /// Without `updated_at`, `employer_id` and `order_number`, as in the published sample.
        Sparse,
        /// All that was sent.
        Full,
    }
}
