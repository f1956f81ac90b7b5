//! What every verb works with: the database, the clock, the source of ids, the agencies' accounts at Truv, and the rules
//! that are settings.
//!
//! Built once in `app` and handed down; there are no globals.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::audit::Recorder;
use crate::clock::Clock;
use crate::config::{Environment, Notices, RefreshRules, Renewals, Review, Spending, Webhooks, Work};
use crate::ids::{AgencyId, Ids};
use crate::lifetimes::Shelf;
use crate::opaque::Opaque;
use crate::seal::Sealer;
use crate::storage::Database;
use crate::truv;

/// The long-lived things that verbs share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Kit {
    /// The database.
    pub db: Database,
    /// Time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Cursors.
    pub opaque: Opaque,
    /// What must not be readable in the database.
    pub sealer: Sealer,
    /// Who read or changed what.
    pub audit: Recorder,
    /// The agencies' accounts at Truv.
    pub accounts: Accounts,
    /// The renewal cycle's settings.
    pub renewals: Renewals,
    /// Background work's settings.
    pub work: Work,
    /// The inbox's settings.
    pub webhooks: Webhooks,
    /// How long connections last, as this process last read it.
    pub lifetimes: Shelf,
}

/// Accounts at Truv, with clients for what somebody waits for and for bulk work.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    interactive: Arc<HashMap<AgencyId, Account>>,
    bulk: Arc<HashMap<AgencyId, Account>>,
}

impl Accounts {
    /// The accounts, each used as it is given for what somebody waits for.
    pub fn new(accounts: HashMap<AgencyId, Account>) -> Self {
        let in_bulk = |account: &Account| Account { client: account.client.in_bulk(), ..account.clone() };
        let bulk = accounts.iter().map(|(id, account)| (*id, in_bulk(account))).collect();
        Self { interactive: Arc::new(accounts), bulk: Arc::new(bulk) }
    }
}

impl std::ops::Deref for Accounts {
    type Target = HashMap<AgencyId, Account>;

    fn deref(&self) -> &Self::Target {
        &self.interactive
    }
}

/// One agency's account at Truv.
#[derive(Clone, Debug)]
pub struct Account {
    /// The agency's name in tokens and in the webhook's path.
    pub slug: String,
    /// Truv's environment that the keys belong to.
    pub environment: Environment,
    /// The client, with the agency's keys.
    pub client: truv::Client,
    /// Where Truv is to send the agency's webhooks; `None` when our address from outside is not in the settings.
    pub webhook_address: Option<url::Url>,
    /// The secrets that webhooks may be signed with.
    pub secrets: Vec<SecretString>,
    /// What refreshes cost, and how much may be spent.
    pub spending: Spending,
    /// When a refresh is not to be made.
    pub refresh_rules: RefreshRules,
    /// What counts as a change, and what a program demands of the evidence.
    pub review: Review,
    /// Where the agency's notices go; `None` for nowhere yet.
    pub notices: Option<Notices>,
}

impl Kit {
    /// The same things for bulk work and upkeep: calls to Truv use what interactive ones leave of the budget.
    #[must_use]
    pub fn in_bulk(&self) -> Self {
        let accounts = Accounts { interactive: Arc::clone(&self.accounts.bulk), bulk: Arc::clone(&self.accounts.bulk) };
        Self { accounts, ..self.clone() }
    }

    /// The same things for work that is one agency's, and sees no rows but its own where the database sees to that.
    #[must_use]
    pub fn of(&self, agency: AgencyId) -> Self {
        Self { db: self.db.of(agency), ..self.clone() }
    }

    /// A random part of a time: spreads what would otherwise come all at once.
    pub fn some_of(&self, time: Duration) -> Duration {
        time.mul_f64(self.ids.chance())
    }

    /// The agency's account; `None` for an agency that has left the settings.
    pub fn account(&self, agency: AgencyId) -> Option<&Account> {
        self.accounts.get(&agency)
    }

    /// The agency's rules of review; the usual ones for an agency that has left the settings.
    pub fn review(&self, agency: AgencyId) -> &Review {
        self.account(agency).map_or(&self.renewals.review, |account| &account.review)
    }

    /// The agency of this name, with its account.
    pub fn account_named(&self, slug: &str) -> Option<(AgencyId, &Account)> {
        self.accounts.iter().find(|(_, account)| account.slug == slug).map(|(id, account)| (*id, account))
    }
}
