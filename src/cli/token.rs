//! `recert token`: a token for development, signed with `auth.hmac_secret`.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::caller::Scope;
use crate::cli::Failure;
use crate::cli::settings::tenant;
use crate::clock::Clock;
use crate::config::{self, Auth, Sources};
use crate::ids::Ids;

/// A development token must not outlive a month.
const LONGEST: Duration = Duration::from_hours(31 * 24);

/// The flags of `recert token`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Who the token speaks for
    #[arg(long, value_name = "SUBJECT", default_value = "developer")]
    pub subject: String,
    /// The tenant's short name; may be left out when there is only one
    #[arg(long, value_name = "SLUG")]
    pub agency: Option<String>,
    /// What the token allows; repeat it, or write commas between scopes
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', default_value = "cases:read", value_parser = scope)]
    pub scope: Vec<Scope>,
    /// The name shown to people
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// How long the token works: a whole number and s, m, h or d; at most 31d
    #[arg(long, value_name = "TIME", default_value = "8h", value_parser = lifetime)]
    pub expires_in: Duration,
    /// The settings file; recert.toml is read when it is there and this flag is not
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What the gateway demands of a token, and the name where there is one.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    agency: &'a str,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// By which the token can be revoked.
    jti: String,
    iat: i64,
    exp: i64,
}

/// Prints the token.
///
/// # Errors
/// [`Failure::Settings`] and [`Failure::Usage`] when settings or flags are wrong, among them a configured issuer.
pub fn run(args: &Args, sources: Sources) -> Result<(), Failure> {
    let config = config::load(&sources.file(args.config.as_deref()))?;
    let agency = tenant(&config.agencies, args.agency.as_deref())?;
    let clock = Clock::system();
    let now = clock.now();
    let claims = Claims {
        iss: &config.auth.issuer,
        aud: &config.auth.audience,
        sub: person("--subject", &args.subject)?,
        agency: &agency.slug,
        scope: args.scope.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
        name: args.name.as_deref().map(|name| person("--name", name)).transpose()?,
        jti: Ids::new(clock).next::<uuid::Uuid>().to_string(),
        iat: now.timestamp(),
        exp: (now + args.expires_in).timestamp(),
    };
    let token = sign(&config.auth, &claims)?;
    writeln!(io::stdout(), "{token}").map_err(Failure::Output)
}

/// Text that the gateway takes as a claim: 1 to 255 characters, none of them a control character.
fn person<'a>(flag: &str, text: &'a str) -> Result<&'a str, Failure> {
    if text.is_empty() || text.chars().count() > 255 || text.contains(char::is_control) {
        return Err(Failure::Usage(format!("{flag} is not 1 to 255 printable characters")));
    }
    Ok(text)
}

fn sign(auth: &Auth, claims: &Claims<'_>) -> Result<String, Failure> {
    let Some(secret) = &auth.hmac_secret else {
        let refusal = "a real issuer is configured (auth.jwks), and tokens come from there; development tokens need \
                       RECERT_AUTH_HMAC_SECRET instead";
        return Err(Failure::Usage(refusal.to_owned()));
    };
    let typ = auth.typ.clone().or_else(|| Some("JWT".to_owned()));
    let header = Header { typ, ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret.expose_secret().as_bytes()))
        .map_err(|error| Failure::Failed(format!("the token cannot be signed: {error}")))
}

pub(super) fn scope(word: &str) -> Result<Scope, String> {
    Scope::parse(word)
        .ok_or_else(|| format!("there is no such scope; there are: {}", Scope::ALL.map(Scope::as_str).join(", ")))
}

fn lifetime(text: &str) -> Result<Duration, String> {
    time(text, LONGEST).ok_or_else(|| "write a time between 1s and 31d, such as 8h".to_owned())
}

/// A whole number and its unit, between a second and `longest`; `None` for anything else.
pub(super) fn time(text: &str, longest: Duration) -> Option<Duration> {
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text.strip_prefix(number)? {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 24 * 3_600,
        _ => return None,
    };
    let time = Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(unit)?);
    (!time.is_zero() && time <= longest).then_some(time)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::lifetime;

    #[test]
    fn a_lifetime_is_a_number_and_its_unit() {
        assert_eq!(lifetime("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(lifetime("8h"), Ok(Duration::from_hours(8)));
        assert_eq!(lifetime("31d"), Ok(Duration::from_hours(31 * 24)));
        for wrong in ["", "8", "h", "0s", "32d", "1.5h", "-1h", "8hh", "99999999999999999999d", "8 h"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }
}
