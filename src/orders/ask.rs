//! Asks the client to log in again: stores the intent of a new order whose link reaches them by Truv or by the agency.

use serde::Serialize;

use super::idempotency::Key;
use super::refresh::{Made, announce_in_tx, check_upstream, is_in_the_way};
use super::refusal::{Error, Refusal, input};
use super::shared::{self, Asked};
use super::{Contact, Order, OrderEmployer, store};
use crate::batches;
use crate::caller::{Caller, Scope};
use crate::cases;
use crate::ids::{CaseId, LinkId, OrderId};
use crate::kit::Kit;
use crate::links;
use crate::people::{self, Client};
use crate::words::{CaseStatus, DeliveryChannel, NextAction, OrderKind, OrderStatus, ProductType, RefreshPurpose};

/// What is asked for.
#[derive(Clone, Debug, Serialize)]
pub struct AskInput {
    /// The case.
    pub case: CaseId,
    /// The link to reconnect; `None` for every link of the case that does not work, or for whatever the client connects.
    pub link: Option<LinkId>,
    /// How the link reaches the client.
    pub channels: Vec<DeliveryChannel>,
    /// Whether to ask only while a link is what the case needs next: for asks that waited for their turn.
    #[serde(skip)]
    pub only_where_needed: bool,
    /// A repeat with the same key and input answers with the first result.
    #[serde(skip)]
    pub idempotency_key: String,
}

/// Stores the intent of an order that asks the client.
///
/// # Errors
/// [`Error::Refused`] with the reason; nothing has then changed.
pub async fn ask(kit: &Kit, caller: &Caller, ask: &AskInput) -> Result<Made, Error> {
    let first = ask_once(kit, caller, ask).await;
    if is_in_the_way(&first) { ask_once(kit, caller, ask).await } else { first }
}

async fn ask_once(kit: &Kit, caller: &Caller, ask: &AskInput) -> Result<Made, Error> {
    caller.require(Scope::ClientsContact)?;
    let scope = caller.cases()?;
    let key = Key::parse(caller, &ask.idempotency_key, "sendVerificationLink", ask)?;
    let missing = || Refusal::not_found(input("caseId"), "There is no such case.");
    let tx = kit.db.begin().await?;
    let mut locked = cases::lock_in_tx(&tx, scope, ask.case).await?.ok_or_else(missing)?;
    if let Some(order) = key.find_in_tx(&tx, locked.case()).await? {
        let order = store::load(&tx, caller.agency, order).await?;
        return Ok(Made { order, case: locked.case().clone(), spending: None, fresh: None });
    }
    if locked.case().status == CaseStatus::Closed {
        return Err(Refusal::invalid(input("caseId"), "The case is closed.").into());
    }
    if ask.only_where_needed && locked.case().next_action != NextAction::SendVerificationLink {
        let message = "The case does not need its client any more.";
        return Err(conflict(input("caseId"), message, locked.case().version).into());
    }
    check_upstream(kit, &tx, caller.agency).await?;
    let client = people::find_client(&tx, caller.agency, locked.case().client).await?.ok_or_else(missing)?;
    check_channels(&ask.channels, &client)?;

    let orders = store::list_of_case(&tx, ask.case).await?;
    // Never two asks at once: the client would not know which link to use.
    let open = |order: &&Order| order.contact.is_some() && store::OPEN.contains(&order.status);
    if let Some(open) = orders.iter().find(open) {
        return Err(Refusal::InProgress { order: Box::new(open.clone()) }.into());
    }
    let employers = store::employers_of(&tx, &orders.iter().map(|order| order.id).collect::<Vec<_>>()).await?;
    let ids: Vec<LinkId> = employers.iter().filter_map(|employer| employer.link).collect();
    let mut links: Vec<links::Link> = links::find_all(&tx, caller.agency, &ids).await?.into_values().collect();
    links.sort_by_key(|link| link.id);
    match ask.link {
        Some(id) => {
            links.retain(|link| link.id == id);
            if links.is_empty() {
                return Err(Refusal::not_found(input("linkId"), "The case has no such employer link.").into());
            }
        }
        None => links.retain(|link| !link.works()),
    }
    let wanted: Vec<LinkId> = links.iter().map(|link| link.id).collect();
    // Two cases that share a connection ask for it one after the other: the second sees what the first has stored.
    links::lock_in_tx(&tx, caller.agency, &wanted).await?;
    let elsewhere = shared::find_ask_elsewhere_in_tx(&tx, locked.case(), &wanted).await?;
    if let Some(Asked::By(order, other)) = elsewhere {
        let refusal = if scope.admits(other.agency, other.assignee) {
            Refusal::InProgress { order }
        } else {
            let message = "Another case of this client has asked for the same connection already.";
            conflict(input("caseId"), message, locked.case().version)
        };
        return Err(refusal.into());
    }
    let parent = locked.case().latest_order.and_then(|id| orders.iter().find(|order| order.id == id));
    let has_truv_written = parent.is_some_and(shared::is_written_about) || elsewhere.is_some();
    if has_truv_written && ask.channels.iter().any(|channel| *channel != DeliveryChannel::None) {
        let message = "Truv has written to the client about this already. Wait for the login, or pass a link on \
                       yourselves (NONE).";
        return Err(conflict(input("channels"), message, locked.case().version).into());
    }
    let order = new_order(
        kit,
        caller,
        &mut locked,
        &tx,
        parent,
        Contact { channels: ask.channels.clone(), links: links.iter().map(|link| link.id).collect() },
    )
    .await?;
    let employers: Vec<OrderEmployer> = (0..)
        .zip(&links)
        .map(|(position, link)| {
            let source = employers.iter().rev().find(|employer| employer.link == Some(link.id));
            OrderEmployer {
                id: kit.ids.next(),
                agency: order.agency,
                order: order.id,
                position,
                source: source.map(|employer| employer.id),
                // The client may come back with another login, which makes another link.
                link: None,
                truv_suborder_id: None,
                suborder_number: Some(format!("{}-{position}", order.id.0.simple())),
                company_name: link.company_name.clone(),
                raw_status: "pending".to_owned(),
                status_at: None,
                task_status: None,
                task_at: None,
                latest_task: None,
                told: None,
                message: None,
                updated_at: order.created_at,
            }
        })
        .collect();
    store::insert_in_tx(&tx, &order, &employers).await?;
    announce_in_tx(kit, &tx, &mut locked, &order).await?;
    key.store_in_tx(kit, &tx, order.id).await?;
    let case = locked.save_in_tx(&tx, kit.clock.now()).await?;
    kit.db.commit(tx).await?;
    Ok(Made { order, case, spending: None, fresh: None })
}

fn conflict(path: Vec<String>, message: &str, current_version: i64) -> Refusal {
    Refusal::Conflict { path, message: message.to_owned(), current_version }
}

async fn new_order(
    kit: &Kit,
    caller: &Caller,
    locked: &mut cases::Locked,
    tx: &crate::storage::Tx,
    parent: Option<&Order>,
    contact: Contact,
) -> Result<Order, Error> {
    let now = kit.clock.now();
    let renewal = cases::open_renewal_in_tx(kit, tx, locked).await?;
    let id: OrderId = kit.ids.next();
    let case = locked.case();
    Ok(Order {
        id,
        agency: case.agency,
        case: case.id,
        renewal: Some(renewal),
        batch_item: batches::find_followed_in_tx(tx, case.id).await?,
        is_bulk: false,
        parent: parent.map(|parent| parent.id),
        root: parent.map_or(id, |parent| parent.root),
        depth: parent.map_or(0, |parent| parent.depth + 1),
        kind: if parent.is_some() { OrderKind::Reauthentication } else { OrderKind::Original },
        status: OrderStatus::Requested,
        product: parent.map_or(ProductType::Income, |parent| parent.product),
        purpose: Some(parent.and_then(|parent| parent.purpose).unwrap_or(RefreshPurpose::Renewal)),
        truv_order_id: None,
        truv_user_id: parent.and_then(|parent| parent.truv_user_id.clone()),
        // Unique, so that an order whose answer was lost can be found again by its number.
        number: Some(format!("{}-{:08x}", case.number, id.0.as_u128() & 0xffff_ffff)),
        requested_by: caller.subject.clone(),
        attempt: 0,
        refresh_order_before: None,
        sends: 0,
        sent_at: None,
        contact: Some(contact),
        share_url: None,
        failure: None,
        retry_canceled_at: None,
        retry_moved_to: None,
        canceled_at: None,
        completed_at: None,
        expires_at: None,
        news_at: now,
        created_at: now,
        updated_at: now,
        version: 1,
    })
}

fn check_channels(channels: &[DeliveryChannel], client: &Client) -> Result<(), Refusal> {
    let invalid = |index: usize, message: &str| {
        let path = vec!["input".to_owned(), "channels".to_owned(), index.to_string()];
        Err(Refusal::invalid(path, message))
    };
    if channels.is_empty() {
        let message = "Name at least one channel, or NONE to pass the link on yourselves.";
        return Err(Refusal::invalid(input("channels"), message));
    }
    for (index, channel) in channels.iter().enumerate() {
        if channels.iter().take(index).any(|other| other == channel) {
            return invalid(index, "This channel is named twice.");
        }
        match channel {
            DeliveryChannel::None if channels.len() > 1 => {
                return invalid(index, "NONE cannot be combined with a channel that Truv uses.");
            }
            DeliveryChannel::Email if client.sealed_email.is_none() => {
                return invalid(index, "The client has no e-mail address.");
            }
            DeliveryChannel::Sms if client.sealed_phone.is_none() => {
                return invalid(index, "The client has no phone number.");
            }
            DeliveryChannel::None | DeliveryChannel::Email | DeliveryChannel::Sms => {}
        }
    }
    Ok(())
}
