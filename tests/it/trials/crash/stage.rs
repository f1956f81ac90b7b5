//! What survives the kills: the simulator, the database, and what was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use recert::caller::Scope;
use recert::clock::Clock;
use recert::config::Config;
use recert::http::token::{Claims, Token};
use recert::simulator::{
    AccessKey, Options, Scenario, SeedBatch, SeedEmployer, SeedLink, SeedOrder, SeedPerson, Settings, Simulator,
};
use recert::storage::Database;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::PATIENCE;
use super::front;
use super::story;
use crate::support::database::{Scratch, fresh};
use crate::trials::gateways::{Alive, Gateways};

/// How long a gateway may live without much happening.
const LONGEST: Duration = Duration::from_secs(15);

/// What connections do, and how often: most work.
const CAST: [(&[Scenario], u32); 10] = [
    (&[Scenario::Ok], 6),
    (&[Scenario::OkNewStub], 2),
    (&[Scenario::OkNoChange], 1),
    (&[Scenario::LoginError], 2),
    (&[Scenario::MfaError], 1),
    (&[Scenario::RecoverAfterLogin], 2),
    (&[Scenario::NoData], 1),
    (&[Scenario::Unavailable], 1),
    (&[Scenario::Ok, Scenario::OkNewStub], 1),
    (&[Scenario::Ok, Scenario::LoginError], 1),
];

/// What stories and watchers share.
pub(super) struct World {
    pub(super) alive: Alive,
    pub(super) http: reqwest::Client,
    pub(super) token: String,
    pub(super) control: SocketAddr,
    pub(super) intents: Mutex<Vec<story::Intent>>,
    /// What was counted on the way.
    counts: Mutex<BTreeMap<&'static str, u64>>,
    /// What must never happen and was seen on the way.
    pub(super) faults: Mutex<Vec<String>>,
}

impl World {
    pub(super) fn count(&self, what: &'static str) {
        *self.counts.lock().unwrap().entry(what).or_default() += 1;
    }

    /// Asks the simulator's control port; it is never down.
    pub(super) async fn control(&self, method: reqwest::Method, path: &str, body: &Value) -> Option<Value> {
        let url = format!("http://{}{path}", self.control);
        let request = self.http.request(method, url).timeout(PATIENCE).json(body);
        let answer = request.send().await.unwrap();
        answer.status().is_success().then_some(answer.json().await.unwrap())
    }
}

pub(super) struct Stage {
    pub(super) world: Arc<World>,
    pub(super) gateways: Gateways,
    pub(super) db: Database,
    /// The simulator's record so far.
    pub(super) log: Vec<Value>,
    sim: Simulator,
    front: tokio::task::JoinHandle<()>,
    stories: JoinSet<()>,
    told: u64,
    random: ChaCha8Rng,
    logs: PathBuf,
    _scratch: Scratch,
}

impl Stage {
    pub(super) async fn open(seed: u64) -> Self {
        let (scratch, db, _) = fresh().await;
        let config = Config::for_tests();
        let agency = &config.agencies[0];
        let keys = vec![AccessKey { client_id: agency.client_id.clone(), secret: agency.secrets[0].clone() }];
        let settings = Settings {
            step_ms: 40,
            suborder_lag_ms: 300,
            report_delay_ms: 300,
            recover_after_ms: 1_500,
            retry_gap: 1,
            delivery_timeout_ms: 3_000,
            requests_per_minute: 0,
            disable_after: 25,
            ..Settings::default()
        };
        let sim = Simulator::start(Options { seed, settings, ..Options::new(keys) }).await.unwrap();
        let alive = Alive::default();
        let (address, front) = front::open(Arc::clone(&alive)).await;
        let claims = Claims {
            subject: "worker-1".to_owned(),
            agency: agency.slug.clone(),
            scopes: Scope::ALL.to_vec(),
            name: None,
            token_id: None,
            issued_at: None,
            expires_at: Clock::system().now() + TimeDelta::days(30),
        };
        let token = Token::issue(&config.auth, &claims, Clock::system().now()).unwrap().expose_secret().to_owned();
        let replicas = if db.backend() == DbBackend::Postgres { 2 } else { 1 };
        // Everything that usually takes its time goes faster, so that a kill meets all of it.
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
            ("RECERT_TRUV_TIMEOUT", "2".to_owned()),
            ("RECERT_TRUV_REQUESTS_PER_MINUTE", "100000".to_owned()),
            ("RECERT_AUTH_HMAC_SECRET", config.auth.hmac_secret.as_ref().unwrap().expose_secret().to_owned()),
            ("RECERT_POLL_INTERVAL", "100".to_owned()),
            ("RECERT_JOB_LEASE", "3".to_owned()),
            ("RECERT_SETTLE_DELAY", "4".to_owned()),
            ("RECERT_STALLED_AFTER", "60".to_owned()),
            ("RECERT_LOG", "info".to_owned()),
            ("RECERT_LOG_FORMAT", "json".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let logs = tempfile::Builder::new().prefix("recert-crash-").tempdir().unwrap().keep();
        let mut gateways = Gateways::new(replicas, variables, Arc::clone(&alive), &logs);
        gateways.start_missing().await;
        let world = World {
            alive,
            http: reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap(),
            token,
            control: sim.control_addr(),
            intents: Mutex::default(),
            counts: Mutex::default(),
            faults: Mutex::default(),
        };
        world.control(reqwest::Method::PUT, "/control/faults", &json!({ "rules": rules() })).await.unwrap();
        Self {
            world: Arc::new(world),
            gateways,
            db,
            log: Vec::new(),
            sim,
            front,
            stories: JoinSet::new(),
            told: 0,
            random: ChaCha8Rng::seed_from_u64(seed),
            logs,
            _scratch: scratch,
        }
    }

    pub(super) fn replicas(&self) -> usize {
        self.gateways.count()
    }

    pub(super) fn logs(&self) -> std::path::Display<'_> {
        self.logs.display()
    }

    /// What was counted so far, in words.
    pub(super) fn tally(&self) -> String {
        let counts = self.world.counts.lock().unwrap();
        counts.iter().map(|(what, count)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
    }

    /// Begins stories, each of a person and a case of their own, until so many go on at once.
    pub(super) async fn tell_stories(&mut self, count: usize) {
        while let Some(ended) = self.stories.try_join_next() {
            ended.unwrap();
        }
        while self.stories.len() < count {
            self.told += 1;
            let number = format!("CRASH-{:05}", self.told);
            let scenarios = CAST.choose_weighted(&mut self.random, |(_, weight)| *weight).unwrap().0;
            let person = person(&number, scenarios);
            let seeded = self.sim.seed(SeedBatch { people: vec![person], ..SeedBatch::default() }).unwrap();
            let order = seeded.people[0].orders[0].order_id.clone();
            let random = ChaCha8Rng::seed_from_u64(self.random.random());
            self.stories.spawn(story::tell(Arc::clone(&self.world), number, order, random));
        }
        self.note_log().await;
    }

    /// Waits until the simulator has been asked, or has sent, so many times more; not for ever, since the stories may
    /// all be waiting for something else.
    pub(super) async fn until_busy(&mut self, times: usize) {
        let (begun, wanted) = (Instant::now(), self.log.len() + times);
        while self.log.len() < wanted && begun.elapsed() < LONGEST {
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.note_log().await;
        }
    }

    async fn note_log(&mut self) {
        loop {
            let after = self.log.last().map_or(0, |entry| entry["n"].as_u64().unwrap());
            let path = format!("/control/log?after={after}");
            let page = self.world.control(reqwest::Method::GET, &path, &Value::Null).await.unwrap();
            let entries = page["entries"].as_array().unwrap();
            if entries.is_empty() {
                return;
            }
            assert!(after == 0 || entries[0]["n"] == after + 1, "the record has overflowed");
            self.log.extend(entries.iter().cloned());
        }
    }

    /// Nothing goes wrong any more: the stories end, what was lost is found, and everything comes to rest.
    pub(super) async fn settle(&mut self) {
        self.world.control(reqwest::Method::DELETE, "/control/faults", &Value::Null).await.unwrap();
        let ended = async { while self.stories.join_next().await.transpose().unwrap().is_some() {} };
        if tokio::time::timeout(PATIENCE, ended).await.is_err() {
            self.world.faults.lock().unwrap().push(format!("{} stories do not end", self.stories.len()));
            self.stories.abort_all();
        }
        // Whoever finds no rest the first time finds none the second time either.
        if self.rest(5).await {
            // Whatever Truv gave up to deliver is in its history, which is read at a start.
            self.gateways.kill_all().await;
            self.gateways.start_missing().await;
            self.rest(10).await;
        }
    }

    /// Waits until nothing moves: nothing due in the database, nothing new at the simulator, for so many looks. `false`
    /// when that does not come.
    async fn rest(&mut self, looks: u32) -> bool {
        let begun = Instant::now();
        let mut still = 0;
        while still < looks {
            let before = self.log.len();
            tokio::time::sleep(Duration::from_millis(200)).await;
            self.note_log().await;
            let waiting = self.waiting().await;
            still = if before == self.log.len() && waiting.is_empty() { still + 1 } else { 0 };
            if begun.elapsed() > PATIENCE {
                self.world.faults.lock().unwrap().push(format!("does not come to rest: {waiting:?}"));
                return false;
            }
        }
        true
    }

    /// What the gateways still have to do. A retry after an outage and an ask that waits for the client are at rest.
    async fn waiting(&self) -> Vec<String> {
        let mut waiting = Vec::new();
        let soon = Clock::system().now() + TimeDelta::minutes(10);
        for (what, query) in [
            ("deliveries", "SELECT COUNT(*) AS n FROM deliveries WHERE settled_at IS NULL AND next_at < $1"),
            ("jobs", "SELECT COUNT(*) AS n FROM jobs WHERE NOT is_dead AND run_at < $1"),
            (
                "orders",
                "SELECT COUNT(*) AS n FROM orders WHERE created_at < $1 AND (status = 'REQUESTED'
                OR (status = 'OUTCOME_UNKNOWN' AND failure_reason IS NULL)
                OR (status IN ('PENDING', 'IN_PROGRESS', 'STALLED') AND contact IS NULL))",
            ),
        ] {
            let statement = Statement::from_sql_and_values(self.db.backend(), query, [soon.into()]);
            let row = self.db.read().query_one_raw(statement).await.unwrap().unwrap();
            let count: i64 = row.try_get("", "n").unwrap();
            if count > 0 {
                waiting.push(format!("{count} {what}"));
            }
        }
        waiting
    }

    /// What really is.
    pub(super) async fn truth(&self) -> Value {
        self.world.control(reqwest::Method::GET, "/control/state", &Value::Null).await.unwrap()
    }

    /// Everything that Truv hands out and nobody else may read.
    pub(super) fn private(&self) -> BTreeSet<String> {
        self.sim.private().words()
    }

    /// The logs that the gateways wrote, all together.
    pub(super) fn written(&self) -> String {
        let mut files: Vec<_> = std::fs::read_dir(&self.logs).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
    }

    pub(super) async fn close(mut self) {
        self.gateways.kill_all().await;
        self.front.abort();
        self.sim.stop().await;
        self.db.close().await.unwrap();
        if self.world.faults.lock().unwrap().is_empty() {
            std::fs::remove_dir_all(&self.logs).unwrap();
        }
    }
}

/// Everything that may go wrong between the two, in shares that leave most of it working.
fn rules() -> Value {
    let api = |method: &str, action: &str, probability: f64, params: Value| {
        json!({ "where": "api", "match": { "method": method, "path_prefix": "/v1/orders/" }, "action": action,
                "probability": probability, "params": params })
    };
    let delivery = |action: &str, probability: f64, params: Value| json!({ "where": "delivery", "action": action, "probability": probability, "params": params });
    json!([
        api("POST", "execute_then_drop", 0.06, json!({})),
        api("POST", "error_after", 0.06, json!({})),
        api("POST", "truncate", 0.03, json!({})),
        api("POST", "error_before", 0.04, json!({})),
        api("POST", "bad_gateway", 0.03, json!({})),
        api("POST", "never_answer", 0.02, json!({})),
        api("POST", "throttle", 0.03, json!({})),
        // Calls that take their time, so that many kills meet one under way.
        api("POST", "slow_headers", 0.5, json!({ "ms": 400 })),
        api("POST", "slow_body", 0.2, json!({ "ms": 150 })),
        api("GET", "error_before", 0.03, json!({})),
        api("GET", "slow_headers", 0.1, json!({ "ms": 150 })),
        api("GET", "truncate", 0.02, json!({})),
        delivery("drop", 0.04, json!({})),
        delivery("duplicate", 0.08, json!({ "copies": 2 })),
        delivery("reorder", 0.15, json!({ "ms": 1_500 })),
        delivery("delay", 0.05, json!({ "ms": 700 })),
        delivery("wrong_signature", 0.02, json!({})),
        delivery("missing_header", 0.01, json!({})),
        delivery("unknown_event", 0.02, json!({})),
        delivery("redirect", 0.02, json!({})),
    ])
}

fn person(number: &str, scenarios: &[Scenario]) -> SeedPerson {
    let long_ago = Clock::system().now() - TimeDelta::days(90);
    let links = scenarios.iter().enumerate().map(|(index, scenario)| SeedLink {
        link_id: None,
        access_token: None,
        provider_id: None,
        provider_name: None,
        company_name: format!("Employer {index} of {number}"),
        company_mapping_id: None,
        data_source: None,
        connected_at: long_ago,
        scenario: *scenario,
        jobs: Vec::new(),
    });
    let employers = (0..scenarios.len()).map(|index| SeedEmployer {
        suborder_number: Some(format!("JOB{index}")),
        link: Some(index),
        ..SeedEmployer::default()
    });
    let order = SeedOrder {
        order_id: None,
        order_number: Some(number.to_owned()),
        product: "income".to_owned(),
        created_at: long_ago,
        completed_at: Some(long_ago),
        employers: employers.collect(),
        initial_order: None,
    };
    SeedPerson {
        external_user_id: format!("client-{number}"),
        first_name: "Rosa".to_owned(),
        last_name: "Ortiz".to_owned(),
        // With an address on its order Truv writes by itself, and the story has nobody to ask.
        email: scenarios.contains(&Scenario::RecoverAfterLogin).then(|| "rosa@example.test".to_owned()),
        links: links.collect(),
        orders: vec![order],
        ..SeedPerson::default()
    }
}
