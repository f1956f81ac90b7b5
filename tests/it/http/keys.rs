//! The issuer's key set: which keys are used, and when it is read again.

use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use recert::clock::Clock;
use recert::config::{Auth, Issuer, TokenAlgorithm};
use recert::http::token::{Claims, Rejected, Verifier};
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::http::stage::noon;

const RSA: &[u8] = include_bytes!("keys_for_tests/rsa.pem");
const EC: &[u8] = include_bytes!("keys_for_tests/ec.pem");
const ED: &[u8] = include_bytes!("keys_for_tests/ed.pem");
/// The public half of `ed.pem`, which the library does not derive.
const ED_PUBLIC: &str = "zC4qMbAM11HzgXCaHqbZrfobIGOV3KRKJqTgo8wstAY";

fn private(algorithm: Algorithm) -> EncodingKey {
    match algorithm {
        Algorithm::ES256 => EncodingKey::from_ec_pem(EC),
        Algorithm::EdDSA => EncodingKey::from_ed_pem(ED),
        _ => EncodingKey::from_rsa_pem(RSA),
    }
    .unwrap()
}

fn public(kid: &str, key: &EncodingKey, algorithm: Algorithm) -> Value {
    if algorithm == Algorithm::EdDSA {
        return json!({ "kid": kid, "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "x": ED_PUBLIC });
    }
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(key, algorithm).unwrap()).unwrap();
    jwk.as_object_mut().unwrap().insert("kid".to_owned(), json!(kid));
    jwk
}

fn set() -> Value {
    let key = |kid: &str, algorithm| public(kid, &private(algorithm), algorithm);
    let keys = json!([
        key("rsa", Algorithm::RS256),
        key("ec", Algorithm::ES256),
        key("ed", Algorithm::EdDSA),
        key("twice", Algorithm::ES256),
        key("twice", Algorithm::EdDSA),
        { "kid": "secret", "kty": "oct", "k": "YSBzaGFyZWQgc2VjcmV0IG9mIG1vcmUgdGhhbiAzMiBieXRlcw" },
        { "kid": "future", "kty": "ML-DSA", "pub": "AA" },
    ]);
    json!({ "keys": keys })
}

fn token(kid: &str, algorithm: Algorithm) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
    let claims = json!({
        "iss": "issuer", "aud": "recert", "sub": "ana", "agency": "county", "exp": noon().timestamp() + 100_000,
    });
    jsonwebtoken::encode(&header, &claims, &private(algorithm)).unwrap()
}

fn auth(place: &str) -> Auth {
    let max_lifetime = Some(Duration::from_hours(48));
    Auth { issuer: "issuer".to_owned(), jwks: Some(place.to_owned()), max_lifetime, ..Auth::default() }
}

async fn issuer(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(answer).mount(&server).await;
    server
}

async fn asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

async fn verify(verifier: &Verifier, kid: &str, algorithm: Algorithm) -> Result<Claims, Rejected> {
    verifier.verify(&token(kid, algorithm)).await
}

#[tokio::test]
async fn each_key_verifies_only_its_own_algorithm() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.json");
    std::fs::write(&path, set().to_string()).unwrap();
    let verifier = Verifier::load(&auth(path.to_str().unwrap()), Clock::still(noon())).await.unwrap();
    for (kid, algorithm) in [("rsa", Algorithm::RS256), ("ec", Algorithm::ES256), ("ed", Algorithm::EdDSA)] {
        assert_eq!(verify(&verifier, kid, algorithm).await.unwrap().subject, "ana", "{kid}");
    }
    for (kid, algorithm) in [
        ("ec", Algorithm::RS256),
        ("rsa", Algorithm::RS384),
        ("rsa", Algorithm::PS256),
        ("twice", Algorithm::ES256),
        ("twice", Algorithm::EdDSA),
        ("absent", Algorithm::RS256),
    ] {
        assert_eq!(verify(&verifier, kid, algorithm).await, Err(Rejected), "{kid} {algorithm:?}");
    }
}

#[rstest]
#[case::not_json(ResponseTemplate::new(200).set_body_string("<html>"))]
#[case::no_keys(ResponseTemplate::new(200).set_body_json(json!({ "keys": [] })))]
#[case::failing(ResponseTemplate::new(500))]
#[case::elsewhere(ResponseTemplate::new(302).insert_header("location", "http://127.0.0.1:1/"))]
#[case::large(ResponseTemplate::new(200).set_body_string(format!("{}{}", set(), " ".repeat(64 * 1024))))]
#[case::slow(ResponseTemplate::new(200).set_body_json(set()).set_delay(Duration::from_secs(4)))]
#[tokio::test]
async fn a_set_that_cannot_be_read_stops_the_start(#[case] answer: ResponseTemplate) {
    let server = issuer(answer).await;
    assert!(Verifier::load(&auth(&server.uri()), Clock::still(noon())).await.is_err());
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_in_thirty_seconds() {
    let server = issuer(ResponseTemplate::new(200).set_body_json(json!({ "keys": [set()["keys"][0]] }))).await;
    let clock = Clock::still(noon());
    let verifier = Verifier::load(&auth(&server.uri()), clock.clone()).await.unwrap();
    server.reset().await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_json(set())).mount(&server).await;
    assert!(verify(&verifier, "ec", Algorithm::ES256).await.is_err());
    assert_eq!(asked(&server).await, 0, "the set was read less than thirty seconds ago");
    clock.advance(Duration::from_secs(30));
    let (one, two) = tokio::join!(verify(&verifier, "ec", Algorithm::ES256), verify(&verifier, "ed", Algorithm::EdDSA));
    assert!(one.is_ok() && two.is_ok());
    for _ in 0..5 {
        assert!(verify(&verifier, "absent", Algorithm::ES256).await.is_err());
    }
    assert_eq!(asked(&server).await, 1);
}

#[tokio::test]
async fn the_set_is_read_again_every_ten_minutes_and_a_retired_key_ends() {
    let server = issuer(ResponseTemplate::new(200).set_body_json(set())).await;
    let clock = Clock::still(noon());
    let verifier = Verifier::load(&auth(&server.uri()), clock.clone()).await.unwrap();
    server.reset().await;
    let without_rsa = json!({ "keys": [set()["keys"][1]] });
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_json(without_rsa)).mount(&server).await;
    let watch = async {
        clock.advance(Duration::from_mins(10));
        while verify(&verifier, "rsa", Algorithm::RS256).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        // In this order, so that the wait has begun before the clock moves.
        biased;
        () = verifier.keep_fresh() => panic!("it never ends"),
        () = watch => {}
    }
    assert!(verify(&verifier, "ec", Algorithm::ES256).await.is_ok());
}

#[tokio::test]
async fn the_last_good_set_serves_for_a_day_without_the_issuer() {
    let server = issuer(ResponseTemplate::new(200).set_body_json(set())).await;
    let clock = Clock::still(noon());
    let verifier = Verifier::load(&auth(&server.uri()), clock.clone()).await.unwrap();
    server.reset().await;
    clock.advance(Duration::from_hours(23));
    assert!(verify(&verifier, "absent", Algorithm::ES256).await.is_err());
    assert_eq!(asked(&server).await, 1, "the issuer was asked and failed");
    assert!(verify(&verifier, "rsa", Algorithm::RS256).await.is_ok());
    clock.advance(Duration::from_hours(1));
    assert!(verify(&verifier, "rsa", Algorithm::RS256).await.is_err());
}

/// A token of this issuer, made with this key.
fn token_of(issuer: &str, kid: &str, algorithm: Algorithm) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
    let claims = json!({
        "iss": issuer, "aud": "recert", "sub": "ana", "agency": "county", "exp": noon().timestamp() + 600,
    });
    jsonwebtoken::encode(&header, &claims, &private(algorithm)).unwrap()
}

#[tokio::test]
async fn each_issuer_has_its_own_keys_and_algorithms() {
    let key = |kid: &str, algorithm| public(kid, &private(algorithm), algorithm);
    let first = json!({ "keys": [key("rsa", Algorithm::RS256), key("shared", Algorithm::ES256)] });
    let second = json!({ "keys": [key("ed", Algorithm::EdDSA), key("rsa-2", Algorithm::RS256)] });
    let first = issuer(ResponseTemplate::new(200).set_body_json(first)).await;
    let second = issuer(ResponseTemplate::new(200).set_body_json(second)).await;
    let more = Issuer {
        issuer: "second".to_owned(),
        audience: "recert".to_owned(),
        jwks: second.uri(),
        typ: None,
        algorithms: vec![TokenAlgorithm::EdDsa],
    };
    let auth = Auth { issuers: vec![more], algorithms: vec![TokenAlgorithm::Rs256], ..auth(&first.uri()) };
    let verifier = Verifier::load(&auth, Clock::still(noon())).await.unwrap();
    for (issuer, kid, algorithm, is_good) in [
        ("issuer", "rsa", Algorithm::RS256, true),
        ("second", "ed", Algorithm::EdDSA, true),
        // A key of the right issuer, for an algorithm that is not among its own.
        ("issuer", "shared", Algorithm::ES256, false),
        ("second", "rsa-2", Algorithm::RS256, false),
        // The other issuer's key.
        ("issuer", "ed", Algorithm::EdDSA, false),
        ("second", "rsa", Algorithm::RS256, false),
        ("third", "rsa", Algorithm::RS256, false),
        ("", "rsa", Algorithm::RS256, false),
    ] {
        let verified = verifier.verify(&token_of(issuer, kid, algorithm)).await;
        assert_eq!(verified.is_ok(), is_good, "{issuer} {kid}");
    }
}

#[tokio::test]
async fn a_set_without_a_key_for_the_algorithms_of_the_settings_does_not_start() {
    let server = issuer(ResponseTemplate::new(200).set_body_json(set())).await;
    let auth = Auth { algorithms: Vec::new(), ..auth(&server.uri()) };
    assert!(Verifier::load(&auth, Clock::still(noon())).await.is_err());
}
