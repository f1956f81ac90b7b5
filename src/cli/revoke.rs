//! `recert revoke`: tokens that are to count no longer, or for less.

use std::io::{self, Write as _};
use std::time::Duration;

use chrono::TimeDelta;

use crate::caller::{Caller, Scope};
use crate::cli::Failure;
use crate::cli::offline::kit;
use crate::cli::settings::{SettingsArgs, tenant};
use crate::cli::token::{scope, time};
use crate::config::{self, Sources};
use crate::kit::Kit;
use crate::page::Window;
use crate::people;
use crate::revocations::{self, NewRevocation, Revocation, RevokeError, Whose};

/// Entries read at once for a list.
const PAGE: u64 = 1_000;

/// The flags of `recert revoke`.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("whose").required(true).args(["subject", "token_id", "list"]))]
pub struct Args {
    /// Every token of this subject (`sub`) that was issued up to now; the next sign-in counts again
    #[arg(long, value_name = "SUBJECT")]
    pub subject: Option<String>,
    /// The one token with this id (`jti`)
    #[arg(long, value_name = "ID")]
    pub token_id: Option<String>,
    /// Only withdraw this; repeat it, or write commas between scopes
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', value_parser = scope, conflicts_with = "list")]
    pub scope: Vec<Scope>,
    /// When the longest-lived of the tokens has ended by itself: a whole number and s, m, h or d; at most 366d
    #[arg(long, value_name = "TIME", default_value = "31d", value_parser = keep)]
    pub keep_for: Duration,
    /// Why; kept with who did it and when
    #[arg(long, value_name = "TEXT", required_unless_present = "list", conflicts_with = "list")]
    pub reason: Option<String>,
    /// List what is revoked, the oldest first: time, whose, what, until when, by whom, why
    #[arg(long)]
    pub list: bool,
    /// The tenant's short name; may be left out when there is only one
    #[arg(long, value_name = "SLUG")]
    pub agency: Option<String>,
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

fn keep(text: &str) -> Result<Duration, String> {
    let longest = revocations::LONGEST.to_std().unwrap_or_default();
    time(text, longest).ok_or_else(|| "write a time between 1s and 366d, such as 31d".to_owned())
}

/// Revokes or lists.
///
/// # Errors
/// [`Failure`]: settings, database or flags are not as they must be.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let config = config::load(&args.settings.over(sources))?;
    let agency = tenant(&config.agencies, args.agency.as_deref())?;
    let kit = kit(&config).await?;
    let enrolled = people::enroll_agency(&kit.db, &kit.clock, &kit.ids, &agency.slug, &agency.name).await;
    let caller = Caller::system(enrolled.map_err(|error| Failure::of(&error))?.id, "command-line");
    if args.list {
        list(&kit, &caller).await?;
    } else {
        revoke(&kit, &caller, args).await?;
    }
    kit.db.close().await.map_err(|error| Failure::of(&error))
}

async fn revoke(kit: &Kit, caller: &Caller, args: &Args) -> Result<(), Failure> {
    let new = NewRevocation {
        token_id: args.token_id.clone(),
        subject: args.subject.clone(),
        issued_before: None,
        scopes: (!args.scope.is_empty()).then(|| args.scope.clone()),
        expires_at: TimeDelta::from_std(args.keep_for).ok().map(|time| kit.clock.now() + time),
        reason: args.reason.clone().unwrap_or_default(),
    };
    let revocation = revocations::revoke(kit, caller, new).await.map_err(|error| match error {
        RevokeError::Storage(error) => Failure::of(&error),
        wrong => Failure::Usage(wrong.to_string()),
    })?;
    let until = revocation.expires_at.to_rfc3339();
    writeln!(io::stdout(), "Revoked until {until}; every gateway knows within five seconds.").map_err(Failure::Output)
}

async fn list(kit: &Kit, caller: &Caller) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut window = Window::first(PAGE);
    loop {
        let page = revocations::page(&kit.db, caller.agency, &window).await.map_err(|error| Failure::of(&error))?;
        for revocation in &page.items {
            writeln!(out, "{}", line(revocation)).map_err(Failure::Output)?;
        }
        window.after = page.items.last().map(|revocation| revocation.id);
        if !page.has_more {
            return Ok(());
        }
    }
}

fn line(revocation: &Revocation) -> String {
    let Revocation { whose, scopes, expires_at, revoked_by, reason, created_at, .. } = revocation;
    let whose = match whose {
        Whose::Token(id) => format!("token {id}"),
        Whose::Subject(subject, moment) => format!("subject {subject} up to {}", moment.to_rfc3339()),
    };
    let what = scopes.as_ref().map_or_else(
        || "everything".to_owned(),
        |scopes| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(","),
    );
    format!("{}\t{whose}\t{what}\t{}\t{revoked_by}\t{reason}", created_at.to_rfc3339(), expires_at.to_rfc3339())
}
