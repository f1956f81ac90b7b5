//! `recert verify`: is an evidence packet what was exported? Needs neither database nor settings.

use std::io::{self, Write as _};
use std::path::PathBuf;

use crate::cli::Failure;
use crate::packets::chain;

/// The flags of `recert verify`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The packet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The seal that was printed or noted when it was exported; without it a file that was made anew is not told apart
    #[arg(long, value_name = "SEAL")]
    pub seal: Option<String>,
}

/// Checks the file and prints its seal and its sections.
///
/// # Errors
/// [`Failure::Failed`] naming the first difference, or that the file cannot be read.
pub fn run(args: &Args) -> Result<(), Failure> {
    let path = args.file.display();
    let file = std::fs::read(&args.file).map_err(|error| Failure::Failed(format!("cannot read {path}: {error}")))?;
    let found = chain::verify(&file)
        .map_err(|difference| Failure::Failed(format!("{path} is not what was exported: {difference}")))?;
    if let Some(seal) = &args.seal
        && *seal != found.seal
    {
        let what = format!("{path} is whole, and another one than was exported: its seal is {}", found.seal);
        return Err(Failure::Failed(what));
    }
    let text = format!("{}  {path}\nwhole; sections: {}", found.seal, found.sections.join(", "));
    writeln!(io::stdout(), "{text}").map_err(Failure::Output)
}
