//! Truv: the client, the shapes on the wire, and the signature on its webhooks.
//!
//! [`Client`] makes one HTTP call per method and never repeats one: a refresh is billed and has no idempotency key, so
//! what to do after a failure is decided by whoever holds the intent, from [`Error::outcome`]. Nothing here is durable,
//! each call waits for its turn at the [gate](crate::gate), and no rule of ours about orders is known; [`wire`] is Truv's vocabulary alone.

mod alarm;
pub mod client;
pub mod error;
pub mod json;
pub mod redact;
pub mod signature;
mod throttle;
pub mod wire;

pub(crate) use alarm::unknown_word;
pub use client::{BuildError, Client, Fetched, Sounding};
pub use error::{Error, FieldProblem, Outcome};
pub(crate) use error::{names_refresh_limit, words};
pub use redact::redact;
