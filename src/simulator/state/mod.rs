//! Everything the simulated service knows: plain data and finders, no time and no network.

mod links;
mod orders;
mod tasks;

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};
use secrecy::SecretString;

pub(crate) use self::links::{Link, Provider, User};
pub(crate) use self::orders::{Asked, Order, Suborder, SuborderStatus, TimelineEntry};
pub(crate) use self::tasks::{Entry, Task};

use super::chance::{Chance, Id};
use super::engine::Agenda;
use super::faults::Faults;
use super::log::Log;
use super::outbox::Outbox;
use super::payroll::{Detail, Snapshot};
use super::scenarios::TaskState;
use super::settings::{Settings, SigningKey};

/// The environment that a key belongs to and that its objects stay in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Environment {
    Sandbox,
    Dev,
    Prod,
}

impl Environment {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Dev => "dev",
            Self::Prod => "prod",
        }
    }

    /// The environment that a secret's prefix names.
    pub(crate) fn of_secret(secret: &str) -> Option<Self> {
        let (prefix, _) = secret.split_once('-')?;
        [Self::Sandbox, Self::Dev, Self::Prod].into_iter().find(|known| known.as_str() == prefix)
    }
}

/// Who owns an object: a client (by its place in the list of clients) and one of the client's environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    pub(crate) client: usize,
    pub(crate) environment: Environment,
}

/// One access key: the client's place, and the place among the client's secrets.
pub(crate) type KeyNumber = (usize, usize);

/// A client of the API with its active secrets, newest first.
pub(crate) struct ApiClient {
    pub(crate) client_id: String,
    pub(crate) secrets: Vec<(Environment, SecretString)>,
}

/// The products an order or a task can be about.
pub(crate) const PRODUCTS: [&str; 7] =
    ["income", "employment", "deposit_switch", "pll", "insurance", "transactions", "assets"];

/// The known word equal to `word`.
pub(crate) fn product(word: &str) -> Option<&'static str> {
    PRODUCTS.into_iter().find(|known| *known == word)
}

/// A webhook registration.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) id: Id,
    pub(crate) owner: Owner,
    pub(crate) name: String,
    pub(crate) url: url::Url,
    /// Empty for all.
    pub(crate) events: Vec<String>,
    pub(crate) enabled: bool,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// Failed attempts in a row.
    pub(crate) failures: u32,
}

/// What a bridge token opens.
#[derive(Clone, Debug)]
pub(crate) struct BridgeToken {
    pub(crate) owner: Owner,
    pub(crate) user_id: Id,
    pub(crate) link_id: Option<Id>,
    pub(crate) product: &'static str,
    pub(crate) tracking_info: Option<Id>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// A one-time token that the widget hands out after a login.
#[derive(Clone, Debug)]
pub(crate) struct PublicToken {
    pub(crate) owner: Owner,
    pub(crate) link_id: Id,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) used: bool,
}

/// A report of a person's connections, as it was made.
#[derive(Clone, Debug)]
pub(crate) struct UserReport {
    pub(crate) id: Id,
    pub(crate) owner: Owner,
    pub(crate) user_id: Id,
    pub(crate) detail: Detail,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_task_at: Option<DateTime<Utc>>,
    pub(crate) links: Vec<(Id, Snapshot)>,
}

/// One line of the bill: one successful pull of one connection.
#[derive(Clone, Debug)]
pub(crate) struct BillingLine {
    pub(crate) at: DateTime<Utc>,
    pub(crate) task_id: Id,
    pub(crate) link_id: Id,
    pub(crate) order_id: Option<Id>,
    pub(crate) product: &'static str,
    pub(crate) refresh: bool,
}

/// Truv wrote to the applicant.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) at: DateTime<Utc>,
    pub(crate) order_id: Id,
    pub(crate) suborder_id: Id,
    pub(crate) channel: &'static str,
    pub(crate) reason: TaskState,
}

/// Everything, behind one lock.
pub(crate) struct World {
    pub(crate) chance: Chance,
    pub(crate) settings: Settings,
    pub(crate) clients: Vec<ApiClient>,
    pub(crate) users: HashMap<Id, User>,
    pub(crate) links: HashMap<Id, Link>,
    pub(crate) orders: HashMap<Id, Order>,
    pub(crate) tasks: HashMap<Id, Task>,
    /// In the order of creation, for lists.
    pub(crate) order_ids: Vec<Id>,
    pub(crate) user_ids: Vec<Id>,
    pub(crate) task_ids: Vec<Id>,
    pub(crate) by_external_id: HashMap<(Owner, String), Id>,
    pub(crate) by_access_token: HashMap<Id, Id>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) bridge_tokens: HashMap<Id, BridgeToken>,
    pub(crate) public_tokens: HashMap<Id, PublicToken>,
    pub(crate) reports: HashMap<Id, UserReport>,
    pub(crate) billing: Vec<BillingLine>,
    pub(crate) notices: Vec<Notice>,
    /// Requests of the last minute, by access key.
    pub(crate) requests: HashMap<KeyNumber, VecDeque<DateTime<Utc>>>,
    pub(crate) agenda: Agenda,
    pub(crate) outbox: Outbox,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    counters: HashMap<&'static str, u64>,
}

impl World {
    pub(crate) fn new(seed: u64, settings: Settings, clients: Vec<ApiClient>) -> Self {
        Self {
            chance: Chance::new(seed),
            settings,
            clients,
            users: HashMap::new(),
            links: HashMap::new(),
            orders: HashMap::new(),
            tasks: HashMap::new(),
            order_ids: Vec::new(),
            user_ids: Vec::new(),
            task_ids: Vec::new(),
            by_external_id: HashMap::new(),
            by_access_token: HashMap::new(),
            endpoints: Vec::new(),
            bridge_tokens: HashMap::new(),
            public_tokens: HashMap::new(),
            reports: HashMap::new(),
            billing: Vec::new(),
            notices: Vec::new(),
            requests: HashMap::new(),
            agenda: Agenda::default(),
            outbox: Outbox::default(),
            faults: Faults::new(seed),
            log: Log::default(),
            counters: HashMap::new(),
        }
    }

    /// A new id for a thing without a parent.
    pub(crate) fn new_id(&mut self, kind: &'static str) -> Id {
        let counter = self.counters.entry(kind).or_default();
        *counter += 1;
        self.chance.id(kind, "", *counter)
    }

    pub(crate) fn insert_user(&mut self, user: User) {
        if let Some(external) = &user.external_user_id {
            self.by_external_id.insert((user.owner, external.clone()), user.id.clone());
        }
        self.user_ids.push(user.id.clone());
        self.users.insert(user.id.clone(), user);
    }

    pub(crate) fn insert_link(&mut self, link: Link) {
        self.by_access_token.insert(link.access_token.clone(), link.id.clone());
        if let Some(user) = self.users.get_mut(&link.user_id) {
            user.links.push(link.id.clone());
        }
        self.links.insert(link.id.clone(), link);
    }

    pub(crate) fn insert_order(&mut self, order: Order) {
        if let Some(user) = self.users.get_mut(&order.user_id) {
            user.orders.push(order.id.clone());
        }
        self.order_ids.push(order.id.clone());
        self.orders.insert(order.id.clone(), order);
    }

    pub(crate) fn insert_task(&mut self, task: Task) {
        self.task_ids.push(task.id.clone());
        self.tasks.insert(task.id.clone(), task);
    }

    /// The secret that signs deliveries to this owner.
    pub(crate) fn signing_secret(&self, owner: Owner) -> Option<SecretString> {
        let client = self.clients.get(owner.client)?;
        let mut secrets = client.secrets.iter().filter(|(environment, _)| *environment == owner.environment);
        let secret = match self.settings.signing_key {
            SigningKey::Newest => secrets.next(),
            SigningKey::Oldest => secrets.next_back(),
        };
        secret.map(|(_, secret)| secret.clone())
    }
}
