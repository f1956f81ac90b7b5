//! Sends a stored order to Truv, and deals with every kind of answer, the lost one included.
//!
//! Before the call leaves, the order is marked as sent: whoever finds the mark without an answer, be it after a time-out
//! or after a crash, knows that the call may have taken effect and looks it up (`resolve`) before sending again. Truv
//! knows no idempotency keys, and every refresh is billed (fact sheet "Lost response").

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::advance::Open;
use super::reject::reject;
use super::{Order, resolve, store};
use crate::deliveries;
use crate::ids::{AgencyId, OrderId};
use crate::jobs::{self, NewJob, Priority, Ran};
use crate::kit::{Account, Kit};
use crate::links;
use crate::people;
use crate::storage::Error;
use crate::truv::{self, Outcome, wire};
use crate::words::{DeliveryChannel, JobKind, OrderStatus};

/// How long an order whose answer was lost is left alone before the first look.
const SETTLE: Duration = Duration::from_secs(2);
/// How long to wait when the agency has left the settings: somebody must put it back first.
const LOCKED_OUT: Duration = Duration::from_mins(5);

/// Sends the order, if it still waits to be sent.
pub(crate) async fn send(kit: &Kit, agency: AgencyId, id: OrderId) -> Result<Ran, Error> {
    let Some(order) = store::find(kit.db.read(), agency, id).await? else { return Ok(Ran::Finished) };
    if order.status != OrderStatus::Requested {
        return Ok(Ran::Finished);
    }
    if order.sent_at.is_some() {
        // A worker was lost between the mark and the answer.
        return lose(kit, &order, "the worker was lost while the call was under way").await;
    }
    let Some(account) = kit.account(agency) else {
        return Ok(again(kit, LOCKED_OUT, "the agency has no account in the settings"));
    };
    if order.sends > 0 {
        // The first call was proved to have had no effect; should it have been slow beyond all bounds, its trace is there.
        match resolve::trace(kit, account, &order).await? {
            Ok(Some(shown)) => {
                adopt(kit, agency, id, &shown).await?;
                return Ok(Ran::Finished);
            }
            Ok(None) => {}
            Err(error) => return read_failed(kit, &order, &error).await,
        }
    }
    let call = match prepare(kit, account, &order).await? {
        Ok(call) => call,
        Err(error) => return read_failed(kit, &order, &error).await,
    };
    // The turn is waited for before the mark, so that nothing but the call stands between mark and answer.
    let client = match account.client.ready().await {
        Ok(client) => client,
        Err(error) => return read_failed(kit, &order, &error).await,
    };
    if !mark_sent(kit, &order, &call).await? {
        return Ok(Ran::Finished);
    }
    let answer = match &call {
        Call::Refresh { parent, request, .. } => client.refresh_order(parent, request).await,
        Call::Create(new) => client.create_order(new).await,
    };
    match answer {
        Ok(shown) => {
            adopt(kit, agency, id, &shown).await?;
            Ok(Ran::Finished)
        }
        Err(error) => answer_failed(kit, &order, &error).await,
    }
}

/// What is about to be called.
enum Call {
    Refresh { parent: String, before: Option<String>, request: wire::orders::RefreshRequest },
    Create(Box<wire::orders::NewOrder>),
}

/// Puts the call together. For a refresh the parent is read first: should the answer be lost, a `refresh_order` that
/// differs from the one before is the trace of our call.
async fn prepare(kit: &Kit, account: &Account, order: &Order) -> Result<Result<Call, truv::Error>, Error> {
    let employers = store::employers(kit.db.read(), order.id).await?;
    if let Some(contact) = &order.contact {
        let case = crate::cases::find_any(kit.db.read(), order.agency, order.case).await?;
        let client = people::find_client(kit.db.read(), order.agency, case.client).await?;
        let client = client.ok_or_else(|| Error::Corrupt(format!("case {} has no client", order.case)))?;
        let links = links::load(&kit.db, order.agency, &contact.links).await?;
        let mut links: Vec<_> = links.into_values().collect();
        links.sort_by_key(|link| link.id);
        let uses = |channel| contact.channels.contains(&channel);
        let email = client.email(&kit.sealer)?.filter(|_| uses(DeliveryChannel::Email));
        let phone = client.phone(&kit.sealer)?.filter(|_| uses(DeliveryChannel::Sms));
        let employers = employers.iter().zip(links.iter().map(Some).chain(std::iter::repeat(None)));
        return Ok(Ok(Call::Create(Box::new(wire::orders::NewOrder {
            products: order.product.truv().map(str::to_owned).into_iter().collect(),
            first_name: client.first_name,
            last_name: client.last_name,
            email,
            phone,
            order_number: order.number.clone(),
            external_user_id: Some(client.external_user_id),
            employers: employers
                .map(|(employer, link)| wire::orders::NewEmployer {
                    company_mapping_id: link.and_then(|link| link.company_mapping_id.clone()),
                    company_name: employer.company_name.clone(),
                    suborder_number: employer.suborder_number.clone(),
                })
                .collect(),
            // One sender for one ask: Truv stays silent when the agency passes the link on.
            notification_settings: Some(wire::orders::NotificationSettings {
                suppress_user_notifications: uses(DeliveryChannel::None),
                first_notification_delay_hours: None,
            }),
            ..Default::default()
        }))));
    }
    let parent = match order.parent {
        Some(parent) => store::find(kit.db.read(), order.agency, parent).await?,
        None => None,
    };
    let parent = parent.and_then(|parent| parent.truv_order_id);
    let parent = parent.ok_or_else(|| Error::Corrupt(format!("order {} has no parent that Truv knows", order.id)))?;
    let shown = match account.client.order(&parent).await {
        Ok(shown) => shown.value,
        Err(error) => return Ok(Err(error)),
    };
    let sources: Vec<_> = employers.iter().filter_map(|employer| employer.source).collect();
    let sources = store::find_employers(kit.db.read(), order.agency, &sources).await?;
    let ids: Vec<&str> = sources.iter().filter_map(|employer| employer.truv_suborder_id.as_deref()).collect();
    let reference = |suborder: &&wire::orders::Suborder| ids.contains(&suborder.id.as_str());
    let chosen = |of: &[wire::orders::Suborder]| -> Vec<wire::orders::SuborderRef> {
        let chosen = of.iter().filter(reference);
        chosen
            .map(|suborder| wire::orders::SuborderRef { id: Some(suborder.id.clone()), suborder_number: None })
            .collect()
    };
    // Named one by one even when all are meant: what is billed is then what was counted.
    let (employers, accounts) = (chosen(&shown.employers), chosen(&shown.financial_accounts));
    if employers.len() + accounts.len() < sources.len() {
        return Ok(Err(truv::Error::NotFound));
    }
    Ok(Ok(Call::Refresh {
        before: shown.refresh_order,
        request: wire::orders::RefreshRequest {
            products: [order.product.truv().unwrap_or("income").to_owned()],
            employers: (!employers.is_empty()).then_some(employers),
            financial_accounts: (!accounts.is_empty()).then_some(accounts),
            ..Default::default()
        },
        parent,
    }))
}

/// Writes down that the call leaves now; `false` when the order was canceled meanwhile.
async fn mark_sent(kit: &Kit, order: &Order, call: &Call) -> Result<bool, Error> {
    let tx = kit.db.begin().await?;
    let Some(mut locked) = store::lock_in_tx(&tx, order.agency, order.id).await? else { return Ok(false) };
    if locked.status != OrderStatus::Requested || locked.sent_at.is_some() {
        return Ok(false);
    }
    let (now, before) = (kit.clock.now(), locked.clone());
    locked.sent_at = Some(now);
    locked.sends += 1;
    if let Call::Refresh { before: newest, .. } = call {
        locked.refresh_order_before.clone_from(newest);
    }
    store::save_in_tx(&tx, &before, &locked, now).await?;
    links::date_units_in_tx(&tx, order.agency, order.id, now).await?;
    kit.db.commit(tx).await?;
    Ok(true)
}

/// Takes Truv's order as the answer to ours, and wakes the deliveries that came before the answer.
///
/// They are woken after the commit: a delivery that is being parked meanwhile looks once more when it is parked, and so
/// either it sees the order or it is seen here. Should the process end in between, it is looked at again by itself.
pub(super) async fn adopt(kit: &Kit, agency: AgencyId, id: OrderId, shown: &wire::orders::Order) -> Result<(), Error> {
    let tx = kit.db.begin().await?;
    let Some(mut open) = Open::load_in_tx(&tx, agency, id).await? else { return Ok(()) };
    open.show_in_tx(kit, &tx, shown).await?;
    open.settle_in_tx(kit, &tx).await?;
    kit.db.commit(tx).await?;
    let suborders: Vec<String> =
        shown.employers.iter().chain(&shown.financial_accounts).map(|suborder| suborder.id.clone()).collect();
    deliveries::wake_parked(kit, agency, &shown.id, &suborders).await
}

/// The look at the parent failed: nothing was sent yet.
async fn read_failed(kit: &Kit, order: &Order, error: &truv::Error) -> Result<Ran, Error> {
    if let Some(hindered) = jobs::hindered(kit, error) {
        return Ok(hindered);
    }
    match error {
        truv::Error::Refused { .. } | truv::Error::Forbidden | truv::Error::NotFound => reject(kit, order, error).await,
        _ => Ok(Ran::Failed { why: format!("the earlier order could not be read: {error}") }),
    }
}

async fn answer_failed(kit: &Kit, order: &Order, error: &truv::Error) -> Result<Ran, Error> {
    if let Some(hindered) = jobs::hindered(kit, error) {
        unmark_sent(kit, order).await?;
        return Ok(hindered);
    }
    match error.outcome() {
        Outcome::Unknown => lose(kit, order, &error.to_string()).await,
        Outcome::NotSent | Outcome::Throttled => {
            unmark_sent(kit, order).await?;
            Ok(Ran::Failed { why: error.to_string() })
        }
        Outcome::Refused => reject(kit, order, error).await,
    }
}

/// The call had no effect; the order waits to be sent again.
async fn unmark_sent(kit: &Kit, order: &Order) -> Result<(), Error> {
    let tx = kit.db.begin().await?;
    if let Some(mut locked) = store::lock_in_tx(&tx, order.agency, order.id).await?
        && locked.status == OrderStatus::Requested
    {
        let before = locked.clone();
        locked.sent_at = None;
        locked.sends = locked.sends.saturating_sub(1);
        store::save_in_tx(&tx, &before, &locked, kit.clock.now()).await?;
    }
    tx.commit().await.map_err(Error::from)
}

/// The answer was lost: the order is looked up before anything is sent again.
async fn lose(kit: &Kit, order: &Order, why: &str) -> Result<Ran, Error> {
    tracing::warn!(order.id = %order.id, reason = why, "an order's outcome is unknown; it is being looked up");
    let tx = kit.db.begin().await?;
    let Some(mut open) = Open::load_in_tx(&tx, order.agency, order.id).await? else { return Ok(Ran::Finished) };
    if open.order.status == OrderStatus::Requested {
        open.order.status = OrderStatus::OutcomeUnknown;
        open.settle_in_tx(kit, &tx).await?;
        let job = NewJob {
            agency: order.agency,
            kind: JobKind::ResolveOrder,
            subject: order.id.0,
            priority: Priority::Interactive,
            run_at: after(kit, SETTLE),
        };
        jobs::enqueue_in_tx(kit, &tx, job).await?;
        kit.db.commit(tx).await?;
    }
    Ok(Ran::Finished)
}

pub(super) fn after(kit: &Kit, wait: Duration) -> DateTime<Utc> {
    kit.clock.now() + TimeDelta::from_std(wait).unwrap_or_default()
}

pub(super) fn again(kit: &Kit, wait: Duration, why: &str) -> Ran {
    Ran::Again { at: after(kit, wait), why: why.to_owned() }
}
