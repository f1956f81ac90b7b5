//! `recert audit`: the trail of who read or changed which case.

use std::io::{self, BufWriter, Write as _};

use chrono::{DateTime, Utc};
use clap::Subcommand;

use crate::audit::{self, Access, Cases, Entry, Filter, Verdict};
use crate::caller::Caller;
use crate::cli::Failure;
use crate::cli::offline::kit;
use crate::cli::settings::{SettingsArgs, tenant};
use crate::config::{self, Sources};
use crate::ids::{AgencyId, CaseId};
use crate::kit::Kit;
use crate::people;
use crate::storage;
use crate::words::{AuditAccess, AuditChannel};

/// The flags of `recert audit`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do with it.
    #[command(subcommand)]
    pub act: Act,
    /// The tenant's short name; may be left out when there is only one
    #[arg(long, value_name = "SLUG", global = true)]
    pub agency: Option<String>,
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// What can be done.
#[derive(Clone, Debug, Subcommand)]
pub enum Act {
    /// Print the entries as JSON, one a line, oldest first. The export has an entry of its own
    Export {
        /// Only entries at this instant or later, such as 2026-11-01T00:00:00Z
        #[arg(long, value_name = "INSTANT")]
        from: Option<DateTime<Utc>>,
        /// Only entries before this instant
        #[arg(long, value_name = "INSTANT")]
        until: Option<DateTime<Utc>>,
        /// Only entries of this subject
        #[arg(long, value_name = "SUBJECT")]
        subject: Option<String>,
    },
    /// Check that no entry was altered, added or taken out, and print the end of the chain
    ///
    /// Keep what it prints somewhere else, and hand it back with --known the next time: then even somebody who rewrites
    /// the whole chain is found. Ends with 1 when the chain is broken.
    Verify {
        /// An end that was printed before, NUMBER:HASH
        #[arg(long, value_name = "NUMBER:HASH", value_parser = known)]
        known: Option<(i64, String)>,
    },
}

fn known(text: &str) -> Result<(i64, String), String> {
    let parts = text.split_once(':').and_then(|(number, hash)| Some((number.parse().ok()?, hash.to_owned())));
    parts.ok_or_else(|| "write it as it was printed, NUMBER:HASH".to_owned())
}

/// Exports or verifies.
///
/// # Errors
/// [`Failure`]: settings, database or flags are not as they must be, or the chain is broken.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let config = config::load(&args.settings.over(sources))?;
    let agency = tenant(&config.agencies, args.agency.as_deref())?;
    let kit = kit(&config).await?;
    let enrolled = people::enroll_agency(&kit.db, &kit.clock, &kit.ids, &agency.slug, &agency.name).await;
    let agency = enrolled.map_err(|error| Failure::of(&error))?.id;
    // What gateways that run no more have left.
    audit::catch_up(&kit.db, agency).await.map_err(|error| Failure::of(&error))?;
    let done = match &args.act {
        Act::Export { from, until, subject } => {
            let filter = Filter { case: None, subject: subject.clone(), from: *from, until: *until };
            export(&kit, agency, &filter).await
        }
        Act::Verify { known } => verify(&kit, agency, known.as_ref()).await,
    };
    kit.db.close().await.map_err(|error| Failure::of(&error))?;
    done
}

async fn export(kit: &Kit, agency: AgencyId, filter: &Filter) -> Result<(), Failure> {
    record(kit, agency, "audit export", AuditAccess::Export).await?;
    let mut out = BufWriter::new(io::stdout().lock());
    audit::export(&kit.db, agency, filter, |kept| writeln!(out, "{}", kept.to_json()).map_err(Stopped::Output)).await?;
    out.flush().map_err(Failure::Output)
}

/// Why an export ended early.
enum Stopped {
    Output(io::Error),
    Storage(storage::Error),
}

impl From<storage::Error> for Stopped {
    fn from(error: storage::Error) -> Self {
        Self::Storage(error)
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Output(error) => Self::Output(error),
            Stopped::Storage(error) => Self::of(&error),
        }
    }
}

async fn verify(kit: &Kit, agency: AgencyId, known: Option<&(i64, String)>) -> Result<(), Failure> {
    let known = known.map(|(number, hash)| (*number, hash.as_str()));
    match audit::verify(&kit.db, agency, known).await.map_err(|error| Failure::of(&error))? {
        Verdict::Whole { entries, head } => {
            writeln!(io::stdout(), "{entries} entries, whole. The end: {}:{}", head.seq, head.hash)
                .map_err(Failure::Output)
        }
        Verdict::BrokenAt(number) => Err(Failure::Failed(format!(
            "the chain is broken at entry {number}: it was altered, is missing, or does not belong there"
        ))),
    }
}

/// Stores who did what on the command line, before it is done.
///
/// # Errors
/// [`Failure::Failed`] when it cannot be stored: then it is not to be done.
pub(super) async fn record(kit: &Kit, agency: AgencyId, command: &str, kind: AuditAccess) -> Result<(), Failure> {
    store(kit, Entry { access: Access::of(kind), ..entry(kit, agency, command) }).await
}

/// The same about one case, which the entry names.
///
/// # Errors
/// [`Failure::Failed`] when it cannot be stored: then it is not to be done.
pub(super) async fn record_of_case(
    kit: &Kit,
    agency: AgencyId,
    command: &str,
    (case, kind): (CaseId, AuditAccess),
) -> Result<(), Failure> {
    store(kit, Entry { cases: Cases::from([(case, Access::of(kind))]), ..entry(kit, agency, command) }).await
}

fn entry(kit: &Kit, agency: AgencyId, command: &str) -> Entry {
    let caller = Caller::system(agency, "command-line");
    let entry = Entry::of(&caller, kit.ids.next(), kit.clock.now(), AuditChannel::Command);
    Entry { operation: Some(command.to_owned()), ..entry }
}

async fn store(kit: &Kit, entry: Entry) -> Result<(), Failure> {
    kit.audit.record(entry).await.map_err(|error| Failure::of(&error))
}
