//! A Truv on loopback: the API, its webhooks, and a control port that plays everybody else.
//!
//! The actors are the API's clients (two headers name them), the endpoints that receive webhooks, the applicant who logs
//! in or does not, and the payroll providers, which do what each connection's *scenario* says. All state is in memory
//! behind one lock and is gone when the simulator stops. Time is a [`Clock`] that tests move;
//! everything else that could vary (ids, delays, which event comes first) follows from a seed.
//!
//! The shapes are written out here once more, on purpose: sharing them with the client in `truv` would hide a mistake
//! made in both. The simulator never connects to anything but loopback addresses, and it is no part of a production
//! installation.

mod api;
mod applicant;
mod chance;
mod connect;
mod control;
mod data;
mod deliveries;
mod engine;
mod events;
mod faults;
mod log;
mod orders;
mod outbox;
pub mod payroll;
mod private;
mod refusal;
mod scenarios;
mod seed;
mod settings;
mod state;
mod truth;
mod walk;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

pub use self::log::LOG_CAPACITY;
pub use self::outbox::HISTORY_CAPACITY;
pub use self::private::Private;
pub use self::scenarios::Scenario;
pub use self::seed::{
    SeedBatch, SeedEmployer, SeedError, SeedLink, SeedOrder, SeedPerson, SeedWebhook, Seeded, SeededOrder, SeededPerson,
};
pub use self::settings::{
    Edition, HistoryPayload, InitialOrderMode, OrderCreated, QuotaMode, RefreshFailedStatus, Settings, SigningKey,
};
use self::state::{ApiClient, Environment, World};
use crate::clock::Clock;

/// How a simulator starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the API listens; loopback, port 0 for any.
    pub api_listen: SocketAddr,
    /// Where the control port listens; loopback, port 0 for any.
    pub control_listen: SocketAddr,
    /// The time.
    pub clock: Clock,
    /// Decides ids and chances.
    pub seed: u64,
    /// The switches to start with.
    pub settings: Settings,
    /// The access keys that are active. Keys with one client id belong to one client, newest first.
    pub keys: Vec<AccessKey>,
}

impl Options {
    /// Any free loopback ports, the system's clock, the usual settings, seed 1.
    pub fn new(keys: Vec<AccessKey>) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            api_listen: any,
            control_listen: any,
            clock: Clock::system(),
            seed: 1,
            settings: Settings::default(),
            keys,
        }
    }
}

/// An access key: what the two headers carry.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// `X-Access-Client-Id`.
    pub client_id: String,
    /// `X-Access-Secret`; its prefix (`sandbox-`, `dev-`, `prod-`) names the environment.
    pub secret: SecretString,
}

/// Why a simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener could not be opened.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The simulator serves this machine only.
    #[error("{0} is not a loopback address")]
    NotLoopback(SocketAddr),
    /// There is no key.
    #[error("at least one access key is needed")]
    NoKeys,
    /// A secret without one of the three prefixes.
    #[error("the secret of client `{client_id}` must begin with sandbox-, dev- or prod-")]
    Environment {
        /// Whose secret.
        client_id: String,
    },
    /// Settings out of range.
    #[error("{0}")]
    Settings(String),
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built")]
    Client(#[from] reqwest::Error),
}

/// What all parts share.
pub(crate) struct Service {
    clock: Clock,
    world: Mutex<World>,
    http: reqwest::Client,
    control: SocketAddr,
    engine_wake: Notify,
    delivery_wake: Notify,
    /// Told whenever deliveries may all be done.
    quiet: Notify,
    stop: CancellationToken,
    tracker: TaskTracker,
}

pub(crate) type Shared = Arc<Service>;

impl Service {
    fn lock(&self) -> MutexGuard<'_, World> {
        // A panic while the lock was held has been reported already; the data is still the best there is.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells both loops that something may be due or ready.
    fn wake(&self) {
        self.engine_wake.notify_one();
        self.delivery_wake.notify_one();
    }

    /// The control port's address that redirects to `target`.
    fn detour(&self, target: &Url, status: u16) -> Url {
        let address = format!("http://{}/control/redirect/{status}", self.control);
        Url::parse_with_params(&address, [("to", target.as_str())]).unwrap_or_else(|_| target.clone())
    }

    /// Waits until everything due has happened and every delivery that may go has been attempted.
    async fn settled(&self) {
        loop {
            let changed = self.quiet.notified();
            let idle = {
                let mut world = self.lock();
                world.catch_up(self.clock.now());
                world.outbox.is_idle()
            };
            if idle {
                return;
            }
            self.wake();
            changed.await;
        }
    }
}

/// A running simulator.
pub struct Simulator {
    shared: Shared,
    api: SocketAddr,
}

impl Simulator {
    /// Opens both ports and starts.
    ///
    /// # Errors
    ///
    /// When a port cannot be opened, an address is not loopback, or keys or settings make no sense.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        options.settings.check().map_err(StartError::Settings)?;
        let clients = clients(&options.keys)?;
        let (api_listener, api) = listen(options.api_listen).await?;
        let (control_listener, control) = listen(options.control_listen).await?;
        let shared = Arc::new(Service {
            clock: options.clock,
            world: Mutex::new(World::new(options.seed, options.settings, clients)),
            http: deliveries::client()?,
            control,
            engine_wake: Notify::new(),
            delivery_wake: Notify::new(),
            quiet: Notify::new(),
            stop: CancellationToken::new(),
            tracker: TaskTracker::new(),
        });
        shared.tracker.spawn(engine::run(shared.clone()));
        shared.tracker.spawn(deliveries::run(shared.clone()));
        shared.tracker.spawn(api::serve(shared.clone(), api_listener));
        shared.tracker.spawn(control::serve(shared.clone(), control_listener));
        Ok(Self { shared, api })
    }

    /// Where the API listens.
    pub fn api_addr(&self) -> SocketAddr {
        self.api
    }

    /// Where the control port listens.
    pub fn control_addr(&self) -> SocketAddr {
        self.shared.control
    }

    /// Puts people, connections, earlier orders and endpoints in, as `POST /control/seed` does.
    ///
    /// # Errors
    ///
    /// When an id is taken or something named is unknown; what stands before it in the batch has been put in.
    pub fn seed(&self, batch: SeedBatch) -> Result<Seeded, SeedError> {
        let now = self.shared.clock.now();
        self.shared.lock().seed(batch, now)
    }

    /// What must be in no log; may be asked for until the last moment.
    pub fn private(&self) -> Private {
        Private(self.shared.clone())
    }

    /// Waits until everything that is due by the clock has happened and every delivery ready to go has been attempted.
    pub async fn settled(&self) {
        self.shared.settled().await;
    }

    /// Stops serving and sending. Connections are cut; what was waiting is lost.
    pub async fn stop(self) {
        self.shared.stop.cancel();
        self.shared.tracker.close();
        // The control port lets requests under way finish; one that hangs must not keep the process.
        let _ = tokio::time::timeout(Duration::from_secs(2), self.shared.tracker.wait()).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    if !address.ip().is_loopback() {
        return Err(StartError::NotLoopback(address));
    }
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn clients(keys: &[AccessKey]) -> Result<Vec<ApiClient>, StartError> {
    let mut clients: Vec<ApiClient> = Vec::new();
    for key in keys {
        let environment = Environment::of_secret(key.secret.expose_secret())
            .ok_or_else(|| StartError::Environment { client_id: key.client_id.clone() })?;
        let secret = (environment, key.secret.clone());
        match clients.iter_mut().find(|client| client.client_id == key.client_id) {
            Some(client) => client.secrets.push(secret),
            None => clients.push(ApiClient { client_id: key.client_id.clone(), secrets: vec![secret] }),
        }
    }
    if clients.is_empty() { Err(StartError::NoKeys) } else { Ok(clients) }
}
