//! The ledger: what refreshes cost.
//!
//! One line for each connection that an order refreshes, written in the transaction of the intent and moved by the order's
//! fate: `ATTEMPTED`, then `ESTIMATED` or `VOID`, and `CONFIRMED` by Truv's invoice (fact sheet "Billing"). Prices are the
//! agency's settings, because Truv publishes none, and its invoice names no amount either: what is compared is what was
//! billed. Caps by program and month are held against a row that the intent locks. `rules` decides and touches nothing,
//! `invoices` asks Truv afterwards. Deliberately not here: who may order what (`orders`).

mod invoices;
mod list;
mod rules;
mod store;

use chrono::{DateTime, Utc};

use crate::ids::{AgencyId, CaseId, LedgerLineId, LinkId, OrderEmployerId, OrderId};
use crate::words::{LedgerDifference, LedgerStatus, ProductType, Program};

pub(crate) use self::invoices::{ask_for_due, count_from_zero, reconcile};
pub use self::list::{Filter, Total, count, load_orders, page, totals};
pub use self::rules::{Limits, Outcome, Spending, is_month, month_of, price};
pub(crate) use self::store::{Attempt, attempt_in_tx, committed, lock_month_in_tx, settle_in_tx, void_in_tx};

/// The cost of one refreshed connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Our id.
    pub id: LedgerLineId,
    /// The tenant.
    pub agency: AgencyId,
    /// The case.
    pub case: CaseId,
    /// The order.
    pub order: OrderId,
    /// The order's entry for the connection.
    pub employer: OrderEmployerId,
    /// The connection.
    pub link: LinkId,
    /// The month of the attempt in UTC, `2026-11`.
    pub month: String,
    /// The case's program.
    pub program: Program,
    /// What was asked for.
    pub product: ProductType,
    /// What is known about its cost.
    pub status: LedgerStatus,
    /// The price in cents when it was ordered; `None` where the settings named none.
    pub price_cents: Option<i64>,
    /// When it was ordered.
    pub attempted_at: DateTime<Utc>,
    /// When its outcome was known; `None` until then.
    pub settled_at: Option<DateTime<Utc>>,
    /// When Truv's invoice confirmed it; `None` unless it did.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Where Truv's invoice is not what was expected; `None` while nothing is amiss.
    pub difference: Option<LedgerDifference>,
}
