//! Bearer tokens: JSON Web Tokens (RFC 7519) in strict compact form, checked claim by claim.
//!
//! The signature comes from `jsonwebtoken`; everything around it is read here, because that library takes a claim of the
//! wrong type for an absent one, lets tokens without `aud` or `iss` pass, and asks the system's clock where we ask ours.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::caller::Scope;
use crate::clock::Clock;
use crate::config::Auth;
use crate::http::keys::{Keys, KeysError, MIN_SECRET_BYTES};

/// A token longer than this is refused unread.
const MAX_BYTES: usize = 8 * 1024;

/// What a verified token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `sub`: 1–255 characters.
    pub subject: String,
    /// `agency`: the tenant's slug, 1–64 of `a-z 0-9 -`.
    pub agency: String,
    /// `scope`: the words that are ours, in the token's order; other services' words are left out.
    pub scopes: Vec<Scope>,
    /// `name`: shown to people; `None` when the token has none.
    pub name: Option<String>,
    /// `jti`; `None` when the token has none.
    pub token_id: Option<String>,
    /// `iat`, to the second; `None` when the token has none.
    pub issued_at: Option<DateTime<Utc>>,
    /// `exp`, without leeway.
    pub expires_at: DateTime<Utc>,
}

/// The token is not accepted. There is one kind, so that no answer tells which check failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not accepted")]
pub struct Rejected;

/// Checks tokens, each against the keys of the issuer that it names.
pub struct Verifier {
    trusts: Vec<Trust>,
    clock: Clock,
    max_lifetime: TimeDelta,
    leeway: TimeDelta,
    notice: TimeDelta,
}

/// One issuer.
struct Trust {
    keys: Keys,
    issuer: String,
    audience: String,
    typ: Option<String>,
}

/// The longest life of a token where the settings do not say: of an issuer's, and of one for development.
const MAX_LIFETIME: TimeDelta = TimeDelta::hours(24);
const MAX_DEVELOPMENT_LIFETIME: TimeDelta = TimeDelta::days(31);

impl Verifier {
    /// A verifier whose keys are loaded.
    ///
    /// # Errors
    /// [`KeysError`] when keys are missing, too short, configured twice or cannot be loaded.
    pub async fn load(auth: &Auth, clock: Clock) -> Result<Self, KeysError> {
        let mut trusts = vec![Trust {
            keys: Keys::load(auth, clock.clone()).await?,
            issuer: auth.issuer.clone(),
            audience: auth.audience.clone(),
            typ: auth.typ.clone(),
        }];
        for more in &auth.issuers {
            trusts.push(Trust {
                keys: Keys::load_set(&more.jwks, &more.algorithms, clock.clone()).await?,
                issuer: more.issuer.clone(),
                audience: more.audience.clone(),
                typ: more.typ.clone(),
            });
        }
        let usual = if auth.hmac_secret.is_some() { MAX_DEVELOPMENT_LIFETIME } else { MAX_LIFETIME };
        Ok(Self {
            trusts,
            clock,
            max_lifetime: auth.max_lifetime.and_then(|time| TimeDelta::from_std(time).ok()).unwrap_or(usual),
            leeway: TimeDelta::from_std(auth.leeway).unwrap_or_default(),
            notice: TimeDelta::from_std(auth.expiry_notice).unwrap_or_default(),
        })
    }

    /// Name and algorithm of each key that tokens may be signed with; the development secret has no name.
    pub fn keys(&self) -> Vec<(String, &'static str)> {
        self.trusts.iter().flat_map(|trust| trust.keys.names()).collect()
    }

    /// Refreshes the key sets every ten minutes until dropped; returns at once where the key never changes.
    pub async fn keep_fresh(&self) {
        futures_util::future::join_all(self.trusts.iter().map(|trust| trust.keys.keep_fresh())).await;
    }

    /// The moment from which a token with these claims no longer counts: `exp` and the leeway.
    pub fn ends_at(&self, expires_at: DateTime<Utc>) -> DateTime<Utc> {
        expires_at + self.leeway
    }

    /// The moment at which whoever holds a stream open with such a token is told that it is about to expire.
    pub fn warns_at(&self, expires_at: DateTime<Utc>) -> DateTime<Utc> {
        expires_at - self.notice
    }

    /// The claims of a token that is signed, current and meant for us.
    ///
    /// # Errors
    /// [`Rejected`], whatever was wrong.
    pub async fn verify(&self, token: &str) -> Result<Claims, Rejected> {
        let compact = Compact::split(token).ok_or(Rejected)?;
        let (header, payload) = (object(compact.header).ok_or(Rejected)?, object(compact.payload).ok_or(Rejected)?);
        // Nothing is believed yet: the name only chooses among the issuers of the settings.
        let issuer = text(&payload, "iss", 1..=1024)?.ok_or(Rejected)?;
        let trust = self.trusts.iter().find(|trust| trust.issuer == issuer).ok_or(Rejected)?;
        // What would let the token choose its own key, or change what is signed, is refused even where it is harmless.
        if ["jwk", "jku", "x5u", "x5c", "crit"].iter().any(|name| header.contains_key(*name))
            || header.get("b64").is_some_and(|b64| b64 != &Value::Bool(true))
        {
            return Err(Rejected);
        }
        let typ = text(&header, "typ", 1..=64)?;
        if trust.typ.is_some() && typ.as_deref().map(media_type) != trust.typ.as_deref().map(media_type) {
            return Err(Rejected);
        }
        let kid = text(&header, "kid", 1..=256)?;
        let key = trust.keys.find(kid.as_deref()).await.ok_or(Rejected)?;
        let named = header.get("alg").and_then(Value::as_str);
        if named != Some(key.alg_name()) || !key.verify(compact.signed, compact.signature) {
            return Err(Rejected);
        }
        self.claims(trust, &payload)
    }

    fn claims(&self, trust: &Trust, payload: &Map<String, Value>) -> Result<Claims, Rejected> {
        let now = self.clock.now();
        let expires_at = instant(payload, "exp")?.ok_or(Rejected)?;
        let issued_at = instant(payload, "iat")?;
        // A token that says nothing of its issue was issued at the latest now.
        let issued = issued_at.unwrap_or(now);
        if issued > now + self.leeway || expires_at - issued.min(now) > self.max_lifetime + self.leeway {
            return Err(Rejected);
        }
        if now >= self.ends_at(expires_at) || instant(payload, "nbf")?.is_some_and(|from| now < from - self.leeway) {
            return Err(Rejected);
        }
        if !trust.is_audience(payload.get("aud")) {
            return Err(Rejected);
        }
        let agency = text(payload, "agency", 1..=64)?.filter(|slug| is_slug(slug)).ok_or(Rejected)?;
        let scope = text(payload, "scope", 0..=4096)?.unwrap_or_default();
        Ok(Claims {
            subject: text(payload, "sub", 1..=255)?.ok_or(Rejected)?,
            agency,
            scopes: scope.split(' ').filter_map(Scope::parse).collect(),
            name: text(payload, "name", 0..=255)?.filter(|name| !name.is_empty()),
            token_id: text(payload, "jti", 1..=255)?,
            issued_at,
            expires_at,
        })
    }
}

impl Trust {
    /// `aud` is one string or a list of strings (RFC 7519, 4.1.3); one of another type anywhere spoils it.
    fn is_audience(&self, aud: Option<&Value>) -> bool {
        match aud {
            Some(Value::String(one)) => one == &self.audience,
            Some(Value::Array(many)) => {
                many.iter().all(Value::is_string) && many.iter().any(|one| one.as_str() == Some(&self.audience))
            }
            _ => false,
        }
    }
}

/// Development tokens.
pub struct Token;

impl Token {
    /// Signs claims with the development secret (HS256); `iat` says `now`.
    ///
    /// # Errors
    /// [`IssueError`] where a real issuer is configured, or the secret is missing or too short.
    pub fn issue(auth: &Auth, claims: &Claims, now: DateTime<Utc>) -> Result<SecretString, IssueError> {
        if auth.jwks.is_some() {
            return Err(IssueError::RealIssuer);
        }
        let secret = auth.hmac_secret.as_ref().map(ExposeSecret::expose_secret).ok_or(IssueError::NoSecret)?;
        if secret.len() < MIN_SECRET_BYTES {
            return Err(IssueError::ShortSecret);
        }
        let mut payload = json!({
            "iss": auth.issuer,
            "aud": auth.audience,
            "sub": claims.subject,
            "agency": claims.agency,
            "scope": claims.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
            "iat": now.timestamp(),
            "exp": claims.expires_at.timestamp(),
        });
        if let Some(payload) = payload.as_object_mut() {
            let optional = [("name", &claims.name), ("jti", &claims.token_id)];
            payload.extend(
                optional.into_iter().filter_map(|(key, value)| {
                    value.as_ref().map(|value| (key.to_owned(), Value::String(value.clone())))
                }),
            );
        }
        let typ = auth.typ.as_deref().unwrap_or("JWT");
        let header = json!({ "alg": "HS256", "typ": typ });
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload.to_string()));
        let key = EncodingKey::from_secret(secret.as_bytes());
        let signature =
            jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).map_err(|_| IssueError::NotSigned)?;
        Ok(SecretString::from(format!("{signed}.{signature}")))
    }

    /// How long a development token lives when nobody says: eight hours, a working day.
    pub const LIFETIME: Duration = Duration::from_hours(8);
}

/// Why no development token is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// Tokens come from the issuer whose key set is configured.
    #[error("a key set is configured: tokens come from its issuer")]
    RealIssuer,
    /// `RECERT_AUTH_HMAC_SECRET` is not set.
    #[error("RECERT_AUTH_HMAC_SECRET is not set")]
    NoSecret,
    /// `RECERT_AUTH_HMAC_SECRET` has fewer than 32 bytes.
    #[error("RECERT_AUTH_HMAC_SECRET is shorter than 32 bytes")]
    ShortSecret,
    /// The signature could not be made.
    #[error("the token could not be signed")]
    NotSigned,
}

/// The three parts of the compact form (RFC 7515, 7.1).
struct Compact<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    /// Header, dot and payload as they were sent: what the signature covers.
    signed: &'a str,
}

impl<'a> Compact<'a> {
    fn split(token: &'a str) -> Option<Self> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let parts = [header, payload, signature];
        // The engine refuses padding, spare bits and every character that is not base64url, the dot included.
        let strict = parts.iter().all(|part| !part.is_empty() && URL_SAFE_NO_PAD.decode(part).is_ok());
        strict.then_some(Self { header, payload, signature, signed })
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// A string claim of bounded length without control characters; `None` when absent, refused when of another type.
fn text(
    claims: &Map<String, Value>,
    name: &str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<Option<String>, Rejected> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if length.contains(&text.chars().count()) && !text.chars().any(char::is_control) => {
            Ok(Some(text.clone()))
        }
        Some(_) => Err(Rejected),
    }
}

/// A `NumericDate` (RFC 7519, 2): seconds since the epoch, fractions allowed.
fn instant(claims: &Map<String, Value>, name: &str) -> Result<Option<DateTime<Utc>>, Rejected> {
    // The end of the year 9999: later instants are a mistake, and adding a leeway to them must not overflow.
    const LAST: i64 = 253_402_300_799;
    let Some(value) = claims.get(name) else { return Ok(None) };
    let Value::Number(number) = value else { return Err(Rejected) };
    let seconds = match number.as_i64() {
        Some(seconds) => seconds,
        // Cut to the second; the cast saturates, and what lies outside the range is refused below.
        #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
        None => number.as_f64().ok_or(Rejected)?.floor() as i64,
    };
    if !(0..=LAST).contains(&seconds) {
        return Err(Rejected);
    }
    DateTime::from_timestamp(seconds, 0).map(Some).ok_or(Rejected)
}

fn is_slug(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// `typ` is a media type whose `application/` may be left out and whose case does not matter (RFC 7515, 4.1.9).
fn media_type(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/").map_or_else(|| typ.clone(), str::to_owned)
}
