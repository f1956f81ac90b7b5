//! Settings: typed sections, each handed to the part it concerns.
//!
//! [`load`] is the only code that reads the environment. It merges, in this order, the defaults below, a TOML file, the
//! `RECERT_…` variables (and the vendor's own names for its credentials) and the command line's flags, and reports every
//! problem at once with the setting's name, where its value came from, and the cure. A setting's key in the file is its
//! section and its field (`server.listen`); durations are whole numbers of the unit named at the field.

mod agencies;
mod agency;
mod audit;
mod auth;
mod for_tests;
mod issuers;
mod load;
mod nearest;
mod notices;
mod problems;
mod production;
mod reader;
mod renewals;
mod retention;
mod sealing;
mod shown;
mod sources;
mod values;
mod webhooks;

pub use agency::{
    Agency, Cap, Caps, Environment, Freshness, GateRule, Prices, PurposeRules, Purposes, RefreshRules, Spending,
};
pub use audit::{Audit, AuditReads};
pub use auth::{Auth, Issuer, TokenAlgorithm};
pub use load::{explain, load, load_database};
pub use notices::{Notices, signing_key};
pub use problems::{Problem, Problems};
pub use renewals::{EvidenceDays, Renewals, Review};
pub use retention::Retention;
pub use sealing::{SealKey, Sealing};
pub use shown::{Setting, without_secrets};
pub use sources::{Origin, Sources, default_file};
pub use webhooks::Webhooks;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// Everything that can be set.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Listeners.
    pub server: Server,
    /// Storage.
    pub database: Database,
    /// The upstream API.
    pub truv: Truv,
    /// The tenants, each with its own Truv keys. At least one.
    pub agencies: Vec<Agency>,
    /// Tokens.
    pub auth: Auth,
    /// What lies sealed in the database.
    pub seal: Sealing,
    /// The audit trail.
    pub audit: Audit,
    /// The GraphQL endpoint.
    pub graphql: Graphql,
    /// The webhook endpoint.
    pub webhooks: Webhooks,
    /// Background work.
    pub work: Work,
    /// The renewal cycle.
    pub renewals: Renewals,
    /// How long data is kept.
    pub retention: Retention,
    /// Logs.
    pub log: Log,
    /// Traces.
    pub traces: Traces,
}

/// `[server]`
#[derive(Clone, Debug)]
pub struct Server {
    /// `RECERT_LISTEN`: the public listener. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// `RECERT_ADMIN_LISTEN`: `/livez`, `/readyz`, `/metrics`. Default `127.0.0.1:8081`.
    pub admin_listen: SocketAddr,
    /// `RECERT_PUBLIC_URL`: where Truv reaches `/webhooks/…` from outside; `None` where nobody registers webhooks for us.
    pub public_url: Option<url::Url>,
    /// `RECERT_HEADER_TIMEOUT`: seconds until a request's header must be complete. Default 10.
    pub header_timeout: Duration,
    /// `RECERT_BODY_TIMEOUT`: seconds until a request's body must be complete. Default 30.
    pub body_timeout: Duration,
    /// `RECERT_MAX_CONNECTIONS`: connections to the public listener at one time, sockets not counted; whoever comes then
    /// waits for a place. Default 4096.
    pub max_connections: usize,
    /// `RECERT_CORS_ORIGINS`: origins that browsers may call from, separated by commas. Default none.
    pub cors_origins: Vec<String>,
    /// `RECERT_PORTAL`: serve the reference portal at `/`. Default false.
    pub portal: bool,
    /// `RECERT_DRAIN_NOTICE`: seconds between SIGTERM, which turns readiness off, and the closing of the listener; 0 is
    /// possible. Default 5.
    pub drain_notice: Duration,
    /// `RECERT_DRAIN_SPREAD`: seconds over which the open streams are then closed, each at a moment of chance; 0 closes
    /// all at once. Default 5.
    pub drain_spread: Duration,
    /// `RECERT_DRAIN_TIMEOUT`: seconds that requests, streams and jobs in hand have from then on. Default 20.
    pub drain_timeout: Duration,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            admin_listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081),
            public_url: None,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            max_connections: 4_096,
            cors_origins: Vec::new(),
            portal: false,
            drain_notice: Duration::from_secs(5),
            drain_spread: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(20),
        }
    }
}

/// `[database]`
#[derive(Clone, Debug)]
pub struct Database {
    /// `RECERT_DATABASE_URL`: `sqlite://PATH` or `postgres://…`. Default `sqlite://recert.sqlite`. May hold a password.
    pub url: SecretString,
    /// `RECERT_DATABASE_CONNECTIONS`: most connections of the pool. Default 16.
    pub connections: u32,
    /// `RECERT_DATABASE_BUSY_TIMEOUT`: seconds to wait for a lock or a connection. Default 10.
    pub busy_timeout: Duration,
    /// `RECERT_DATABASE_TRANSACTION_TIMEOUT`: seconds after which PostgreSQL ends a transaction of ours that does nothing,
    /// and a statement of ours that does not come to an end; either would hold the event log back. Migrations are free
    /// of it. Default 60.
    pub transaction_timeout: Duration,
    /// `RECERT_DATABASE_ROW_SECURITY`: whether PostgreSQL itself keeps the agencies' rows apart, by the policies that
    /// `recert migrate --row-security ROLE` makes. Default false.
    pub row_security: bool,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: SecretString::from("sqlite://recert.sqlite"),
            connections: 16,
            busy_timeout: Duration::from_secs(10),
            transaction_timeout: Duration::from_mins(1),
            row_security: false,
        }
    }
}

/// `[truv]`: what all agencies share.
#[derive(Clone, Debug)]
pub struct Truv {
    /// `RECERT_TRUV_URL`, or the vendor's `TRUV_API_URL`: https, or http on loopback; a trailing `v1/` is dropped.
    /// Default `https://prod.truv.com/`.
    pub url: url::Url,
    /// `RECERT_TRUV_CONNECT_TIMEOUT`: seconds. Default 5.
    pub connect_timeout: Duration,
    /// `RECERT_TRUV_TIMEOUT`: seconds for a whole call. Default 30.
    pub timeout: Duration,
    /// `RECERT_TRUV_REQUESTS_PER_MINUTE`: the budget of one access key, which all replicas share. Default 300. (0, which only the demonstration uses, is no limit.)
    pub requests_per_minute: u32,
}

impl Default for Truv {
    #[expect(clippy::expect_used, reason = "a constant address, parsed in every test")]
    fn default() -> Self {
        Self {
            url: url::Url::parse("https://prod.truv.com/").expect("a constant address"),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            requests_per_minute: 300,
        }
    }
}

/// `[graphql]`
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the settings")]
#[derive(Clone, Debug)]
pub struct Graphql {
    /// `RECERT_GRAPHQL_GET`: admit queries over GET. Default false.
    pub get: bool,
    /// `RECERT_INTROSPECTION`: answer `__schema` and `__type`. Default false.
    pub introspection: bool,
    /// `RECERT_EXPLORER`: serve the explorer at `/graphiql`. Default false.
    pub explorer: bool,
    /// `RECERT_FEDERATION`: be a subgraph of Apollo Federation 2 (`_service`, `_entities`). Default false.
    pub federation: bool,
    /// `RECERT_GRAPHQL_MAX_BODY_BYTES`. Default 262,144.
    pub max_body_bytes: usize,
    /// `RECERT_GRAPHQL_TIMEOUT`: seconds for a query or a mutation. Default 10.
    pub timeout: Duration,
    /// `RECERT_GRAPHQL_HEARTBEAT`: seconds between signs of life on an event stream over HTTP. Default 15.
    pub heartbeat: Duration,
    /// `RECERT_GRAPHQL_MAX_PER_SUBJECT`: requests and event streams of one subject in hand at once. Default 64.
    pub max_per_subject: usize,
    /// `RECERT_GRAPHQL_MAX_PER_AGENCY`: requests and event streams of one agency in hand at once. Default 1,024.
    pub max_per_agency: usize,
    /// `RECERT_GRAPHQL_REQUESTS_PER_SECOND`: requests of one subject, on average; four times as many at once. Default 1,000.
    pub requests_per_second: u32,
    /// `RECERT_GRAPHQL_PERSISTED`: documents remembered by their hash (automatic persisted queries). Default 1,000.
    pub persisted: usize,
    /// `RECERT_GRAPHQL_DOCUMENTS`: a folder of `.graphql` files or a manifest of persisted documents, registered at start.
    /// Default none.
    pub documents: Option<PathBuf>,
    /// `RECERT_GRAPHQL_DOCUMENTS_MODE`: what becomes of documents that are not registered. Default `open`.
    pub documents_mode: DocumentsMode,
    /// Limits of one document.
    pub limits: DocumentLimits,
    /// Limits of one socket.
    pub socket: Socket,
}

impl Default for Graphql {
    fn default() -> Self {
        Self {
            get: false,
            introspection: false,
            explorer: false,
            federation: false,
            max_body_bytes: 256 * 1024,
            timeout: Duration::from_secs(10),
            heartbeat: Duration::from_secs(15),
            max_per_subject: 64,
            max_per_agency: 1_024,
            requests_per_second: 1_000,
            persisted: 1_000,
            documents: None,
            documents_mode: DocumentsMode::Open,
            limits: DocumentLimits::default(),
            socket: Socket::default(),
        }
    }
}

/// What becomes of a document that is not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentsMode {
    /// `open`: it runs.
    Open,
    /// `prefer`: it runs, and is counted and logged.
    Prefer,
    /// `only`: it is refused, and clients cannot register any.
    Only,
}

/// `[graphql.limits]`: what one document may hold, counted before validation. Set in the file only.
#[derive(Clone, Debug)]
pub struct DocumentLimits {
    /// Bytes of source. Default 16,384.
    pub bytes: usize,
    /// Tokens. Default 2,000.
    pub tokens: usize,
    /// Nesting of `{`, `[` and `(` in the source. Default 64.
    pub nesting: usize,
    /// Depth of selections. Default 10.
    pub depth: usize,
    /// Fields, `__typename` included, fragments expanded. Default 500.
    pub fields: u64,
    /// Aliases. Default 30.
    pub aliases: usize,
    /// Directives. Default 50.
    pub directives: usize,
    /// Operations. Default 10.
    pub operations: usize,
    /// Fragments. Default 50.
    pub fragments: usize,
    /// Root fields of a mutation. Default 5.
    pub mutation_fields: usize,
    /// Weighted cost, page sizes counted. Default 10,000.
    pub complexity: u64,
}

impl Default for DocumentLimits {
    fn default() -> Self {
        Self {
            bytes: 16 * 1024,
            tokens: 2_000,
            nesting: 64,
            depth: 10,
            fields: 500,
            aliases: 30,
            directives: 50,
            operations: 10,
            fragments: 50,
            mutation_fields: 5,
            complexity: 10_000,
        }
    }
}

/// `[graphql.socket]`: set in the file only.
#[derive(Clone, Debug)]
pub struct Socket {
    /// Seconds until `connection_init` must have come. Default 10.
    pub init_timeout: Duration,
    /// Seconds between the server's pings. Default 20.
    pub ping_interval: Duration,
    /// Seconds without a sign of life after which the peer is dropped. Default 45.
    pub idle_timeout: Duration,
    /// Seconds one write may take. Default 30.
    pub write_timeout: Duration,
    /// Live operations on one socket. Default 100.
    pub max_operations: usize,
    /// Sockets of one subject. Default 50.
    pub max_per_subject: usize,
    /// Bytes of one message. Default 262,144.
    pub max_message_bytes: usize,
    /// Frames waiting to be written. Default 256.
    pub queue: usize,
    /// Bytes waiting to be written. Default 262,144.
    pub queue_bytes: u32,
    /// Sockets of all subjects. Default 10,000.
    pub max_sockets: usize,
    /// Messages a client may send in a second, on average; four times as many at once. Default 100.
    pub messages_per_second: u32,
}

impl Default for Socket {
    fn default() -> Self {
        Self {
            init_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(45),
            write_timeout: Duration::from_secs(30),
            max_operations: 100,
            max_per_subject: 50,
            max_message_bytes: 256 * 1024,
            queue: 256,
            queue_bytes: 256 * 1024,
            max_sockets: 10_000,
            messages_per_second: 100,
        }
    }
}

/// `[work]`: background work.
#[derive(Clone, Debug)]
pub struct Work {
    /// `RECERT_WORKERS`: jobs in hand at once. Default 8.
    pub workers: usize,
    /// `RECERT_POLL_INTERVAL`: milliseconds between looks at the queue and the log when no wake-up comes. Default 1,000.
    pub poll_interval: Duration,
    /// `RECERT_JOB_LEASE`: seconds after which a job of a dead worker is taken over. Default 60.
    pub lease: Duration,
    /// `RECERT_STALLED_AFTER`: seconds without news after which an open order is asked about. Default 1,200.
    pub stalled_after: Duration,
    /// `RECERT_SETTLE_DELAY`: seconds during which an order whose answer was lost is looked for at Truv, before it is sent
    /// again. Longer than Truv takes to carry out a call it has received. Default 30.
    pub settle_delay: Duration,
    /// `RECERT_EVENT_RETENTION_DAYS`: days the event log reaches back. Default 30.
    pub event_retention: Duration,
    /// `RECERT_IDEMPOTENCY_RETENTION_DAYS`: days an idempotency key is remembered. Default 30.
    pub idempotency_retention: Duration,
    /// `RECERT_HELD_ALARM`: seconds for which a transaction may hold the event log back before a warning. Default 10.
    pub held_alarm: Duration,
    /// `RECERT_WAKE`: how replicas wake each other after a commit. Default `database`.
    pub wake: Wake,
}

/// How replicas wake each other. Hints only: without them everything arrives at the next poll.
#[derive(Clone, Debug)]
pub enum Wake {
    /// `database`: through PostgreSQL's `LISTEN`/`NOTIFY` at the database's own address; within the process on SQLite.
    Database,
    /// `off`: not at all.
    Off,
    /// `postgres://…`: as `database`, at another address of the same database, for one that is reached through a pooler.
    Postgres(SecretString),
    /// `nats://…` or `tls://…`: through NATS. The address may hold user and password.
    #[cfg(feature = "nats")]
    Nats(SecretString),
}

impl Default for Work {
    fn default() -> Self {
        Self {
            workers: 8,
            poll_interval: Duration::from_secs(1),
            lease: Duration::from_mins(1),
            stalled_after: Duration::from_mins(20),
            settle_delay: Duration::from_secs(30),
            event_retention: Duration::from_hours(30 * 24),
            idempotency_retention: Duration::from_hours(30 * 24),
            held_alarm: Duration::from_secs(10),
            wake: Wake::Database,
        }
    }
}

/// `[log]`
#[derive(Clone, Debug)]
pub struct Log {
    /// `RECERT_LOG`: a `tracing` filter. Default `info`.
    pub filter: String,
    /// `RECERT_LOG_FORMAT`: `text` or `json`. Default text on a terminal, else json.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Auto }
    }
}

/// `[traces]`
#[derive(Clone, Debug)]
pub struct Traces {
    /// `RECERT_TRACES_ENDPOINT`: where a collector of OpenTelemetry takes traces by OTLP over HTTP, with the whole path;
    /// `None` for no traces.
    pub endpoint: Option<url::Url>,
    /// `RECERT_TRACES_PERCENT`: how many of a hundred traces are sent. Default 100.
    pub percent: u32,
}

impl Default for Traces {
    fn default() -> Self {
        Self { endpoint: None, percent: 100 }
    }
}

impl Traces {
    /// How many traces are sent, from 0 to 1.
    pub fn share(&self) -> f64 {
        f64::from(self.percent) / 100.0
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Text,
    /// For machines.
    Json,
}
