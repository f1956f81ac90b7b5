//! The signature on a webhook: `X-WEBHOOK-SIGN: v1=` and the lower-case hex of HMAC-SHA256.
//!
//! The key is the access secret as text, its environment prefix included; the message is the raw body, byte for byte
//! (Truv, "Webhooks / Security"). No time is signed, so a captured request can be replayed for ever: the inbox dedupes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The header that carries the signature.
pub const HEADER: &str = "x-webhook-sign";

/// The header's value for a body.
pub fn sign(secret: &str, body: &[u8]) -> String {
    format!("v1={}", hex::encode(digest(secret, body)))
}

/// Whether `header` is the signature of `body` under any of the active secrets.
///
/// The form is strict (`v1=` and exactly 64 lower-case hex digits), every secret is tried whatever an earlier one said,
/// and digests are compared in constant time.
pub fn verify<'a>(header: &[u8], body: &[u8], secrets: impl IntoIterator<Item = &'a str>) -> bool {
    let Some(digits) = header.strip_prefix(b"v1=") else { return false };
    if digits.iter().any(u8::is_ascii_uppercase) {
        return false;
    }
    let mut claimed = [0_u8; 32];
    if hex::decode_to_slice(digits, &mut claimed).is_err() {
        return false;
    }
    let mut found = subtle::Choice::from(0);
    for secret in secrets {
        found |= digest(secret, body).ct_eq(&claimed);
    }
    found.into()
}

fn digest(secret: &str, body: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length; the error is there for algorithms that do not.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return [0; 32] };
    mac.update(body);
    mac.finalize().into_bytes().into()
}
