//! `recert doctor`: tries everything that a gateway needs, and says of each what was tried, what came back and what to change.
//!
//! It looks and changes nothing, with one exception: the check of the way in leaves a delivery of no concern in the inbox.
//! Each file holds the checks of one subject; a check that needs another one's success is skipped and says so.

mod door;
mod finding;
mod local;
mod store;
mod tokens;
mod upstream;
mod wake;

use std::io;
use std::time::Duration;

use crate::cli::Failure;
use crate::cli::settings::SettingsArgs;
use crate::clock::Clock;
use crate::config::{self, Config, Origin, Setting, Sources};
use crate::ids::Ids;
use crate::storage::Database;

use self::finding::{Check, Report, Verdict};

/// Nobody waits longer for one call of a check, whatever the settings allow a gateway.
const PATIENCE: Duration = Duration::from_secs(10);

/// The flags of `recert doctor`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Leave out what needs a running gateway: for a look before the first start
    #[arg(long)]
    pub before_start: bool,
    /// Read the whole of an SQLite file for damage, which takes a while
    #[arg(long)]
    pub thorough: bool,
    /// How many megabytes have to be free where the database is
    #[arg(long, value_name = "MB", default_value_t = 500)]
    pub min_free: u64,
    /// Print a JSON object with a list of `findings`
    #[arg(long)]
    pub json: bool,
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// What the checks share.
struct Ward {
    config: Config,
    settings: Vec<Setting>,
    clock: Clock,
    ids: Ids,
}

impl Ward {
    /// A setting with where its value came from.
    fn named(&self, key: &str) -> String {
        named(&self.settings, key)
    }
}

fn named(settings: &[Setting], key: &str) -> String {
    let origin = settings.iter().find(|setting| setting.key == key).map_or(&Origin::Default, |setting| &setting.origin);
    match origin {
        Origin::Default => format!("{key} (the default)"),
        origin => format!("{key} (from {})", origin.short()),
    }
}

/// Looks at everything and prints the findings.
///
/// # Errors
/// [`Failure::Told`] with 1 when something is at fault, with 2 when the settings cannot be used.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    super::use_one_crypto_library();
    let sources = args.settings.over(sources);
    let (settings, outcome) = config::explain(&sources);
    let mut report = Report::default();
    let is_usable = outcome.is_ok();
    match outcome {
        Ok(mut config) => {
            report.add(local::settings(&settings));
            config.truv.timeout = config.truv.timeout.min(PATIENCE);
            config.truv.connect_timeout = config.truv.connect_timeout.min(PATIENCE);
            config.database.busy_timeout = config.database.busy_timeout.min(PATIENCE);
            let clock = Clock::system();
            let ward = Ward { config, settings, ids: Ids::new(clock.clone()), clock };
            examine(args, &ward, &mut report).await;
        }
        Err(problems) => {
            for problem in problems.0 {
                report.add(local::problem(problem));
            }
            let check = Check::new("everything else", "nothing");
            report.add(check.skipped("what is checked next follows from the settings; mend these first"));
        }
    }
    report.print(&mut io::stdout().lock(), args.json).map_err(Failure::Output)?;
    if !is_usable {
        Err(Failure::Told(2))
    } else if report.count(Verdict::Fault) > 0 {
        Err(Failure::Told(1))
    } else {
        Ok(())
    }
}

async fn examine(args: &Args, ward: &Ward, report: &mut Report) {
    local::files(ward, report);
    report.add(local::disk(ward, args.min_free));
    let db = store::open(ward, args.thorough, report).await;
    report.add(tokens::keys(ward).await);
    for agency in &ward.config.agencies {
        upstream::agency(ward, agency, report).await;
    }
    report.add(wake::bus(ward, db.as_ref()).await);
    let is_running = local::listeners(ward, report).await;
    for agency in &ward.config.agencies {
        report.add(door::way_in(args, ward, agency, db.as_ref(), is_running).await);
    }
    close(db).await;
}

async fn close(db: Option<Database>) {
    if let Some(db) = db {
        // What there was to say about the database has been said.
        let _ = db.close().await;
    }
}
