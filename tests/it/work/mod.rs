//! Tests of `work`.

mod put_back;
