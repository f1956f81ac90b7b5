//! Tests of `http`: the edge with a small schema behind it, over real connections.

mod documents;
mod drain;
mod explorer;
mod graphql;
mod hardening;
mod hooks;
mod hostile;
mod keys;
mod renewal;
mod revoked;
mod socket;
mod stage;
mod stream;
mod token;
