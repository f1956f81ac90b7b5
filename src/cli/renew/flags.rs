//! The flags of `recert renew`.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::builder::{StringValueParser, TypedValueParser};

use crate::cases::queue::Filter;
use crate::cli::settings::SettingsArgs;
use crate::words::{CaseStatus, ProductType, Program};

/// The flags of `recert renew`.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do with a batch that is there; without a verb a new one is started.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// The new batch.
    #[command(flatten)]
    pub start: Start,
    /// Whose, and where.
    #[command(flatten)]
    pub place: Place,
}

impl Args {
    pub(super) fn settings(&self) -> &Place {
        match &self.action {
            None => &self.place,
            Some(Action::List(place)) => place,
            Some(
                Action::Show(one) | Action::Watch(one) | Action::Pause(one) | Action::Resume(one) | Action::Cancel(one),
            ) => &one.place,
        }
    }
}

/// Whose batch, and where the settings come from.
#[derive(Clone, Debug, clap::Args)]
pub struct Place {
    /// The tenant's short name; may be left out when there is only one
    #[arg(long, value_name = "SLUG")]
    pub agency: Option<String>,
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// The verbs.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// List the newest batches
    List(Place),
    /// Show where a batch stands
    Show(One),
    /// Follow a batch to its end
    Watch(One),
    /// Take up no more cases until the batch is resumed; refreshes on their way go on
    Pause(One),
    /// Go on with a paused batch
    Resume(One),
    /// Stop a batch for good: cases whose turn has not come are skipped, refreshes on their way go on
    Cancel(One),
}

/// One batch.
#[derive(Clone, Debug, clap::Args)]
pub struct One {
    /// The batch's id
    #[arg(value_name = "ID")]
    pub id: String,
    /// Write the outcome of every case to this file as CSV; `-` for standard output
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Whose, and where.
    #[command(flatten)]
    pub place: Place,
}

/// A batch to be started.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Start {
    /// Say what is to be done for each case, and when, and start nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What people see in lists of batches
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Only cases that stand there; may be given several times. Left out: those whose renewal is open
    #[arg(long, value_name = "STATUS", value_parser = words(CaseStatus::ALL, CaseStatus::word, CaseStatus::from_word))]
    pub status: Vec<CaseStatus>,
    /// Only cases of this program; may be given several times
    #[arg(long, value_name = "PROGRAM", value_parser = words(Program::ALL, Program::word, Program::from_word))]
    pub program: Vec<Program>,
    /// Only cases due on this day or later
    #[arg(long, value_name = "DATE")]
    pub due_from: Option<NaiveDate>,
    /// Only cases due on this day or earlier
    #[arg(long, value_name = "DATE")]
    pub due_to: Option<NaiveDate>,
    /// Only cases in nobody's caseload
    #[arg(long)]
    pub unassigned: bool,
    /// Only cases whose number, or whose client's name as `last, first`, begins so
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// What to ask Truv for
    #[arg(long, value_name = "PRODUCT", default_value = "INCOME",
        value_parser = words(ProductType::ALL, ProductType::word, ProductType::from_word))]
    pub product: ProductType,
    /// Most cases, the earliest due date first
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_cases: Option<u64>,
    /// Send clients who must log in again a link at once
    #[arg(long)]
    pub send_links: bool,
    /// A repeat with the same key and flags finds the batch that the first one started
    #[arg(long, value_name = "TEXT")]
    pub key: Option<String>,
    /// Do not follow the batch to its end
    #[arg(long)]
    pub detach: bool,
    /// Write the outcome of every case to this file as CSV; `-` for standard output
    #[arg(long, value_name = "FILE", conflicts_with = "detach")]
    pub csv: Option<PathBuf>,
}

impl Start {
    /// Which cases.
    pub(super) fn filter(&self) -> Filter {
        Filter {
            status: self.status.clone(),
            program: self.program.clone(),
            due_from: self.due_from,
            due_to: self.due_to,
            is_unassigned: self.unassigned.then_some(true),
            search: self.search.clone().filter(|text| !text.is_empty()),
            ..Filter::default()
        }
    }

    /// What to ask for.
    pub(super) fn product(&self) -> ProductType {
        self.product
    }
}

/// A word of a vocabulary, in any case.
fn words<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    word: fn(T) -> String,
    parse: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    StringValueParser::new().try_map(move |text| {
        let known = || all.iter().map(|value| word(*value)).collect::<Vec<_>>().join(", ");
        parse(&text.to_uppercase()).ok_or_else(|| format!("the words are {}", known()))
    })
}
