//! Bearer tokens, each wrong in one way.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use recert::caller::Scope;
use recert::http::token::{IssueError, Token, Verifier};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::http::stage::{SECRET, Stage, answer, claims, client, code, noon, settings};

fn payload() -> Value {
    json!({
        "iss": "recert-dev", "aud": "recert", "sub": "ana", "agency": "county", "scope": "cases:read openid",
        "exp": noon().timestamp() + 3_600,
    })
}

fn signed_with(secret: &str, header: &Value, payload: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(payload));
    let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
    format!("{signed}.{signature}")
}

fn signed(header: &Value, payload: &Value) -> String {
    signed_with(SECRET, header, payload)
}

async fn status(stage: &Stage, token: &str) -> u16 {
    let request = client().post(stage.url("/graphql")).header("content-type", "application/json");
    answer(request.bearer_auth(token).body(r#"{"query":"{ hello }"}"#)).await.0
}

#[rstest]
#[case::list_of_audiences("aud", json!(["other", "recert"]), 200)]
#[case::other_audience("aud", json!("other"), 401)]
#[case::mixed_audiences("aud", json!(["recert", 1]), 401)]
#[case::no_audience("aud", Value::Null, 401)]
#[case::other_issuer("iss", json!("else"), 401)]
#[case::issuer_list("iss", json!(["recert-dev"]), 401)]
#[case::text_expiry("exp", json!("1900000000"), 401)]
#[case::just_expired("exp", json!(noon().timestamp() - 29), 200)]
#[case::expired("exp", json!(noon().timestamp() - 30), 401)]
#[case::endless("exp", json!(1e300), 401)]
#[case::not_yet("nbf", json!(noon().timestamp() + 31), 401)]
#[case::nearly("nbf", json!(noon().timestamp() + 30), 200)]
#[case::text_not_before("nbf", json!("0"), 401)]
#[case::lives_for_a_month("exp", json!(noon().timestamp() + 31 * 86_400), 200)]
#[case::lives_too_long("exp", json!(noon().timestamp() + 31 * 86_400 + 31), 401)]
#[case::issued_in_the_future("iat", json!(noon().timestamp() + 31), 401)]
#[case::issued_just_now("iat", json!(noon().timestamp() + 30), 200)]
#[case::issued_too_long_before_its_end("iat", json!(noon().timestamp() - 31 * 86_400), 401)]
#[case::text_issue("iat", json!("now"), 401)]
#[case::negative_expiry("exp", json!(-1), 401)]
#[case::expiry_list("exp", json!([noon().timestamp() + 60]), 401)]
#[case::issuer_in_other_letters("iss", json!("RECERT-DEV"), 401)]
#[case::issuer_with_a_blank("iss", json!("recert-dev "), 401)]
#[case::subject_with_a_nul("sub", json!("ana\u{0}"), 401)]
#[case::long_subject("sub", json!("a".repeat(256)), 401)]
#[case::scope_with_a_line_end("scope", json!("cases:read\nadmin"), 401)]
#[case::token_id_that_is_a_number("jti", json!(7), 401)]
#[case::empty_audience("aud", json!([]), 401)]
#[case::empty_subject("sub", json!(""), 401)]
#[case::number_subject("sub", json!(7), 401)]
#[case::number_agency("agency", json!(7), 401)]
#[case::odd_agency("agency", json!("County"), 401)]
#[case::unknown_agency("agency", json!("elsewhere"), 401)]
#[case::unreadable_directory("agency", json!("broken"), 503)]
#[case::scope_list("scope", json!(["cases:read"]), 401)]
#[tokio::test]
async fn each_claim_has_its_type_and_its_rule(#[case] name: &str, #[case] value: Value, #[case] expected: u16) {
    let stage = Stage::open().await;
    let mut payload = payload();
    payload[name] = value;
    assert_eq!(status(&stage, &signed(&json!({ "alg": "HS256" }), &payload)).await, expected);
}

#[rstest]
#[case("exp")]
#[case("iss")]
#[case("aud")]
#[case("sub")]
#[case("agency")]
#[tokio::test]
async fn each_required_claim_is_required(#[case] name: &str) {
    let stage = Stage::open().await;
    let mut payload = payload();
    payload.as_object_mut().unwrap().remove(name);
    assert_eq!(status(&stage, &signed(&json!({ "alg": "HS256" }), &payload)).await, 401);
}

#[rstest]
#[case(json!({ "alg": "HS256", "typ": "JWT" }), 200)]
#[case(json!({ "alg": "none" }), 401)]
#[case(json!({ "alg": "hs256" }), 401)]
#[case(json!({ "alg": "HS512" }), 401)]
#[case(json!({ "alg": "RS256" }), 401)]
#[case(json!({ "typ": "JWT" }), 401)]
#[case(json!({ "alg": "HS256", "typ": 1 }), 401)]
#[case(json!({ "alg": "HS256", "crit": ["exp"] }), 401)]
#[case(json!({ "alg": "HS256", "b64": false }), 401)]
#[case(json!({ "alg": "HS256", "jku": "http://127.0.0.1:1/" }), 401)]
#[case(json!({ "alg": "HS256", "jwk": { "kty": "oct", "k": "AA" } }), 401)]
#[tokio::test]
async fn the_header_chooses_nothing(#[case] header: Value, #[case] expected: u16) {
    let stage = Stage::open().await;
    assert_eq!(status(&stage, &signed(&header, &payload())).await, expected);
}

#[tokio::test]
async fn only_the_strict_compact_form_is_read() {
    let stage = Stage::open().await;
    let good = stage.token();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    // 32 bytes leave two bits of the last character unused: another character there decodes to the same bytes.
    let last = signature.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let spare = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    for bad in [
        format!("{good}="),
        format!("{good}."),
        format!(".{good}"),
        format!("{signed}."),
        format!("{signed}.{}{spare}", &signature[..signature.len() - 1]),
        format!("{good}{}", "A".repeat(8 * 1024)),
        signed_with("another secret of more than 32 bytes", &json!({ "alg": "HS256" }), &payload()),
        "x".to_owned(),
    ] {
        assert_eq!(status(&stage, &bad).await, 401, "{bad:.80}");
    }
    assert_eq!(status(&stage, &good).await, 200);
}

#[tokio::test]
async fn every_failure_looks_the_same_and_names_the_scheme() {
    let stage = Stage::open().await;
    let post = || client().post(stage.url("/graphql")).header("content-type", "application/json").body("{}");
    let good = stage.token();
    let requests = [
        post(),
        post().header("authorization", good.as_str()),
        post().header("authorization", format!("Basic {good}")),
        post().bearer_auth(&good).bearer_auth(&good),
        post().header("cookie", format!("token={good}")),
        post().query(&[("access_token", &good)]),
        post().bearer_auth("x.y.z"),
    ];
    for request in requests {
        let response = request.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["www-authenticate"]),
            (401, &"Bearer".parse().unwrap())
        );
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(body["errors"][0]["message"], "a valid bearer token is required");
        assert_eq!(code(&(401, body)), (401, "UNAUTHENTICATED"));
    }
}

#[tokio::test]
async fn a_token_ends_when_the_clock_says_so() {
    let stage = Stage::open().await;
    let token = stage.token();
    assert_eq!(status(&stage, &token).await, 200);
    stage.clock.advance(std::time::Duration::from_secs(3_629));
    assert_eq!(status(&stage, &token).await, 200);
    stage.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(status(&stage, &token).await, 401);
}

#[tokio::test]
async fn a_configured_type_is_demanded() {
    let stage = Stage::with(|config| config.auth.typ = Some("at+jwt".to_owned())).await;
    assert_eq!(status(&stage, &signed(&json!({ "alg": "HS256", "typ": "application/AT+JWT" }), &payload())).await, 200);
    assert_eq!(status(&stage, &signed(&json!({ "alg": "HS256", "typ": "JWT" }), &payload())).await, 401);
    assert_eq!(status(&stage, &signed(&json!({ "alg": "HS256" }), &payload())).await, 401);
    assert_eq!(status(&stage, &stage.token()).await, 200);
}

#[tokio::test]
async fn what_was_issued_is_read_back() {
    let auth = settings().auth;
    let stage = Stage::open().await;
    let mut claims = claims();
    claims.scopes = vec![Scope::CasesRead, Scope::OrdersRefresh];
    claims.name = Some("Ana Gómez".to_owned());
    claims.token_id = Some("t-1".to_owned());
    let verifier = Verifier::load(&auth, stage.clock.clone()).await.unwrap();
    let token = stage.token_for(&claims);
    claims.issued_at = Some(stage.clock.now());
    assert_eq!(verifier.verify(&token).await, Ok(claims));
}

#[tokio::test]
async fn development_tokens_are_refused_beside_a_real_issuer_and_with_short_secrets() {
    let stage = Stage::open().await;
    let issue = |change: &dyn Fn(&mut recert::config::Auth)| {
        let mut auth = settings().auth;
        change(&mut auth);
        Token::issue(&auth, &claims(), noon()).err()
    };
    assert_eq!(issue(&|auth| auth.jwks = Some("keys.json".to_owned())), Some(IssueError::RealIssuer));
    assert_eq!(issue(&|auth| auth.hmac_secret = None), Some(IssueError::NoSecret));
    assert_eq!(issue(&|auth| auth.hmac_secret = Some(SecretString::from("short"))), Some(IssueError::ShortSecret));
    let mut auth = settings().auth;
    auth.jwks = Some("keys.json".to_owned());
    assert!(Verifier::load(&auth, stage.clock.clone()).await.is_err(), "both kinds of key");
    auth.hmac_secret = None;
    auth.jwks = Some("http://issuer.example.gov/keys".to_owned());
    assert!(Verifier::load(&auth, stage.clock.clone()).await.is_err(), "keys over plain http");
}
