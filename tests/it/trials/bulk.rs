//! A renewal batch at work while its gateway is killed: every case is refreshed once and has its outcome, memory stays where
//! it was, and what a person asks for in the meantime still starts at once.
//!
//! ```text
//! RECERT_TEST_BULK_CASES=10000 RECERT_TEST_BULK_BUDGET=3000 cargo test --test it trials::bulk -- --nocapture
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{Days, TimeDelta};
use recert::caller::Scope;
use recert::clock::Clock;
use recert::config::Config;
use recert::http::token::{Claims, Token};
use recert::simulator::{
    AccessKey, Options, Scenario, SeedBatch, SeedEmployer, SeedLink, SeedOrder, SeedPerson, Settings, Simulator,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::crash::front;
use super::gateways::{Alive, Gateways};
use super::{asked, say};
use crate::support::client::operation_of;
use crate::support::database::{Scratch, fresh};

const KILLS: u64 = 3;
/// Rows of one import.
const CHUNK: u64 = 200;
/// How long the whole may stand still before the trial fails.
const PATIENCE: Duration = Duration::from_mins(3);

/// What asks the gateway.
struct Desk {
    alive: Alive,
    http: reqwest::Client,
    token: String,
}

impl Desk {
    /// Sends a document until a gateway answers; its errors fail the trial.
    async fn send(&self, document: &str, variables: Value) -> Value {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "no gateway answers");
            let address = self.alive.lock().unwrap().iter().flatten().next().copied();
            if let Some(address) = address {
                let url = format!("http://{address}/graphql");
                let request = self.http.post(url).bearer_auth(&self.token);
                let sent = request.json(&json!({ "query": document, "variables": variables })).send().await;
                if let Ok(answer) = sent
                    && let Ok(body) = answer.json::<Value>().await
                {
                    assert!(body.get("errors").is_none(), "{body}");
                    return body["data"].clone();
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Orders a refresh as a person does, and waits until Truv has it. Answers how long that took.
    async fn refresh(&self, case: &str, key: &str) -> Duration {
        let begun = Instant::now();
        let input = json!({ "caseId": case, "purpose": "RENEWAL", "idempotencyKey": key });
        let made = self.send(&operation_of("CreateRefreshOrder"), json!({ "input": input })).await;
        let order = made["createRefreshOrder"]["order"]["id"].clone();
        assert!(order.is_string(), "{made}");
        let document = "query($by: OrderBy!) { order(by: $by) { truvOrderId } }";
        while self.send(document, json!({ "by": { "id": order } })).await["order"]["truvOrderId"].is_null() {
            assert!(begun.elapsed() < PATIENCE, "an interactive refresh does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        begun.elapsed()
    }
}

fn number(place: u64) -> String {
    format!("BULK-{place:06}")
}

fn person(place: u64) -> SeedPerson {
    let at = Clock::system().now() - TimeDelta::days(90);
    SeedPerson {
        external_user_id: format!("client-{}", number(place)),
        first_name: "Rosa".to_owned(),
        last_name: "Ortiz".to_owned(),
        links: vec![SeedLink {
            link_id: None,
            access_token: None,
            provider_id: None,
            provider_name: None,
            company_name: format!("Employer of {place}"),
            company_mapping_id: None,
            data_source: None,
            connected_at: at,
            scenario: Scenario::Ok,
            jobs: Vec::new(),
        }],
        orders: vec![SeedOrder {
            order_id: None,
            order_number: Some(number(place)),
            product: "income".to_owned(),
            created_at: at,
            completed_at: Some(at),
            employers: vec![SeedEmployer { link: Some(0), ..SeedEmployer::default() }],
            initial_order: None,
        }],
        ..SeedPerson::default()
    }
}

/// Brings cases in and answers their ids with Truv's ids of their orders.
async fn bring_in(desk: &Desk, sim: &Simulator, places: std::ops::Range<u64>, due_in: u64) -> Vec<(String, String)> {
    let (today, mut known) = (Clock::system().today(), Vec::new());
    let mut from = places.start;
    while from < places.end {
        let to = (from + CHUNK).min(places.end);
        let people = (from..to).map(person).collect();
        let seeded = sim.seed(SeedBatch { people, ..SeedBatch::default() }).unwrap();
        let row = |(place, order): (u64, &String)| {
            json!({
                "number": number(place), "program": "SNAP", "dueOn": today + Days::new(due_in),
                "periodStart": today - Days::new(150), "periodEnd": today + Days::new(due_in),
                "client": { "externalUserId": format!("client-{}", number(place)), "firstName": "Rosa", "lastName": "Ortiz" },
                "orders": [{ "truvOrderId": order, "number": number(place) }],
            })
        };
        let orders: Vec<String> = seeded.people.iter().map(|person| person.orders[0].order_id.clone()).collect();
        let rows: Vec<Value> = (from..to).zip(&orders).map(row).collect();
        let made = desk.send(&operation_of("ImportCases"), json!({ "input": { "cases": rows } })).await;
        let ids = made["importCases"]["cases"].as_array().unwrap();
        assert_eq!(ids.len(), orders.len(), "{made}");
        known.extend(ids.iter().map(|case| case["id"].as_str().unwrap().to_owned()).zip(orders));
        from = to;
    }
    known
}

/// The most memory that a process has used so far, in MiB; 0 where the system does not tell.
fn peak_memory(pid: Option<u32>) -> u64 {
    let status = pid.and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/status")).ok()).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1_024
}

/// Everything that survives the kills.
struct Yard {
    sim: Simulator,
    gateways: Gateways,
    desk: Desk,
    _front: tokio::task::JoinHandle<()>,
    _logs: tempfile::TempDir,
    // Last: the database goes when nobody uses it any more.
    _scratch: Scratch,
}

impl Yard {
    async fn open(budget: u64) -> Self {
        let (scratch, _, _) = fresh().await;
        let config = Config::for_tests();
        let agency = &config.agencies[0];
        let keys = vec![AccessKey { client_id: agency.client_id.clone(), secret: agency.secrets[0].clone() }];
        let settings = Settings { requests_per_minute: 0, retry_gap: 1, ..Settings::default() };
        let sim = Simulator::start(Options { settings, ..Options::new(keys) }).await.unwrap();
        let alive = Alive::default();
        let (address, front) = front::open(Arc::clone(&alive)).await;
        let now = Clock::system().now();
        let claims = Claims {
            subject: "supervisor".to_owned(),
            agency: agency.slug.clone(),
            scopes: Scope::ALL.to_vec(),
            name: None,
            token_id: None,
            issued_at: None,
            expires_at: now + TimeDelta::days(1),
        };
        let token = Token::issue(&config.auth, &claims, now).unwrap().expose_secret().to_owned();
        let variables = [
            ("RECERT_DATABASE_URL", scratch.url()),
            ("RECERT_LISTEN", "127.0.0.1:0".to_owned()),
            ("RECERT_ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
            ("RECERT_PUBLIC_URL", format!("http://{address}/")),
            ("RECERT_AGENCY", agency.slug.clone()),
            ("RECERT_TRUV_ENVIRONMENT", "sandbox".to_owned()),
            ("RECERT_TRUV_CLIENT_ID", agency.client_id.clone()),
            ("RECERT_TRUV_SECRETS", agency.secrets[0].expose_secret().to_owned()),
            ("RECERT_TRUV_URL", format!("http://{}/", sim.api_addr())),
            ("RECERT_TRUV_REQUESTS_PER_MINUTE", budget.to_string()),
            ("RECERT_AUTH_HMAC_SECRET", config.auth.hmac_secret.as_ref().unwrap().expose_secret().to_owned()),
            ("RECERT_JOB_LEASE", "5".to_owned()),
            ("RECERT_LOG", "warn,recert::app=info".to_owned()),
            ("RECERT_LOG_FORMAT", "json".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let logs = tempfile::Builder::new().prefix("recert-bulk-").tempdir().unwrap();
        let mut gateways = Gateways::new(1, variables, Arc::clone(&alive), logs.path());
        gateways.start_missing().await;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        let desk = Desk { alive, http, token };
        Self { sim, gateways, desk, _front: front, _logs: logs, _scratch: scratch }
    }

    /// Waits until the earlier orders of the newest cases have been read.
    async fn until_read(&self) {
        let document = "query { cases(first: 100, sort: [{ field: NUMBER, direction: DESC }]) {
            nodes { originalOrder { isFinal } } } }";
        let unread = async || {
            let shown = self.desk.send(document, json!({})).await;
            shown["cases"]["nodes"].as_array().unwrap().iter().any(|case| case["originalOrder"]["isFinal"] != true)
        };
        while unread().await {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    async fn start(&self) -> Value {
        let until = Clock::system().today() + Days::new(30);
        let input = json!({ "name": "bulk", "filter": { "due": { "to": until } }, "idempotencyKey": "bulk" });
        let started = self.desk.send(&operation_of("StartRenewalBatch"), json!({ "input": input })).await;
        let id = started["startRenewalBatch"]["batch"]["id"].clone();
        assert!(id.is_string(), "{started}");
        id
    }

    /// Follows the batch to its end, kills its gateway on the way, and refreshes the other cases as people do.
    async fn watch(&mut self, id: &Value, count: u64, others: Vec<(String, String)>) -> Seen {
        let document = "query($id: ID!) { renewalBatch(id: $id) { status progress {
            total queued running succeeded needsLink failed skipped } } }";
        let begun = Instant::now();
        let mut seen = Seen::default();
        let mut others = others.into_iter().enumerate();
        let (mut last, mut moved) = (0, Instant::now());
        loop {
            let batch = self.desk.send(document, json!({ "id": id })).await["renewalBatch"].clone();
            let done = batch["progress"]["succeeded"].as_u64().unwrap();
            if done != last {
                (last, moved) = (done, Instant::now());
            }
            assert!(moved.elapsed() < PATIENCE, "the batch stands still: {batch}");
            if batch["status"] == "FINISHED" {
                assert_eq!(batch["progress"]["succeeded"].as_u64(), Some(count), "{batch}");
                break;
            }
            if seen.kills < KILLS && done >= count * (seen.kills + 1) / (KILLS + 1) {
                seen.memory.push(peak_memory(self.gateways.pid(0)));
                self.gateways.kill(0).await;
                seen.kills += 1;
                say!("bulk: kill {} at {done} of {count} after {} s", seen.kills, begun.elapsed().as_secs());
                self.gateways.start_missing().await;
            } else if let Some((place, (case, _))) = others.next() {
                seen.waits.push(self.desk.refresh(&case, &format!("other-{place}")).await);
            }
            tokio::time::sleep(Duration::from_millis(if count > 1_000 { 2_000 } else { 50 })).await;
        }
        seen.took = begun.elapsed();
        seen.memory.push(peak_memory(self.gateways.pid(0)));
        seen.waits.sort_unstable();
        seen
    }

    /// The orders of the cases that were not refreshed exactly once at Truv.
    async fn not_once(&self, cases: &[(String, String)]) -> Vec<String> {
        let url = format!("http://{}/control/state", self.sim.control_addr());
        let truth: Value = self.desk.http.get(url).send().await.unwrap().json().await.unwrap();
        let refreshes: HashMap<&str, &Value> = truth["orders"]
            .as_array()
            .unwrap()
            .iter()
            .map(|order| (order["order_id"].as_str().unwrap(), &order["refreshes"]))
            .collect();
        let is_wrong = |order: &&String| refreshes.get(order.as_str()).is_none_or(|times| **times != 1);
        cases.iter().map(|(_, order)| order).filter(is_wrong).cloned().collect()
    }
}

/// What was measured.
#[derive(Debug, Default)]
struct Seen {
    kills: u64,
    took: Duration,
    /// How long refreshes that people asked for took to reach Truv, sorted.
    waits: Vec<Duration>,
    /// The most memory before each kill and at the end, in MiB.
    memory: Vec<u64>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_survives_kills_with_one_refresh_and_one_outcome_for_each_case() {
    let (count, budget) = (asked("RECERT_TEST_BULK_CASES", 40), asked("RECERT_TEST_BULK_BUDGET", 100_000));
    let mut yard = Yard::open(budget).await;
    let begun = Instant::now();
    let cases = bring_in(&yard.desk, &yard.sim, 0..count, 20).await;
    // Cases of people at their screens, due too late for the batch.
    let others = bring_in(&yard.desk, &yard.sim, count..count + count.div_ceil(50).max(4), 100).await;
    yard.until_read().await;
    say!("bulk: {count} cases and {} others are in after {} s", others.len(), begun.elapsed().as_secs());
    let id = yard.start().await;
    let seen = yard.watch(&id, count, others).await;
    let seconds = |wait: Option<&Duration>| wait.map_or(0.0, Duration::as_secs_f64);
    say!(
        "bulk: {count} cases in {} s ({:.1} a second), {} kills; memory at most {:?} MiB before each kill and at the end; \
         {} interactive refreshes had reached Truv within {:.2} s, half of them within {:.2} s",
        seen.took.as_secs(),
        f64::from(u32::try_from(count).unwrap()) / seen.took.as_secs_f64(),
        seen.kills,
        seen.memory,
        seen.waits.len(),
        seconds(seen.waits.last()),
        seconds(seen.waits.get(seen.waits.len() / 2)),
    );
    assert_eq!(seen.kills, KILLS, "the batch was over too soon");
    yard.gateways.kill_all().await;
    let wrong = yard.not_once(&cases).await;
    assert!(wrong.is_empty(), "not refreshed exactly once: {wrong:?}");
}
