//! Recert's tests, in one binary whose folders repeat `src/`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what the tests share may fail a test by panicking")]

mod cases;
mod cli;
mod config;
mod http;
mod layering;
mod simulator;
mod support;
mod truv;
