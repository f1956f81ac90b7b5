//! One tenant, as it is set.

use secrecy::SecretString;

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
