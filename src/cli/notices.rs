//! `recert notices`: webhooks of ours to the agency's own system.

use std::io::{self, Write as _};

use chrono::SecondsFormat;
use clap::{Subcommand, ValueEnum};

use crate::cli::Failure;
use crate::cli::offline::kit;
use crate::cli::settings::{SettingsArgs, tenant};
use crate::config::{self, Sources};
use crate::ids::NoticeId;
use crate::notices::{self, Which};
use crate::page::Window;
use crate::people;
use crate::words::NoticeStatus;

/// The flags of `recert notices`.
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
    /// List them, the oldest first: id, state, what it tells, time, attempts, last error
    List {
        /// Only those in this state; may be given more than once
        #[arg(long, value_name = "STATE", default_values = ["pending", "given-up"])]
        status: Vec<State>,
        /// Most notices
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        limit: u64,
    },
    /// Have them sent once more, as if they had just been stored: same id, same body
    Replay {
        /// These notices, by the id that `list` prints
        #[arg(value_name = "ID", required_unless_present = "status", conflicts_with = "status")]
        ids: Vec<uuid::Uuid>,
        /// All in this state instead; may be given more than once
        #[arg(long, value_name = "STATE")]
        status: Vec<State>,
    },
}

/// The states of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// To be sent, or to be sent again
    Pending,
    /// Taken by the agency's system
    Delivered,
    /// Tried for days in vain
    GivenUp,
}

impl From<State> for NoticeStatus {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Delivered => Self::Delivered,
            State::GivenUp => Self::GivenUp,
        }
    }
}

/// Lists notices or has them sent once more.
///
/// # Errors
/// [`Failure::Failed`] when the database fails or has never seen the agency; settings and flags as everywhere.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let config = config::load(&args.settings.over(sources))?;
    let slug = &tenant(&config.agencies, args.agency.as_deref())?.slug;
    let kit = kit(&config).await?;
    let agency = people::find_agency(&kit.db, slug).await.map_err(|error| Failure::of(&error))?;
    let agency = agency.ok_or_else(|| Failure::Failed(format!("the database has never seen the agency {slug}")))?.id;
    let mut out = io::stdout();
    match &args.act {
        Act::List { status, limit } => {
            let states: Vec<NoticeStatus> = status.iter().copied().map(NoticeStatus::from).collect();
            let window = Window::first(*limit);
            let page = notices::page(&kit.db, agency, &states, &window).await.map_err(|error| Failure::of(&error))?;
            for notice in page.items {
                writeln!(
                    out,
                    "{}\t{}\t{}\t{}\t{}\t{}",
                    notice.id,
                    notice.status,
                    notice.kind.event_type(),
                    notice.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
                    notice.attempts,
                    notice.last_error.unwrap_or_default(),
                )
                .map_err(Failure::Output)?;
            }
        }
        Act::Replay { ids, status } => {
            let which = match status.as_slice() {
                [] => Which::Ids(ids.iter().copied().map(NoticeId::from).collect()),
                states => Which::InState(states.iter().copied().map(NoticeStatus::from).collect()),
            };
            let count = notices::replay(&kit, agency, &which).await.map_err(|error| Failure::of(&error))?;
            writeln!(out, "{count} to be sent once more").map_err(Failure::Output)?;
        }
    }
    kit.db.close().await.map_err(|error| Failure::of(&error))
}
