//! `recert migrate`: the database's schema.

use crate::cli::settings::SettingsArgs;

/// The flags of `recert migrate`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// List the migrations, applied and missing, and change nothing
    #[arg(long)]
    pub status: bool,
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
}
