//! The county in the gateway's database, beside the simulator that has worked with it for years.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Months, NaiveDate, TimeZone, Utc};
use recert::clock::Clock;
use recert::config::{Renewals, Sealing};
use recert::county::{self, County, Household};
use recert::ids::Ids;
use recert::people::enroll_agency;
use recert::seal::Sealer;
use recert::simulator::{AccessKey, Options, Scenario, Settings, Simulator};
use recert::storage::Database;
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::database::{Scratch, fresh};

const SECRET: &str = "sandbox-county";

fn founding() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 8, 30, 0).unwrap()
}

/// A stored county of forty cases.
async fn founded() -> (Scratch, Database, Ids, County) {
    let (scratch, db, _) = fresh().await;
    let county = County { seed: 1, founded_at: founding(), size: 40 };
    let ids = Ids::seeded(Clock::still(founding()), 1);
    let sealer = Sealer::new(&Sealing::default()).unwrap();
    let mut heard = Vec::new();
    county::store(&db, (&ids, &sealer), county, &Renewals::default(), |done| heard.push(done)).await.unwrap();
    assert_eq!(heard.last(), Some(&40));
    (scratch, db, ids, county)
}

async fn select(db: &Database, statement: &str) -> Vec<QueryResult> {
    db.read().query_all_raw(Statement::from_string(db.backend(), statement)).await.unwrap()
}

async fn count(db: &Database, statement: &str) -> i64 {
    select(db, &format!("SELECT COUNT(*) AS n FROM {statement}")).await[0].try_get("", "n").unwrap()
}

/// The simulator with the county in it, and how to ask it.
struct Upstream {
    sim: Simulator,
    http: reqwest::Client,
}

impl Upstream {
    async fn with(county: &County) -> Self {
        let keys = vec![AccessKey { client_id: "county".to_owned(), secret: SecretString::from(SECRET) }];
        let options = Options { clock: Clock::still(founding()), settings: Settings::at_once(), ..Options::new(keys) };
        let sim = Simulator::start(options).await.unwrap();
        sim.seed(county::batch(county)).unwrap();
        Self { sim, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("http://{}{path}", self.sim.api_addr());
        let mut request = self.http.request(method, url);
        request = request.header("X-Access-Client-Id", "county").header("X-Access-Secret", SECRET);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.json().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    async fn order(&self, id: &str) -> Value {
        self.call(reqwest::Method::GET, &format!("/v1/orders/{id}/"), None).await
    }
}

#[derive(FromQueryResult)]
struct Entry {
    truv_order_id: String,
    truv_suborder_id: String,
    truv_link_id: String,
    raw_status: String,
}

/// Stored statements of the order's report: upstream's id and the pay date.
async fn statements(db: &Database, truv_order_id: &str) -> BTreeMap<String, NaiveDate> {
    let statement = format!(
        "SELECT s.truv_statement_id AS id, s.pay_date AS pay_date FROM pay_statements s \
         JOIN employments e ON e.id = s.employment_id JOIN reports r ON r.id = e.report_id \
         JOIN orders o ON o.id = r.order_id WHERE o.truv_order_id = '{truv_order_id}'"
    );
    let rows = select(db, &statement).await;
    rows.iter().map(|row| (row.try_get("", "id").unwrap(), row.try_get("", "pay_date").unwrap())).collect()
}

/// Upstream's ids of the statements in an order.
fn shown(order: &Value) -> BTreeSet<String> {
    let employers = order["employers"].as_array().unwrap().iter();
    let jobs = employers.flat_map(|employer| employer["employments"].as_array().unwrap());
    let statements = jobs.flat_map(|job| job["statements"].as_array().unwrap());
    statements.map(|statement| statement["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_simulator_knows_every_order_employer_and_connection_of_the_database() {
    let (_scratch, db, _, county) = founded().await;
    let upstream = Upstream::with(&county).await;
    let statement = "SELECT o.truv_order_id, e.truv_suborder_id, l.truv_link_id, e.raw_status FROM order_employers e \
                     JOIN orders o ON o.id = e.order_id JOIN employer_links l ON l.id = e.link_id";
    let mut entries: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in select(&db, statement).await {
        let Entry { truv_order_id, truv_suborder_id, truv_link_id, raw_status } =
            Entry::from_query_result(&row, "").unwrap();
        let entry = json!({ "id": truv_suborder_id, "link_id": truv_link_id, "status": raw_status });
        entries.entry(truv_order_id).or_default().push(entry);
    }
    let planned: usize = county.households().map(|household| household.orders.len()).sum();
    assert_eq!(entries.len(), planned);
    for (id, stored) in entries {
        let order = upstream.order(&id).await;
        let told: Vec<Value> = order["employers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| json!({ "id": one["id"], "link_id": one["link_id"], "status": one["status"] }))
            .collect();
        assert_eq!(told.len(), stored.len());
        assert!(stored.iter().all(|entry| told.contains(entry)), "{stored:?} {told:?}");
    }
}

#[tokio::test]
async fn a_refresh_finds_the_statements_of_the_stored_report_and_newer_ones() {
    let (_scratch, db, _, county) = founded().await;
    let upstream = Upstream::with(&county).await;
    let smooth = |household: &Household| {
        household.payrolls.iter().all(|payroll| {
            payroll.trouble.is_none()
                && payroll.scenario == Scenario::Ok
                && (founding() - payroll.connected_at).num_days() < 179
        })
    };
    let mut compared = 0;
    for household in county.households().filter(smooth) {
        let newest = household.newest_read().unwrap();
        let stored = statements(&db, &newest.truv_order_id).await;
        assert!(!stored.is_empty(), "{}", household.case_number);
        let as_read = shown(&upstream.order(&newest.truv_order_id).await);
        assert_eq!(as_read, stored.keys().cloned().collect(), "the stored report is what upstream showed then");

        let original = &household.orders[0].truv_order_id;
        let body = json!({ "products": ["income"] });
        let refresh = upstream.call(reqwest::Method::POST, &format!("/v1/orders/{original}/"), Some(body)).await;
        upstream.sim.settled().await;
        let now = shown(&upstream.order(refresh["id"].as_str().unwrap()).await);
        // A report reaches back two years: what is older has left it meanwhile.
        let since = county.today() - Months::new(24);
        let kept = stored.iter().filter(|(_, pay_date)| **pay_date > since);
        for (id, pay_date) in kept {
            assert!(now.contains(id), "{}: the statement of {pay_date} is gone", household.case_number);
        }
        compared += 1;
    }
    assert!(compared >= 3, "only {compared} households could be compared");
}

#[tokio::test]
async fn what_is_due_within_the_window_has_an_open_renewal_and_one_event() {
    let (_scratch, db, _, county) = founded().await;
    let until = county.today() + chrono::Days::new(30);
    let due = county.households().filter(|household| household.due_on <= until).count();
    let due = i64::try_from(due).unwrap();
    assert!(due > 10);
    assert_eq!(count(&db, "cases WHERE status = 'DUE' AND renewal_id IS NOT NULL AND version = 1").await, due);
    assert_eq!(count(&db, "cases WHERE status = 'NOT_DUE' AND renewal_id IS NULL AND version = 0").await, 40 - due);
    assert_eq!(count(&db, "renewals r JOIN cases c ON c.renewal_id = r.id AND c.due_on = r.due_on").await, due);
    assert_eq!(count(&db, "events e JOIN cases c ON c.id = e.case_id WHERE e.kind = 'CASE_STATUS_CHANGED'").await, due);
    assert_eq!(count(&db, "reports").await, 40);
    assert_eq!(count(&db, "employments WHERE monthly_income IS NULL AND is_active").await, 0);
    assert_eq!(count(&db, "cases WHERE original_order_id IS NULL OR latest_order_id IS NULL").await, 0);
    // A failure of earlier years is explained by the same policy as one of today.
    let unexplained = "orders WHERE status = 'FAILED' AND (failure_reason IS NULL OR failure_message IS NULL)";
    assert!(count(&db, "orders WHERE status = 'FAILED'").await > 0);
    assert_eq!(count(&db, unexplained).await, 0);
}

#[tokio::test]
async fn a_county_is_found_again_by_its_own_seed_and_size_only() {
    let (_scratch, db, _, county) = founded().await;
    let found = county::find(&db, 1, 40).await.unwrap().unwrap();
    assert_eq!(found.county, Some(county));
    assert_eq!(found.latest_event_at, Some(founding()));
    for (seed, size) in [(2, 40), (1, 39), (1, 41)] {
        let found = county::find(&db, seed, size).await.unwrap().unwrap();
        assert_eq!(found.county, None, "seed {seed}, {size} cases");
    }
    let (_other, empty, _) = fresh().await;
    assert_eq!(county::find(&empty, 1, 40).await.unwrap(), None);
}

#[tokio::test]
async fn removing_the_county_leaves_its_neighbours_alone() {
    let (_scratch, db, ids, county) = founded().await;
    let clock = Clock::still(founding());
    assert_eq!(county::count_others(&db).await.unwrap(), 0);
    enroll_agency(&db, &clock, &ids, "sonoma", "Sonoma").await.unwrap();
    assert_eq!(county::count_others(&db).await.unwrap(), 1);
    let found = county::find(&db, county.seed, county.size).await.unwrap().unwrap();
    county::remove(&db, found.agency).await.unwrap();
    assert_eq!(county::find(&db, county.seed, county.size).await.unwrap(), None);
    let tables = [
        "cases",
        "clients",
        "orders",
        "order_employers",
        "employer_links",
        "tasks",
        "reports",
        "employments",
        "pay_statements",
        "events",
        "renewals",
        "caseworkers",
    ];
    for table in tables {
        assert_eq!(count(&db, table).await, 0, "{table}");
    }
    assert_eq!(count(&db, "agencies").await, 1);
    // There is room for a new one.
    let sealer = Sealer::new(&Sealing::default()).unwrap();
    county::store(&db, (&ids, &sealer), county, &Renewals::default(), |_| {}).await.unwrap();
    assert_eq!(count(&db, "cases").await, 40);
}
