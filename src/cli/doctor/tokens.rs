//! The keys that clients' tokens are checked with.

use super::Ward;
use super::finding::{Check, Finding};
use crate::config;
use crate::http::keys::KeysError;
use crate::http::token::Verifier;

/// Loads the keys as a gateway does at its start.
pub(super) async fn keys(ward: &Ward) -> Finding {
    let auth = &ward.config.auth;
    let place = match &auth.jwks {
        Some(place) => format!("the key set of {}, from {}", auth.issuer, config::without_secrets(place)),
        None => "the development secret".to_owned(),
    };
    let check = Check::new("token keys", format!("loading {place}"));
    let verifier = match Verifier::load(auth, ward.clock.clone()).await {
        Ok(verifier) => verifier,
        Err(error) => {
            let change = match &error {
                KeysError::Unreadable(_) => format!(
                    "see that {} names a JSON Web Key Set with RS256 (2048 bits and more), ES256 or EdDSA keys that each \
                     have a kid, and that this machine reaches it",
                    ward.named("auth.jwks")
                ),
                _ => "set one of auth.jwks and auth.hmac_secret".to_owned(),
            };
            return check.fault(error.to_string(), change);
        }
    };
    if auth.jwks.is_none() {
        return check.warning(
            "tokens are signed with a secret, which is for development",
            "before real people's data are used, set auth.jwks to the issuer's key set instead",
        );
    }
    let names: Vec<String> =
        verifier.keys().into_iter().map(|(kid, algorithm)| format!("{kid} ({algorithm})")).collect();
    check.ok(format!("{} usable: {}", names.len(), names.join(", ")))
}
