//! The keys that tokens are verified with: one development secret, or the issuer's key set (RFC 7517).
//!
//! A set is loaded at start, again every ten minutes, and when a token names a key it lacks; the last good one is kept
//! for a day when the issuer cannot be reached. Where it is read from is configured: nothing in a token leads anywhere.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::config::{Auth, TokenAlgorithm};

/// HMAC-SHA256 wants a key as long as its output (RFC 7518, 3.2).
pub(crate) const MIN_SECRET_BYTES: usize = 32;

const REFRESH_EVERY: Duration = Duration::from_mins(10);
const REFRESH_AT_MOST_EVERY: TimeDelta = TimeDelta::seconds(30);
const KEEP_FOR: TimeDelta = TimeDelta::hours(24);
const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
const MAX_SET_BYTES: usize = 64 * 1024;
const MIN_RSA_BITS: usize = 2048;

/// Why there are no keys to start with.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Neither a key set nor a development secret.
    #[error("set RECERT_AUTH_JWKS, or RECERT_AUTH_HMAC_SECRET for development")]
    Neither,
    /// Both a key set and a development secret.
    #[error("RECERT_AUTH_JWKS and RECERT_AUTH_HMAC_SECRET exclude each other")]
    Both,
    /// The development secret is too short.
    #[error("RECERT_AUTH_HMAC_SECRET must have at least 32 bytes")]
    ShortSecret,
    /// The key set's address would be fetched in clear.
    #[error("RECERT_AUTH_JWKS must be a file, an https address, or http on loopback")]
    NotSafe,
    /// The key set could not be read.
    #[error("the key set cannot be read: {0}")]
    Unreadable(&'static str),
}

/// One key, fixed to one algorithm.
#[derive(Clone)]
pub(crate) struct Key {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Key {
    /// What the token's `alg` must be, byte for byte.
    pub(crate) fn alg_name(&self) -> &'static str {
        match self.algorithm {
            Algorithm::HS256 => "HS256",
            Algorithm::ES256 => "ES256",
            Algorithm::EdDSA => "EdDSA",
            _ => "RS256",
        }
    }

    /// Whether the signature (base64url) is this key's over the signed text.
    pub(crate) fn verify(&self, signed: &str, signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &self.key, self.algorithm).unwrap_or(false)
    }
}

/// Where keys are looked up.
pub(crate) enum Keys {
    Secret(Key),
    Set(KeySet),
}

impl Keys {
    pub(crate) async fn load(auth: &Auth, clock: Clock) -> Result<Self, KeysError> {
        match (&auth.jwks, &auth.hmac_secret) {
            (None, None) => Err(KeysError::Neither),
            (Some(_), Some(_)) => Err(KeysError::Both),
            (None, Some(secret)) => {
                let secret = secret.expose_secret().as_bytes();
                if secret.len() < MIN_SECRET_BYTES {
                    return Err(KeysError::ShortSecret);
                }
                Ok(Self::Secret(Key { algorithm: Algorithm::HS256, key: DecodingKey::from_secret(secret) }))
            }
            (Some(place), None) => Self::load_set(place, &auth.algorithms, clock).await,
        }
    }

    /// An issuer's key set, for these algorithms alone.
    pub(crate) async fn load_set(place: &str, algorithms: &[TokenAlgorithm], clock: Clock) -> Result<Self, KeysError> {
        let names = algorithms.iter().map(|algorithm| algorithm.as_str()).collect();
        Ok(Self::Set(KeySet::load(place, names, clock).await?))
    }

    /// The key that a token's `kid` names. The development secret is the only one of its kind and needs no name.
    pub(crate) async fn find(&self, kid: Option<&str>) -> Option<Key> {
        match self {
            Self::Secret(key) => Some(key.clone()),
            Self::Set(set) => set.find(kid?).await,
        }
    }

    /// Name and algorithm of each key; the development secret has no name.
    pub(crate) fn names(&self) -> Vec<(String, &'static str)> {
        let mut names: Vec<_> = match self {
            Self::Secret(key) => vec![(String::new(), key.alg_name())],
            Self::Set(set) => {
                let loaded = Arc::clone(&set.current.read().unwrap_or_else(PoisonError::into_inner));
                loaded.keys.iter().map(|(kid, key)| (kid.clone(), key.alg_name())).collect()
            }
        };
        names.sort();
        names
    }

    pub(crate) async fn keep_fresh(&self) {
        let Self::Set(set) = self else { return };
        loop {
            set.clock.sleep(REFRESH_EVERY).await;
            set.refresh().await;
        }
    }
}

/// The issuer's key set, as last read.
pub(crate) struct KeySet {
    source: Source,
    /// The algorithms of the settings: keys for others are passed over.
    algorithms: Vec<&'static str>,
    clock: Clock,
    current: RwLock<Arc<Loaded>>,
    /// When somebody last tried to read the set. Held while reading, so that one does and the others wait for it.
    tried: Mutex<DateTime<Utc>>,
}

struct Loaded {
    keys: HashMap<String, Key>,
    at: DateTime<Utc>,
}

enum Source {
    File(PathBuf),
    Web(reqwest::Client, url::Url),
}

impl KeySet {
    async fn load(place: &str, algorithms: Vec<&'static str>, clock: Clock) -> Result<Self, KeysError> {
        let source = Source::parse(place)?;
        let now = clock.now();
        let keys = source.read(&algorithms).await?;
        Ok(Self {
            source,
            algorithms,
            clock,
            current: RwLock::new(Arc::new(Loaded { keys, at: now })),
            tried: Mutex::new(now),
        })
    }

    async fn find(&self, kid: &str) -> Option<Key> {
        if let Some(key) = self.known(kid) {
            return Some(key);
        }
        let mut tried = self.tried.lock().await;
        // Another request may have brought the key while this one waited for the lock.
        if let Some(key) = self.known(kid) {
            return Some(key);
        }
        if self.clock.now() - *tried >= REFRESH_AT_MOST_EVERY {
            *tried = self.clock.now();
            self.reload().await;
        }
        self.known(kid)
    }

    async fn refresh(&self) {
        let mut tried = self.tried.lock().await;
        *tried = self.clock.now();
        self.reload().await;
    }

    fn known(&self, kid: &str) -> Option<Key> {
        let loaded = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        (self.clock.now() - loaded.at < KEEP_FOR).then(|| loaded.keys.get(kid).cloned()).flatten()
    }

    async fn reload(&self) {
        match self.source.read(&self.algorithms).await {
            Ok(keys) => {
                let loaded = Arc::new(Loaded { keys, at: self.clock.now() });
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = loaded;
            }
            Err(error) => tracing::warn!(%error, "the token keys were not refreshed; the last good set stays in use"),
        }
    }
}

impl Source {
    fn parse(place: &str) -> Result<Self, KeysError> {
        if !place.starts_with("https://") && !place.starts_with("http://") {
            return Ok(Self::File(PathBuf::from(place)));
        }
        let url = url::Url::parse(place).map_err(|_| KeysError::NotSafe)?;
        let on_loopback = match url.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if url.scheme() != "https" && !on_loopback {
            return Err(KeysError::NotSafe);
        }
        let client = reqwest::Client::builder()
            .timeout(FETCH_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|_| KeysError::Unreadable("no HTTP client"))?;
        Ok(Self::Web(client, url))
    }

    async fn read(&self, algorithms: &[&str]) -> Result<HashMap<String, Key>, KeysError> {
        let bytes = match self {
            Self::File(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || read_file(&path))
                    .await
                    .map_err(|_| KeysError::Unreadable("the reader failed"))??
            }
            Self::Web(client, url) => fetch(client, url.clone()).await?,
        };
        let mut keys = parse_set(&bytes)?;
        keys.retain(|_, key| algorithms.contains(&key.alg_name()));
        if keys.is_empty() {
            Err(KeysError::Unreadable("it has no key for the algorithms of the settings"))
        } else {
            Ok(keys)
        }
    }
}

fn read_file(path: &std::path::Path) -> Result<Vec<u8>, KeysError> {
    use std::io::Read as _;
    let file = std::fs::File::open(path).map_err(|_| KeysError::Unreadable("the file cannot be opened"))?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells too long from just right.
    let limit = u64::try_from(MAX_SET_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(|_| KeysError::Unreadable("the file cannot be read"))?;
    if bytes.len() > MAX_SET_BYTES { Err(KeysError::Unreadable("it is larger than 64 KiB")) } else { Ok(bytes) }
}

async fn fetch(client: &reqwest::Client, url: url::Url) -> Result<Vec<u8>, KeysError> {
    let mut answer = client.get(url).send().await.map_err(|_| KeysError::Unreadable("the issuer does not answer"))?;
    if answer.status() != reqwest::StatusCode::OK {
        return Err(KeysError::Unreadable("the issuer does not answer 200"));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| KeysError::Unreadable("the answer broke off"))? {
        if bytes.len() + chunk.len() > MAX_SET_BYTES {
            return Err(KeysError::Unreadable("it is larger than 64 KiB"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The usable keys of a set. What we cannot use is skipped, as RFC 7517 (5) asks; a name that appears twice is
/// ambiguous, and neither key is used.
fn parse_set(bytes: &[u8]) -> Result<HashMap<String, Key>, KeysError> {
    let set: Value = serde_json::from_slice(bytes).map_err(|_| KeysError::Unreadable("it is not JSON"))?;
    let listed = set.get("keys").and_then(Value::as_array).ok_or(KeysError::Unreadable("it has no list of keys"))?;
    let mut found: HashMap<String, Option<Key>> = HashMap::new();
    for jwk in listed {
        let Some(kid) = jwk.get("kid").and_then(Value::as_str).filter(|kid| !kid.is_empty()) else { continue };
        let key = parse_key(jwk);
        found.entry(kid.to_owned()).and_modify(|twice| *twice = None).or_insert(key);
    }
    let keys: HashMap<String, Key> = found.into_iter().filter_map(|(kid, key)| Some((kid, key?))).collect();
    if keys.is_empty() { Err(KeysError::Unreadable("it has no usable key")) } else { Ok(keys) }
}

fn parse_key(jwk: &Value) -> Option<Key> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if text("use").is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let (algorithm, key) = match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let (modulus, exponent) = (text("n")?, text("e")?);
            if bits(modulus)? < MIN_RSA_BITS {
                return None;
            }
            (Algorithm::RS256, DecodingKey::from_rsa_components(modulus, exponent).ok()?)
        }
        ("EC", Some("P-256")) => (Algorithm::ES256, DecodingKey::from_ec_components(text("x")?, text("y")?).ok()?),
        ("OKP", Some("Ed25519")) => (Algorithm::EdDSA, DecodingKey::from_ed_components(text("x")?).ok()?),
        _ => return None,
    };
    let key = Key { algorithm, key };
    text("alg").is_none_or(|alg| alg == key.alg_name()).then_some(key)
}

/// How many bits a base64url number has, leading zeros not counted.
fn bits(number: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(number).ok()?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    let first = bytes.get(start)?;
    Some((bytes.len() - start) * 8 - usize::try_from(first.leading_zeros()).ok()?)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn rsa(bytes: Vec<u8>) -> Value {
        json!({ "kid": "k", "kty": "RSA", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode(bytes) })
    }

    #[test]
    fn an_rsa_key_has_at_least_2048_bits_that_count() {
        assert!(parse_key(&rsa(vec![0x80; 256])).is_some());
        assert!(parse_key(&rsa(vec![0x80; 128])).is_none());
        assert!(parse_key(&rsa(vec![0x7f; 256])).is_none(), "2047 bits");
        assert!(parse_key(&rsa([vec![0; 128], vec![0x80; 128]].concat())).is_none(), "1024 bits after zeros");
    }

    #[rstest]
    #[case("alg", "RS512")]
    #[case("alg", "HS256")]
    #[case("use", "enc")]
    #[case("kty", "oct")]
    fn a_key_for_something_else_is_skipped(#[case] name: &str, #[case] value: &str) {
        let mut key = rsa(vec![0x80; 256]);
        key[name] = json!(value);
        assert!(parse_key(&key).is_none());
        assert!(parse_set(json!({ "keys": [key] }).to_string().as_bytes()).is_err());
    }
}
