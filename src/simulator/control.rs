//! The control port: what a test may do that no client of the real service can.

use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post, put};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use super::Shared;
use super::applicant::Play;
use super::faults::Rule;
use super::scenarios::Scenario;
use super::seed::SeedBatch;
use super::settings::Settings;
use super::state::World;

/// Log entries in one answer, unless `limit` asks for fewer.
const LOG_PAGE: usize = 10_000;

/// Serves the control port until the simulator stops.
pub(crate) async fn serve(shared: Shared, listener: TcpListener) {
    let stop = shared.stop.clone();
    let app = Router::new()
        .route("/control/log", get(log))
        .route("/control/state", get(state))
        .route("/control/scenario", put(scenario_of_all))
        .route("/control/links/{link_id}/scenario", put(scenario_of_link))
        .route("/control/settings", get(settings).put(change_settings))
        .route("/control/faults", get(faults).put(set_faults).delete(clear_faults))
        .route("/control/clock/advance", post(advance))
        .route("/control/settled", post(settled))
        .route("/control/seed", post(seed))
        .route("/control/orders/{order_id}/applicant", post(applicant))
        .route("/control/bridge-tokens/{token}/applicant", post(bridge))
        .route("/control/redirect/{status}", any(redirect))
        .with_state(shared);
    let served = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(error = %error, "The simulator's control port failed.");
    }
}

/// A request the control port does not take, with what is wrong.
struct Bad(StatusCode, String);

impl Bad {
    fn input(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }
}

impl IntoResponse for Bad {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<JsonRejection> for Bad {
    fn from(rejection: JsonRejection) -> Self {
        Self::input(rejection.body_text())
    }
}

type Answer = Result<Json<Value>, Bad>;
type Given<T> = Result<Json<T>, JsonRejection>;

#[derive(Deserialize)]
struct LogQuery {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

async fn log(State(shared): State<Shared>, Query(query): Query<LogQuery>) -> Json<Value> {
    let (entries, last) = {
        let world = shared.lock();
        (world.log.after(query.after, query.limit.unwrap_or(LOG_PAGE).min(LOG_PAGE)), world.log.last())
    };
    Json(json!({ "entries": entries, "last": last }))
}

#[derive(Deserialize)]
struct StateQuery {
    order_id: Option<String>,
}

async fn state(State(shared): State<Shared>, Query(query): Query<StateQuery>) -> Json<Value> {
    let now = shared.clock.now();
    let truth = {
        let mut world = shared.lock();
        world.catch_up(now);
        world.truth(query.order_id.as_deref())
    };
    shared.wake();
    Json(truth)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioChange {
    scenario: Scenario,
}

async fn scenario_of_all(State(shared): State<Shared>, body: Given<ScenarioChange>) -> Answer {
    let Json(change) = body?;
    let now = shared.clock.now();
    let count = {
        let mut world = shared.lock();
        let links: Vec<_> = world.links.keys().cloned().collect();
        for link in &links {
            world.set_scenario(link, change.scenario, now);
        }
        links.len()
    };
    shared.wake();
    Ok(Json(json!({ "scenario": change.scenario, "links": count })))
}

async fn scenario_of_link(
    State(shared): State<Shared>,
    Path(link_id): Path<String>,
    body: Given<ScenarioChange>,
) -> Answer {
    let Json(change) = body?;
    let now = shared.clock.now();
    let known = shared.lock().set_scenario(&link_id, change.scenario, now);
    shared.wake();
    if !known {
        return Err(Bad(StatusCode::NOT_FOUND, format!("there is no link `{link_id}`")));
    }
    Ok(Json(json!({ "link_id": link_id, "scenario": change.scenario })))
}

async fn settings(State(shared): State<Shared>) -> Json<Value> {
    Json(json!(shared.lock().settings))
}

/// Changes what is named and leaves the rest.
async fn change_settings(State(shared): State<Shared>, body: Given<Map<String, Value>>) -> Answer {
    let Json(changes) = body?;
    let mut world = shared.lock();
    let Value::Object(mut all) = json!(world.settings) else { return Err(Bad::input("settings cannot be read")) };
    all.extend(changes);
    let settings: Settings = serde_json::from_value(Value::Object(all)).map_err(|e| Bad::input(e.to_string()))?;
    settings.check().map_err(Bad::input)?;
    world.settings = settings;
    Ok(Json(json!(world.settings)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultRules {
    rules: Vec<Rule>,
}

async fn faults(State(shared): State<Shared>) -> Json<Value> {
    Json(json!({ "rules": shared.lock().faults.rules() }))
}

async fn set_faults(State(shared): State<Shared>, body: Given<FaultRules>) -> Answer {
    let Json(FaultRules { rules }) = body?;
    let mut world = shared.lock();
    world.faults.set(rules).map_err(Bad::input)?;
    Ok(Json(json!({ "rules": world.faults.rules() })))
}

async fn clear_faults(State(shared): State<Shared>) -> Answer {
    let mut world = shared.lock();
    world.faults.set(Vec::new()).map_err(Bad::input)?;
    Ok(Json(json!({ "rules": [] })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: f64,
}

/// Moves the clock and does all that has become due before it answers. Deliveries follow.
async fn advance(State(shared): State<Shared>, body: Given<Advance>) -> Answer {
    let Json(Advance { seconds }) = body?;
    let by = Duration::try_from_secs_f64(seconds).map_err(|_| Bad::input("seconds must not be negative"))?;
    if !shared.clock.advance(by) {
        return Err(Bad(StatusCode::CONFLICT, "the system's clock cannot be moved".to_owned()));
    }
    let now = shared.clock.now();
    shared.lock().catch_up(now);
    shared.wake();
    Ok(Json(json!({ "now": now })))
}

async fn settled(State(shared): State<Shared>) -> Json<Value> {
    shared.settled().await;
    Json(json!({ "now": shared.clock.now() }))
}

async fn seed(State(shared): State<Shared>, body: Given<SeedBatch>) -> Answer {
    let Json(batch) = body?;
    let now = shared.clock.now();
    let seeded = shared.lock().seed(batch, now).map_err(|error| Bad::input(error.to_string()))?;
    Ok(Json(json!(seeded)))
}

async fn applicant(State(shared): State<Shared>, Path(order_id): Path<String>, body: Given<Play>) -> Answer {
    let Json(play) = body?;
    let now = shared.clock.now();
    let played = {
        let mut world = shared.lock();
        world.catch_up(now);
        if !world.orders.contains_key(order_id.as_str()) {
            return Err(Bad(StatusCode::NOT_FOUND, format!("there is no order `{order_id}`")));
        }
        world.play(&order_id, &play, now)
    };
    shared.wake();
    played.map(|played| Json(json!(played))).map_err(|message| Bad(StatusCode::CONFLICT, message))
}

async fn bridge(State(shared): State<Shared>, Path(token): Path<String>, body: Given<Play>) -> Answer {
    let Json(play) = body?;
    let now = shared.clock.now();
    let played = {
        let mut world = shared.lock();
        world.catch_up(now);
        if !world.bridge_tokens.contains_key(token.as_str()) {
            return Err(Bad(StatusCode::NOT_FOUND, "there is no such bridge token".to_owned()));
        }
        world.play_bridge(&token, &play, now)
    };
    shared.wake();
    played.map(|played| Json(json!(played))).map_err(|message| Bad(StatusCode::CONFLICT, message))
}

#[derive(Deserialize)]
struct Target {
    to: String,
}

/// Where deliveries hit by the fault `redirect` pass through.
async fn redirect(Path(status): Path<u16>, Query(Target { to }): Query<Target>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::TEMPORARY_REDIRECT);
    (status, [(LOCATION, to)]).into_response()
}

impl World {
    /// Sets what later pulls of a connection do; `false` when there is no such connection.
    fn set_scenario(&mut self, link_id: &str, scenario: Scenario, now: DateTime<Utc>) -> bool {
        let Some(link) = self.links.get_mut(link_id) else { return false };
        link.scenario = scenario;
        link.pulls = 0;
        if scenario == Scenario::LinkDeleted {
            self.delete_link(link_id, now);
        }
        true
    }
}
