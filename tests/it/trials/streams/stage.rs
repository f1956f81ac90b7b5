//! What stays: the database with its cases, the log as it was written, and the ways to break things.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use rand::Rng;
use rand::seq::IndexedRandom;
use recert::caller::Scope;
use recert::clock::Clock;
use recert::config::{Config, Wake};
use recert::events::{Cursor, Position};
use recert::http::token::{Claims, Token};
use recert::ids::AgencyId;
use recert::opaque::Opaque;
use recert::people;
use recert::simulator::{AccessKey, Options, Settings, Simulator};
use recert::storage::Database;
use recert::wake;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use uuid::Uuid;

use crate::support::client::operation_of;
use crate::support::database::{Scratch, fresh};
use crate::support::proxy::Proxy;
use crate::trials::asked;
use crate::trials::gateways::{Alive, Gateways};

/// How long anything may take that is not broken.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);
/// Cases of the first agency and of the second one.
const CASES: [usize; 2] = [24, 6];
/// Members of staff, among whom the cases go round.
pub(super) const STAFF: usize = 3;
/// Events at the end of the log that are never forgotten.
const KEPT: usize = 120;

/// A case that is written about.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) row: Uuid,
    /// The global id.
    pub(super) id: String,
}

/// An agency as its staff know it.
#[derive(Clone, Debug)]
pub(super) struct Agency {
    pub(super) id: AgencyId,
    pub(super) slug: String,
    pub(super) cases: Vec<Case>,
    /// Rows and global ids.
    pub(super) staff: Vec<Case>,
    workers: Vec<Uuid>,
}

impl Agency {
    /// The row of the member of staff whose tokens say `worker-N`.
    pub(super) fn worker(&self, number: usize) -> Uuid {
        self.workers[number]
    }
}

/// One row of the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) at: Position,
    pub(super) agency: Uuid,
    pub(super) case: Uuid,
    pub(super) version: i64,
    pub(super) assignee: Option<Uuid>,
    pub(super) is_review: bool,
}

/// What writers and readers share.
pub(super) struct World {
    pub(super) alive: Alive,
    pub(super) http: reqwest::Client,
    pub(super) db: Database,
    pub(super) agencies: Vec<Agency>,
    /// Up to where the log has been forgotten, each time.
    pub(super) forgotten: Mutex<Vec<Position>>,
    config: Config,
    opaque: Opaque,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

impl World {
    pub(super) fn count(&self, what: &'static str) {
        *self.counts.lock().unwrap().entry(what).or_default() += 1;
    }

    pub(super) fn counted(&self, what: &str) -> u64 {
        self.counts.lock().unwrap().get(what).copied().unwrap_or(0)
    }

    /// What was counted so far, in words.
    pub(super) fn tally(&self) -> String {
        let counts = self.counts.lock().unwrap();
        counts.iter().map(|(what, count)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
    }

    /// A gateway that was there a moment ago, with its number.
    pub(super) fn any_gateway(&self, random: &mut impl Rng) -> Option<(usize, SocketAddr)> {
        let alive = self.alive.lock().unwrap();
        let up: Vec<_> = alive.iter().enumerate().filter_map(|(number, at)| Some((number, (*at)?))).collect();
        up.choose(random).copied()
    }

    pub(super) fn token(&self, agency: &str, subject: &str, scopes: &[Scope]) -> String {
        let now = Clock::system().now();
        let claims = Claims {
            subject: subject.to_owned(),
            agency: agency.to_owned(),
            scopes: scopes.to_vec(),
            name: None,
            token_id: None,
            issued_at: None,
            expires_at: now + TimeDelta::days(1),
        };
        Token::issue(&self.config.auth, &claims, now).unwrap().expose_secret().to_owned()
    }

    /// The place that a cursor names.
    pub(super) fn place(&self, agency: AgencyId, cursor: &str) -> Position {
        Cursor::open(&self.opaque, agency, cursor).expect("a cursor of this agency").0
    }
}

pub(super) struct Stage {
    pub(super) world: Arc<World>,
    pub(super) gateways: Gateways,
    bus: Option<Proxy>,
    /// What was forgotten, kept for the verdict.
    kept: Vec<Row>,
    sim: Simulator,
    logs: PathBuf,
    stop_wakes: CancellationToken,
    _wakes: AbortOnDropHandle<()>,
    _scratch: Scratch,
}

impl Stage {
    /// Gateways that show out who does not read for so long.
    pub(super) async fn open(write_timeout: Duration) -> Self {
        let (scratch, db, _) = fresh().await;
        if asked("RECERT_TEST_STREAM_BLIND", 0) > 0 {
            blind(&db).await;
        }
        let mut config = Config::for_tests();
        config.agencies.push(recert::config::Agency {
            slug: "next-county".to_owned(),
            client_id: "next-client".to_owned(),
            secrets: vec![SecretString::from("sandbox-0000000000000000000000000000000000000002")],
            ..config.agencies[0].clone()
        });
        let keys = config.agencies.iter();
        let keys = keys.map(|known| AccessKey { client_id: known.client_id.clone(), secret: known.secrets[0].clone() });
        let sim = Simulator::start(Options { settings: Settings::default(), ..Options::new(keys.collect()) }).await;
        let sim = sim.unwrap();
        let logs = tempfile::Builder::new().prefix("recert-streams-").tempdir().unwrap().keep();
        std::fs::write(logs.join("recert.toml"), settings(&config, write_timeout)).unwrap();
        let (bus, wake) = bus(&scratch).await;
        let variables = [
            ("RECERT_DATABASE_URL", scratch.url()),
            ("RECERT_LISTEN", "127.0.0.1:0".to_owned()),
            ("RECERT_ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
            ("RECERT_TRUV_URL", format!("http://{}/", sim.api_addr())),
            ("RECERT_AUTH_HMAC_SECRET", config.auth.hmac_secret.as_ref().unwrap().expose_secret().to_owned()),
            ("RECERT_POLL_INTERVAL", "250".to_owned()),
            ("RECERT_LOG_FORMAT", "json".to_owned()),
            ("RECERT_WAKE", wake.clone().unwrap_or_else(|| "off".to_owned())),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let alive = Alive::default();
        let replicas = if db.backend() == DbBackend::Postgres { 2 } else { 1 };
        let mut gateways = Gateways::new(replicas, variables, Arc::clone(&alive), &logs);
        gateways.start_missing().await;
        let mut world = World {
            alive,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            opaque: db.opaque().await.unwrap(),
            db: db.clone(),
            agencies: Vec::new(),
            forgotten: Mutex::default(),
            config,
            counts: Mutex::default(),
        };
        for (number, count) in CASES.into_iter().enumerate() {
            let agency = found(&world, number, count).await;
            world.agencies.push(agency);
        }
        let stop_wakes = CancellationToken::new();
        let wake = wake.map_or(Wake::Off, |url| Wake::Postgres(SecretString::from(url)));
        let wakes = TaskTracker::new().spawn(wake::run(db, wake, stop_wakes.clone()));
        Self {
            world: Arc::new(world),
            gateways,
            bus,
            kept: Vec::new(),
            sim,
            logs,
            stop_wakes,
            _wakes: AbortOnDropHandle::new(wakes),
            _scratch: scratch,
        }
    }

    pub(super) fn logs(&self) -> std::path::Display<'_> {
        self.logs.display()
    }

    /// Waits until so many more events are in the log.
    pub(super) async fn until_written(&self, count: usize) {
        let begun = Instant::now();
        let last = async || self.rows("ORDER BY id DESC LIMIT 1").await.first().map_or(0, |row| row.at.id);
        let wanted = last().await + i64::try_from(count).unwrap();
        while last().await < wanted {
            assert!(begun.elapsed() < PATIENCE, "nobody writes: {}", self.world.tally());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// No wake-up comes through for this long.
    pub(super) async fn cut_wakes(&self, time: Duration) {
        self.world.count("cuts of the wake-ups");
        if let Some(bus) = &self.bus {
            bus.cut();
        }
        tokio::time::sleep(time).await;
        if let Some(bus) = &self.bus {
            bus.mend();
        }
    }

    /// Forgets the oldest part of the log, as pruning does.
    pub(super) async fn forget(&mut self) {
        // Below every transaction that is open on the server when the rows are read.
        let settled = match self.world.db.backend() {
            DbBackend::Postgres => "WHERE tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint ",
            _ => "",
        };
        let mut rows = self.rows(&format!("{settled}ORDER BY tx, id")).await;
        rows.truncate(rows.len().saturating_sub(KEPT));
        let Some(upto) = rows.last().map(|row| row.at) else { return };
        self.world.forgotten.lock().unwrap().push(upto);
        let db = &self.world.db;
        let values = || -> [sea_orm::Value; 2] { [upto.tx.into(), upto.id.into()] };
        let tx = db.begin().await.unwrap();
        for statement in
            ["UPDATE installation SET pruned_tx = $1, pruned_id = $2", "DELETE FROM events WHERE (tx, id) <= ($1, $2)"]
        {
            tx.execute_raw(Statement::from_sql_and_values(db.backend(), statement, values())).await.unwrap();
        }
        db.commit(tx).await.unwrap();
        self.kept.extend(rows);
        self.world.count("times forgotten");
    }

    /// Every event there ever was, in the order of the log. To be asked for when nobody writes any more.
    pub(super) async fn whole_log(&self) -> Vec<Row> {
        let mut log = self.kept.clone();
        log.extend(self.rows("ORDER BY tx, id").await);
        log
    }

    async fn rows(&self, which: &str) -> Vec<Row> {
        let db = &self.world.db;
        let query = format!("SELECT tx, id, agency_id, case_id, case_version, assignee_id, kind FROM events {which}");
        let rows = db.read().query_all_raw(Statement::from_string(db.backend(), query)).await.unwrap();
        let row = |row: sea_orm::QueryResult| Row {
            at: Position { tx: row.try_get("", "tx").unwrap(), id: row.try_get("", "id").unwrap() },
            agency: row.try_get("", "agency_id").unwrap(),
            case: row.try_get("", "case_id").unwrap(),
            version: row.try_get("", "case_version").unwrap(),
            assignee: row.try_get("", "assignee_id").unwrap(),
            is_review: row.try_get::<String>("", "kind").unwrap() == "REVIEW_COMPLETED",
        };
        rows.into_iter().map(row).collect()
    }

    pub(super) async fn close(mut self, is_well: bool) {
        self.stop_wakes.cancel();
        self.gateways.kill_all().await;
        self.sim.stop().await;
        if is_well {
            std::fs::remove_dir_all(&self.logs).unwrap();
        }
    }
}

/// Takes the horizon away from the gateways that are started from here on: in this database no transaction seems to be open.
async fn blind(db: &Database) {
    assert_eq!(db.backend(), DbBackend::Postgres, "there is no horizon on SQLite");
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared(
        "CREATE FUNCTION public.pg_snapshot_xip(pg_snapshot) RETURNS SETOF xid8 LANGUAGE sql AS 'SELECT NULL::xid8 WHERE false'; \
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$",
    )
    .await
    .unwrap();
    db.commit(tx).await.unwrap();
}

/// A bus that can be cut; there is none on SQLite.
async fn bus(scratch: &Scratch) -> (Option<Proxy>, Option<String>) {
    let Ok(mut url) = url::Url::parse(&scratch.url()) else { return (None, None) };
    if url.scheme() == "sqlite" {
        return (None, None);
    }
    let proxy = Proxy::before(&url).await;
    url.set_port(Some(proxy.address().port())).unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    (Some(proxy), Some(url.to_string()))
}

/// The file that the gateways find: two agencies, and how long they wait for those who do not read.
fn settings(config: &Config, write_timeout: Duration) -> String {
    let mut text = format!("[graphql.socket]\nwrite_timeout = {}\n", write_timeout.as_secs());
    for agency in &config.agencies {
        let (slug, client, secret) = (&agency.slug, &agency.client_id, agency.secrets[0].expose_secret());
        writeln!(
            text,
            "[[agencies]]\nslug = \"{slug}\"\nname = \"{slug}\"\nenvironment = \"sandbox\"\nclient_id = \"{client}\"\n\
             secrets = [\"{secret}\"]"
        )
        .unwrap();
    }
    text
}

/// An agency whose cases are not due for long, spread over its staff.
async fn found(world: &World, number: usize, count: usize) -> Agency {
    let slug = world.config.agencies[number].slug.clone();
    let case = |n: usize| {
        json!({
            "number": format!("{number}-{n:03}"), "program": "SNAP", "dueOn": "2099-12-31",
            "periodStart": "2099-01-01", "periodEnd": "2099-12-31",
            "client": { "externalUserId": format!("client-{n}"), "firstName": "Rosa", "lastName": "Ortiz" },
            "assignee": { "externalId": format!("worker-{}", n % STAFF), "displayName": "Dana Reyes" },
        })
    };
    let cases: Vec<Value> = (0..count).map(case).collect();
    let token = world.token(&slug, "founder", &Scope::ALL);
    let gateway = world.alive.lock().unwrap()[0].unwrap();
    let ask = async |document: String, variables: Value| {
        let request = world.http.post(format!("http://{gateway}/graphql")).bearer_auth(&token);
        let answer = request.json(&json!({ "query": document, "variables": variables })).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].clone()
    };
    let taken = ask(operation_of("ImportCases"), json!({ "input": { "cases": cases } })).await;
    assert_eq!(taken["importCases"]["createdCount"], count, "{taken}");
    let nodes = ask("{ cases(first: 100) { nodes { id assignee { id } } } }".to_owned(), json!({})).await;
    let nodes = nodes["cases"]["nodes"].as_array().unwrap().clone();
    let known = |id: &Value| Case { row: row_of(id.as_str().unwrap()), id: id.as_str().unwrap().to_owned() };
    let staff: BTreeSet<String> =
        nodes.iter().map(|node| node["assignee"]["id"].as_str().unwrap().to_owned()).collect();
    let id = people::find_agency(&world.db, &slug).await.unwrap().unwrap().id;
    let mut workers = Vec::new();
    for worker in 0..STAFF {
        let found = people::find_caseworker(&world.db, id, &format!("worker-{worker}")).await.unwrap();
        workers.push(found.unwrap().id.0);
    }
    Agency {
        id,
        slug,
        workers,
        cases: nodes.iter().map(|node| known(&node["id"])).collect(),
        staff: staff.into_iter().map(|id| known(&json!(id))).collect(),
    }
}

/// The row behind a global id: its last sixteen bytes.
fn row_of(id: &str) -> Uuid {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(id).unwrap();
    Uuid::from_slice(&bytes[1..]).unwrap()
}
