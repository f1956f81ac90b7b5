//! Tests of `truv`.
