//! Recert's tests, in one binary whose folders repeat `src/`.

mod cli;
mod graphql;
mod http;
mod simulator;
mod support;
mod truv;
