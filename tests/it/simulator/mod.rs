//! Tests of `simulator`.

mod api;
mod applicant;
mod deliveries;
mod editions;
mod faults;
mod quota;
mod refresh;
mod repeatable;
mod rig;
mod scenarios;
mod shapes;
mod time;
