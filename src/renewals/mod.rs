//! Renewals: from newest data to the screen that a caseworker decides on.
//!
//! `fetch` brings the report of an order and puts it up for review; [`compare`] fills the review: it sets the report
//! against its baseline, line by line, and says what changed and what is worth a look (pure; whoever calls it loads the
//! jobs and knows which connections were asked); [`decide`] takes the caseworker's decision, which ends the renewal. [`batch`] takes many
//! cases up, one after the other; [`plan`] says beforehand what is to be done about which case, and when ([`planner`]
//! decides; pure).
//! Whether the client stays eligible is for people to decide, so nothing here says so.

pub mod batch;
mod decide;
mod fetch;
pub mod plan;
pub mod planner;
mod review;

pub use self::decide::{Decide, DecideError, decide};
pub(crate) use self::fetch::fetch;
pub use self::review::{Baseline, Field, Job, Rules, changes, compare};
