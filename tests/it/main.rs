//! Recert's tests, in one binary whose folders repeat `src/`.

#![expect(clippy::unwrap_used, reason = "the functions that tests share may fail a test like the tests themselves")]

mod cli;
mod http;
mod simulator;
mod support;
mod truv;
