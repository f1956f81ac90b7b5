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
