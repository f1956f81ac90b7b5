//! The binary: parses the command line and hands over.

use std::process::ExitCode;

use clap::Parser;
use recert::cli::{self, Cli};
use recert::config::Sources;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run(Cli::parse(), Sources::of_process())
}
