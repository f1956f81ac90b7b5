//! Tests of `events`, on a running gateway.

mod epoch;
mod horizon;
