//! `recert purge` and `recert hold`: what is removed when its time is over, and what must not be.

use std::io::{self, Write as _};

use clap::Subcommand;

use crate::caller::{Caller, CaseScope, Caseload};
use crate::cases;
use crate::cli::Failure;
use crate::cli::audit;
use crate::cli::offline::kit;
use crate::cli::settings::{SettingsArgs, tenant};
use crate::config::{self, Config, Sources};
use crate::ids::AgencyId;
use crate::kit::Kit;
use crate::people;
use crate::retention;
use crate::words::AuditAccess;

/// The flags of `recert purge`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Only say what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// The tenant's short name; may be left out when there is only one
    #[arg(long, value_name = "SLUG")]
    pub agency: Option<String>,
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// The flags of `recert hold`.
#[derive(Clone, Debug, clap::Args)]
pub struct HoldArgs {
    /// What to do.
    #[command(subcommand)]
    pub act: Act,
    /// The tenant's short name; may be left out when there is only one
    #[arg(long, value_name = "SLUG", global = true)]
    pub agency: Option<String>,
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// What can be done with holds.
#[derive(Clone, Debug, Subcommand)]
pub enum Act {
    /// Keep everything of a case from now on
    Place {
        /// The case's number
        #[arg(value_name = "NUMBER")]
        case: String,
        /// Why; kept with the hold
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// End the hold of a case
    Release {
        /// The case's number
        #[arg(value_name = "NUMBER")]
        case: String,
    },
    /// List the cases under hold: number, since when, by whom, why
    List,
}

async fn office(config: &Config, named: Option<&str>) -> Result<(Kit, AgencyId), Failure> {
    let agency = tenant(&config.agencies, named)?;
    let kit = kit(config).await?;
    let enrolled = people::enroll_agency(&kit.db, &kit.clock, &kit.ids, &agency.slug, &agency.name).await;
    let agency = enrolled.map_err(|error| Failure::of(&error))?.id;
    Ok((kit, agency))
}

/// Removes what is too old, or says what would be removed.
///
/// # Errors
/// [`Failure`]: settings or database are not as they must be.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let config = config::load(&args.settings.over(sources))?;
    let (kit, agency) = office(&config, args.agency.as_deref()).await?;
    if !args.dry_run {
        audit::record(&kit, agency, "purge", AuditAccess::Change).await?;
    }
    let purged = retention::purge(&kit, agency, &config.retention, args.dry_run).await;
    let purged = purged.map_err(|error| Failure::of(&error))?;
    let mut out = io::stdout().lock();
    for (what, count) in [
        ("bodies of deliveries", purged.deliveries),
        ("personal data of closed cases", purged.cases),
        ("entries of the audit trail", purged.audit),
        ("closed cases left, under hold", purged.held),
    ] {
        writeln!(out, "{count}\t{what}").map_err(Failure::Output)?;
    }
    if args.dry_run {
        writeln!(out, "Nothing was removed.").map_err(Failure::Output)?;
    }
    drop(out);
    kit.db.close().await.map_err(|error| Failure::of(&error))
}

/// Places, releases or lists holds.
///
/// # Errors
/// [`Failure`]: settings, database or flags are not as they must be, or there is no such case.
pub async fn hold(args: &HoldArgs, sources: Sources) -> Result<(), Failure> {
    let config = config::load(&args.settings.over(sources))?;
    let (kit, agency) = office(&config, args.agency.as_deref()).await?;
    let failed = |error: crate::storage::Error| Failure::of(&error);
    let mut out = io::stdout();
    let done = match &args.act {
        Act::Place { case, reason } => {
            note(&kit, agency, "hold place", case).await?;
            let caller = Caller::system(agency, "command-line");
            retention::hold(&kit, &caller, case, reason).await.map_err(failed)?
        }
        Act::Release { case } => {
            note(&kit, agency, "hold release", case).await?;
            retention::release(&kit, agency, case).await.map_err(failed)?
        }
        Act::List => {
            for hold in retention::holds(&kit.db, agency).await.map_err(failed)? {
                let at = hold.placed_at.to_rfc3339();
                writeln!(out, "{}\t{at}\t{}\t{}", hold.number, hold.placed_by, hold.reason).map_err(Failure::Output)?;
            }
            true
        }
    };
    kit.db.close().await.map_err(failed)?;
    if done { Ok(()) } else { Err(Failure::Failed("there is no such case, or no hold on it".to_owned())) }
}

/// Stores that a hold is about to change; of a case that is not there nothing changes.
async fn note(kit: &Kit, agency: AgencyId, command: &str, number: &str) -> Result<(), Failure> {
    let scope = CaseScope { agency, caseload: Caseload::All };
    match cases::find_by_number(&kit.db, scope, number).await.map_err(|error| Failure::of(&error))? {
        Some(case) => audit::record_of_case(kit, agency, command, (case.id, AuditAccess::Change)).await,
        None => Ok(()),
    }
}
