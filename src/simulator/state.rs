//! Everything the simulated service knows: plain data and finders, no time and no network.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;

use super::chance::{Chance, Id};
use super::engine::Agenda;
use super::faults::Faults;
use super::log::Log;
use super::outbox::Outbox;
use super::payroll::{Detail, Job, Snapshot};
use super::scenarios::{Scenario, TaskState};
use super::settings::Settings;

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

/// A person.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: Id,
    pub(crate) owner: Owner,
    pub(crate) external_user_id: Option<String>,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) ssn: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) deleted: bool,
    pub(crate) links: Vec<Id>,
    pub(crate) orders: Vec<Id>,
}

/// A payroll provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    pub(crate) id: Arc<str>,
    pub(crate) name: Arc<str>,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: Id,
    pub(crate) owner: Owner,
    pub(crate) user_id: Id,
    pub(crate) access_token: Id,
    pub(crate) hash: Id,
    pub(crate) provider: Provider,
    pub(crate) company_mapping_id: Option<Id>,
    pub(crate) company_name: Arc<str>,
    pub(crate) data_source: Arc<str>,
    pub(crate) product: &'static str,
    pub(crate) tracking_info: Option<Id>,
    pub(crate) status: TaskState,
    pub(crate) suspicious: bool,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// The last login by the applicant: the age of the authorisation counts from here.
    pub(crate) authorised_at: DateTime<Utc>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    pub(crate) scenario: Scenario,
    /// Pulls under the present scenario, for those that change their mind.
    pub(crate) pulls: u32,
    pub(crate) jobs: Arc<[Job]>,
    /// What was read last.
    pub(crate) data: Option<Snapshot>,
    /// When the last pull ended; its report appears a little later.
    pub(crate) done_at: Option<DateTime<Utc>>,
    /// Refreshes that count towards the quota.
    pub(crate) attempts: VecDeque<(DateTime<Utc>, Id)>,
}

impl Link {
    /// Refreshes in the 24 hours before `now`.
    pub(crate) fn refreshes_today(&self, now: DateTime<Utc>) -> usize {
        let day_ago = now - chrono::TimeDelta::hours(24);
        self.attempts.iter().filter(|(at, _)| *at > day_ago).count()
    }
}

/// The status of one employer of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SuborderStatus {
    Pending,
    Sent,
    Completed,
    Error,
    Canceled,
    Expired,
    Skipped,
    NoData,
}

impl SuborderStatus {
    const ALL: [Self; 8] = [
        Self::Pending,
        Self::Sent,
        Self::Completed,
        Self::Error,
        Self::Canceled,
        Self::Expired,
        Self::Skipped,
        Self::NoData,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Completed => "completed",
            Self::Error => "error",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Skipped => "skipped",
            Self::NoData => "no_data",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }

    /// Whether work may still come without a new login.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Sent)
    }
}

/// One employer of an order.
#[derive(Clone, Debug)]
pub(crate) struct Suborder {
    pub(crate) id: Id,
    pub(crate) number: Option<Id>,
    pub(crate) product: &'static str,
    pub(crate) status: SuborderStatus,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) link_id: Option<Id>,
    pub(crate) last_task: Option<TaskState>,
    pub(crate) suspicious: bool,
    /// Tasks made for it so far.
    pub(crate) tasks: u64,
    /// Data read for this suborder.
    pub(crate) data: Option<Snapshot>,
    pub(crate) asked: Asked,
    pub(crate) company_mapping_id: Option<Id>,
}

/// What the creator of an order said about an employer; echoed back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) company_name: Option<Arc<str>>,
    pub(crate) company_address: Option<Arc<Value>>,
    pub(crate) company_domain: Option<Arc<str>>,
    pub(crate) start_date: Option<Arc<str>>,
    pub(crate) end_date: Option<Arc<str>>,
}

/// An order.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) id: Id,
    pub(crate) owner: Owner,
    pub(crate) user_id: Id,
    pub(crate) products: Vec<&'static str>,
    pub(crate) source: &'static str,
    pub(crate) order_number: Option<Id>,
    pub(crate) custom_field: Option<Arc<str>>,
    pub(crate) template_id: Option<Arc<str>>,
    pub(crate) first_name: Arc<str>,
    pub(crate) last_name: Arc<str>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) canceled_at: Option<DateTime<Utc>>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
    pub(crate) expired_at: DateTime<Utc>,
    pub(crate) is_expired: bool,
    pub(crate) user_consent_at: Option<DateTime<Utc>>,
    /// The order this one refreshes.
    pub(crate) parent: Option<Id>,
    /// What the field `initial_order` says: the root or the parent, by the setting at the time.
    pub(crate) initial_order: Option<Id>,
    pub(crate) refresh_order: Option<Id>,
    /// Refreshes made from this order.
    pub(crate) refreshes: u64,
    pub(crate) recent_statement: bool,
    pub(crate) suppress_notifications: bool,
    pub(crate) refresh_approved: Option<bool>,
    pub(crate) suborders: Vec<Suborder>,
    pub(crate) timeline: Vec<TimelineEntry>,
    /// Whether the legacy edition has sent its one `order-status-updated`.
    pub(crate) settled_event_sent: bool,
    /// `manager`, `loan`, `notes`, `cc_emails`, `notification_settings`, as given.
    pub(crate) extra: BTreeMap<&'static str, Value>,
}

impl Order {
    pub(crate) fn suborder(&self, id: &str) -> Option<&Suborder> {
        self.suborders.iter().find(|suborder| &*suborder.id == id)
    }

    pub(crate) fn suborder_mut(&mut self, id: &str) -> Option<&mut Suborder> {
        self.suborders.iter_mut().find(|suborder| &*suborder.id == id)
    }

    /// What a report of this order's product shows.
    pub(crate) fn detail(&self, product: &str) -> Detail {
        match (product, self.recent_statement) {
            ("employment", false) => Detail::Employment,
            ("employment", true) => Detail::EmploymentWithRecentStatement,
            _ => Detail::Income,
        }
    }

    /// Whether Truv may write to the applicant about this order.
    pub(crate) fn may_contact(&self) -> bool {
        (self.email.is_some() || self.phone.is_some())
            && !self.suppress_notifications
            && self.refresh_approved != Some(false)
    }
}

/// One line of an order's history.
#[derive(Clone, Debug)]
pub(crate) struct TimelineEntry {
    pub(crate) kind: &'static str,
    pub(crate) at: DateTime<Utc>,
    pub(crate) suborder_id: Option<Id>,
    pub(crate) task_id: Option<Id>,
    pub(crate) link_id: Option<Id>,
}

/// How a task comes to its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A refresh: the saved authorisation is used.
    Saved,
    /// The applicant signs in to a connection that exists.
    Again(Id),
    /// The applicant signs in somewhere new, or with other credentials (then the old connection is named).
    Fresh(Option<Id>),
}

/// One pull.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: Id,
    pub(crate) owner: Owner,
    pub(crate) user_id: Id,
    pub(crate) order_id: Option<Id>,
    pub(crate) suborder_id: Option<Id>,
    pub(crate) tracking_info: Option<Id>,
    pub(crate) link_id: Option<Id>,
    pub(crate) product: &'static str,
    pub(crate) entry: Entry,
    /// The connection's scenario when the pull began, so that a change of scenario concerns later pulls only.
    pub(crate) scenario: Scenario,
    pub(crate) status: TaskState,
    pub(crate) path: &'static [TaskState],
    pub(crate) position: usize,
    /// Multiplies the length of steps.
    pub(crate) pace: u32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) error_message: Option<&'static str>,
    pub(crate) suspicious: bool,
}

impl Task {
    pub(crate) fn is_refresh(&self) -> bool {
        self.entry == Entry::Saved
    }
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
    /// Requests of the last minute, by client and environment.
    pub(crate) requests: HashMap<Owner, VecDeque<DateTime<Utc>>>,
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
            super::settings::SigningKey::Newest => secrets.next(),
            super::settings::SigningKey::Oldest => secrets.next_back(),
        };
        secret.map(|(_, secret)| secret.clone())
    }
}
