//! Trials of the real binary under load and violence. Each has a short form in the usual run and a long one that is
//! asked for by variables: `RECERT_TEST_SEED` repeats the draws of an earlier run.

mod bulk;
mod crash;
mod gateways;
mod streams;
mod year;

/// A number that the person at the shell asks for.
#[expect(clippy::disallowed_methods, reason = "how long a trial lasts is asked for at the shell")]
pub(crate) fn asked(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |value| value.parse().expect("a whole number"))
}

/// The binary that a trial starts: the one that was built with the tests, or the one that `RECERT_TEST_BINARY` names, such
/// as a release build.
pub(super) fn binary() -> std::ffi::OsString {
    std::env::var_os("RECERT_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_recert").into())
}

/// Tells the person at the shell how far a trial has come (`--nocapture` shows it).
#[expect(clippy::print_stdout, reason = "a trial of many minutes says how far it has come")]
pub(crate) fn tell(line: &str) {
    println!("{line}");
}

/// Formats a line and tells it.
macro_rules! say {
    ($($arguments:tt)*) => { $crate::trials::tell(&format!($($arguments)*)) };
}
pub(crate) use say;
