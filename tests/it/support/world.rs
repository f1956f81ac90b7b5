//! The whole gateway on a real database, a simulator over HTTP, and one clock for both.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, TimeZone, Utc};
use recert::app::{App, Parts};
use recert::caller::Scope;
use recert::clock::Clock;
use recert::config::Config;
use recert::http::token::{Claims, Token};
use recert::ids::Ids;
use recert::simulator::{
    AccessKey, Options, Scenario, SeedBatch, SeedEmployer, SeedLink, SeedOrder, SeedPerson, SeedWebhook, Settings,
    Simulator,
};
use sea_orm::{ConnectionTrait, Statement};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::database::{Scratch, fresh};
use super::seed::{NewCase, Seed};

/// How long a test waits for background work before it fails.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) sim: Simulator,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) http: reqwest::Client,
    // Last: the database goes when nobody uses it any more.
    _scratch: Scratch,
}

/// A case whose earlier order the gateway has read from Truv.
#[derive(Clone, Debug)]
pub(crate) struct KnownCase {
    /// The global id.
    pub(crate) id: String,
    pub(crate) number: String,
    /// Truv's ids of its links.
    pub(crate) links: Vec<String>,
}

/// Wednesday, 4 March 2026, 15:00.
pub(crate) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 4, 15, 0, 0).unwrap()
}

impl World {
    /// Everything at once, on a still clock.
    pub(crate) async fn start() -> Self {
        Self::with(Settings::at_once()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let clock = Clock::still(noon());
        let (scratch, db, _) = fresh().await;
        let mut config = Config::for_tests();
        let agency = config.agencies[0].clone();
        let keys = vec![AccessKey { client_id: agency.client_id.clone(), secret: agency.secrets[0].clone() }];
        let options = Options { clock: clock.clone(), settings, ..Options::new(keys) };
        let sim = Simulator::start(options).await.unwrap();
        config.truv.url = format!("http://{}/", sim.api_addr()).parse().unwrap();
        config.work.poll_interval = Duration::from_millis(50);
        config.graphql.introspection = true;
        let parts = Parts { clock: clock.clone(), ids: Ids::seeded(clock.clone(), 11), db };
        let app = App::start(&config, parts).await.unwrap();
        let webhook = SeedWebhook {
            name: "gateway".to_owned(),
            webhook_url: format!("http://{}/webhooks/truv/{}", app.public_addr(), agency.slug),
            events: Vec::new(),
        };
        sim.seed(SeedBatch { webhooks: vec![webhook], ..SeedBatch::default() }).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { app, sim, clock, config, http, _scratch: scratch }
    }

    /// A due case with one earlier order over these links, which both sides know.
    pub(crate) async fn case(&self, number: &str, scenarios: &[Scenario]) -> KnownCase {
        let now = self.clock.now();
        let links = scenarios.iter().enumerate().map(|(index, scenario)| SeedLink {
            link_id: None,
            access_token: None,
            provider_id: None,
            provider_name: None,
            company_name: format!("Employer {index} of {number}"),
            company_mapping_id: None,
            data_source: None,
            connected_at: now - TimeDelta::days(90),
            scenario: scenario.clone(),
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
            created_at: now - TimeDelta::days(90),
            completed_at: Some(now - TimeDelta::days(90)),
            employers: employers.collect(),
            initial_order: None,
        };
        let person = SeedPerson {
            external_user_id: format!("client-{number}"),
            first_name: "Rosa".to_owned(),
            last_name: "Ortiz".to_owned(),
            email: Some("rosa@example.test".to_owned()),
            links: links.collect(),
            orders: vec![order],
            ..SeedPerson::default()
        };
        let seeded = self.sim.seed(SeedBatch { people: vec![person], ..SeedBatch::default() }).unwrap();
        let person = &seeded.people[0];

        let seed = Seed(self.app.kit());
        let agency = seed.agency("test-county").await;
        let due_on = now.date_naive() + Days::new(10);
        let case = seed.case(agency, NewCase::due(number, due_on)).await;
        seed.renewal(case, due_on).await;
        seed.imported_order(case, number, &person.orders[0].order_id).await;
        // The look for orders without news finds the imported one.
        self.advance(Duration::from_secs(61)).await;
        let answer =
            self.query(r"query($by: CaseBy!) { case(by: $by) { id } }", json!({ "by": { "number": number } })).await;
        let id = answer["data"]["case"]["id"].as_str().unwrap().to_owned();
        KnownCase { id, number: number.to_owned(), links: person.links.clone() }
    }

    /// Moves the clock and waits until everything that follows is done.
    pub(crate) async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.quiet().await;
    }

    /// Waits until the simulator has nothing to send and the gateway nothing to do before the clock moves.
    pub(crate) async fn quiet(&self) {
        let done = async {
            let mut look = tokio::time::interval(Duration::from_millis(5));
            let mut idle = 0;
            // Twice in a row: what one side ends may begin something on the other.
            while idle < 2 {
                self.sim.settled().await;
                look.tick().await;
                idle = if self.is_idle().await { idle + 1 } else { 0 };
            }
        };
        if tokio::time::timeout(PATIENCE, done).await.is_err() {
            panic!("background work does not come to an end: {}", self.unfinished().await);
        }
    }

    async fn is_idle(&self) -> bool {
        self.count("SELECT COUNT(*) AS n FROM deliveries WHERE settled_at IS NULL AND next_at <= $1").await == 0
            && self.count("SELECT COUNT(*) AS n FROM jobs WHERE NOT is_dead AND run_at <= $1").await == 0
    }

    async fn unfinished(&self) -> String {
        let deliveries =
            self.count("SELECT COUNT(*) AS n FROM deliveries WHERE settled_at IS NULL AND next_at <= $1").await;
        let jobs = self.count("SELECT COUNT(*) AS n FROM jobs WHERE NOT is_dead AND run_at <= $1").await;
        format!("{deliveries} deliveries, {jobs} jobs")
    }

    async fn count(&self, statement: &str) -> i64 {
        let db = &self.app.kit().db;
        let statement = Statement::from_sql_and_values(db.backend(), statement, [self.clock.now().into()]);
        db.read().query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
    }

    /// A token with these scopes.
    pub(crate) fn token(&self, scopes: &[Scope]) -> String {
        let claims = Claims {
            subject: "worker-1".to_owned(),
            agency: "test-county".to_owned(),
            scopes: scopes.to_vec(),
            name: None,
            token_id: None,
            expires_at: self.clock.now() + TimeDelta::days(30),
        };
        Token::issue(&self.config.auth, &claims, self.clock.now()).unwrap().expose_secret().to_owned()
    }

    /// Sends a document over HTTP with every scope, and answers the whole body.
    pub(crate) async fn query(&self, document: &str, variables: Value) -> Value {
        let url = format!("http://{}/graphql", self.app.public_addr());
        let request = self.http.post(url).bearer_auth(self.token(&Scope::ALL));
        let answer = request.json(&json!({ "query": document, "variables": variables })).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// Sends a document of `schema/operations`; its errors fail the test.
    pub(crate) async fn send(&self, operation: &str, variables: Value) -> Value {
        let path = format!("{}/schema/operations/{operation}.graphql", env!("CARGO_MANIFEST_DIR"));
        let answer = self.query(&std::fs::read_to_string(path).unwrap(), variables).await;
        assert!(answer.get("errors").is_none(), "{operation}: {answer}");
        answer["data"].clone()
    }

    /// Orders a refresh of the whole case; user errors fail the test.
    pub(crate) async fn refresh(&self, case: &KnownCase, key: &str) -> Value {
        let input = json!({ "caseId": case.id, "purpose": "RENEWAL", "idempotencyKey": key });
        let answer = self.send("CreateRefreshOrder", json!({ "input": input })).await["createRefreshOrder"].clone();
        assert_eq!(answer["userErrors"], json!([]), "{answer}");
        answer
    }

    /// The case as `Case.graphql` shows it.
    pub(crate) async fn show(&self, case: &KnownCase) -> Value {
        self.send("Case", json!({ "by": { "id": case.id } })).await["case"].clone()
    }

    /// Asks the simulator's control port for something.
    pub(crate) async fn control(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let url = format!("http://{}{path}", self.sim.control_addr());
        let answer = self.http.request(method, url).json(&body).send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    pub(crate) fn today(&self) -> NaiveDate {
        self.clock.today()
    }
}
