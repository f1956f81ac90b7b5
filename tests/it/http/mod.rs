//! Tests of `http`: the edge with a small schema behind it, over real connections.

mod anything;
mod documents;
mod drain;
mod explorer;
mod graphql;
mod hardening;
mod hooks;
pub(crate) mod hostile;
mod keys;
mod portal;
mod renewal;
mod revoked;
mod socket;
mod stage;
mod stream;
mod token;
