//! Settings as they are shown to an operator: each with its value and where that came from, and no secret among them.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::sources::Origin;
use super::{AuditReads, DocumentsMode, Environment, Freshness, GateRule, LogFormat, TokenAlgorithm, Wake};

/// What stands where a secret is.
pub(super) const HIDDEN: &str = "(hidden)";
/// What stands where nothing is set and nothing is assumed.
const UNSET: &str = "(not set)";

/// One setting as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its key, such as `server.listen`.
    pub key: String,
    /// Its value as text; secrets and parts of addresses that may be secret are hidden.
    pub value: String,
    /// Where the value came from.
    pub origin: Origin,
}

/// The settings that were asked for, in the order of asking.
#[derive(Clone, Debug, Default)]
pub(super) struct Told(Rc<RefCell<Vec<Entry>>>);

#[derive(Clone, Debug)]
struct Entry {
    setting: Setting,
    /// What is in the file only and is not there is not worth a line.
    is_shown: bool,
}

/// The place of a setting that nobody set, for its default.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    told: Told,
    at: usize,
}

impl Told {
    /// A setting that somebody set.
    pub(super) fn given(&self, key: &str, value: String, origin: Origin) {
        let setting = Setting { key: key.to_owned(), value, origin };
        self.0.borrow_mut().push(Entry { setting, is_shown: true });
    }

    /// A setting that nobody set.
    pub(super) fn absent(&self, key: &str, is_shown: bool) -> Slot {
        let setting = Setting { key: key.to_owned(), value: UNSET.to_owned(), origin: Origin::Default };
        let mut entries = self.0.borrow_mut();
        entries.push(Entry { setting, is_shown });
        Slot { told: self.clone(), at: entries.len() - 1 }
    }

    /// Everything that is worth a line.
    pub(super) fn settings(&self) -> Vec<Setting> {
        self.0.borrow().iter().filter(|entry| entry.is_shown).map(|entry| entry.setting.clone()).collect()
    }
}

impl Slot {
    /// Notes the default that is used.
    pub(super) fn assume(&self, value: &impl Shown) {
        if let Some(entry) = self.told.0.borrow_mut().get_mut(self.at) {
            entry.setting.value = value.shown();
            entry.is_shown = true;
        }
    }
}

/// A value that can be shown.
pub(super) trait Shown {
    /// As text, in the unit that a person would choose.
    fn shown(&self) -> String;
}

macro_rules! shown_as_printed {
    ($($kind:ty),*) => { $(impl Shown for $kind {
        fn shown(&self) -> String { self.to_string() }
    })* };
}

shown_as_printed!(bool, u32, u64, usize, SocketAddr);

impl Shown for String {
    fn shown(&self) -> String {
        self.escape_debug().to_string()
    }
}

impl Shown for Vec<String> {
    fn shown(&self) -> String {
        if self.is_empty() { UNSET.to_owned() } else { self.join(", ").shown() }
    }
}

impl Shown for Duration {
    fn shown(&self) -> String {
        let (seconds, day) = (self.as_secs(), 24 * 3_600);
        match (self.subsec_millis(), seconds) {
            (0, days) if days > 0 && days % day == 0 => format!("{} d", days / day),
            (0, seconds) => format!("{seconds} s"),
            _ => format!("{} ms", self.as_millis()),
        }
    }
}

impl Shown for Url {
    fn shown(&self) -> String {
        without_secrets(self.as_str())
    }
}

impl Shown for SecretString {
    /// Of the defaults alone, which are no secrets.
    fn shown(&self) -> String {
        without_secrets(self.expose_secret())
    }
}

impl Shown for Environment {
    fn shown(&self) -> String {
        self.as_str().to_owned()
    }
}

impl Shown for DocumentsMode {
    fn shown(&self) -> String {
        let word = match self {
            Self::Open => "open",
            Self::Prefer => "prefer",
            Self::Only => "only",
        };
        word.to_owned()
    }
}

impl Shown for AuditReads {
    fn shown(&self) -> String {
        let word = match self {
            Self::All => "all",
            Self::Personal => "personal",
        };
        word.to_owned()
    }
}

impl Shown for GateRule {
    fn shown(&self) -> String {
        let word = match self {
            Self::Allow => "allow",
            Self::Hold => "hold",
            Self::Refuse => "refuse",
        };
        word.to_owned()
    }
}

impl Shown for Freshness {
    fn shown(&self) -> String {
        let word = match self {
            Self::Warn => "warn",
            Self::Refuse => "refuse",
        };
        word.to_owned()
    }
}

impl Shown for Vec<TokenAlgorithm> {
    fn shown(&self) -> String {
        self.iter().map(|algorithm| algorithm.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Shown for LogFormat {
    fn shown(&self) -> String {
        let word = match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "json",
        };
        word.to_owned()
    }
}

impl Shown for Wake {
    fn shown(&self) -> String {
        match self {
            Self::Database => "database".to_owned(),
            Self::Off => "off".to_owned(),
            Self::Postgres(url) => url.shown(),
            #[cfg(feature = "nats")]
            Self::Nats(url) => url.shown(),
        }
    }
}

/// A path, a word or an address without what may be secret in it: the password, a user name that stands alone (NATS takes
/// one for a token), and the query.
pub fn without_secrets(text: &str) -> String {
    if !text.contains("://") {
        return text.escape_debug().to_string();
    }
    let Ok(mut url) = Url::parse(text) else { return HIDDEN.to_owned() };
    let is_postgres = url.scheme().starts_with("postgres");
    let hidden = if url.password().is_some() {
        url.set_password(Some("***"))
    } else if !url.username().is_empty() && !is_postgres {
        url.set_username("***")
    } else {
        Ok(())
    };
    if hidden.is_err() {
        return HIDDEN.to_owned();
    }
    let rest = if url.query().is_some() { "?…" } else { "" };
    url.set_query(None);
    url.set_fragment(None);
    format!("{url}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        for (text, shown) in [
            ("postgres://recert:pw@db.example/recert", "postgres://recert:***@db.example/recert"),
            ("postgres://recert@db/recert?password=pw&sslmode=require", "postgres://recert@db/recert?…"),
            ("nats://s3cr3t@bus:4222", "nats://***@bus:4222"),
            ("nats://user:pw@bus:4222", "nats://user:***@bus:4222"),
            ("https://login.example/keys.json?key=pw", "https://login.example/keys.json?…"),
            ("sqlite://recert.sqlite", "sqlite://recert.sqlite"),
            ("/etc/recert/keys.json", "/etc/recert/keys.json"),
            ("database", "database"),
            ("postgres://u:pw@db:port/x", HIDDEN),
        ] {
            assert_eq!(without_secrets(text), shown);
        }
    }

    #[test]
    fn times_are_shown_in_a_unit_of_their_size() {
        for (time, shown) in [
            (Duration::from_secs(0), "0 s"),
            (Duration::from_secs(90), "90 s"),
            (Duration::from_millis(1500), "1500 ms"),
            (Duration::from_hours(48), "2 d"),
        ] {
            assert_eq!(time.shown(), shown);
        }
    }
}
