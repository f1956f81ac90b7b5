//! `recert webhook`: where Truv sends an agency's webhooks, and whether they come in there.

use std::io::{self, Write as _};

use clap::Subcommand;
use secrecy::ExposeSecret as _;
use url::Url;

use crate::app;
use crate::cli::Failure;
use crate::cli::settings::{SettingsArgs, tenant};
use crate::clock::Clock;
use crate::config::{self, Agency, Config, Sources};
use crate::deliveries;
use crate::ids::Ids;
use crate::kit::Account;
use crate::people;
use crate::storage::Database;
use crate::webhooks::{self, Registered, Trial};

/// The flags of `recert webhook`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
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

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Act {
    /// Tell Truv where to send the agency's webhooks, or switch the endpoint there on again
    ///
    /// The address is `server.public_url` and the agency's path. Doing it again changes nothing. A gateway with that
    /// setting does the same by itself.
    Register,
    /// List the endpoints that Truv knows: id, environment, state, address; `*` marks the agency's own
    List,
    /// Send a signed request that means nothing to the agency's address, and look whether it was stored
    ///
    /// Without `server.public_url` it goes to `server.listen`. A gateway has to be running.
    Test,
}

/// Registers, lists or tests.
///
/// # Errors
/// [`Failure::Failed`] when Truv refuses, or when the test request does not end in the inbox; settings and flags as
/// everywhere.
pub async fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let config = config::load(&args.settings.over(sources))?;
    let agency = tenant(&config.agencies, args.agency.as_deref())?;
    let account = account(&config, agency)?;
    match args.act {
        Act::Register => register(&account).await,
        Act::List => list(&account).await,
        Act::Test => test(&config, agency, &account).await,
    }
}

fn account(config: &Config, agency: &Agency) -> Result<Account, Failure> {
    super::use_one_crypto_library();
    let secret = agency.secrets.first().ok_or_else(|| Failure::Usage("the agency has no secret".to_owned()))?;
    app::account(config, agency, secret).map_err(|error| Failure::of(&error))
}

fn say(text: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{text}").map_err(Failure::Output)
}

async fn register(account: &Account) -> Result<(), Failure> {
    let Some(address) = &account.webhook_address else {
        let what = "Truv can be told an address only when server.public_url (RECERT_PUBLIC_URL) is set";
        return Err(Failure::Usage(what.to_owned()));
    };
    let found = webhooks::register(account, true).await.map_err(|error| Failure::of(&error))?;
    match found {
        Registered::Already => say(&format!("Truv sends there already: {address}")),
        Registered::Added => say(&format!("Truv knows now where to send webhooks: {address}")),
        Registered::SwitchedOn => say(&format!("The endpoint was switched off and is on again: {address}")),
        Registered::SwitchedOff | Registered::NotFound => {
            Err(Failure::Failed(format!("the endpoint {address} is not switched on")))
        }
    }
}

async fn list(account: &Account) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for webhook in account.client.webhooks().await.map_err(|error| Failure::of(&error))? {
        let mark = if webhooks::is_ours(account, &webhook) { "*" } else { " " };
        let state = match webhook.enabled {
            Some(true) => "on",
            Some(false) => "off",
            None => "unknown",
        };
        let environment = webhook.env_type.as_deref().unwrap_or("-").escape_debug().to_string();
        let url = webhook.webhook_url.as_deref().unwrap_or("-").escape_debug().to_string();
        writeln!(out, "{mark} {}\t{environment}\t{state}\t{url}", webhook.id.escape_debug())
            .map_err(Failure::Output)?;
    }
    Ok(())
}

async fn test(config: &Config, agency: &Agency, account: &Account) -> Result<(), Failure> {
    let failed = |error: crate::storage::Error| Failure::of(&error);
    let door = door(config, account).ok_or_else(|| Failure::Usage("there is no address to send to".to_owned()))?;
    let trial = Trial::try_new(Ids::new(Clock::system()).next()).map_err(|error| Failure::of(&error))?;
    let secret = agency.secrets.first().map_or("", |secret| secret.expose_secret());
    let status = trial.knock(&door, secret).await;
    let status =
        status.map_err(|error| Failure::Failed(format!("nobody answers at {door}: {}", Failure::of(&error))))?;
    if !(200..300).contains(&status) {
        return Err(Failure::Failed(format!("{door} answered {status}; `recert doctor` says what that means")));
    }
    let db = Database::connect(&config.database).await.map_err(failed)?;
    let stored = match people::find_agency(&db, &agency.slug).await.map_err(failed)? {
        Some(row) => !deliveries::known(&db, row.id, &[trial.key()]).await.map_err(failed)?.is_empty(),
        None => false,
    };
    db.close().await.map_err(failed)?;
    if !stored {
        let what = "and this database has no such delivery: whatever answers there works on another one";
        return Err(Failure::Failed(format!("{door} answered {status}, {what}")));
    }
    say(&format!("{door} answered {status}, and the request is in the inbox."))
}

/// Where the agency's webhooks come in: from outside, or at the gateway's own listener when the outside is not known.
pub(super) fn door(config: &Config, account: &Account) -> Option<Url> {
    account.webhook_address.clone().or_else(|| listener_door(config, account))
}

/// The same at the gateway's own listener.
pub(super) fn listener_door(config: &Config, account: &Account) -> Option<Url> {
    let mut address = config.server.listen;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    webhooks::address(&Url::parse(&format!("http://{address}/")).ok()?, &account.slug)
}
