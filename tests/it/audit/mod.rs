//! The audit trail: what a gateway records about who saw what, and what becomes of a trail that somebody meddles with.

mod chain;
mod trail;
