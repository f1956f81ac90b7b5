//! Tests of `simulator`.

mod refresh;
mod rig;
