//! A simulator on a still clock, a client for both of its ports, and an endpoint that receives its webhooks.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::any;
use chrono::{DateTime, TimeZone, Utc};
use recert::clock::Clock;
use recert::simulator::{
    AccessKey, Options, SeedBatch, SeedEmployer, SeedLink, SeedOrder, SeedPerson, Seeded, Settings, Simulator,
};
use reqwest::{Client, Method, RequestBuilder, Response};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub(super) const CLIENT: &str = "client-1";
pub(super) const SECRET: &str = "sandbox-first";
pub(super) const SECOND_SECRET: &str = "sandbox-second";

/// Wednesday, 4 March 2026, 15:00.
pub(super) fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 4, 15, 0, 0).unwrap()
}

pub(super) fn keys() -> Vec<AccessKey> {
    [(CLIENT, SECRET), (CLIENT, SECOND_SECRET), (CLIENT, "prod-first"), ("client-2", "sandbox-other")]
        .map(|(client_id, secret)| AccessKey { client_id: client_id.to_owned(), secret: SecretString::from(secret) })
        .to_vec()
}

pub(super) struct Rig {
    pub(super) sim: Simulator,
    pub(super) http: Client,
    pub(super) clock: Clock,
    pub(super) endpoint: Endpoint,
}

impl Rig {
    /// Everything at once, on a still clock.
    pub(super) async fn new() -> Self {
        Self::with(Settings::at_once()).await
    }

    pub(super) async fn with(settings: Settings) -> Self {
        Self::on(Clock::still(start()), settings).await
    }

    pub(super) async fn on(clock: Clock, settings: Settings) -> Self {
        let options = Options { clock: clock.clone(), settings, ..Options::new(keys()) };
        let sim = Simulator::start(options).await.unwrap();
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { sim, http, clock, endpoint: Endpoint::start().await }
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("http://{}{path}", self.sim.api_addr()))
            .header("X-Access-Client-Id", CLIENT)
            .header("X-Access-Secret", SECRET)
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.request(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.request(Method::PATCH, path).json(&body).send().await.unwrap()).await
    }

    pub(super) async fn delete(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::DELETE, path).send().await.unwrap()).await
    }

    /// A call to the control port that must succeed.
    pub(super) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_control(method, path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(super) async fn try_control(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let address = format!("http://{}/control/{path}", self.sim.control_addr());
        let request = self.http.request(method, address);
        let request = if body.is_null() { request } else { request.json(&body) };
        answer(request.send().await.unwrap()).await
    }

    pub(super) async fn set(&self, settings: Value) {
        self.control(Method::PUT, "settings", settings).await;
    }

    pub(super) async fn fault(&self, rule: Value) {
        self.control(Method::PUT, "faults", json!({ "rules": [rule] })).await;
    }

    pub(super) async fn scenario(&self, word: &str) {
        self.control(Method::PUT, "scenario", json!({ "scenario": word })).await;
    }

    pub(super) async fn advance(&self, seconds: u64) {
        self.control(Method::POST, "clock/advance", json!({ "seconds": seconds })).await;
        self.sim.settled().await;
    }

    pub(super) async fn truth(&self, order_id: &str) -> Value {
        self.control(Method::GET, &format!("state?order_id={order_id}"), Value::Null).await
    }

    /// Registers the endpoint through the API.
    pub(super) async fn subscribe(&self) -> String {
        let body = json!({ "name": "test", "webhook_url": self.endpoint.url(), "env_type": "sandbox" });
        let (status, made) = self.post("/v1/webhooks/", body).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    }

    /// Refreshes the whole order and waits until nothing moves; answers the new order's id.
    pub(super) async fn refresh(&self, order_id: &str) -> String {
        let (status, order) = self.post(&format!("/v1/orders/{order_id}/"), json!({ "products": ["income"] })).await;
        assert_eq!(status, 201, "{order}");
        self.sim.settled().await;
        order["id"].as_str().unwrap().to_owned()
    }
}

async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) })
}

/// Rosa Quintero with one job at the grocery and one at the childcare centre, and the order that connected both.
pub(super) fn rosa() -> SeedBatch {
    let connected_at = start() - chrono::TimeDelta::days(60);
    let link = |company: &str| SeedLink {
        link_id: None,
        access_token: None,
        provider_id: None,
        provider_name: None,
        company_name: company.to_owned(),
        company_mapping_id: Some(format!("mapping-{}", company.len())),
        data_source: None,
        connected_at,
        scenario: recert::simulator::Scenario::Ok,
        jobs: Vec::new(),
    };
    let employer = |place: usize, number: &str| SeedEmployer {
        link: Some(place),
        suborder_number: Some(number.to_owned()),
        ..SeedEmployer::default()
    };
    SeedBatch {
        people: vec![SeedPerson {
            external_user_id: "person-88213".to_owned(),
            first_name: "Rosa".to_owned(),
            last_name: "Quintero".to_owned(),
            ssn: Some("900550142".to_owned()),
            links: vec![link("Harbor Grocery Co"), link("Bright Path Childcare")],
            orders: vec![SeedOrder {
                order_id: None,
                order_number: Some("SNAP-2026-004417".to_owned()),
                product: "income".to_owned(),
                created_at: connected_at,
                completed_at: Some(connected_at + chrono::TimeDelta::minutes(20)),
                employers: vec![employer(0, "HH1-JOB1"), employer(1, "HH1-JOB2")],
                initial_order: None,
            }],
            ..SeedPerson::default()
        }],
        ..SeedBatch::default()
    }
}

/// The same with one job only.
pub(super) fn rosa_with_one_job() -> SeedBatch {
    let mut batch = rosa();
    batch.people[0].links.truncate(1);
    batch.people[0].orders[0].employers.truncate(1);
    batch
}

/// The same with an address that Truv can write to.
pub(super) fn rosa_with_email() -> SeedBatch {
    let mut batch = rosa_with_one_job();
    batch.people[0].email = Some("rosa.q@example.test".to_owned());
    batch
}

pub(super) fn order_of(seeded: &Seeded) -> String {
    seeded.people[0].orders[0].order_id.clone()
}

/// One request that reached the endpoint.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) method: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Received {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn kind(&self) -> String {
        self.json()["event_type"].as_str().unwrap().to_owned()
    }
}

#[derive(Clone)]
struct Inbox {
    received: Arc<watch::Sender<Vec<Received>>>,
    /// What to answer next; 204 when empty.
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
}

/// A receiver of webhooks on loopback.
pub(super) struct Endpoint {
    address: SocketAddr,
    inbox: Inbox,
    _stop: DropGuard,
}

impl Endpoint {
    pub(super) async fn start() -> Self {
        let inbox = Inbox { received: Arc::new(watch::Sender::new(Vec::new())), answers: Arc::default() };
        let app = Router::new().fallback(any(receive)).with_state(inbox.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        TaskTracker::new().spawn(async move { axum::serve(listener, app).with_graceful_shutdown(stopped).await });
        Self { address, inbox, _stop: stop.drop_guard() }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/webhooks/truv", self.address)
    }

    /// The next requests get these answers.
    pub(super) fn answer(&self, codes: &[u16]) {
        let codes = codes.iter().map(|code| StatusCode::from_u16(*code).unwrap());
        self.inbox.answers.lock().unwrap().extend(codes);
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.inbox.received.borrow().clone()
    }

    /// Waits for so many requests.
    pub(super) async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut received = self.inbox.received.subscribe();
        received.wait_for(|all| all.len() >= count).await.unwrap().clone()
    }

    /// Event types with the status where there is one, in the order of arrival.
    pub(super) fn story(&self) -> Vec<String> {
        self.received()
            .iter()
            .map(|one| {
                let body = one.json();
                let kind = body["event_type"].as_str().unwrap();
                body["status"].as_str().map_or_else(|| kind.to_owned(), |status| format!("{kind} {status}"))
            })
            .collect()
    }
}

async fn receive(State(inbox): State<Inbox>, method: Method, headers: HeaderMap, body: Bytes) -> StatusCode {
    let answer = inbox.answers.lock().unwrap().pop_front().unwrap_or(StatusCode::NO_CONTENT);
    inbox.received.send_modify(|all| all.push(Received { method: method.to_string(), headers, body }));
    answer
}
