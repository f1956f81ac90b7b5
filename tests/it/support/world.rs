//! The whole gateway on a real database, a simulator over HTTP, and one clock for both.

use std::time::Duration;

use chrono::{DateTime, Days, TimeDelta, TimeZone, Utc};
use recert::app::{App, Parts};
use recert::caller::Scope;
use recert::clock::Clock;
use recert::config::{Agency, Config};
use recert::ids::Ids;
use recert::simulator::{
    AccessKey, Options, Scenario, SeedBatch, SeedEmployer, SeedLink, SeedOrder, SeedPerson, SeedWebhook, Settings,
    Simulator,
};
use recert::storage::Database;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use secrecy::SecretString;
use serde_json::json;

use super::database::{Scratch, Statements, fresh, fresh_walled};
use super::seed::{NewCase, Seed};
use super::traced::{self, Traced};

/// How long a test waits for background work before it fails: longer than any machine is busy with other things.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) sim: Simulator,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) http: reqwest::Client,
    traced: Option<Traced>,
    // Last: the database goes when nobody uses it any more.
    pub(super) scratch: Scratch,
}

/// A case whose earlier order the gateway has read from Truv.
#[derive(Clone, Debug)]
pub(crate) struct KnownCase {
    /// The global id.
    pub(crate) id: String,
    pub(crate) number: String,
    /// Truv's id of its order.
    pub(crate) truv_order: String,
    /// Truv's ids of its links.
    pub(crate) links: Vec<String>,
}

/// The agency whose name stands in every token but those that say otherwise.
pub(crate) const COUNTY: &str = "test-county";
/// Another one.
pub(crate) const NEIGHBOUR: &str = "next-county";

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
        Self::tuned(settings, |_| {}).await
    }

    /// With other settings of the gateway, too.
    pub(crate) async fn tuned(settings: Settings, tune: impl FnOnce(&mut Config)) -> Self {
        Self::seeded(None, settings, tune).await
    }

    /// Everything at once, and the database behind row-level security where there is such a thing.
    pub(crate) async fn walled() -> Self {
        Self::over(fresh_walled().await, None, Settings::at_once(), |_| {}).await
    }

    /// With the simulator's chances drawn from a seed.
    pub(crate) async fn seeded(seed: Option<u64>, settings: Settings, tune: impl FnOnce(&mut Config)) -> Self {
        Self::over(fresh().await, seed, settings, tune).await
    }

    async fn over(
        (scratch, db, _): (Scratch, Database, Statements),
        seed: Option<u64>,
        settings: Settings,
        tune: impl FnOnce(&mut Config),
    ) -> Self {
        let trace = traced::begin();
        let clock = Clock::still(noon());
        let mut config = Config::for_tests();
        let neighbour = Agency {
            slug: NEIGHBOUR.to_owned(),
            client_id: "next-client".to_owned(),
            secrets: vec![SecretString::from("sandbox-0000000000000000000000000000000000000002")],
            ..config.agencies[0].clone()
        };
        config.agencies.push(neighbour);
        let keys = config
            .agencies
            .iter()
            .map(|agency| AccessKey { client_id: agency.client_id.clone(), secret: agency.secrets[0].clone() });
        let mut options = Options { clock: clock.clone(), settings, ..Options::new(keys.collect()) };
        options.seed = seed.unwrap_or(options.seed);
        let sim = Simulator::start(options).await.unwrap();
        config.truv.url = format!("http://{}/", sim.api_addr()).parse().unwrap();
        config.work.poll_interval = Duration::from_millis(50);
        // As at the simulator: a budget is what a test is about, or there is none.
        config.truv.requests_per_minute = 0;
        config.graphql.introspection = true;
        tune(&mut config);
        let parts = Parts { clock: clock.clone(), ids: Ids::seeded(clock.clone(), 11), db };
        let app = App::start(&config, parts).await.unwrap();
        // A gateway that is started again is found where it was.
        config.server.listen = app.public_addr();
        for agency in &config.agencies {
            let webhook = SeedWebhook {
                name: "gateway".to_owned(),
                webhook_url: format!("http://{}/webhooks/truv/{}", app.public_addr(), agency.slug),
                events: Vec::new(),
            };
            let client_id = Some(agency.client_id.clone());
            sim.seed(SeedBatch { client_id, webhooks: vec![webhook], ..SeedBatch::default() }).unwrap();
        }
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let traced = trace.map(|trace| trace.of(&sim));
        let world = Self { app, sim, clock, config, http, traced, scratch };
        world.looked_after(1).await;
        world
    }

    /// Waits until so many gateways have looked after the webhooks at their start, so that what they ask of Truv meets no
    /// fault that a test sets. A test that has another Truv than the simulator sees to that itself.
    pub(crate) async fn looked_after(&self, starts: usize) {
        if self.config.truv.url.port() != Some(self.sim.api_addr().port()) {
            return;
        }
        let wanted = starts * self.config.agencies.len();
        let looked = async || {
            let log = self.log("request").await;
            let read = log.iter().filter(|entry| entry["path"] == "/v1/webhook-requests/").count();
            (read >= wanted).then_some(())
        };
        self.until("the webhooks are looked after", looked).await;
    }

    /// Another gateway on the same database.
    pub(crate) async fn replica(&self) -> App {
        let parts = Parts {
            clock: self.clock.clone(),
            ids: Ids::seeded(self.clock.clone(), 13),
            db: self.scratch.open().await,
        };
        let mut config = self.config.clone();
        config.server.listen = Config::for_tests().server.listen;
        App::start(&config, parts).await.unwrap()
    }

    /// Takes the gateway down and lets `meanwhile` happen; then another one starts on the same database.
    pub(crate) async fn restart(self, meanwhile: impl AsyncFnOnce(&Simulator, &Clock, &Database)) -> Self {
        let Self { app, sim, clock, config, traced, scratch, .. } = self;
        app.stop(Duration::ZERO).await;
        let db = scratch.open().await;
        meanwhile(&sim, &clock, &db).await;
        let parts = Parts { clock: clock.clone(), ids: Ids::seeded(clock.clone(), 12), db };
        let app = App::start(&config, parts).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { app, sim, clock, config, http, traced, scratch }
    }

    /// Where the world's database is.
    pub(crate) fn database_url(&self) -> String {
        self.scratch.url()
    }

    /// A connection of the owner of the world's tables, who may change them.
    pub(crate) async fn owner(&self) -> DatabaseConnection {
        sea_orm::Database::connect(self.scratch.owner_url()).await.unwrap()
    }

    /// Opens the world's database once more, as another process would.
    pub(crate) async fn open_database(&self) -> Database {
        self.scratch.open().await
    }

    /// A due case with one earlier order over these links, which both sides know.
    pub(crate) async fn case(&self, number: &str, scenarios: &[Scenario]) -> KnownCase {
        self.case_of(COUNTY, number, scenarios).await
    }

    /// The same for an agency.
    pub(crate) async fn case_of(&self, agency: &str, number: &str, scenarios: &[Scenario]) -> KnownCase {
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
            created_at: now - TimeDelta::days(90),
            completed_at: Some(now - TimeDelta::days(90)),
            employers: employers.collect(),
            initial_order: None,
        };
        let person = SeedPerson {
            external_user_id: format!("client-{number}"),
            first_name: "Rosa".to_owned(),
            last_name: "Ortiz".to_owned(),
            // With an address on its order Truv writes to the client by itself, which is what this scenario is about.
            email: scenarios.contains(&Scenario::RecoverAfterLogin).then(|| "rosa@example.test".to_owned()),
            links: links.collect(),
            orders: vec![order],
            ..SeedPerson::default()
        };
        let client_id = self.config.agencies.iter().find(|known| known.slug == agency).map(|a| a.client_id.clone());
        let seeded = self.sim.seed(SeedBatch { client_id, people: vec![person], ..SeedBatch::default() }).unwrap();
        let person = &seeded.people[0];
        let token = self.token(agency, &Scope::ALL);

        let seed = Seed(self.app.kit());
        let agency = seed.agency(agency).await;
        let due_on = now.date_naive() + Days::new(10);
        let case = seed.case(agency, NewCase::due(number, due_on)).await;
        seed.renewal(case, due_on).await;
        seed.imported_order(case, number, &person.orders[0].order_id).await;
        // The look for orders without news finds the imported one.
        self.clock.advance(Duration::from_secs(61));
        let document = "query($by: CaseBy!) { case(by: $by) { id originalOrder { isFinal } review { preparedAt } } }";
        let variables = json!({ "by": { "number": number } });
        let read = async || {
            let case = self.query_as(&token, document, variables.clone()).await["data"]["case"].clone();
            (case["originalOrder"]["isFinal"] == true).then(|| case["id"].as_str().unwrap().to_owned())
        };
        let id = self.until("the earlier order has been read", read).await;
        self.quiet().await;
        KnownCase {
            id,
            number: number.to_owned(),
            truv_order: person.orders[0].order_id.clone(),
            links: person.links.clone(),
        }
    }

    /// Looks until there is something to be seen, and fails the test when that takes too long.
    pub(crate) async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let seen = async {
            let mut pause = tokio::time::interval(Duration::from_millis(5));
            loop {
                pause.tick().await;
                if let Some(seen) = look().await {
                    return seen;
                }
            }
        };
        let Ok(seen) = tokio::time::timeout(PATIENCE, seen).await else {
            panic!("waited in vain: {what}; {}", self.unfinished().await)
        };
        seen
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
        let ended = tokio::time::timeout(PATIENCE, done).await.is_ok();
        assert!(ended, "background work does not come to an end: {}", self.unfinished().await);
    }

    async fn is_idle(&self) -> bool {
        // First the loops, since what they find is a job.
        self.clock.is_at_rest()
            && self.count("SELECT COUNT(*) AS n FROM deliveries WHERE settled_at IS NULL AND next_at <= $1").await == 0
            && self.count("SELECT COUNT(*) AS n FROM jobs WHERE NOT is_dead AND run_at <= $1").await == 0
    }

    async fn unfinished(&self) -> String {
        let deliveries =
            self.count("SELECT COUNT(*) AS n FROM deliveries WHERE settled_at IS NULL AND next_at <= $1").await;
        let jobs = self.count("SELECT COUNT(*) AS n FROM jobs WHERE NOT is_dead AND run_at <= $1").await;
        let looks = if self.clock.is_at_rest() { "no look" } else { "a look" };
        format!("{deliveries} deliveries, {jobs} jobs, {looks} under way")
    }

    async fn count(&self, statement: &str) -> i64 {
        let db = &self.app.kit().db;
        let statement = Statement::from_sql_and_values(db.backend(), statement, [self.clock.now().into()]);
        db.read().query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
    }

    /// The column `value` of a query, as the database holds it.
    pub(crate) async fn column(&self, statement: &str) -> Vec<String> {
        let db = &self.app.kit().db;
        let rows = db.read().query_all_raw(Statement::from_string(db.backend(), statement)).await.unwrap();
        rows.iter().map(|row| row.try_get("", "value").unwrap()).collect()
    }

    /// Moves the clock on in steps, as time passes: what a step brings about is done before the next one.
    pub(crate) async fn pass(&self, steps: u32, step: Duration) {
        for _ in 0..steps {
            self.advance(step).await;
        }
    }
}
