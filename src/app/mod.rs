//! Builds every long-lived thing once, wires it, and takes it down again in order.
//!
//! Nothing else in the crate spawns a task that outlives its caller. Stopping goes from the outside in: readiness goes
//! off, the public listener and the streams close, requests and jobs in hand end or are put back, the tail of the log and
//! the operators' listener end, the database closes.

mod ports;
mod trail;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit;
use crate::clock::Clock;
use crate::config::{Agency, Config, Sealing};
use crate::events::{self, Hub};
use crate::gate::{self, Gate};
use crate::history;
use crate::http::{self, health, keys, serve, token};
use crate::ids::Ids;
use crate::kit::{Account, Accounts, Kit};
use crate::ledger;
use crate::lifetimes::Shelf;
use crate::people;
use crate::revocations;
use crate::seal::{self, Sealer};
use crate::storage::{self, Database};
use crate::telemetry;
use crate::truv;
use crate::wake;
use crate::webhooks;
use crate::work;

/// Connections to the operators' listener at one time.
const OPERATORS: usize = 64;

/// What comes from outside: time, ids, and the open database.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// The database; [`App::start`] migrates SQLite by itself, and demands that PostgreSQL has been migrated.
    pub db: Database,
}

/// The running gateway.
#[derive(Debug)]
pub struct App {
    public: SocketAddr,
    admin: SocketAddr,
    kit: Kit,
    is_draining: Arc<AtomicBool>,
    drain_notice: Duration,
    drain_timeout: Duration,
    /// The public listener, requests and streams.
    edge: TaskTracker,
    close_edge: CancellationToken,
    at_once: CancellationToken,
    /// Background work.
    work: TaskTracker,
    end_work: work::End,
    /// What requests and streams need until their end: the tail of the log, fresh keys.
    inner: TaskTracker,
    close_inner: CancellationToken,
    /// The operators' listener, and wake-ups from and to other replicas.
    last: TaskTracker,
    close_last: CancellationToken,
}

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Migrations are missing on PostgreSQL.
    #[error("the database is behind by {} (first: {}). Apply the migrations with `recert migrate`, then start again", plural(.0.len()), .0.first().map_or("", String::as_str))]
    Behind(Vec<String>),
    /// Row-level security is not as the settings say.
    #[error("{0}; {cure}", cure = .0.cure())]
    Walls(#[from] storage::WallError),
    /// The rows come from another server.
    #[error(
        "the event log was written on another PostgreSQL server, whose numbers this one has not reached; it would stand still. After restoring a dump run `recert migrate --new-epoch`, then start again"
    )]
    Moved,
    /// The database fails.
    #[error("the database failed at start")]
    Storage(#[from] storage::Error),
    /// The Truv client cannot be built.
    #[error("the Truv client of agency `{agency}` cannot be built")]
    Truv {
        /// The agency's slug.
        agency: String,
        /// Why.
        source: truv::BuildError,
    },
    /// The keys for tokens cannot be loaded.
    #[error("the keys for tokens cannot be loaded")]
    Keys(#[from] keys::KeysError),
    /// The keys for sealing cannot be used.
    #[error("the keys for sealing cannot be used")]
    Seal(#[from] seal::Error),
    /// A setting of the edge is wrong in itself.
    #[error("the edge cannot be built")]
    Edge(#[from] http::EdgeError),
    /// A listener could not be opened.
    #[error("cannot listen on {address}; is the port taken? Choose another one ({setting})")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The setting that names it.
        setting: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
}

fn plural(count: usize) -> String {
    if count == 1 { "1 migration".to_owned() } else { format!("{count} migrations") }
}

impl App {
    /// Starts everything; when this returns, requests are answered.
    ///
    /// # Errors
    /// [`StartError`]; nothing is then left running.
    pub async fn start(config: &Config, parts: Parts) -> Result<Self, StartError> {
        // One process, one crypto library; a second start in one process (tests) finds it installed.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let collector = telemetry::collector();
        metrics::gauge!("recert_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        prepare_database(&parts.db).await?;
        let (inner, close_inner) = (TaskTracker::new(), CancellationToken::new());
        let (audit, keep_trail) = audit::Recorder::together(parts.db.clone(), config.audit.reads, close_inner.clone());
        let kit = kit(config, parts, audit).await?;
        let hub = Hub::new();
        let revocations = revocations::Watch::load(&kit).await?;
        let verifier = Arc::new(token::Verifier::load(&config.auth, kit.clock.clone()).await?);

        let (edge, close_edge) = (TaskTracker::new(), CancellationToken::new());
        let at_once = CancellationToken::new();
        let router = http::router(
            http::Parts {
                executor: Arc::new(ports::Operations::new(kit.clone(), hub.clone(), config.graphql.federation)),
                directory: Arc::new(ports::Staff::new(kit.clone(), revocations.clone())),
                intake: Arc::new(ports::Inbox::new(kit.clone())),
                verifier: Arc::clone(&verifier),
                clock: kit.clock.clone(),
                ids: kit.ids.clone(),
                tasks: edge.clone(),
                shutdown: close_edge.clone(),
                at_once: at_once.clone(),
            },
            &config.server,
            &config.graphql,
            &config.webhooks,
        )?;
        let is_draining = Arc::new(AtomicBool::new(false));
        let health = health::router(readiness(kit.clone(), Arc::clone(&is_draining)), collector.clone());
        let (public, public_addr) = listen(config.server.listen, "RECERT_LISTEN, --listen or --port").await?;
        let (admin, admin_addr) = listen(config.server.admin_listen, "RECERT_ADMIN_LISTEN").await?;

        inner.spawn(keep_trail);
        inner.spawn(hub.run(kit.clone(), close_inner.clone()));
        inner.spawn(revocations.run(kit.clone(), close_inner.clone()));
        let (work, end_work) = (TaskTracker::new(), work::End::default());
        work.spawn(work::run(kit.clone(), end_work.clone()));
        let (last, close_last) = (TaskTracker::new(), CancellationToken::new());
        last.spawn(wake::run(kit.db.clone(), config.work.wake.clone(), close_last.clone()));
        let stop = close_inner.clone();
        inner.spawn(async move { stop.run_until_cancelled(collector.keep_up()).await });
        let stop_keys = close_inner.clone();
        inner.spawn(async move {
            tokio::select! {
                () = stop_keys.cancelled() => {}
                () = verifier.keep_fresh() => stop_keys.cancelled().await,
            }
        });
        let bounds =
            serve::Bounds { header_timeout: config.server.header_timeout, connections: config.server.max_connections };
        let of_operators = serve::Bounds { connections: OPERATORS, ..bounds };
        edge.spawn(serve::serve(public, router, bounds, edge.clone(), close_edge.clone()));
        last.spawn(serve::serve(admin, health, of_operators, last.clone(), close_last.clone()));
        tracing::info!(public = %public_addr, admin = %admin_addr, "the gateway answers");
        Ok(Self {
            public: public_addr,
            admin: admin_addr,
            kit,
            is_draining,
            edge,
            drain_notice: config.server.drain_notice,
            drain_timeout: config.server.drain_timeout,
            close_edge,
            at_once,
            work,
            end_work,
            inner,
            close_inner,
            last,
            close_last,
        })
    }

    /// Where clients and Truv reach it.
    pub fn public_addr(&self) -> SocketAddr {
        self.public
    }

    /// Where operators reach it.
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin
    }

    /// What the verbs work with.
    pub fn kit(&self) -> &Kit {
        &self.kit
    }

    /// Takes everything down in order and at leisure, as `[server]` says: readiness goes off and load balancers get time
    /// to notice; then nothing new is accepted or begun, streams are closed one after the other, and what is in hand ends.
    pub async fn drain(self) {
        let (notice, timeout) = (self.drain_notice, self.drain_timeout);
        self.end(notice, timeout).await;
    }

    /// The same at once: streams are closed together. `notice` is how long readiness is off before.
    pub async fn stop(self, notice: Duration) {
        self.at_once.cancel();
        let timeout = self.drain_timeout;
        self.end(notice, timeout).await;
    }

    async fn end(self, notice: Duration, timeout: Duration) {
        self.is_draining.store(true, Ordering::Relaxed);
        tokio::time::sleep(notice).await;
        tracing::info!("nothing new is accepted; what is in hand ends");
        self.close_edge.cancel();
        self.edge.close();
        self.end_work.stop.cancel();
        self.work.close();
        let in_hand = async { tokio::join!(self.edge.wait(), self.work.wait()) };
        if tokio::time::timeout(timeout, in_hand).await.is_err() {
            tracing::warn!("not everything in hand ended in time; it is broken off");
        }
        self.end_work.break_off.cancel();
        ended(&self.work, Duration::from_secs(2), "jobs were not put back in time; their leases will run out").await;
        self.close_inner.cancel();
        self.inner.close();
        ended(&self.inner, Duration::from_secs(1), "background work did not end in time").await;
        // Last, so that the others hear of what was just put back, and operators can look until the end.
        self.close_last.cancel();
        self.last.close();
        ended(&self.last, Duration::from_secs(1), "the operators' listener or the bus did not end in time").await;
        // A connection that somebody still holds must not keep the process: what is committed is safe without this.
        match tokio::time::timeout(Duration::from_secs(2), self.kit.db.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the database did not close in order"),
            Err(_) => tracing::warn!("a database connection is still held; it is dropped"),
        }
    }
}

async fn ended(tasks: &TaskTracker, time: Duration, otherwise: &'static str) {
    if tokio::time::timeout(time, tasks.wait()).await.is_err() {
        tracing::warn!("{otherwise}");
    }
}

async fn prepare_database(db: &Database) -> Result<(), StartError> {
    if db.backend() == sea_orm::DbBackend::Sqlite {
        return Ok(db.migrate().await?);
    }
    let missing: Vec<String> =
        db.migrations().await?.into_iter().filter(|(_, is_applied)| !is_applied).map(|(name, _)| name).collect();
    if !missing.is_empty() {
        return Err(StartError::Behind(missing));
    }
    db.look_at_walls().await??;
    if events::has_foreign_numbers(db).await? { Err(StartError::Moved) } else { Ok(()) }
}

async fn kit(config: &Config, parts: Parts, audit: audit::Recorder) -> Result<Kit, StartError> {
    let Parts { clock, ids, db } = parts;
    history::begin(&db, clock.now()).await?;
    let mut accounts = HashMap::new();
    for agency in &config.agencies {
        let enrolled = people::enroll_agency(&db, &clock, &ids, &agency.slug, &agency.name).await?;
        ledger::count_from_zero(&agency.slug);
        let Some(secret) = agency.secrets.first() else { continue };
        let account = account(config, agency, secret)
            .map_err(|source| StartError::Truv { agency: agency.slug.clone(), source })?;
        let gate = Gate::open(gate::Parts {
            db: &db,
            clock: &clock,
            ids: &ids,
            agency: (enrolled.id, &agency.slug),
            key: [&agency.client_id, secret.expose_secret()],
            budget: config.truv.requests_per_minute,
            call_timeout: config.truv.timeout,
        });
        let account = Account { client: account.client.clone().behind(gate.await?), ..account };
        accounts.insert(enrolled.id, account);
    }
    Ok(Kit {
        opaque: db.opaque().await?,
        sealer: sealer(&config.seal)?,
        audit,
        db,
        clock,
        ids,
        accounts: Accounts::new(accounts),
        renewals: config.renewals.clone(),
        work: config.work.clone(),
        webhooks: config.webhooks.clone(),
        lifetimes: Shelf::default(),
    })
}

fn sealer(settings: &Sealing) -> Result<Sealer, seal::Error> {
    let sealer = Sealer::new(settings)?;
    if sealer.is_for_development() {
        tracing::warn!(
            "no seal.keys are set: what is sealed in the database is sealed with a key that everybody knows"
        );
    }
    Ok(sealer)
}

/// An agency's account at Truv, with a client that signs in with this secret and waits for no turn.
///
/// # Errors
/// When the settings cannot be used for a client.
pub fn account(config: &Config, agency: &Agency, secret: &SecretString) -> Result<Account, truv::BuildError> {
    Ok(Account {
        slug: agency.slug.clone(),
        environment: agency.environment,
        client: truv::Client::try_new(&config.truv, &agency.client_id, secret)?,
        webhook_address: config.server.public_url.as_ref().and_then(|url| webhooks::address(url, &agency.slug)),
        secrets: agency.secrets.clone(),
        spending: agency.spending.clone(),
        refresh_rules: agency.refresh_rules.clone(),
        review: agency.review.clone(),
        notices: agency.notices.clone(),
    })
}

fn readiness(kit: Kit, is_draining: Arc<AtomicBool>) -> health::Readiness {
    Arc::new(move || {
        let (kit, is_draining) = (kit.clone(), Arc::clone(&is_draining));
        Box::pin(async move {
            if is_draining.load(Ordering::Relaxed) {
                return Err("draining".to_owned());
            }
            kit.db.ping().await.map_err(|_| "the database does not answer".to_owned())
        })
    })
}

async fn listen(address: SocketAddr, setting: &'static str) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, setting, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
