//! Tests of `cases`.

mod import;
