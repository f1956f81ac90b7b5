//! `recert migrate`: the database's schema.

use std::io::{self, Write as _};

use sea_orm::DbBackend;

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
    /// On PostgreSQL: put row-level security on every table and grant ROLE, which the gateway connects as, what it needs
    ///
    /// Connect as the owner of the tables, who must not be ROLE. Repeat it after every upgrade. The gateway then needs
    /// the setting `database.row_security`.
    #[arg(long, value_name = "ROLE", conflicts_with = "status")]
    pub row_security: Option<String>,
    /// On PostgreSQL: take row-level security away again
    #[arg(long, conflicts_with_all = ["status", "row_security"])]
    pub no_row_security: bool,
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
    if (args.row_security.is_some() || args.no_row_security) && db.backend() != DbBackend::Postgres {
        return Err(Failure::Failed("row-level security needs PostgreSQL; see `database.url`".to_owned()));
    }
    if let Some(role) = &args.row_security {
        let count = db.raise_walls(role).await.map_err(failed)?;
        writeln!(out, "Row-level security stands on {count} tables, and {role} may use them.")
            .map_err(Failure::Output)?;
    }
    if args.no_row_security {
        let count = db.raze_walls().await.map_err(failed)?;
        writeln!(out, "Row-level security is off on {count} tables.").map_err(Failure::Output)?;
    }
    if args.new_epoch {
        let epoch = events::renew_epoch(&db).await.map_err(failed)?;
        writeln!(out, "Epoch {epoch} has begun: clients read anew and get new cursors.").map_err(Failure::Output)?;
    }
    db.close().await.map_err(failed)
}
