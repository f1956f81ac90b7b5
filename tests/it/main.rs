//! Recert's tests, in one binary whose folders repeat `src/`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the functions that tests share may fail a test like the tests themselves"
)]
#![expect(
    clippy::large_futures,
    clippy::similar_names,
    reason = "a test is one future on a stack of its own, and its story may be about a ping and its pong"
)]

mod audit;
mod cases;
mod cli;
mod config;
mod county;
mod deploy;
mod events;
mod graphql;
mod http;
mod journey;
mod layering;
mod orders;
mod owners;
mod renewals;
mod reports;
mod retention;
mod simulator;
mod support;
mod telemetry;
mod trials;
mod truv;
mod wake;
mod walls;
mod webhooks;
mod work;
