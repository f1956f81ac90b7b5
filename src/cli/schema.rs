//! `recert schema`: the public contract as text.

use std::io::{self, Write as _};

use crate::cli::Failure;
use crate::graphql;

/// The flags of `recert schema`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Print it as a subgraph of Apollo Federation 2, as it is with `RECERT_FEDERATION=true`
    #[arg(long)]
    pub federation: bool,
}

/// Prints the schema. Needs no settings and no service.
///
/// # Errors
/// [`Failure::Output`] when it cannot be written.
pub fn run(args: &Args) -> Result<(), Failure> {
    let sdl = if args.federation { graphql::federated_sdl() } else { graphql::sdl() };
    io::stdout().write_all(sdl.as_bytes()).map_err(Failure::Output)
}
