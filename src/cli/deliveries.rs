//! `recert deliveries`: webhook deliveries that want somebody's attention.

use std::io::{self, Write as _};

use clap::{Subcommand, ValueEnum};

use crate::caller::Caller;
use crate::cli::Failure;
use crate::cli::audit;
use crate::cli::offline::kit;
use crate::cli::settings::{SettingsArgs, tenant};
use crate::config::{self, Sources};
use crate::deliveries::{self, Which};
use crate::ids::DeliveryId;
use crate::page::Window;
use crate::people;
use crate::words::{AuditAccess, DeliveryStatus};

/// The flags of `recert deliveries`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do with them.
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
    /// List them, the oldest first: id, state, event, time, reason
    List {
        /// Only those in this state; may be given more than once
        #[arg(long, value_name = "STATE", default_values = ["dead", "unmatched"])]
        status: Vec<State>,
        /// Most deliveries
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        limit: u64,
    },
    /// Have them applied once more, as if they had just come; a running gateway does so at once
    Replay {
        /// These deliveries, by the id that `list` prints
        #[arg(value_name = "ID", required_unless_present = "status", conflicts_with = "status")]
        ids: Vec<uuid::Uuid>,
        /// The oldest 1,000 in this state instead; may be given more than once
        #[arg(long, value_name = "STATE")]
        status: Vec<State>,
        /// Why; kept with who did it and when
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// The states of a delivery in which nothing more is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// Could not be used
    Dead,
    /// No order was found for it
    Unmatched,
    /// Of no concern
    Ignored,
    /// Applied
    Applied,
}

impl From<State> for DeliveryStatus {
    fn from(state: State) -> Self {
        match state {
            State::Dead => Self::Dead,
            State::Unmatched => Self::Unmatched,
            State::Ignored => Self::Ignored,
            State::Applied => Self::Applied,
        }
    }
}

/// Lists or replays.
///
/// # Errors
/// [`Failure`]: settings, database or flags are not as they must be.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let config = config::load(&args.settings.over(sources))?;
    let agency = tenant(&config.agencies, args.agency.as_deref())?;
    let kit = kit(&config).await?;
    let enrolled = people::enroll_agency(&kit.db, &kit.clock, &kit.ids, &agency.slug, &agency.name).await;
    let agency = enrolled.map_err(|error| Failure::of(&error))?.id;
    let mut out = io::stdout().lock();
    match &args.act {
        Act::List { status, limit } => {
            let status: Vec<DeliveryStatus> = status.iter().copied().map(DeliveryStatus::from).collect();
            let window = Window { after: None, before: None, limit: *limit, from_end: false };
            let page = deliveries::page(&kit.db, agency, &status, &window).await;
            for delivery in page.map_err(|error| Failure::of(&error))?.items {
                let event = delivery.event_type.as_deref().unwrap_or("-");
                let reason = delivery.reason.as_deref().unwrap_or("-");
                let at = delivery.received_at.to_rfc3339();
                writeln!(out, "{}\t{}\t{event}\t{at}\t{reason}", delivery.id, delivery.status)
                    .map_err(Failure::Output)?;
            }
        }
        Act::Replay { ids, status, reason } => {
            let which = if status.is_empty() {
                Which::Ids(ids.iter().copied().map(DeliveryId::from).collect())
            } else {
                Which::In(status.iter().copied().map(DeliveryStatus::from).collect())
            };
            audit::record(&kit, agency, "deliveries replay", AuditAccess::Change).await?;
            let caller = Caller::system(agency, "command-line");
            let replayed = deliveries::replay(&kit, &caller, &which, reason).await;
            let count = replayed.map_err(|error| Failure::of(&error))?.len();
            writeln!(out, "{count} deliveries are applied once more.").map_err(Failure::Output)?;
        }
    }
    drop(out);
    kit.db.close().await.map_err(|error| Failure::of(&error))
}
