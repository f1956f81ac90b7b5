//! Tests of `county`.

mod plan;
mod rows;
