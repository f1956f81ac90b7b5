//! One tenant, as it is set.

use secrecy::SecretString;

use super::{Notices, Review};

/// `[[agencies]]`: one tenant.
#[derive(Clone, Debug)]
pub struct Agency {
    /// The name in tokens (`agency` claim) and in the webhook's path: 1–64 of `a-z 0-9 -` (`RECERT_AGENCY` for the only
    /// agency).
    pub slug: String,
    /// Shown to people (`RECERT_AGENCY_NAME` for the only agency). Default: the slug.
    pub name: String,
    /// Truv environment: `sandbox`, `dev` or `prod`. Must agree with the secrets' prefixes
    /// (`RECERT_TRUV_ENVIRONMENT` for the only agency).
    pub environment: Environment,
    /// Truv client id (`RECERT_TRUV_CLIENT_ID` or `API_CLIENT_ID` for the only agency).
    pub client_id: String,
    /// Truv access secrets, newest first (`RECERT_TRUV_SECRETS`, comma-separated, or `API_SECRET`): the first one signs
    /// our calls, all of them verify webhooks. One or two.
    pub secrets: Vec<SecretString>,
    /// What refreshes cost, and how much may be spent. Set in the file only.
    pub spending: Spending,
    /// When a refresh is not to be made. Set in the file only.
    pub refresh_rules: RefreshRules,
    /// What counts as a change, and what a program demands of the evidence. Default: as `[renewals]` says.
    pub review: Review,
    /// Where notices about decided renewals and failures go; `None` for nowhere yet. Set in the file only.
    pub notices: Option<Notices>,
}

/// `[agencies.price_cents]` and `[agencies.caps.PROGRAM]`: money, in whole US cents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// The price of refreshing one connection, by product.
    pub price_cents: Prices,
    /// What a program may spend in a calendar month (UTC).
    pub caps: Caps,
}

/// Prices of refreshing one connection, in US cents; `None` where none is known, which counts as nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// Income.
    pub income: Option<u32>,
    /// Employment.
    pub employment: Option<u32>,
    /// Assets.
    pub assets: Option<u32>,
    /// Insurance.
    pub insurance: Option<u32>,
    /// Transactions.
    pub transactions: Option<u32>,
}

/// Monthly caps by program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// SNAP.
    pub snap: Cap,
    /// TANF.
    pub tanf: Cap,
    /// Medicaid.
    pub medicaid: Cap,
    /// Child care.
    pub child_care: Cap,
    /// Housing.
    pub housing: Cap,
    /// LIHEAP.
    pub liheap: Cap,
    /// Every other program.
    pub other: Cap,
}

/// The caps of one program, in US cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cap {
    /// Beyond this every refresh carries a warning; `None` for none.
    pub soft_cents: Option<u32>,
    /// Nothing is refreshed beyond this; `None` for no limit.
    pub hard_cents: Option<u32>,
}

/// `[agencies.purposes.PROGRAM]`, `fresh_days` and `fresh`: when a refresh is not to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefreshRules {
    /// What is allowed outside the certification window.
    pub purposes: Purposes,
    /// `fresh_days`: data that came within so many days is fresh enough; `None` for no such rule.
    pub fresh_days: Option<u32>,
    /// `fresh`: what follows when there is data that is fresh enough. Default `warn`.
    pub fresh: Freshness,
}

/// The rules for purposes, by program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purposes {
    /// SNAP.
    pub snap: PurposeRules,
    /// TANF.
    pub tanf: PurposeRules,
    /// Medicaid.
    pub medicaid: PurposeRules,
    /// Child care.
    pub child_care: PurposeRules,
    /// Housing.
    pub housing: PurposeRules,
    /// LIHEAP.
    pub liheap: PurposeRules,
    /// Every other program.
    pub other: PurposeRules,
}

/// What one program says about a refresh outside the certification window, by purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurposeRules {
    /// The recertification itself.
    pub renewal: GateRule,
    /// A review inside the certification period.
    pub periodic_review: GateRule,
    /// The client asked for it.
    pub client_request: GateRule,
    /// An appeal.
    pub appeal: GateRule,
}

/// A rule's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GateRule {
    /// `allow`: the refresh is made. The default.
    #[default]
    Allow,
    /// `hold`: it is not made before the renewal opens.
    Hold,
    /// `refuse`: it is not made.
    Refuse,
}

/// What follows when a case has data that is fresh enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// `warn`: the refresh is made, and the answer says so.
    #[default]
    Warn,
    /// `refuse`: it is not made.
    Refuse,
}

/// Which of Truv's environments the keys belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Test data.
    Sandbox,
    /// Older development keys.
    Dev,
    /// Real people.
    Prod,
}

impl Environment {
    /// The word in settings and in `env_type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Dev => "dev",
            Self::Prod => "prod",
        }
    }

    /// The environment that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Sandbox, Self::Dev, Self::Prod].into_iter().find(|e| e.as_str() == word)
    }

    /// The environment that a secret's prefix names (`sandbox-…`).
    pub fn of_secret(secret: &str) -> Option<Self> {
        secret.split_once('-').and_then(|(prefix, _)| Self::parse(prefix))
    }
}
