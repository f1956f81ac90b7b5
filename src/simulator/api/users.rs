//! `/v1/users/` and the bridge tokens of a user.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::Call;
use super::answer::Answer;
use super::body::RequestBody;
use super::page::Page;
use super::shapes::UserView;
use crate::simulator::chance::Id;
use crate::simulator::refusal::Refusal;
use crate::simulator::state::{BridgeToken, Owner, User, World, product};

/// A person as a request describes one.
pub(crate) struct NewUser {
    pub(crate) external_user_id: Option<String>,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) ssn: Option<String>,
}

/// The user with this `external_user_id`, whose links are then at hand, or a new one.
pub(crate) fn find_or_make(world: &mut World, call: &Call, new: NewUser) -> Id {
    let known = new
        .external_user_id
        .clone()
        .and_then(|external| world.by_external_id.get(&(call.owner, external)).cloned())
        .filter(|id| world.users.get(id).is_some_and(|user| !user.deleted));
    if let Some(id) = known {
        return id;
    }
    let id = world.new_id("user");
    world.insert_user(User {
        id: id.clone(),
        owner: call.owner,
        external_user_id: new.external_user_id,
        first_name: new.first_name,
        last_name: new.last_name,
        email: new.email,
        phone: new.phone,
        ssn: new.ssn,
        created_at: call.now,
        updated_at: call.now,
        deleted: false,
        links: Vec::new(),
        orders: Vec::new(),
    });
    id
}

impl World {
    pub(crate) fn user_of(&self, caller: Owner, id: &str) -> Result<&User, Refusal> {
        let user = self.users.get(id).filter(|user| !user.deleted).ok_or(Refusal::NotFound)?;
        caller.may_see(user.owner)?;
        Ok(user)
    }
}

pub(crate) fn list(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let wanted = call.query.get("external_user_id");
    let users: Vec<&User> = world
        .user_ids
        .iter()
        .rev()
        .filter_map(|id| world.users.get(id))
        .filter(|user| user.owner == call.owner && !user.deleted)
        .filter(|user| wanted.is_none() || user.external_user_id.as_ref() == wanted)
        .collect();
    Ok(Answer::ok(Page::of(call, users, UserView::from)?))
}

pub(crate) fn create(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let body = RequestBody::parse(call.body)?;
    let external_user_id = body.text("external_user_id")?;
    if let Some(external) = &external_user_id
        && world.by_external_id.contains_key(&(call.owner, external.clone()))
    {
        return Err(Refusal::field("external_user_id", "User with this external_user_id already exists."));
    }
    let new = NewUser {
        external_user_id,
        first_name: body.text("first_name")?.unwrap_or_default(),
        last_name: body.text("last_name")?.unwrap_or_default(),
        email: body.text("email")?,
        phone: body.text("phone")?,
        ssn: body.text("ssn")?,
    };
    let id = find_or_make(world, call, new);
    Ok(Answer::created(UserView::from(world.user_of(call.owner, &id)?)))
}

pub(crate) fn read(world: &World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    Ok(Answer::ok(UserView::from(world.user_of(call.owner, id)?)))
}

pub(crate) fn patch(world: &mut World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let id = world.user_of(call.owner, id)?.id.clone();
    let body = RequestBody::parse(call.body)?;
    let (first_name, last_name) = (body.text("first_name")?, body.text("last_name")?);
    let (email, phone, ssn) = (body.text("email")?, body.text("phone")?, body.text("ssn")?);
    let Some(user) = world.users.get_mut(&id) else { return Err(Refusal::NotFound) };
    user.first_name = first_name.unwrap_or_else(|| user.first_name.clone());
    user.last_name = last_name.unwrap_or_else(|| user.last_name.clone());
    user.email = email.or_else(|| user.email.clone());
    user.phone = phone.or_else(|| user.phone.clone());
    user.ssn = ssn.or_else(|| user.ssn.clone());
    user.updated_at = call.now;
    Ok(Answer::ok(UserView::from(&*user)))
}

pub(crate) fn delete(world: &mut World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let user = world.user_of(call.owner, id)?;
    let (id, links) = (user.id.clone(), user.links.clone());
    for link in links {
        world.delete_link(&link, call.now);
    }
    if let Some(user) = world.users.get_mut(&id) {
        user.deleted = true;
        if let Some(external) = user.external_user_id.clone() {
            world.by_external_id.remove(&(call.owner, external));
        }
    }
    Ok(Answer::empty())
}

/// Fields of a bridge token's request that come back in its answer.
const ECHOED: [&str; 9] = [
    "product_type",
    "tracking_info",
    "template_id",
    "data_sources",
    "company_mapping_id",
    "provider_id",
    "allowed_products",
    "use_case",
    "account",
];

/// `POST /v1/users/{id}/tokens/`: with a connection's `access_token` it opens the widget in update mode.
pub(crate) fn create_token(world: &mut World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let user_id = world.user_of(call.owner, id)?.id.clone();
    let body = RequestBody::parse(call.body)?;
    let product =
        body.text("product_type")?
            .ok_or_else(|| Refusal::field("product_type", "This field is required."))
            .and_then(|word| product(&word).ok_or_else(|| Refusal::field("product_type", "Not a valid choice.")))?;
    let access_token = body.text("access_token")?;
    let link_id = match &access_token {
        None => None,
        Some(token) => {
            let link = world.by_access_token.get(token.as_str()).and_then(|id| world.links.get(id));
            match link.filter(|link| link.user_id == user_id && link.deleted_at.is_none()) {
                Some(link) => Some(link.id.clone()),
                None => return Err(Refusal::field("access_token", "Unknown access_token.")),
            }
        }
    };
    let token = world.new_id("user bridge token");
    let bridge = BridgeToken {
        owner: call.owner,
        user_id,
        link_id,
        product,
        tracking_info: body.text("tracking_info")?.map(Id::from),
        expires_at: call.now + TimeDelta::minutes(i64::from(world.settings.token_minutes)),
    };
    world.bridge_tokens.insert(token.clone(), bridge);
    let mut answer = Map::new();
    answer.insert("bridge_token".to_owned(), json!(token));
    answer.insert("access_token".to_owned(), json!(access_token));
    for field in ECHOED {
        answer.insert(field.to_owned(), body.value(field).cloned().unwrap_or(Value::Null));
    }
    Ok(Answer::json(StatusCode::CREATED, Value::Object(answer)))
}
