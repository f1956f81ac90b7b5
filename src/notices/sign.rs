//! The Standard Webhooks signature (<https://www.standardwebhooks.com/>): `v1,` and the base64 of HMAC-SHA256 over
//! `ID.TIMESTAMP.BODY`, keyed with the bytes behind `whsec_`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::config::signing_key;

fn digest(key: &[u8], id: &str, timestamp: i64, body: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}

/// The value of `webhook-signature`: one signature for each secret, between spaces.
pub fn signature<'a>(secrets: impl IntoIterator<Item = &'a str>, id: &str, timestamp: i64, body: &str) -> String {
    let signed =
        |secret: &str| Some(format!("v1,{}", STANDARD.encode(digest(&signing_key(secret)?, id, timestamp, body)?)));
    secrets.into_iter().filter_map(signed).collect::<Vec<_>>().join(" ")
}

/// Whether one of the signatures in a header is that of the secret, as a receiver checks it.
pub fn verify(header: &str, secret: &str, id: &str, timestamp: i64, body: &str) -> bool {
    let Some(expected) = signing_key(secret).and_then(|key| digest(&key, id, timestamp, body)) else { return false };
    header
        .split(' ')
        .filter_map(|part| STANDARD.decode(part.strip_prefix("v1,")?).ok())
        .any(|given| bool::from(given.ct_eq(&expected)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the scheme's own documentation.
    #[test]
    fn the_published_example_has_the_published_signature() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = r#"{"test": 2432232314}"#;
        let signed = signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(verify(&signed, secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body));
        assert!(!verify(&signed, secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_331, body));
    }

    #[test]
    fn every_secret_signs_and_a_bad_one_is_none() {
        let [old, new] =
            ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="];
        let signed = signature([new, old], "msg_1", 7, "{}");
        assert!(verify(&signed, old, "msg_1", 7, "{}") && verify(&signed, new, "msg_1", 7, "{}"));
        for bad in ["whsec_short", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", ""] {
            assert_eq!(signing_key(bad), None, "{bad}");
        }
    }
}
