//! `/v1/orders/`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Call;
use super::answer::Answer;
use super::body::RequestBody;
use super::page::Page;
use crate::simulator::chance::Id;
use crate::simulator::engine::Due;
use crate::simulator::events::instant;
use crate::simulator::orders::{RefreshRequest, Selector, window_end};
use crate::simulator::refusal::Refusal;
use crate::simulator::state::{Asked, Order, Suborder, TimelineEntry, World};

/// Platform names that `source` may carry; the list is closed.
const SOURCES: [&str; 6] = ["internal", "encompass", "blend", "dashboard", "api", "salesforce"];

/// Fields that are kept and given back as they came.
const EXTRA: [&str; 5] = ["manager", "loan", "notes", "cc_emails", "notification_settings"];

pub(crate) fn list(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let orders: Vec<&Order> = world
        .order_ids
        .iter()
        .rev()
        .filter_map(|id| world.orders.get(id))
        .filter(|order| order.owner == call.owner)
        .collect();
    Ok(Answer::ok(Page::of(call, orders, |order| world.order_view(order))?))
}

pub(crate) fn read(world: &World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    Ok(Answer::ok(world.order_view(world.order_of(call.owner, id)?)))
}

pub(crate) fn create(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let body = RequestBody::parse(call.body)?;
    let products = body.products()?;
    let first_name = body.required_text("first_name", 50)?;
    let last_name = body.required_text("last_name", 50)?;
    let ssn = body.text("ssn")?.map(|ssn| checked_ssn(&ssn)).transpose()?;
    let source = match body.text("source")? {
        None => "internal",
        Some(asked) => SOURCES
            .into_iter()
            .find(|known| *known == asked)
            .ok_or_else(|| Refusal::field("source", "Not a valid choice."))?,
    };
    let employers = body.list("employers")?.unwrap_or_default();
    if employers.len() > 5 {
        return Err(Refusal::field("employers", "No more than 5 employers are allowed."));
    }
    let id = world.new_id("order");
    let product = products.first().copied().unwrap_or("income");
    let mut suborders = Vec::new();
    for (employer, position) in employers.iter().zip(0..) {
        let suborder = Suborder::unconnected(world.chance.id("suborder", &id, position), product, call.now);
        suborders.push(described(suborder, &RequestBody::nested(employer, "employers")?)?);
    }
    let (email, phone) = (body.text("email")?, body.text("phone")?);
    let user_id = super::users::find_or_make(
        world,
        call,
        super::users::NewUser {
            external_user_id: body.text("external_user_id")?,
            first_name: first_name.clone(),
            last_name: last_name.clone(),
            email: email.clone(),
            phone: phone.clone(),
            ssn,
        },
    );
    let expired_at = window_end(call.now, world.settings.order_window_hours);
    let order = Order {
        id: id.clone(),
        owner: call.owner,
        user_id,
        products,
        source,
        order_number: body.text("order_number")?.map(Id::from),
        custom_field: body.text("custom_field")?.map(Arc::from),
        template_id: body.text("template_id")?.map(Arc::from),
        first_name: Arc::from(first_name),
        last_name: Arc::from(last_name),
        email,
        phone,
        created_at: call.now,
        updated_at: call.now,
        canceled_at: None,
        completed_at: None,
        expired_at,
        is_expired: false,
        user_consent_at: None,
        parent: None,
        initial_order: None,
        refresh_order: None,
        refreshes: 0,
        recent_statement: false,
        suppress_notifications: suppresses(&body)?.unwrap_or(false),
        refresh_approved: None,
        suborders,
        timeline: vec![TimelineEntry::of_order("order_created", call.now)],
        settled_event_sent: false,
        extra: extra(&body),
    };
    world.insert_order(order);
    world.agenda.add(expired_at, Due::Expire(id.clone()));
    world.emit_order_created(&id, call.now);
    shown(world, call, &id)
}

/// `POST /v1/orders/{id}/`: a new order from this one.
pub(crate) fn refresh(world: &mut World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    // The path before the body: a wrong id is 404 whatever was sent.
    let fallback = world.order_of(call.owner, id)?.products.clone();
    let body = RequestBody::parse(call.body)?;
    // The older path sends no body at all.
    let alias_without_body = call.path.ends_with("/refresh/") && !body.names("products");
    let products = if alias_without_body { fallback } else { body.products()? };
    if body.list("financial_accounts")?.is_some_and(|accounts| !accounts.is_empty()) {
        return Err(Refusal::field("financial_accounts", "Unknown suborder"));
    }
    let employers =
        body.list("employers")?.map(|items| items.iter().map(selector).collect::<Result<Vec<_>, _>>()).transpose()?;
    let request = RefreshRequest {
        products,
        employers,
        email: body.text("email")?,
        phone: body.text("phone")?,
        recent_statement: body.flag("include_recent_paystub")?.unwrap_or(false),
    };
    let made = world.refresh(call.owner, id, request, call.now)?;
    shown(world, call, &made)
}

pub(crate) fn patch(world: &mut World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let body = RequestBody::parse(call.body)?;
    let order = world.order_of(call.owner, id)?;
    if order.open_suborders().is_empty() && !order.suborders.is_empty() {
        return Err(Refusal::field("order", "Order cannot be updated in its current status"));
    }
    let (id, user_id) = (order.id.clone(), order.user_id.clone());
    let name = |field: &str| body.value(field).map(|_| body.required_text(field, 50)).transpose();
    let (first_name, last_name) = (name("first_name")?, name("last_name")?);
    let ssn = body.text("ssn")?.map(|ssn| checked_ssn(&ssn)).transpose()?;
    let (suppress, approved) = (suppresses(&body)?, body.flag("refresh_approved")?);
    let extra = extra(&body);
    if let (Some(ssn), Some(user)) = (ssn, world.users.get_mut(&user_id)) {
        user.ssn = Some(ssn);
        user.updated_at = call.now;
    }
    let Some(order) = world.orders.get_mut(&id) else { return Err(Refusal::NotFound) };
    order.first_name = first_name.map_or_else(|| order.first_name.clone(), Arc::from);
    order.last_name = last_name.map_or_else(|| order.last_name.clone(), Arc::from);
    order.suppress_notifications = suppress.unwrap_or(order.suppress_notifications);
    order.refresh_approved = approved.or(order.refresh_approved);
    order.extra.extend(extra);
    order.updated_at = call.now;
    Ok(Answer::empty())
}

pub(crate) fn cancel(world: &mut World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    world.cancel(call.owner, id, call.now)?;
    read(world, call, id)
}

/// The history, oldest first; `include_refresh_orders=true` adds that of the refreshes made from this order.
pub(crate) fn events(world: &World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let order = world.order_of(call.owner, id)?;
    let mut orders = vec![order];
    if call.query.get("include_refresh_orders").is_some_and(|flag| flag == "true") {
        let user = world.users.get(&order.user_id).map(|user| user.orders.as_slice()).unwrap_or_default();
        orders.extend(
            user.iter().filter_map(|id| world.orders.get(id)).filter(|other| other.parent.as_ref() == Some(&order.id)),
        );
    }
    let mut entries: Vec<(&Order, &TimelineEntry)> =
        orders.into_iter().flat_map(|order| order.timeline.iter().map(move |entry| (order, entry))).collect();
    entries.sort_by_key(|(_, entry)| entry.at);
    let page = Page::of(call, entries, |(order, entry)| {
        json!({
            "object": "order_event",
            "type": entry.kind,
            "is_refresh": order.parent.is_some(),
            "order_id": order.id,
            "timestamp": instant(entry.at),
            "suborder_id": entry.suborder_id,
            "task_id": entry.task_id,
            "link_id": entry.link_id,
        })
    })?;
    Ok(Answer::ok(page))
}

/// Orders of the people with this SSN.
pub(crate) fn lookup(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let ssn = RequestBody::parse(call.body)?.required_text("ssn", 128)?;
    let ssn = checked_ssn(&ssn)?;
    let orders: Vec<&Order> = world
        .order_ids
        .iter()
        .rev()
        .filter_map(|id| world.orders.get(id))
        .filter(|order| order.owner == call.owner)
        .filter(|order| {
            world
                .users
                .get(&order.user_id)
                .and_then(|user| user.ssn.as_deref())
                .is_some_and(|known| known == ssn || (ssn.len() == 4 && known.ends_with(&ssn)))
        })
        .collect();
    Ok(Answer::ok(Page::of(call, orders, |order| world.order_view(order))?))
}

pub(crate) fn add_employer(world: &mut World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let body = RequestBody::parse(call.body)?;
    let order = world.order_of(call.owner, id)?;
    if order.is_expired || order.canceled_at.is_some() {
        return Err(Refusal::field("order", "Order is expired or canceled"));
    }
    let position = u64::try_from(order.suborders.len()).unwrap_or(0);
    let product = order.products.first().copied().unwrap_or("income");
    let suborder = Suborder::unconnected(world.chance.id("suborder", &order.id, position), product, call.now);
    let suborder = described(suborder, &body)?;
    let id = order.id.clone();
    if let Some(order) = world.orders.get_mut(&id) {
        order.suborders.push(suborder.clone());
        order.updated_at = call.now;
    }
    let order = world.order_of(call.owner, &id)?;
    Ok(Answer::created(world.suborder_view(order, &suborder)))
}

pub(crate) fn invoice(world: &World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let order = world.order_of(call.owner, id)?;
    let billed = world.billing.iter().any(|line| line.order_id.as_ref() == Some(&order.id));
    Ok(Answer::ok(json!({
        "id": world.chance.id("invoice", &order.id, 0),
        "order_group_id": order.id,
        "file": null,
        "status": if billed { "success" } else { "pending" },
        "created_at": instant(order.created_at),
        "updated_at": instant(order.updated_at),
    })))
}

fn shown(world: &World, call: &Call, id: &Id) -> Result<Answer, Refusal> {
    let view = world.order_view(world.order_of(call.owner, id)?);
    Ok(Answer::json(StatusCode::CREATED, view).made(id.clone()))
}

fn selector(item: &Value) -> Result<Selector, Refusal> {
    let item = RequestBody::nested(item, "employers")?;
    match (item.text("id")?, item.text("suborder_number")?) {
        (Some(id), _) => Ok(Selector::Id(id)),
        (None, Some(number)) => Ok(Selector::Number(number)),
        (None, None) => Err(Refusal::field("employers", "Either id or suborder_number is required.")),
    }
}

/// Fills in what the caller says about an employer.
fn described(suborder: Suborder, body: &RequestBody) -> Result<Suborder, Refusal> {
    let shared = |field: &str| body.text(field).map(|text| text.map(Arc::from));
    let asked = Asked {
        company_name: shared("company_name")?,
        company_address: body.value("company_address").cloned().map(Arc::new),
        company_domain: shared("company_domain")?,
        start_date: shared("start_date")?,
        end_date: shared("end_date")?,
    };
    let company_mapping_id = shared("company_mapping_id")?;
    if asked.company_name.is_none() && company_mapping_id.is_none() {
        return Err(Refusal::field("employers", "Either company_mapping_id or company_name is required."));
    }
    Ok(Suborder { number: shared("suborder_number")?, company_mapping_id, asked, ..suborder })
}

fn checked_ssn(ssn: &str) -> Result<String, Refusal> {
    let digits: String = ssn.chars().filter(char::is_ascii_digit).collect();
    if digits.len() == 4 || digits.len() == 9 {
        Ok(digits)
    } else {
        Err(Refusal::field("ssn", "Must have 4 or 9 digits."))
    }
}

fn suppresses(body: &RequestBody) -> Result<Option<bool>, Refusal> {
    let Some(settings) = body.value("notification_settings") else { return Ok(None) };
    RequestBody::nested(settings, "notification_settings")?.flag("suppress_user_notifications")
}

fn extra(body: &RequestBody) -> BTreeMap<&'static str, Value> {
    EXTRA.into_iter().filter_map(|field| Some((field, body.value(field)?.clone()))).collect()
}
