//! Tests of `events`, as a running gateway has them and as their readers see them.

mod epoch;
mod horizon;
mod stream;
