//! Renewals: from newest data to the screen that a caseworker decides on.
//!
//! `fetch` brings the report of an order and puts it up for review; [`mod@review`] fills the review: it sets the report
//! against its baseline, line by line, says what changed and what is worth a look, and judges the evidence (pure; whoever
//! calls it loads the jobs and knows which connections were asked, as [`prefill`] does); [`decide`] takes the caseworker's
//! decision with its corrections ([`edits`]), keeps it with what was on the screen, and ends the renewal. [`batch`] takes many
//! cases up, one after the other; [`plan`] says beforehand what is to be done about which case, and when ([`planner`]
//! decides; pure).
//! Whether the client stays eligible is for people to decide, so nothing here says so.

pub mod batch;
mod decide;
mod decisions;
pub mod edits;
mod fetch;
pub mod plan;
pub mod planner;
mod prefill;
pub mod review;
mod store;

pub use self::decide::{Decide, DecideError, decide};
pub use self::decisions::{Decision, Shown, ShownCheck, ShownField, ShownRules};
pub(crate) use self::fetch::fetch;
pub use self::prefill::{Prefill, answers, prefill};
pub use self::review::{Baseline, Check, Field, Filled, Job, Rules, Side, changes, compare, fill};
pub use self::store::load_decisions;
