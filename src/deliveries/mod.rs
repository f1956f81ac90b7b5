//! Deliveries: the inbox of webhooks, as it lies in the database.
//!
//! A delivery is stored before it is answered for, once for each `webhook_id`, and is settled when nothing more is to be
//! done with it. In between it is claimed with a lease like a job, and parked while the order it belongs to is not known
//! yet. Deliberately not here: signatures (`webhooks::receive`) and what a delivery means (`webhooks::apply`).

mod inbox;
mod list;
mod replay;
mod watch;

use chrono::{DateTime, Utc};

use crate::ids::{AgencyId, DeliveryId};

pub use self::inbox::{Counts, counts};
pub(crate) use self::inbox::{
    Stored, claim, known, note_order_in_tx, park, put_back, quarantine, return_lease, settle_in_tx, store, wake,
    wake_parked,
};
pub use self::list::{Delivery, Used, count, load, page, tally, used};
pub use self::replay::{MOST as MOST_REPLAYED, ReplayError, Which, replay};
pub use self::watch::{CHECK_EVENT, Watch, find_watch};
pub(crate) use self::watch::{
    last_received, note_missed_in_tx, return_turn, save_endpoint, save_pass, take_turn, watch,
};

/// A delivery in hand.
#[derive(Clone)]
pub(crate) struct Claimed {
    pub(crate) id: DeliveryId,
    pub(crate) agency: AgencyId,
    pub(crate) body: Vec<u8>,
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) attempts: u32,
    lease: uuid::Uuid,
}

/// What one claim has taken, all of it together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease(uuid::Uuid);

impl Claimed {
    /// The claim that took it.
    pub(crate) fn lease(&self) -> Lease {
        Lease(self.lease)
    }
}

/// What a parked delivery waits for, by Truv's ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct WaitsFor {
    pub(crate) order: Option<String>,
    pub(crate) suborder: Option<String>,
    pub(crate) link: Option<String>,
}

/// A webhook request to be stored.
#[derive(Clone)]
pub(crate) struct NewDelivery {
    pub(crate) agency: AgencyId,
    /// What "once" means: `webhook_id`, or the hash of the body.
    pub(crate) dedupe_key: String,
    pub(crate) event_type: Option<String>,
    pub(crate) body: Vec<u8>,
    /// Found in Truv's history instead of having come as a webhook.
    pub(crate) is_from_history: bool,
}
