//! From the text of a setting to its type. Each reader says what it expects and how to write it.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};

use super::{AuditReads, DocumentsMode, Environment, Freshness, GateRule, LogFormat, Wake, signing_key};

/// The raw value of one setting.
#[derive(Clone, Debug)]
pub(super) enum Raw {
    /// A string, a number or a switch of the file; a variable; a flag.
    One(String),
    /// An array of the file.
    Many(Vec<String>),
}

/// Why a value was refused. Never quotes it: the reader does, unless it is secret.
pub(super) struct Refusal {
    pub(super) what: &'static str,
    pub(super) cure: &'static str,
}

/// What a reader of one value answers.
pub(super) type Parsed<T> = Result<T, Refusal>;

/// No wait and no lifetime is longer than ten years, so that adding one to an instant cannot overflow.
const LONGEST: Duration = Duration::from_hours(87840);

pub(super) fn refuse<T>(what: &'static str, cure: &'static str) -> Parsed<T> {
    Err(Refusal { what, cure })
}

fn one(raw: &Raw) -> Parsed<&str> {
    match raw {
        Raw::One(text) => Ok(text.trim()),
        Raw::Many(_) => refuse("is a list", "give a single value"),
    }
}

/// A single line of at most 2,048 bytes that is not empty.
pub(super) fn line(raw: &Raw) -> Parsed<String> {
    let text = one(raw)?;
    if text.is_empty() || text.len() > 2_048 || text.contains(char::is_control) {
        return refuse("is not one line of 1 to 2,048 bytes", "write it on one line, without control characters");
    }
    Ok(text.to_owned())
}

/// Words between commas, or an array.
pub(super) fn list(raw: &Raw) -> Parsed<Vec<String>> {
    let words: Vec<&str> = match raw {
        Raw::One(text) => text.split(',').collect(),
        Raw::Many(words) => words.iter().map(String::as_str).collect(),
    };
    words.into_iter().map(|word| line(&Raw::One(word.to_owned()))).collect()
}

/// Truv's access secrets: it keeps at most two active for one environment.
pub(super) fn secrets(raw: &Raw) -> Parsed<Vec<SecretString>> {
    let secrets = list(raw)?;
    if secrets.is_empty() || secrets.len() > 2 {
        return refuse("does not hold one or two secrets", "give the newest first, then the one being retired");
    }
    Ok(secrets.into_iter().map(SecretString::from).collect())
}

/// One or two secrets of the Standard Webhooks scheme.
pub(super) fn signing_secrets(raw: &Raw) -> Parsed<Vec<SecretString>> {
    let given = list(raw)?;
    if given.iter().any(|secret| signing_key(secret).is_none()) {
        let cure = "write whsec_ and the base64 of 24 to 64 bytes, such as: echo whsec_$(openssl rand -base64 32)";
        return refuse("holds something that is no secret of the Standard Webhooks scheme", cure);
    }
    secrets(raw)
}

/// `true` or `false`.
pub(super) fn switch(raw: &Raw) -> Parsed<bool> {
    match one(raw)? {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => refuse("is not a switch", "write true or false"),
    }
}

/// A whole number from 1 on that fits its type.
pub(super) fn count<T: TryFrom<u64>>(raw: &Raw) -> Parsed<T> {
    let number = one(raw)?.parse::<u64>().ok().filter(|number| *number > 0);
    match number.and_then(|number| T::try_from(number).ok()) {
        Some(number) => Ok(number),
        None => refuse("is not a whole number from 1 on", "write digits only, without separators"),
    }
}

/// A whole number of percent from 1 to 100.
pub(super) fn percent(raw: &Raw) -> Parsed<u32> {
    match count(raw)? {
        number @ 1..=100 => Ok(number),
        _ => refuse("is not a percentage", "write a whole number from 1 to 100"),
    }
}

fn duration(raw: &Raw, unit: Duration, cure: &'static str) -> Parsed<Duration> {
    let time = count::<u32>(raw).ok().and_then(|number| unit.checked_mul(number)).filter(|time| *time <= LONGEST);
    time.map_or_else(|| refuse("is not a positive duration of at most ten years", cure), Ok)
}

/// Whole seconds, at least one.
pub(super) fn seconds(raw: &Raw) -> Parsed<Duration> {
    duration(raw, Duration::from_secs(1), "write whole seconds, such as 30")
}

/// Whole seconds; none at all is possible.
pub(super) fn seconds_or_none(raw: &Raw) -> Parsed<Duration> {
    if one(raw)? == "0" { Ok(Duration::ZERO) } else { seconds(raw) }
}

/// Whole milliseconds, at least one.
pub(super) fn millis(raw: &Raw) -> Parsed<Duration> {
    duration(raw, Duration::from_millis(1), "write whole milliseconds, such as 1000")
}

/// Whole days, at least one.
pub(super) fn days(raw: &Raw) -> Parsed<Duration> {
    duration(raw, Duration::from_hours(24), "write whole days, such as 30")
}

/// The address of a listener.
pub(super) fn address(raw: &Raw) -> Parsed<SocketAddr> {
    match one(raw)?.parse() {
        Ok(address) => Ok(address),
        Err(_) => refuse("is not a listener's address", "write ADDRESS:PORT, such as 127.0.0.1:8080"),
    }
}

/// A web address without credentials; plain `http` on loopback only.
pub(super) fn web_address(raw: &Raw) -> Parsed<Url> {
    let Ok(url) = Url::parse(one(raw)?) else {
        return refuse("is not a web address", "write it whole, such as https://gateway.example/");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("holds a user name or a password", "remove what stands before the @");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => refuse("is neither https nor http on loopback", "use an https:// address"),
    }
}

/// Where traces go. What they hold may be read by anyone in the agency's own network, so plain HTTP will do.
#[cfg(feature = "otel")]
pub(super) fn collector(raw: &Raw) -> Parsed<Url> {
    const CURE: &str = "write it with its path, such as http://127.0.0.1:4318/v1/traces";
    let Ok(url) = Url::parse(one(raw)?) else { return refuse("is not a web address", CURE) };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("holds a user name or a password", "give them in OTEL_EXPORTER_OTLP_HEADERS");
    }
    match (url.scheme(), url.path()) {
        ("http" | "https", "" | "/") => refuse("has no path", CURE),
        ("http" | "https", _) => Ok(url),
        _ => refuse("is neither http nor https", CURE),
    }
}

#[cfg(not(feature = "otel"))]
pub(super) fn collector(_: &Raw) -> Parsed<Url> {
    refuse("asks for traces, which this build is without", "build it with the feature otel")
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The upstream's address. The vendor's pages give it with `v1/`, which the client adds itself.
pub(super) fn upstream(raw: &Raw) -> Parsed<Url> {
    let mut url = web_address(raw)?;
    let path = url.path().trim_end_matches('/');
    let path = format!("{}/", path.strip_suffix("/v1").unwrap_or(path));
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// A file's path, or a web address.
pub(super) fn key_set(raw: &Raw) -> Parsed<String> {
    let text = line(raw)?;
    if text.contains("://") {
        web_address(raw)?;
    }
    Ok(text)
}

/// Origins as browsers send them.
pub(super) fn origins(raw: &Raw) -> Parsed<Vec<String>> {
    let origins = list(raw)?;
    let good = |text: &String| Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == *text);
    if origins.iter().all(good) {
        return Ok(origins);
    }
    refuse("is not a list of origins", "write each as scheme://host[:port], such as https://portal.example")
}

/// How replicas wake each other.
pub(super) fn wake(raw: &Raw) -> Parsed<Wake> {
    let text = line(raw)?;
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    match (text.as_str(), scheme) {
        ("database", _) => Ok(Wake::Database),
        ("off", _) => Ok(Wake::Off),
        (_, Some("postgres" | "postgresql")) => Ok(Wake::Postgres(SecretString::from(text))),
        #[cfg(feature = "nats")]
        (_, Some("nats" | "tls")) => Ok(Wake::Nats(SecretString::from(text))),
        #[cfg(not(feature = "nats"))]
        (_, Some("nats" | "tls")) => {
            refuse("asks for NATS, which this build is without", "build it with the feature nats")
        }
        _ => refuse("is no way to wake replicas", "write database, off, nats://HOST:PORT or postgres://USER@HOST/NAME"),
    }
}

/// The database's address; the two kinds that the gateway speaks.
pub(super) fn database(raw: &Raw) -> Parsed<SecretString> {
    let text = line(raw)?;
    if ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
        return Ok(SecretString::from(text));
    }
    refuse("is neither SQLite nor PostgreSQL", "write sqlite://PATH or postgres://USER@HOST/NAME")
}

/// A key for HS256: RFC 7518, section 3.2 asks for at least as many bits as the hash has.
pub(super) fn hmac_secret(raw: &Raw) -> Parsed<SecretString> {
    let text = line(raw)?;
    if text.len() < 32 {
        return refuse("is shorter than 32 bytes", "make one with: openssl rand -hex 32");
    }
    Ok(SecretString::from(text))
}

/// An agency's short name.
pub(super) fn slug(raw: &Raw) -> Parsed<String> {
    let text = one(raw)?;
    let letters = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if letters && (1..=64).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    refuse("is not an agency's short name", "use 1 to 64 of a-z, 0-9 and -, such as harbor-county")
}

/// A Truv environment.
pub(super) fn environment(raw: &Raw) -> Parsed<Environment> {
    Environment::parse(one(raw)?).map_or_else(|| refuse("is not a Truv environment", "write sandbox, dev or prod"), Ok)
}

/// A filter of `tracing`.
pub(super) fn log_filter(raw: &Raw) -> Parsed<String> {
    let text = line(raw)?;
    if EnvFilter::builder().parse(&text).is_err() {
        return refuse("is not a log filter", "write a level or target=level pairs, such as info,recert::http=debug");
    }
    Ok(text)
}

/// What becomes of documents that are not registered.
pub(super) fn documents_mode(raw: &Raw) -> Parsed<DocumentsMode> {
    match one(raw)? {
        "open" => Ok(DocumentsMode::Open),
        "prefer" => Ok(DocumentsMode::Prefer),
        "only" => Ok(DocumentsMode::Only),
        _ => refuse("is not a mode of registered documents", "write open, prefer or only"),
    }
}

/// Which reads are recorded.
pub(super) fn audit_reads(raw: &Raw) -> Parsed<AuditReads> {
    match one(raw)? {
        "all" => Ok(AuditReads::All),
        "personal" => Ok(AuditReads::Personal),
        _ => refuse("does not say which reads are recorded", "write all or personal"),
    }
}

/// What a rule for a purpose says.
pub(super) fn gate_rule(raw: &Raw) -> Parsed<GateRule> {
    match one(raw)? {
        "allow" => Ok(GateRule::Allow),
        "hold" => Ok(GateRule::Hold),
        "refuse" => Ok(GateRule::Refuse),
        _ => refuse("is not a rule for a purpose", "write allow, hold or refuse"),
    }
}

/// What follows from fresh data.
pub(super) fn freshness(raw: &Raw) -> Parsed<Freshness> {
    match one(raw)? {
        "warn" => Ok(Freshness::Warn),
        "refuse" => Ok(Freshness::Refuse),
        _ => refuse("is not what can follow from fresh data", "write warn or refuse"),
    }
}

/// How log lines look.
pub(super) fn log_format(raw: &Raw) -> Parsed<LogFormat> {
    match one(raw)? {
        "auto" => Ok(LogFormat::Auto),
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => refuse("is not a log format", "write auto, text or json"),
    }
}
