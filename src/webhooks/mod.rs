//! Webhooks: how a Truv delivery becomes a change of an order.
//!
//! In reading order: `http/truv_hook.rs` takes the bytes and checks the signature; [`receive`] stores the delivery once,
//! and only then is it answered for; `apply` reads it, finds the order it is about, and joins it in one transaction
//! that also settles the delivery. An authentic delivery is never refused: one that is of no use is kept with the reason.
//! Deliberately not here: what the news mean for an order (`orders::advance`).

mod apply;
mod backfill;
mod find;
mod health;
mod read;
mod receive;
mod register;
mod tend;
mod trial;

pub(crate) use self::apply::apply;
pub use self::health::{Health, health};
pub use self::receive::receive;
pub use self::register::{Registered, address, ends_like_ours, is_ours, register};
pub(crate) use self::tend::tend;
pub use self::trial::Trial;
