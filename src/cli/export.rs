//! `recert export`: evidence packets of a case, one file for each renewal.

use std::io::{self, Write as _};
use std::path::PathBuf;

use chrono::NaiveDate;

use crate::caller::Caller;
use crate::cli::Failure;
use crate::cli::audit;
use crate::cli::offline::kit;
use crate::cli::settings::{SettingsArgs, tenant};
use crate::config::{self, Sources};
use crate::packets;
use crate::people;
use crate::words::AuditAccess;

/// The flags of `recert export`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The case's number
    #[arg(long, value_name = "NUMBER")]
    pub case: String,
    /// Only the renewal for this due date; all renewals when left out
    #[arg(long, value_name = "DATE")]
    pub due: Option<NaiveDate>,
    /// The folder for the files
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// The tenant's short name; may be left out when there is only one
    #[arg(long, value_name = "SLUG")]
    pub agency: Option<String>,
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// Writes the packets, and prints each file's name with its seal.
///
/// # Errors
/// [`Failure::Failed`] when there is no such case or renewal, a file cannot be written, or the database fails; settings and
/// flags as everywhere.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let config = config::load(&args.settings.over(sources))?;
    let slug = &tenant(&config.agencies, args.agency.as_deref())?.slug;
    let kit = kit(&config).await?;
    let agency = people::find_agency(&kit.db, slug).await.map_err(|error| Failure::of(&error))?;
    let agency = agency.ok_or_else(|| Failure::Failed(format!("the database has never seen the agency {slug}")))?.id;
    let caller = Caller::system(agency, "export");
    let (case, renewals) = packets::renewals(&kit, &caller, &args.case).await.map_err(|error| Failure::of(&error))?;
    // First, so that the packet itself tells of the export.
    audit::record_of_case(&kit, agency, "export", (case, AuditAccess::Export)).await?;
    let mut out = io::stdout();
    let mut written = 0;
    for renewal in renewals.iter().filter(|renewal| args.due.is_none_or(|due| due == renewal.due_on)) {
        let packet = packets::of_renewal(&kit, &caller, case, renewal).await.map_err(|error| Failure::of(&error))?;
        let path = args.out.join(&packet.file_name);
        std::fs::write(&path, &packet.text)
            .map_err(|error| Failure::Failed(format!("cannot write {}: {error}", path.display())))?;
        writeln!(out, "{}  {}", packet.seal, path.display()).map_err(Failure::Output)?;
        written += 1;
    }
    if written == 0 {
        return Err(Failure::Failed(format!("the case {} has no such renewal", args.case)));
    }
    kit.db.close().await.map_err(|error| Failure::of(&error))
}
