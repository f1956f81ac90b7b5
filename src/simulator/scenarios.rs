//! What happens to a connection when it is pulled, and the states a task passes through on the way.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The state of a task (Truv, "Task lifecycle").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskState {
    New,
    Login,
    Mfa,
    Parse,
    FullParse,
    Done,
    LoginError,
    MfaError,
    AccountLocked,
    UnableToReset,
    ConfigError,
    NoData,
    Unavailable,
    NotSupported,
    Error,
}

impl TaskState {
    /// Truv's word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Login => "login",
            Self::Mfa => "mfa",
            Self::Parse => "parse",
            Self::FullParse => "full_parse",
            Self::Done => "done",
            Self::LoginError => "login_error",
            Self::MfaError => "mfa_error",
            Self::AccountLocked => "account_locked",
            Self::UnableToReset => "unable_to_reset",
            Self::ConfigError => "config_error",
            Self::NoData => "no_data",
            Self::Unavailable => "unavailable",
            Self::NotSupported => "not_supported",
            Self::Error => "error",
        }
    }

    /// Whether no state follows.
    pub(crate) fn is_terminal(self) -> bool {
        !matches!(self, Self::New | Self::Login | Self::Mfa | Self::Parse | Self::FullParse)
    }

    /// Whether the connection failed. `no_data` is an empty success, not a failure.
    pub(crate) fn is_failure(self) -> bool {
        self.is_terminal() && !matches!(self, Self::Done | Self::NoData)
    }

    /// Whether only the applicant can cure it, which is when Truv writes to the applicant.
    pub(crate) fn needs_applicant(self) -> bool {
        matches!(self, Self::LoginError | Self::MfaError | Self::AccountLocked | Self::UnableToReset)
    }

    /// The states from the start to this end. Refreshes skip `mfa`, except where it is what fails.
    pub(crate) fn path(self) -> &'static [TaskState] {
        use TaskState as S;
        match self {
            S::LoginError => &[S::New, S::Login, S::LoginError],
            S::MfaError => &[S::New, S::Login, S::Mfa, S::MfaError],
            S::AccountLocked => &[S::New, S::Login, S::AccountLocked],
            S::UnableToReset => &[S::New, S::Login, S::UnableToReset],
            S::Unavailable => &[S::New, S::Login, S::Unavailable],
            S::NotSupported => &[S::New, S::NotSupported],
            S::ConfigError => &[S::New, S::Login, S::Parse, S::ConfigError],
            S::NoData => &[S::New, S::Login, S::Parse, S::NoData],
            S::Error => &[S::New, S::Login, S::Parse, S::Error],
            // An end that is none: the task stays where the path stops.
            S::New => &[S::New],
            S::Login => &[S::New, S::Login],
            S::Mfa => &[S::New, S::Login, S::Mfa],
            S::Parse => &[S::New, S::Login, S::Parse],
            S::FullParse => &[S::New, S::Login, S::Parse, S::FullParse],
            S::Done => &[S::New, S::Login, S::Parse, S::FullParse, S::Done],
        }
    }

    /// The provider's words for a failure, as staff would read them.
    pub(crate) fn provider_message(self) -> Option<&'static str> {
        match self {
            Self::LoginError => Some("Sign-in was rejected by the provider"),
            Self::MfaError => Some("The provider asked for a new verification code"),
            Self::AccountLocked => Some("The account is locked at the provider"),
            Self::UnableToReset => Some("The provider refused to reset the password"),
            Self::ConfigError => Some("Documents are not consistent with the organisation's data"),
            Self::NoData => Some("The account holds no income data"),
            Self::Unavailable => Some("The provider is in maintenance"),
            Self::NotSupported => Some("The provider does not support this request"),
            Self::Error => Some("Something went wrong while reading the account"),
            Self::New | Self::Login | Self::Mfa | Self::Parse | Self::FullParse | Self::Done => None,
        }
    }
}

/// What a connection does when it is refreshed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scenario {
    /// Success with whatever the passing of time has added.
    #[default]
    Ok,
    /// Success; the data is exactly what was read last time, and no data events are sent.
    OkNoChange,
    /// Success with at least one new statement.
    OkNewStub,
    /// Success; the person has left the job.
    OkLeftJob,
    /// The password no longer works.
    LoginError,
    /// The provider wants a code.
    MfaError,
    /// The account is locked.
    AccountLocked,
    /// The provider's reset failed.
    UnableToReset,
    /// The connection works and holds nothing.
    NoData,
    /// The organisation's data is wrong.
    ConfigError,
    /// The provider cannot be used.
    NotSupported,
    /// Anything else went wrong.
    Error,
    /// The provider is down.
    Unavailable,
    /// The provider is down for that many refreshes, then works.
    UnavailableThenOk(u32),
    /// The task never ends.
    Hang,
    /// Success after forty times the usual steps.
    Slow,
    /// `login_error`, then the applicant answers Truv's notice and the same order completes.
    RecoverAfterLogin,
    /// The day's refreshes are used up.
    QuotaUsed,
    /// The applicant has deleted the connection.
    LinkDeleted,
    /// The authorisation ran out: `login_error` or `mfa_error`.
    AuthExpired,
    /// Success, flagged as suspicious.
    Suspicious,
}

const WORDS: [(Scenario, &str); 20] = [
    (Scenario::Ok, "ok"),
    (Scenario::OkNoChange, "ok_no_change"),
    (Scenario::OkNewStub, "ok_new_stub"),
    (Scenario::OkLeftJob, "ok_left_job"),
    (Scenario::LoginError, "login_error"),
    (Scenario::MfaError, "mfa_error"),
    (Scenario::AccountLocked, "account_locked"),
    (Scenario::UnableToReset, "unable_to_reset"),
    (Scenario::NoData, "no_data"),
    (Scenario::ConfigError, "config_error"),
    (Scenario::NotSupported, "not_supported"),
    (Scenario::Error, "error"),
    (Scenario::Unavailable, "unavailable"),
    (Scenario::Hang, "hang"),
    (Scenario::Slow, "slow"),
    (Scenario::RecoverAfterLogin, "recover_after_login"),
    (Scenario::QuotaUsed, "quota_used"),
    (Scenario::LinkDeleted, "link_deleted"),
    (Scenario::AuthExpired, "auth_expired"),
    (Scenario::Suspicious, "suspicious"),
];

impl Scenario {
    /// Reads a scenario's word; `unavailable_then_ok(3)` carries its number.
    pub fn parse(word: &str) -> Option<Self> {
        if let Some(rest) = word.strip_prefix("unavailable_then_ok") {
            let times = if rest.is_empty() { 1 } else { rest.strip_prefix('(')?.strip_suffix(')')?.parse().ok()? };
            return Some(Self::UnavailableThenOk(times));
        }
        WORDS.iter().find(|(_, known)| *known == word).map(|(scenario, _)| *scenario)
    }

    /// Whether a login by the applicant cures it.
    pub(crate) fn cured_by_login(self) -> bool {
        matches!(
            self,
            Self::LoginError
                | Self::MfaError
                | Self::AccountLocked
                | Self::UnableToReset
                | Self::RecoverAfterLogin
                | Self::AuthExpired
        )
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::UnavailableThenOk(times) = self {
            return write!(f, "unavailable_then_ok({times})");
        }
        f.write_str(WORDS.iter().find(|(known, _)| known == self).map_or("ok", |(_, word)| word))
    }
}

impl Serialize for Scenario {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scenario {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::parse(&word).ok_or_else(|| D::Error::custom(format!("unknown scenario `{word}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_reads_back_from_its_word() {
        for (scenario, word) in WORDS {
            assert_eq!(Scenario::parse(word), Some(scenario));
            assert_eq!(scenario.to_string(), word);
        }
        assert_eq!(Scenario::parse("unavailable_then_ok(3)"), Some(Scenario::UnavailableThenOk(3)));
        assert_eq!(Scenario::parse("unavailable_then_ok"), Some(Scenario::UnavailableThenOk(1)));
        assert_eq!(Scenario::parse("unavailable_then_ok(x"), None);
        assert_eq!(Scenario::parse("fine"), None);
    }
}
