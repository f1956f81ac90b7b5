//! `recert completions`: what a shell needs to complete command lines.

use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::{Cli, Failure};

/// The flags of `recert completions`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the shell's script.
///
/// # Errors
/// [`Failure::Output`] when it cannot be written.
pub fn run(args: Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "recert", &mut script);
    io::stdout().write_all(&script).map_err(Failure::Output)
}
