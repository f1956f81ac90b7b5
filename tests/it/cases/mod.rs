//! Tests of `cases`.

mod import;
mod take;
