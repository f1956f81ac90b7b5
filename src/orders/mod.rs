//! Orders: our record of every Truv order, from the moment it is intended.
//!
//! The way of a refresh: `refresh` stores the intent and answers; `send` posts it; `advance` takes in what webhooks and
//! looks tell about its employers and tasks, and `settle` draws the consequences; `resolve` finds out what became of a lost
//! answer; `cancel` ends it. `ask` has the client log in again by a link, `bridge` inside a page of the agency's own;
//! `shared` tells what a connection's fate means for the client's other cases; `prospects` foresees many refreshes at once.
//! Durable when a verb returns: rows, events and the job that goes on with the work, all in one transaction; no verb calls
//! Truv inside one. `status` and `policy` decide and touch nothing. Deliberately not here: reports and reviews (`reports`,
//! `renewals`), and how a delivery finds its order (`webhooks`).

mod advance;
mod ask;
mod bridge;
mod cancel;
mod idempotency;
mod news;
mod plan;
mod load;
pub mod pages;
pub mod policy;
mod poll;
mod prospects;
mod refresh;
mod refusal;
mod reject;
mod resolve;
mod retry;
mod rules;
mod send;
mod settle;
mod shared;
mod show;
mod source;
pub mod status;
mod store;
mod tally;
mod targets;

use chrono::{DateTime, Utc};

use crate::ids::{AgencyId, BatchItemId, CaseId, LinkId, OrderEmployerId, OrderId, RenewalId, TaskId};
use crate::seal::{Place, Sealed, column};
use crate::words::{
    Actor, DeliveryChannel, FailureReason, NextAction, OrderKind, OrderStatus, ProductType, RefreshPurpose,
    SuborderStatus, TaskStatus,
};

pub(crate) use self::advance::advance_in_tx;
pub use self::ask::{AskInput, ask};
pub use self::bridge::{Bridge, BridgeInput, bridge};
pub use self::cancel::cancel;
pub(crate) use self::cancel::carry_out as carry_out_cancel;
pub(crate) use self::idempotency::{Key, forget_keys};
pub(crate) use self::load::trace_parent;
pub use self::load::{find_truv, load, load_employers, load_employers_of, load_of_renewals, load_tasks};
pub(crate) use self::news::{News, Said};
pub use self::plan::{Plan, Target};
pub use self::poll::{Unread, list_unread};
pub(crate) use self::poll::{poll, sweep as sweep_silent, sweep_all, sweep_late, waiting};
pub use self::prospects::{Prospect, load_prospects};
pub(crate) use self::refresh::{BulkRefresh, refresh_in_tx};
pub use self::refresh::{Made, RefreshInput, preview, refresh};
pub use self::refusal::{Error, Refusal};
pub(crate) use self::resolve::resolve;
pub(crate) use self::retry::retry;
pub use self::rules::Fresh;
pub(crate) use self::send::send;
pub(crate) use self::shared::tell_link;
pub(crate) use self::store::{
    employers, find, find_by_suborder, find_by_task, find_by_truv_id, list_employers_of_renewal,
};
pub use self::targets::{Targets, load_targets};

/// Our record of one Truv order.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Order {
    /// Our id.
    pub id: OrderId,
    /// The tenant.
    pub agency: AgencyId,
    /// The case.
    pub case: CaseId,
    /// The renewal it was made for; `None` for orders from before.
    pub renewal: Option<RenewalId>,
    /// The item of a renewal batch whose outcome it decides; `None` outside batches.
    pub batch_item: Option<BatchItemId>,
    /// Whether nobody waits for it at a screen: interactive work comes first.
    pub is_bulk: bool,
    /// The order it came from.
    pub parent: Option<OrderId>,
    /// The first order of its tree; itself, without a parent.
    pub root: OrderId,
    /// Steps from the root.
    pub depth: u32,
    /// How it came from its parent.
    pub kind: OrderKind,
    /// Where it stands.
    pub status: OrderStatus,
    /// What it asks for.
    pub product: ProductType,
    /// Why it was made; `None` for orders from before.
    pub purpose: Option<RefreshPurpose>,
    /// Truv's id; `None` until Truv has answered.
    pub truv_order_id: Option<String>,
    /// Truv's id of the person.
    pub truv_user_id: Option<String>,
    /// Our reference at Truv. A refresh carries its parent's.
    pub number: Option<String>,
    /// The subject that asked for it.
    pub requested_by: String,
    /// 0 for an order somebody asked for; then counts the retries that followed by themselves.
    pub attempt: u32,
    /// The parent's `refresh_order` at Truv, read just before posting.
    pub refresh_order_before: Option<String>,
    /// How many calls may have reached Truv; more than one only after the first was proved to have had no effect.
    pub sends: u32,
    /// When the call left; `None` until then.
    pub sent_at: Option<DateTime<Utc>>,
    /// For an order that asks the client: how the link reaches them.
    pub contact: Option<Contact>,
    /// The client's link, which lets its holder sign in as the client; `None` until Truv has answered, and for refreshes.
    /// Never kept of a former state.
    #[serde(skip)]
    pub share_url: Option<Sealed>,
    /// Why it failed; `None` unless it did.
    pub failure: Option<Failure>,
    /// When somebody called its retry off; `None` unless one did.
    pub retry_canceled_at: Option<DateTime<Utc>>,
    /// Until when its retry waits for a connection's allowance; `None` unless it does.
    pub retry_moved_to: Option<DateTime<Utc>>,
    /// When it was canceled.
    pub canceled_at: Option<DateTime<Utc>>,
    /// When it completed.
    pub completed_at: Option<DateTime<Utc>>,
    /// When the client's time runs out.
    pub expires_at: Option<DateTime<Utc>>,
    /// The last time Truv told us anything about it.
    pub news_at: DateTime<Utc>,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Grows with every change.
    pub version: i64,
}

impl Order {
    /// Where its [`Order::share_url`] lies.
    pub fn share_url_place(&self) -> Place {
        Place { agency: self.agency, column: column::ORDER_SHARE_URL, row: self.id.0 }
    }
}

/// How a verification link reaches the client.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contact {
    /// The channels Truv uses; [`DeliveryChannel::None`] alone when the agency passes the link on.
    pub channels: Vec<DeliveryChannel>,
    /// The links that the client is to reconnect; empty for all of the parent's.
    pub links: Vec<LinkId>,
}

/// Why an order, or one employer of it, failed and what follows.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Failure {
    /// The cause.
    pub reason: FailureReason,
    /// The task's state; `None` when no task was involved.
    pub task_status: Option<TaskStatus>,
    /// What to do.
    pub next_action: NextAction,
    /// Who does it.
    pub next_actor: Actor,
    /// When it will be tried again by itself; `None` when it will not.
    pub retry_at: Option<DateTime<Utc>>,
    /// The explanation for staff.
    pub message: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
}

/// One employer entry (Truv suborder) of an order.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OrderEmployer {
    /// Our id.
    pub id: OrderEmployerId,
    /// The tenant.
    pub agency: AgencyId,
    /// The order.
    pub order: OrderId,
    /// Its place in the order, from 0.
    pub position: i32,
    /// The entry of the parent order that this one repeats.
    pub source: Option<OrderEmployerId>,
    /// The connection; `None` until the client has connected.
    pub link: Option<LinkId>,
    /// Truv's id; `None` until Truv has answered.
    pub truv_suborder_id: Option<String>,
    /// Our reference for the employer at Truv.
    pub suborder_number: Option<String>,
    /// The employer's name.
    pub company_name: Option<String>,
    /// Truv's word for its state.
    pub raw_status: String,
    /// When Truv said so.
    pub status_at: Option<DateTime<Utc>>,
    /// Truv's word for the state of the task that counts.
    pub task_status: Option<String>,
    /// When Truv said so.
    pub task_at: Option<DateTime<Utc>>,
    /// That task.
    pub latest_task: Option<TaskId>,
    /// What the order, rather than the task itself, told about its task.
    pub told: Option<status::Told>,
    /// The provider's words; shown to staff, never branched on.
    pub message: Option<String>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl OrderEmployer {
    /// Its state.
    pub fn status(&self) -> SuborderStatus {
        SuborderStatus::parse(&self.raw_status)
    }

    /// The state of the task that counts; `None` before any task.
    pub fn task(&self) -> Option<TaskStatus> {
        self.task_status.as_deref().map(TaskStatus::parse)
    }
}

/// One pull on one link.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Task {
    /// Our id.
    pub id: TaskId,
    /// The employer entry it works for.
    pub employer: OrderEmployerId,
    /// Truv's id.
    pub truv_task_id: String,
    /// Truv's word for its state.
    pub raw_status: String,
    /// When Truv said so.
    pub status_at: DateTime<Utc>,
    /// When it last changed here.
    pub updated_at: DateTime<Utc>,
}
