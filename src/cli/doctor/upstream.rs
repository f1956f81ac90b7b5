//! Truv: is it there, does it take the key, what time is it there, and does it send webhooks to us?

use chrono::TimeDelta;

use super::finding::{Check, Finding, Report};
use super::store::skew;
use super::{Ward, named};
use crate::app;
use crate::cli::Failure;
use crate::config::Agency;
use crate::kit::Account;
use crate::truv::Error;
use crate::truv::client::Sounding;
use crate::truv::wire::{HistoryEntry, HistoryQuery, Webhook};
use crate::webhooks;

/// What an answer tells about the deliveries of this long.
const LOOKED_BACK: TimeDelta = TimeDelta::days(1);

/// All checks of one agency's account.
pub(super) async fn agency(ward: &Ward, agency: &Agency, report: &mut Report) {
    let slug = &agency.slug;
    let place = ward.config.truv.url.as_str();
    let check = Check::new(
        format!("Truv ({slug})"),
        format!("listing webhooks at {place} with the {} key, the first secret", agency.environment.as_str()),
    );
    let Some(account) = open(ward, agency, 0) else {
        let change = format!("write {} and client_id without line breaks", secrets(ward, &agency.slug));
        return report.add(check.fault("the key cannot be sent", change));
    };
    let before = ward.clock.now();
    let Sounding { date, webhooks } = account.client.sound().await;
    let took = ward.clock.now() - before;
    let known = match webhooks {
        Ok(known) => {
            report.add(check.ok(format!("it answered in {} ms and takes the key", took.num_milliseconds())));
            Some(known)
        }
        Err(error) => {
            report.add(refused(ward, agency, check, &error).await);
            None
        }
    };
    let check = Check::new(format!("clock ({slug})"), "comparing the time in Truv's answer with this machine's");
    report.add(match date {
        // Whole seconds, written somewhere between the question and the answer.
        Some(date) => {
            let here = before + took / 2;
            let ahead = here - date;
            let ahead =
                if ahead > TimeDelta::zero() { (ahead - TimeDelta::seconds(1)).max(TimeDelta::zero()) } else { ahead };
            skew(check, ahead, "Truv")
        }
        None => check.skipped("no answer told the time"),
    });
    let check = Check::new(format!("webhook endpoint ({slug})"), "looking for our address among the endpoints at Truv");
    let Some(known) = known else { return report.add(check.skipped("Truv did not list them")) };
    report.add(endpoint(ward, &account, check, &known));
    report.add(history(ward, &account).await);
}

fn open(ward: &Ward, agency: &Agency, number: usize) -> Option<Account> {
    app::account(&ward.config, agency, agency.secrets.get(number)?).ok()
}

/// The name of the agency's setting, with its origin.
fn secrets(ward: &Ward, slug: &str) -> String {
    let index = ward.config.agencies.iter().position(|one| one.slug == slug).unwrap_or_default();
    named(&ward.settings, &format!("agencies[{index}].secrets"))
}

/// Truv's refusal, explained.
async fn refused(ward: &Ward, agency: &Agency, check: Check, error: &Error) -> Finding {
    let (url, environment) = (ward.named("truv.url"), agency.environment.as_str());
    let change = match error {
        Error::Unauthorized => {
            if let Some(older) = open(ward, agency, 1)
                && older.client.sound().await.webhooks.is_ok()
            {
                format!("Truv takes the second secret: put it first in {}", secrets(ward, &agency.slug))
            } else {
                format!(
                    "copy client id and access secret of the {environment} environment from Truv's dashboard into \
                     client_id and {}",
                    secrets(ward, &agency.slug)
                )
            }
        }
        Error::Forbidden => {
            format!(
                "Truv knows the key and does not let it list webhooks: see its rights in the dashboard ({environment})"
            )
        }
        Error::Unreachable { .. } => {
            format!(
                "see that {url} is Truv's address and that name service, firewall and proxies let this machine reach it"
            )
        }
        Error::TimedOut | Error::Broken { .. } | Error::Unexplained { .. } => {
            format!("something on the way swallows the call: see firewall and proxies, and {url}")
        }
        Error::Throttled { .. } => {
            "another program uses the same key: wait, and lower truv.requests_per_minute by what it needs".to_owned()
        }
        Error::Upstream { status: 300..=399 } | Error::NotFound | Error::Undecodable { .. } => {
            format!("something else than Truv answers there: mend {url}")
        }
        Error::Upstream { .. } => "Truv has trouble of its own: wait, and see its status page".to_owned(),
        Error::Refused { .. } | Error::Held(_) => format!("see what Truv says, and {url}"),
    };
    check.fault(Failure::of(error).to_string(), change)
}

/// Whether Truv sends to us.
fn endpoint(ward: &Ward, account: &Account, check: Check, known: &[Webhook]) -> Finding {
    let ours = known.iter().find(|webhook| webhooks::is_ours(account, webhook));
    if let Some(webhook) = ours {
        let address = webhook.webhook_url.as_deref().unwrap_or_default();
        return match webhook.enabled {
            Some(false) => check.fault(
                format!("{address} is there and switched off: Truv sends nothing"),
                "run `recert webhook register`, which switches it on again",
            ),
            _ if !webhook.events.is_empty() && !webhook.events.iter().any(|event| event == "task-status-updated") => {
                check.fault(
                    format!("{address} is there without the event task-status-updated"),
                    "let the endpoint have all events in Truv's dashboard",
                )
            }
            _ => check.ok(format!("{address} is there and switched on")),
        };
    }
    let Some(address) = &account.webhook_address else {
        return check.fault(
            "no endpoint has this agency's path, and server.public_url is not set",
            "set server.public_url (RECERT_PUBLIC_URL) to where Truv reaches this gateway, then run `recert webhook \
             register`",
        );
    };
    let alike = known.iter().find_map(|webhook| {
        let url = webhook.webhook_url.as_deref()?;
        let of = webhook.env_type.as_deref().unwrap_or("another");
        webhooks::ends_like_ours(&account.slug, url).then(|| (url.to_owned(), of.to_owned()))
    });
    match alike {
        Some((url, of)) if url == address.as_str() => check.fault(
            format!(
                "{url} is registered for the environment {of}, and the key belongs to {}",
                account.environment.as_str()
            ),
            "run `recert webhook register`: each environment has endpoints of its own",
        ),
        Some((url, _)) => check.fault(
            format!("Truv sends to {url}, and {address} is not registered"),
            format!(
                "if {} is right, run `recert webhook register` and remove the old endpoint in Truv's dashboard",
                ward.named("server.public_url")
            ),
        ),
        None => check.fault(
            format!("{address} is not among the {} that Truv knows", known.len()),
            "run `recert webhook register`, or start the gateway, which does the same",
        ),
    }
}

/// How our endpoint has answered Truv lately, by Truv's own account.
async fn history(ward: &Ward, account: &Account) -> Finding {
    let check = Check::new(
        format!("webhook deliveries ({})", account.slug),
        "reading in Truv's history how our endpoint answered in the last 24 hours",
    );
    let query = HistoryQuery { created_from: Some(ward.clock.now() - LOOKED_BACK), ..HistoryQuery::default() };
    let page = match account.client.webhook_requests(&query).await {
        Ok(page) => page,
        Err(error) => return check.skipped(format!("the history cannot be read: {}", Failure::of(&error))),
    };
    let mut sent: Vec<&HistoryEntry> = page.results.iter().rev().filter(|entry| is_for(account, entry)).collect();
    // Newest first as they come, and attempts at one event have its time in common.
    sent.sort_by_key(|entry| entry.event_created_at);
    let Some(last) = sent.last() else { return check.ok("nothing was sent") };
    let failed = sent.iter().filter(|entry| !is_success(entry)).count();
    let of = format!("{failed} of {} were not taken", sent.len());
    if is_success(last) {
        return check.ok(format!("the last one was taken; {of}"));
    }
    let (got, change) = match last.status_code {
        Some(401) => (
            "the last one was answered 401: the gateway does not accept the signature".to_owned(),
            format!("Truv signs with another secret than the gateway has: see {}", secrets(ward, &account.slug)),
        ),
        Some(404 | 405) => (
            "the last one found no such path".to_owned(),
            "the proxy in front of the gateway must pass /webhooks/truv/ on as it is".to_owned(),
        ),
        Some(status) => (
            format!("the last one was answered {status}"),
            "see the logs of the gateway and of what stands in front of it at that time".to_owned(),
        ),
        None => (
            "the last one was not answered at all".to_owned(),
            "Truv does not reach the address: see name service, certificate and firewall".to_owned(),
        ),
    };
    check.fault(format!("{got}; {of}"), change)
}

fn is_for(account: &Account, entry: &HistoryEntry) -> bool {
    match (&entry.webhook_url, &account.webhook_address) {
        (Some(url), Some(address)) => url == address.as_str(),
        (Some(url), None) => webhooks::ends_like_ours(&account.slug, url),
        (None, _) => true,
    }
}

fn is_success(entry: &HistoryEntry) -> bool {
    entry.status_code.is_some_and(|status| (200..300).contains(&status))
}
