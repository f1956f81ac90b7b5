//! Renewals: from newest data to the screen that a caseworker decides on.
//!
//! [`compare`] fills the review: it sets the newest report of a case against its baseline, line by line, and says what
//! changed and what is worth a look. It is pure; whoever calls it loads the jobs and knows which connections were asked.
//! Whether the client stays eligible is for people to decide, so nothing here says so.

mod review;

pub use self::review::{Baseline, Field, Job, Rules, changes, compare};
