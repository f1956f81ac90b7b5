//! The way in: a signed request from here to our own address, and back out of the database.

use secrecy::ExposeSecret as _;
use url::Url;

use super::finding::{Check, Finding};
use super::{Args, Ward};
use crate::app;
use crate::cli::Failure;
use crate::cli::webhook::{door, listener_door};
use crate::config::Agency;
use crate::deliveries;
use crate::kit::Account;
use crate::people;
use crate::storage::{Database, Error};
use crate::webhooks::Trial;

/// Plays Truv at our door with each of the agency's secrets, and once with a signature of nobody.
pub(super) async fn way_in(
    args: &Args,
    ward: &Ward,
    agency: &Agency,
    db: Option<&Database>,
    is_running: bool,
) -> Finding {
    let name = format!("signature round trip ({})", agency.slug);
    let account = agency.secrets.first().and_then(|secret| app::account(&ward.config, agency, secret).ok());
    let Some((account, door)) = account.and_then(|account| Some((account.clone(), door(&ward.config, &account)?)))
    else {
        return Check::new(name, "finding our own address").skipped("there is none");
    };
    let check = Check::new(name, format!("posting a signed request that means nothing to {door}"));
    if args.before_start {
        return check.skipped("it needs a running gateway (--before-start)");
    }
    if !is_running && account.webhook_address.is_none() {
        return check.skipped("no gateway is running here; start it and look again");
    }
    let trial = match Trial::try_new(ward.ids.next()) {
        Ok(trial) => trial,
        Err(error) => return check.fault(error.to_string(), "see that this machine has root certificates"),
    };
    for (place, secret) in (1..).zip(&agency.secrets) {
        match trial.knock(&door, secret.expose_secret()).await {
            Ok(200..=299) => {}
            outcome => {
                let inside = inside(ward, agency, &account, &door, &trial).await;
                return not_taken(ward, check, &outcome, place, is_running, inside);
            }
        }
    }
    match trial.knock_unsigned(&door).await {
        Ok(401) => {}
        Ok(status) => {
            let change =
                "whatever answers there checks no signature and is no gateway of Recert: see server.public_url";
            return check.fault(format!("a request that nobody signed was answered {status}"), change);
        }
        Err(error) => return check.fault(Failure::of(&error).to_string(), "try again: the connection broke off"),
    }
    let Some(db) = db else { return check.warning("it was taken", "mend the database, then look again") };
    match is_stored(db, agency, &trial).await {
        Ok(true) => check.ok("it was taken, is in the inbox, and an unsigned one was refused"),
        Ok(false) => check.fault(
            "it was taken and is not in this database",
            format!("the gateway that answers there works on another one: see {}", ward.named("database.url")),
        ),
        Err(error) => check.fault(Failure::of(&error).to_string(), "mend the database, then look again"),
    }
}

async fn is_stored(db: &Database, agency: &Agency, trial: &Trial) -> Result<bool, Error> {
    let Some(row) = people::find_agency(db, &agency.slug).await? else { return Ok(false) };
    Ok(!deliveries::known(db, row.id, &[trial.key()]).await?.is_empty())
}

/// Whether the gateway's own listener takes what the address from outside did not; `None` where that is the same door.
async fn inside(ward: &Ward, agency: &Agency, account: &Account, door: &Url, trial: &Trial) -> Option<bool> {
    let inner = listener_door(&ward.config, account).filter(|inner| inner != door)?;
    let secret = agency.secrets.first()?;
    Some(matches!(trial.knock(&inner, secret.expose_secret()).await, Ok(200..=299)))
}

/// Why the request was not taken.
fn not_taken(
    ward: &Ward,
    check: Check,
    outcome: &Result<u16, reqwest::Error>,
    place: u32,
    is_running: bool,
    inside: Option<bool>,
) -> Finding {
    let url = ward.named("server.public_url");
    let listens = ward.config.server.listen;
    let got = match outcome {
        Ok(status) => format!("it was answered {status}"),
        Err(error) => format!("nobody answered: {}", Failure::of(error)),
    };
    if inside == Some(true) {
        let why = match outcome {
            Ok(401) => "what stands in between drops the header X-WEBHOOK-SIGN or changes the body; let both through",
            Ok(_) => "the proxy in front must pass POST /webhooks/truv/ on as it is",
            Err(_) => "see name service, certificate and proxy",
        };
        return check.fault(format!("{got}; the gateway itself takes it at {listens}"), format!("{why} ({url})"));
    }
    let change = match outcome {
        Ok(401) => format!(
            "the gateway that answers there does not know the agency with secret {place} of these settings: restart it with \
             them, or mend agencies[].secrets"
        ),
        Ok(404 | 405) => format!("something else than a gateway of Recert answers there: mend {url}"),
        Ok(300..=399) => format!("the address redirects, and Truv does not follow: write the final address into {url}"),
        Ok(413) => "what stands in front refuses bodies: let at least 1 MiB through".to_owned(),
        Ok(503) => "the gateway cannot store it: see the findings about the database".to_owned(),
        Ok(_) => "see the logs of the gateway and of what stands in front of it".to_owned(),
        Err(_) if !is_running => format!("start the gateway; if it runs elsewhere, see that {url} leads there"),
        Err(_) => format!("see that {url} leads here: name service, certificate, firewall, proxy"),
    };
    check.fault(got, change)
}
