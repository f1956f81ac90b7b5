//! The edge on a loopback port, with a schema, a directory and an intake that the tests can look into.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_graphql::{Context, Enum, InputObject, Object, Response, Schema, SimpleObject, Subscription};
use chrono::{DateTime, TimeZone, Utc};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, Stream, StreamExt};
use recert::caller::{Caller, Scope};
use recert::clock::Clock;
use recert::config::Config;
use recert::http::ports::{
    Costs, Directory, Executor, Intake, RawDelivery, ResolveError, Session, StoreError, Streamed,
};
use recert::http::token::{Claims, Token, Verifier};
use recert::http::{
    EdgeError, Parts, router,
    serve::{Bounds, serve},
};
use recert::ids::{AgencyId, Ids};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub(crate) const SECRET: &str = "a development secret of enough bytes";
pub(crate) const ORIGIN: &str = "https://portal.example.gov";
pub(crate) const HOOK_SECRETS: [&str; 2] = ["sandbox-new", "sandbox-old"];

pub(crate) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).unwrap()
}

/// What the resolvers leave behind.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    pub(crate) touched: Arc<Mutex<Vec<String>>>,
    pub(crate) deliveries: Arc<Mutex<Vec<RawDelivery>>>,
    pub(crate) refuse_deliveries: Arc<Mutex<bool>>,
}

pub(crate) struct Query;

#[derive(SimpleObject)]
struct Item {
    id: i32,
    name: String,
}

#[derive(SimpleObject)]
struct Page {
    nodes: Vec<Item>,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum Color {
    Red,
    Green,
}

#[derive(InputObject)]
struct Paint {
    color: Color,
    coats: i32,
}

#[Object]
impl Query {
    async fn hello(&self, ctx: &Context<'_>) -> String {
        format!("hello {}", ctx.data_unchecked::<Session>().caller.now().subject)
    }

    async fn add(&self, a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    async fn paint(&self, with: Paint) -> i32 {
        if with.color == Color::Red { with.coats } else { -with.coats }
    }

    async fn items(&self, first: Option<i32>) -> Page {
        let nodes = (0..first.unwrap_or(2)).map(|id| Item { id, name: format!("item {id}") }).collect();
        Page { nodes }
    }

    async fn leak(&self) -> Option<async_graphql::Result<i32>> {
        Some(Err(async_graphql::Error::new("SELECT ssn FROM clients: no such table")))
    }

    async fn forbidden(&self) -> Option<async_graphql::Result<i32>> {
        use async_graphql::ErrorExtensions as _;
        Some(Err(async_graphql::Error::new("the scope cases:read is missing")
            .extend_with(|_, extensions| extensions.set("code", "FORBIDDEN"))))
    }

    async fn boom(&self) -> i32 {
        Vec::<i32>::new().pop().unwrap()
    }

    async fn forever(&self) -> i32 {
        std::future::pending().await
    }
}

pub(crate) struct Mutation;

#[Object]
impl Mutation {
    async fn touch(&self, ctx: &Context<'_>, name: String) -> String {
        ctx.data_unchecked::<Seen>().touched.lock().unwrap().push(name.clone());
        name
    }

    async fn billed(&self) -> i32 {
        1
    }
}

#[derive(SimpleObject)]
struct Tick {
    cursor: String,
    number: i32,
}

pub(crate) struct Subscriptions;

#[Subscription]
impl Subscriptions {
    /// Counts from the number after `after` up to `to`; for ever without it.
    async fn ticks(&self, after: Option<String>, to: Option<i32>) -> impl Stream<Item = Tick> {
        let first = after.and_then(|cursor| cursor.strip_prefix('c')?.parse().ok()).unwrap_or(0) + 1;
        let tick = |number| Tick { cursor: format!("c{number}"), number };
        let ends = to.is_some();
        let ticks = futures_util::stream::iter((first..=to.unwrap_or(first)).map(tick));
        if ends { ticks.boxed() } else { ticks.chain(futures_util::stream::pending()).boxed() }
    }

    /// As many big frames as the reader takes.
    async fn flood(&self) -> impl Stream<Item = String> {
        futures_util::stream::repeat_with(|| "x".repeat(64 * 1024))
    }

    /// The caller's scopes, now and with every new token.
    async fn scopes(&self, ctx: &Context<'_>) -> impl Stream<Item = Vec<String>> {
        let standing = ctx.data_unchecked::<Session>().caller.clone();
        futures_util::stream::unfold((standing, true), |(mut standing, is_first)| async move {
            if !is_first {
                standing.changed().await;
            }
            let scopes = standing.now().scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
            Some((scopes, (standing, false)))
        })
    }

    async fn panics(&self) -> impl Stream<Item = i32> {
        futures_util::stream::iter(0..2).inspect(|number| assert_eq!(*number, 0, "on purpose"))
    }
}

type Test = Schema<Query, Mutation, Subscriptions>;

struct Runner(Test);

impl Executor for Runner {
    fn execute(&self, request: async_graphql::Request, session: Session) -> BoxFuture<'static, Response> {
        let schema = self.0.clone();
        async move { schema.execute(request.data(session)).await }.boxed()
    }

    fn subscribe(&self, request: async_graphql::Request, session: Session) -> BoxStream<'static, Streamed> {
        let told = self.0.execute_stream(request.data(session)).map(|response| {
            let data = serde_json::to_value(&response.data).unwrap();
            if !response.errors.is_empty() {
                return Streamed::Raw(Arc::new(response));
            }
            let cursor = data["ticks"]["cursor"].as_str().map(Into::into);
            Streamed::Written { json: json!({ "data": data }).to_string().into(), cursor, withheld: None }
        });
        told.boxed()
    }

    fn sdl(&self) -> String {
        self.0.sdl()
    }

    fn costs(&self) -> Costs {
        Costs::default()
    }

    fn is_billed(&self, mutation: &str) -> bool {
        mutation == "billed"
    }
}

/// A subject, and the scopes that are left to it.
type Left = (String, Option<Vec<Scope>>);

/// What the test says about revoked tokens.
#[derive(Clone, Default)]
pub(crate) struct Revoked(Arc<watch::Sender<Option<i64>>>, Arc<Mutex<Vec<Left>>>);

impl Revoked {
    /// From now on the subject's tokens carry these scopes at most; none at all when they are revoked.
    pub(crate) fn leave(&self, subject: &str, scopes: Option<Vec<Scope>>) {
        self.1.lock().unwrap().push((subject.to_owned(), scopes));
        self.0.send_modify(|edition| *edition = Some(edition.map_or(1, |edition| edition + 1)));
    }
}

struct OneAgency(Revoked);

impl Directory for OneAgency {
    fn resolve(&self, claims: Claims) -> BoxFuture<'_, Result<Caller, ResolveError>> {
        async move {
            match claims.agency.as_str() {
                "county" => Ok(Caller {
                    scopes: self.scopes(AgencyId(Uuid::nil()), &claims).ok_or(ResolveError::Revoked)?,
                    agency: AgencyId(Uuid::nil()),
                    subject: claims.subject,
                    display_name: claims.name,
                    caseworker: None,
                    token_id: claims.token_id,
                    expires_at: Some(claims.expires_at),
                }),
                "broken" => Err(ResolveError::Unavailable),
                _ => Err(ResolveError::UnknownAgency),
            }
        }
        .boxed()
    }

    fn scopes(&self, _: AgencyId, claims: &Claims) -> Option<Vec<Scope>> {
        let said = self.0.1.lock().unwrap();
        let last = said.iter().rev().find(|(subject, _)| *subject == claims.subject);
        last.map_or_else(|| Some(claims.scopes.clone()), |(_, scopes)| scopes.clone())
    }

    fn changes(&self) -> watch::Receiver<Option<i64>> {
        self.0.0.subscribe()
    }
}

struct Inbox(Seen);

impl Intake for Inbox {
    fn secrets(&self, agency: &str) -> Option<Vec<SecretString>> {
        (agency == "county").then(|| HOOK_SECRETS.map(SecretString::from).to_vec())
    }

    fn store(&self, delivery: RawDelivery) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            if *self.0.refuse_deliveries.lock().unwrap() {
                return Err(StoreError);
            }
            self.0.deliveries.lock().unwrap().push(delivery);
            Ok(())
        }
        .boxed()
    }
}

pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    pub(crate) seen: Seen,
    pub(crate) revoked: Revoked,
    pub(crate) config: Config,
    pub(crate) shutdown: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

pub(crate) fn settings() -> Config {
    let mut config = Config::default();
    config.auth.hmac_secret = Some(SecretString::from(SECRET));
    config.server.cors_origins = vec![ORIGIN.to_owned()];
    config
}

/// What the usual token says; it ends at one o'clock.
pub(crate) fn claims() -> Claims {
    Claims {
        subject: "ana".to_owned(),
        agency: "county".to_owned(),
        scopes: vec![Scope::CasesRead],
        name: None,
        token_id: None,
        issued_at: None,
        expires_at: noon() + chrono::TimeDelta::hours(1),
    }
}

impl Stage {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::try_with(change).await.unwrap()
    }

    pub(crate) async fn try_with(change: impl FnOnce(&mut Config)) -> Result<Self, EdgeError> {
        let mut config = settings();
        change(&mut config);
        let clock = Clock::still(noon());
        let (seen, tasks, shutdown) = (Seen::default(), TaskTracker::new(), CancellationToken::new());
        let revoked = Revoked::default();
        let schema = Schema::build(Query, Mutation, Subscriptions).data(seen.clone()).finish();
        let parts = Parts {
            executor: Arc::new(Runner(schema)),
            directory: Arc::new(OneAgency(revoked.clone())),
            intake: Arc::new(Inbox(seen.clone())),
            verifier: Arc::new(Verifier::load(&config.auth, clock.clone()).await.unwrap()),
            clock: clock.clone(),
            ids: Ids::seeded(clock.clone(), 7),
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
            at_once: shutdown.clone(),
        };
        let router = router(parts, &config.server, &config.graphql, &config.webhooks)?;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bounds =
            Bounds { header_timeout: config.server.header_timeout, connections: config.server.max_connections };
        tasks.spawn(serve(listener, router, bounds, tasks.clone(), shutdown.clone()));
        Ok(Self { address, clock, seen, revoked, config, shutdown, tasks })
    }

    pub(crate) fn token(&self) -> String {
        self.token_for(&claims())
    }

    pub(crate) fn token_for(&self, claims: &Claims) -> String {
        Token::issue(&self.config.auth, claims, noon()).unwrap().expose_secret().to_owned()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A POST to `/graphql` with a good token, ready for changes.
    pub(crate) fn post(&self) -> reqwest::RequestBuilder {
        client().post(self.url("/graphql")).bearer_auth(self.token()).header("content-type", "application/json")
    }

    pub(crate) async fn ask(&self, query: &str, variables: Value) -> (u16, Value) {
        answer(self.post().body(json!({ "query": query, "variables": variables }).to_string())).await
    }
}

pub(crate) fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().timeout(Duration::from_secs(90)).no_proxy();
    builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// The status and the body, which must be JSON.
pub(crate) async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap())
}

pub(crate) fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1.pointer("/errors/0/extensions/code").and_then(Value::as_str).unwrap_or("none"))
}
