//! `recert token`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use super::{HMAC, VARIABLES, recert};

/// The claims of a token whose signature was computed again here, without the library that made it.
fn claims(token: &str) -> Value {
    let (signed, signature) = token.trim_end().rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    assert_eq!(header["alg"], "HS256");
    let mut mac = Hmac::<Sha256>::new_from_slice(HMAC.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn a_token_carries_what_the_flags_say() {
    let folder = tempfile::tempdir().unwrap();
    let scopes = ["--scope", "cases:read,orders:refresh", "--scope", "reports:read"];
    let mut args = vec!["token", "--subject", "kim", "--name", "Kim Lee", "--expires-in", "2h", "--agency", "harbor"];
    args.extend(scopes);
    let run = recert(folder.path(), &VARIABLES, &args);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let claims = claims(&run.out);
    assert_eq!(claims["iss"], "recert-dev");
    assert_eq!(claims["aud"], "recert");
    assert_eq!(claims["sub"], "kim");
    assert_eq!(claims["name"], "Kim Lee");
    assert_eq!(claims["agency"], "harbor");
    assert_eq!(claims["scope"], "cases:read orders:refresh reports:read");
    let (issued, expires) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    assert_eq!(expires - issued, 7_200);
    #[expect(clippy::disallowed_methods, reason = "the binary runs on the system's clock")]
    let now = Utc::now().timestamp();
    assert!((now - issued).abs() < 60);
}

#[test]
fn the_only_agency_and_the_least_scope_are_assumed() {
    let folder = tempfile::tempdir().unwrap();
    let claims = claims(&recert(folder.path(), &VARIABLES, &["token"]).out);
    assert_eq!((&claims["agency"], &claims["scope"]), (&"harbor".into(), &"cases:read".into()));
    assert!(claims.get("name").is_none());
}

#[test]
fn no_token_is_issued_beside_a_real_issuer() {
    let folder = tempfile::tempdir().unwrap();
    let variables: Vec<_> = VARIABLES
        .into_iter()
        .map(|(name, value)| if value == HMAC { ("RECERT_AUTH_JWKS", "keys.json") } else { (name, value) })
        .collect();
    let run = recert(folder.path(), &variables, &["token"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(run.err.contains("a real issuer is configured"), "{}", run.err);
}

#[test]
fn an_unknown_agency_scope_or_lifetime_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for (args, part) in [
        (["token", "--agency", "valley"], "there are: harbor"),
        (["token", "--scope", "cases:delete"], "cases:read:assigned"),
        (["token", "--expires-in", "2y"], "such as 8h"),
        (["token", "--subject", ""], "printable"),
    ] {
        let run = recert(folder.path(), &VARIABLES, &args);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(run.err.contains(part), "{}", run.err);
    }
}
