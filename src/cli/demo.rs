//! `recert demo`: a whole county on this machine.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::cli::settings::secret;

/// The flags of `recert demo`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The gateway's port; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub port: u16,
    /// The simulator's port; its control port is the next one; 0 takes any two free ones
    #[arg(long, value_name = "PORT", default_value_t = 8090)]
    pub simulator_port: u16,
    /// Where the database and demo.json are kept
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    pub data_dir: PathBuf,
    /// How many cases the county has
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub cases: u32,
    /// The same seed gives the same county
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// A database to use instead of SQLite in the data directory
    #[arg(long, value_name = "URL", value_parser = secret())]
    pub database_url: Option<SecretString>,
}
