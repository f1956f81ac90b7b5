//! `recert schema`: the public contract as text.

use std::io::{self, Write as _};

use crate::cli::Failure;
use crate::graphql;

/// Prints the schema. Needs no settings and no service.
///
/// # Errors
/// [`Failure::Output`] when it cannot be written.
pub fn run() -> Result<(), Failure> {
    io::stdout().write_all(graphql::sdl().as_bytes()).map_err(Failure::Output)
}
