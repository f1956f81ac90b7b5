//! Words that mirror Truv. Stored raw; anything not listed reads as `UNKNOWN`.

use super::vocabulary;

vocabulary! {
    /// Where the data comes from.
    DataSource {
        /// The employer's payroll provider.
        Payroll,
        /// Uploaded documents.
        Docs,
        /// Tax records.
        Tax,
        /// Bank accounts.
        FinancialAccounts,
        /// Insurance records.
        Insurance,
        /// Scoring attributes.
        ScoringAttributes,
        /// Not reported, or a word that is not known here.
        Unknown,
    }
}

impl DataSource {
    /// The source behind Truv's `data_source`.
    pub fn parse(raw: &str) -> Self {
        match raw {
            "payroll" => Self::Payroll,
            "docs" => Self::Docs,
            "tax" => Self::Tax,
            "financial_accounts" => Self::FinancialAccounts,
            "insurance" => Self::Insurance,
            "scoring_attributes" => Self::ScoringAttributes,
            _ => Self::Unknown,
        }
    }
}

vocabulary! {
    /// State of one employer entry (Truv suborder), as Truv words it.
    SuborderStatus {
        /// Created, being processed.
        Pending,
        /// The client was contacted.
        Sent,
        /// Connected, data available.
        Completed,
        /// Connected, the provider returned nothing usable.
        NoData,
        /// A notice could not be delivered, or processing failed.
        Error,
        /// The client's time ran out.
        Expired,
        /// Canceled by hand.
        Canceled,
        /// The client opened the link and left.
        Skipped,
        /// A word that is not known here; `rawStatus` has it.
        Unknown,
    }
}

impl SuborderStatus {
    /// The state behind Truv's word.
    pub fn parse(raw: &str) -> Self {
        match raw {
            "pending" => Self::Pending,
            "sent" => Self::Sent,
            "completed" => Self::Completed,
            "no_data" => Self::NoData,
            "error" => Self::Error,
            "expired" => Self::Expired,
            "canceled" => Self::Canceled,
            "skipped" => Self::Skipped,
            _ => Self::Unknown,
        }
    }
}

vocabulary! {
    /// State of one pull on one link, as Truv words it.
    TaskStatus {
        /// Queued.
        New,
        /// Signing in.
        Login,
        /// The second factor is in progress.
        Mfa,
        /// Identity, employment and pay data are being read.
        Parse,
        /// The first pass is done; slow objects still come.
        FullParse,
        /// All data is there.
        Done,
        /// The provider refused the sign-in.
        LoginError,
        /// The provider wants a new code.
        MfaError,
        /// The account is locked at the provider.
        AccountLocked,
        /// The credentials could not be reset.
        UnableToReset,
        /// Connected, nothing there.
        NoData,
        /// The provider is down or in maintenance.
        Unavailable,
        /// The provider cannot be used.
        NotSupported,
        /// Wrong organisation data, or a document fault.
        ConfigError,
        /// Anything else that ended it.
        Error,
        /// A word that is not known here; `rawStatus` has it. Treated as still open.
        Unknown,
    }
}

impl TaskStatus {
    /// The state behind Truv's word; `base_parse` is an old name of `parse`.
    pub fn parse(raw: &str) -> Self {
        match raw {
            "new" => Self::New,
            "login" => Self::Login,
            "mfa" => Self::Mfa,
            "parse" | "base_parse" => Self::Parse,
            "full_parse" => Self::FullParse,
            "done" => Self::Done,
            "login_error" => Self::LoginError,
            "mfa_error" => Self::MfaError,
            "account_locked" => Self::AccountLocked,
            "unable_to_reset" => Self::UnableToReset,
            "no_data" => Self::NoData,
            "unavailable" => Self::Unavailable,
            "not_supported" => Self::NotSupported,
            "config_error" => Self::ConfigError,
            "error" => Self::Error,
            _ => Self::Unknown,
        }
    }

    /// Whether the task has ended, well or badly.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::New | Self::Login | Self::Mfa | Self::Parse | Self::FullParse | Self::Unknown)
    }

    /// Whether the task ended without data.
    pub fn is_failure(self) -> bool {
        self.is_terminal() && self != Self::Done
    }

    /// Position on the way, for news that carry the same time: terminal states last.
    pub fn rank(self) -> u8 {
        match self {
            Self::Unknown | Self::New => 0,
            Self::Login => 1,
            Self::Mfa => 2,
            Self::Parse => 3,
            Self::FullParse => 4,
            _ => 9,
        }
    }
}
