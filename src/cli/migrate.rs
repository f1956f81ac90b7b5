//! `recert migrate`: the database's schema.

use std::io::{self, Write as _};

use crate::cli::Failure;
use crate::cli::settings::SettingsArgs;
use crate::config::{self, Sources};
use crate::events;
use crate::storage::Database;

/// The flags of `recert migrate`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// List the migrations, applied and missing, and change nothing
    #[arg(long)]
    pub status: bool,
    /// After restoring a backup or moving to another server: begin a new epoch, in which every cursor that a client
    /// holds is refused
    ///
    /// Stop the gateways first. A restored database has forgotten events that clients have seen; without a new epoch
    /// their cursors would be continued at other events.
    #[arg(long, conflicts_with = "status")]
    pub new_epoch: bool,
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// Applies what is missing, or lists what there is; begins a new epoch when asked to. Needs the settings of the database alone.
///
/// # Errors
/// [`Failure::Settings`]; [`Failure::Failed`] when the database cannot be reached or a migration fails, which then left
/// nothing behind.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let (section, _) = config::load_database(&args.settings.over(sources))?;
    let failed = |error: crate::storage::Error| Failure::of(&error);
    let db = Database::connect(&section).await.map_err(failed)?;
    let before = db.migrations().await.map_err(failed)?;
    if !args.status {
        db.migrate().await.map_err(failed)?;
    }
    let mut out = io::stdout();
    let missing = before.iter().filter(|(_, is_applied)| !is_applied).count();
    for (name, is_applied) in &before {
        let word = match (args.status, is_applied) {
            (true, false) => "missing",
            (true, true) | (false, false) => "applied",
            (false, true) => continue,
        };
        writeln!(out, "{word}  {name}").map_err(Failure::Output)?;
    }
    if !args.status && missing == 0 {
        writeln!(out, "The database is up to date.").map_err(Failure::Output)?;
    }
    if args.new_epoch {
        let epoch = events::renew_epoch(&db).await.map_err(failed)?;
        writeln!(out, "Epoch {epoch} has begun: clients read anew and get new cursors.").map_err(Failure::Output)?;
    }
    db.close().await.map_err(failed)
}
