//! What commands work with that speak to the database themselves and call nobody.

use sea_orm::DbBackend;

use crate::app::StartError;
use crate::audit::Recorder;
use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::ids::Ids;
use crate::kit::{Accounts, Kit};
use crate::lifetimes::Shelf;
use crate::seal::Sealer;
use crate::storage::{self, Database};

/// Opens the database. As at the gateway's start: SQLite is migrated by itself, PostgreSQL by a person.
///
/// # Errors
/// [`Failure::Failed`] when the database cannot be reached or is behind.
pub(super) async fn kit(config: &Config) -> Result<Kit, Failure> {
    let failed = |error: storage::Error| Failure::of(&error);
    let db = Database::connect(&config.database).await.map_err(failed)?;
    if db.backend() == DbBackend::Sqlite {
        db.migrate().await.map_err(failed)?;
    }
    let known = db.migrations().await.map_err(failed)?;
    let missing: Vec<String> = known.into_iter().filter(|(_, is_applied)| !is_applied).map(|(name, _)| name).collect();
    if !missing.is_empty() {
        return Err(Failure::of(&StartError::Behind(missing)));
    }
    db.look_at_walls().await.map_err(failed)?.map_err(|error| Failure::of(&StartError::from(error)))?;
    let clock = Clock::system();
    Ok(Kit {
        opaque: db.opaque().await.map_err(failed)?,
        audit: Recorder::alone(db.clone()),
        sealer: Sealer::new(&config.seal).map_err(|error| Failure::of(&error))?,
        db,
        ids: Ids::new(clock.clone()),
        clock,
        accounts: Accounts::default(),
        renewals: config.renewals.clone(),
        work: config.work.clone(),
        webhooks: config.webhooks.clone(),
        lifetimes: Shelf::default(),
    })
}
