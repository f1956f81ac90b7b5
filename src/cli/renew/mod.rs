//! `recert renew`: renewal batches from the shell.
//!
//! Like `recert import` it works on the database itself: an operator with the settings needs no token, and what it stores
//! is all that a batch is. The cases are taken up by the gateways that run on the database, so that the command may be
//! interrupted, and started on another machine, without any consequence for the batch.

mod flags;
mod outcomes;
mod plan;
mod watch;

use std::io::{self, Write as _};
use std::path::Path;

use crate::batches::{self, Batch};
use crate::caller::Caller;
use crate::cli::settings::tenant;
use crate::cli::{Failure, offline};
use crate::config::{self, Sources};
use crate::graphql;
use crate::ids::BatchId;
use crate::kit::Kit;
use crate::page::Window;
use crate::people;
use crate::renewals::batch::{self, NewBatch};

pub use self::flags::{Action, Args, One};

/// Batches shown by `list`.
const LISTED: u64 = 20;

/// Starts a batch and follows it, or does what the verb says.
///
/// # Errors
/// [`Failure::Usage`] for flags that make no sense; [`Failure::Failed`] when the batch cannot be started or steered, when
/// watching was interrupted, or when the database fails.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let settings = args.settings();
    let config = config::load(&settings.settings.over(sources))?;
    let agency = tenant(&config.agencies, settings.agency.as_deref())?;
    let kit = offline::kit(&config).await?;
    let enrolled = people::enroll_agency(&kit.db, &kit.clock, &kit.ids, &agency.slug, &agency.name).await;
    let caller = Caller::system(enrolled.map_err(|error| Failure::of(&error))?.id, "renew");
    let (rules, spending) = (agency.refresh_rules.clone(), agency.spending.clone());
    let desk = Desk { kit, caller, slug: agency.slug.clone(), rules, spending };
    match &args.action {
        None if args.start.dry_run => plan::show(&desk, &args.start).await,
        None => {
            watch::start_log(&config)?;
            start(&desk, args).await
        }
        Some(Action::List(_)) => list(&desk).await,
        Some(Action::Show(one)) => {
            let batch = desk.find(&one.id).await?;
            desk.tell(&batch).await?;
            outcomes::write_where_asked(&desk, &batch, one.csv.as_deref()).await
        }
        Some(Action::Watch(one)) => {
            watch::start_log(&config)?;
            let batch = desk.find(&one.id).await?;
            follow(&desk, &batch, one.csv.as_deref()).await
        }
        Some(Action::Pause(one)) => desk.steered(batch::pause(&desk.kit, &desk.caller, named(&one.id)?).await).await,
        Some(Action::Resume(one)) => desk.steered(batch::resume(&desk.kit, &desk.caller, named(&one.id)?).await).await,
        Some(Action::Cancel(one)) => desk.steered(batch::cancel(&desk.kit, &desk.caller, named(&one.id)?).await).await,
    }
}

/// What every verb works with.
struct Desk {
    kit: Kit,
    caller: Caller,
    slug: String,
    /// When a refresh is not to be made.
    rules: config::RefreshRules,
    /// What refreshes cost, and how much may be spent.
    spending: config::Spending,
}

impl Desk {
    async fn find(&self, id: &str) -> Result<Batch, Failure> {
        let found = batches::find(&self.kit.db, self.caller.agency, named(id)?).await;
        let missing = || Failure::Failed(format!("{} has no renewal batch {id}; see `recert renew list`", self.slug));
        found.map_err(|error| Failure::of(&error))?.ok_or_else(missing)
    }

    async fn steered(&self, done: Result<Batch, batch::Error>) -> Result<(), Failure> {
        let batch = done.map_err(|error| Failure::of(&error))?;
        self.tell(&batch).await
    }

    /// One line about the batch on standard output.
    async fn tell(&self, batch: &Batch) -> Result<(), Failure> {
        let now = self.kit.clock.now();
        let counts =
            batches::load_progress(&self.kit.db, &[batch.id], now).await.map_err(|error| Failure::of(&error))?;
        let counts = counts.get(&batch.id).copied().unwrap_or_default();
        let line = outcomes::line(&counts);
        writeln!(io::stdout(), "{} {} {:?}: {line}", graphql::batch_id(batch.id), batch.status, batch.name)
            .map_err(Failure::Output)
    }
}

fn named(id: &str) -> Result<BatchId, Failure> {
    graphql::find_batch_id(id).ok_or_else(|| Failure::Usage(format!("{id:?} is not the id of a renewal batch")))
}

async fn list(desk: &Desk) -> Result<(), Failure> {
    let page = batches::page(&desk.kit.db, desk.caller.agency, &Window::first(LISTED)).await;
    for batch in page.map_err(|error| Failure::of(&error))?.items {
        desk.tell(&batch).await?;
    }
    Ok(())
}

async fn start(desk: &Desk, args: &Args) -> Result<(), Failure> {
    let flags = &args.start;
    let new = NewBatch {
        name: flags.name.clone().unwrap_or_else(|| format!("Renewals of {}", desk.kit.clock.today())),
        filter: flags.filter(),
        product: flags.product(),
        max_cases: flags.max_cases,
        sends_links: flags.send_links,
        idempotency_key: flags
            .key
            .clone()
            .unwrap_or_else(|| format!("recert-renew-{}", desk.kit.ids.next::<BatchId>())),
    };
    let started = batch::start(&desk.kit, &desk.caller, &new).await.map_err(|error| Failure::of(&error))?;
    let id = graphql::batch_id(started.id);
    eprintln!("Renewal batch {id} is stored; gateways on this database take its cases up.");
    if flags.detach {
        return desk.tell(&started).await;
    }
    follow(desk, &started, flags.csv.as_deref()).await
}

async fn follow(desk: &Desk, batch: &Batch, csv: Option<&Path>) -> Result<(), Failure> {
    watch::to_the_end(desk, batch).await?;
    let batch = desk.find(&graphql::batch_id(batch.id)).await?;
    desk.tell(&batch).await?;
    outcomes::write_where_asked(desk, &batch, csv).await
}
