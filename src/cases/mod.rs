//! Cases: one client in one program, with a certification period and a due date.

pub mod import;
