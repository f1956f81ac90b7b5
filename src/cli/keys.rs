//! `recert keys`: the keys that seal secrets and personal data in the database.

use std::io::{self, Write as _};

use clap::Subcommand;
use secrecy::ExposeSecret as _;

use crate::cli::Failure;
use crate::cli::offline::kit;
use crate::cli::settings::SettingsArgs;
use crate::clock::Clock;
use crate::config::{self, Sources};
use crate::seal;

/// The flags of `recert keys`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do with them.
    #[command(subcommand)]
    pub act: Act,
}

/// What can be done.
#[derive(Clone, Debug, Subcommand)]
pub enum Act {
    /// Print a new key, in the form that `RECERT_SEAL_KEYS` takes
    New {
        /// Its name, 1 to 32 of a-z, 0-9 and -; today's date when left out
        #[arg(long, value_name = "NAME")]
        id: Option<String>,
    },
    /// Say how many values lie under which key
    Status {
        /// Where the settings come from.
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// Bring every sealed value under the first key of the settings, and seal what lies in clear
    ///
    /// Gateways may go on working. First give all of them the new key as the last one, so that they can open what it has
    /// sealed; then make it the first one everywhere; then rotate; then take the old one away. Ends with 1 when values
    /// were left because they do not open.
    Rotate {
        /// Where the settings come from.
        #[command(flatten)]
        settings: SettingsArgs,
    },
}

/// Makes, counts or exchanges keys.
///
/// # Errors
/// [`Failure`]: settings or database are not as they must be, or values do not open.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    match &args.act {
        Act::New { id } => new(id.as_deref()),
        Act::Status { settings } => status(settings, sources).await,
        Act::Rotate { settings } => rotate(settings, sources).await,
    }
}

fn new(id: Option<&str>) -> Result<(), Failure> {
    let id = id.map_or_else(|| Clock::system().now().format("%Y-%m-%d").to_string(), str::to_owned);
    let good = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if !(1..=32).contains(&id.len()) || !id.bytes().all(good) {
        return Err(Failure::Usage("--id must be 1 to 32 of a-z, 0-9 and -".to_owned()));
    }
    let key = seal::new_key().map_err(|error| Failure::of(&error))?;
    writeln!(io::stdout(), "{id}:{}", key.expose_secret()).map_err(Failure::Output)
}

async fn status(settings: &SettingsArgs, sources: Sources) -> Result<(), Failure> {
    let kit = kit(&config::load(&settings.over(sources))?).await?;
    let counts = seal::count(&kit.db, &kit.sealer).await.map_err(|error| Failure::of(&error))?;
    let mut out = io::stdout().lock();
    for count in counts {
        let key = count.key_id.as_deref().unwrap_or("in clear or another key");
        writeln!(out, "{}.{}\t{key}\t{}", count.column.table, count.column.name, count.values)
            .map_err(Failure::Output)?;
    }
    drop(out);
    kit.db.close().await.map_err(|error| Failure::of(&error))
}

async fn rotate(settings: &SettingsArgs, sources: Sources) -> Result<(), Failure> {
    let kit = kit(&config::load(&settings.over(sources))?).await?;
    let rotated = seal::rotate(&kit.db, &kit.sealer).await.map_err(|error| Failure::of(&error))?;
    let mut out = io::stdout().lock();
    for done in &rotated {
        let (table, name) = (done.column.table, done.column.name);
        writeln!(out, "{table}.{name}\t{} renewed\t{} left", done.renewed, done.left).map_err(Failure::Output)?;
    }
    drop(out);
    kit.db.close().await.map_err(|error| Failure::of(&error))?;
    match rotated.iter().map(|done| done.left).sum::<u64>() {
        0 => Ok(()),
        left => Err(Failure::Failed(format!(
            "{left} values do not open and were left; is a key missing in RECERT_SEAL_KEYS? The log names the rows"
        ))),
    }
}
