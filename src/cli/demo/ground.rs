//! The database under the demonstration, with the county in it.

use std::io::IsTerminal as _;

use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::SecretString;

use super::Args;
use super::files::DataDir;
use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::{self, Renewals};
use crate::county::{self, County};
use crate::ids::Ids;
use crate::seal::Sealer;
use crate::storage::Database;

/// The database that the flags name.
pub(super) fn section(args: &Args, dir: &DataDir) -> config::Database {
    let own = || SecretString::from(format!("sqlite://{}", dir.database().display()));
    config::Database { url: args.database_url.clone().unwrap_or_else(own), ..config::Database::default() }
}

/// Opens and migrates the database, and sees to it that the county asked for is there.
pub(super) async fn prepare(
    args: &Args,
    dir: &DataDir,
    clock: &Clock,
    (ids, sealer): (&Ids, &Sealer),
) -> Result<(Database, County), Failure> {
    let failed = |error: crate::storage::Error| Failure::of(&error);
    if !args.keep && args.database_url.is_none() {
        dir.remove_database()?;
    }
    let db = Database::connect(&section(args, dir)).await.map_err(failed)?;
    db.migrate().await.map_err(failed)?;
    if !args.keep && county::count_others(&db).await.map_err(failed)? > 0 {
        let refusal = "the database serves other agencies. Name one for the demonstration alone, or add --keep, which \
                       puts the county beside them and removes nothing";
        return Err(Failure::Failed(refusal.to_owned()));
    }
    match county::find(&db, args.seed, args.cases).await.map_err(failed)? {
        Some(found) if args.keep => {
            let county = found.county.ok_or_else(|| {
                let refusal = "the county in the database has another seed or another number of cases; give those of \
                               the last time, or leave --keep out to found it anew";
                Failure::Failed(refusal.to_owned())
            })?;
            catch_up(clock, found.latest_event_at);
            return Ok((db, county));
        }
        Some(found) => county::remove(&db, found.agency).await.map_err(failed)?,
        None => {}
    }
    let county = County { seed: args.seed, founded_at: clock.now(), size: args.cases };
    found(&db, (ids, sealer), county).await?;
    Ok((db, county))
}

/// Stores the county, with a bar on a terminal when it takes longer than a blink.
async fn found(db: &Database, made_with: (&Ids, &Sealer), county: County) -> Result<(), Failure> {
    let bar = if std::io::stderr().is_terminal() && county.size > 1_000 {
        let style = ProgressStyle::with_template("Founding the county {wide_bar} {pos} of {len} cases, {eta} left");
        ProgressBar::new(county.size.into()).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    } else {
        ProgressBar::hidden()
    };
    let tell = |done: u32| {
        bar.set_position(done.into());
        if bar.is_hidden() && done.is_multiple_of(1_000) {
            tracing::info!(cases = done, of = county.size, "the county is being founded");
        }
    };
    let stored = county::store(db, made_with, county, &Renewals::default(), tell).await;
    bar.finish_and_clear();
    stored.map_err(|error| Failure::of(&error)).map(|_| ())
}

/// The last run may have moved its clock ahead: what happened then must not lie in the future now.
fn catch_up(clock: &Clock, latest: Option<DateTime<Utc>>) {
    if let Some(ahead) = latest.and_then(|at| (at - clock.now()).to_std().ok()) {
        clock.advance(ahead);
    }
}
