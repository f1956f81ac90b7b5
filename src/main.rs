//! Recert.
fn main() {}
