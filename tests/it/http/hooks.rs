//! `/webhooks/truv/{agency}`: the HTTP half of a delivery.

use recert::truv::signature::sign;
use reqwest::RequestBuilder;
use rstest::rstest;

use crate::http::stage::{HOOK_SECRETS, Stage, answer, client, code, noon};

const BODY: &str = r#"{"event_type":"task-status-updated"} "#;

fn post(stage: &Stage, agency: &str) -> RequestBuilder {
    client().post(stage.url(&format!("/webhooks/truv/{agency}")))
}

#[tokio::test]
async fn a_signed_delivery_is_stored_byte_for_byte_and_then_acknowledged() {
    let stage = Stage::open().await;
    for secret in HOOK_SECRETS {
        let request = post(&stage, "county").header("x-webhook-sign", sign(secret, BODY.as_bytes()));
        let response = request.header("user-agent", "Truv").header("content-type", "application/json").body(BODY);
        let response = response.send().await.unwrap();
        assert_eq!(response.status(), 204);
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
    let deliveries = stage.seen.deliveries.lock().unwrap();
    assert_eq!(deliveries.len(), 2);
    assert_eq!((deliveries[0].agency.as_str(), &deliveries[0].body[..]), ("county", BODY.as_bytes()));
    assert_eq!(deliveries[0].headers, [("content-type", "application/json".into()), ("user-agent", "Truv".into())]);
    assert_eq!(deliveries[0].received_at, noon());
}

#[tokio::test]
async fn every_failed_signature_gets_the_same_answer() {
    let stage = Stage::open().await;
    let good = sign(HOOK_SECRETS[0], BODY.as_bytes());
    let with = |value: &str| post(&stage, "county").header("x-webhook-sign", value).body(BODY);
    let requests = [
        post(&stage, "county").body(BODY),
        with(&good).header("x-webhook-sign", &good),
        with(&good.to_uppercase()),
        with(good.trim_start_matches("v1=")),
        with(&format!("{good}0")),
        with(&sign("sandbox-retired", BODY.as_bytes())),
        post(&stage, "county").header("x-webhook-sign", &good).body(BODY.trim()),
        post(&stage, "elsewhere").header("x-webhook-sign", &good).body(BODY),
    ];
    for request in requests {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        let constant =
            r#"{"errors":[{"extensions":{"code":"UNAUTHENTICATED"},"message":"the signature is missing or wrong"}]}"#;
        assert_eq!(response.text().await.unwrap(), constant);
    }
    assert!(stage.seen.deliveries.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_could_not_be_stored_is_asked_for_again() {
    let stage = Stage::open().await;
    *stage.seen.refuse_deliveries.lock().unwrap() = true;
    let request = post(&stage, "county").header("x-webhook-sign", sign(HOOK_SECRETS[0], BODY.as_bytes()));
    let response = request.body(BODY).send().await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"5".parse().unwrap()));
}

#[rstest]
#[case::get("GET", 405)]
#[case::put("PUT", 405)]
#[case::options("OPTIONS", 405)]
#[tokio::test]
async fn only_post_is_served(#[case] method: &str, #[case] status: u16) {
    let stage = Stage::open().await;
    let request = client().request(method.parse().unwrap(), stage.url("/webhooks/truv/county"));
    let response = request.send().await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (status, &"POST".parse().unwrap()));
}

#[tokio::test]
async fn large_and_encoded_bodies_are_refused_signed_or_not() {
    let stage = Stage::open().await;
    let large = vec![b' '; 1024 * 1024 + 1];
    let signed = |body: &[u8]| post(&stage, "county").header("x-webhook-sign", sign(HOOK_SECRETS[0], body));
    assert_eq!(code(&answer(signed(&large).body(large.clone())).await), (413, "PAYLOAD_TOO_LARGE"));
    let fits = vec![b' '; 1024 * 1024];
    assert_eq!(signed(&fits).body(fits.clone()).send().await.unwrap().status(), 204);
    let encoded = signed(BODY.as_bytes()).header("content-encoding", "gzip").body(BODY);
    assert_eq!(code(&answer(encoded).await), (415, "UNSUPPORTED_MEDIA_TYPE"));
    assert_eq!(stage.seen.deliveries.lock().unwrap().len(), 1);
}

/// Headers of one request, and the status it gets.
type Bad = (&'static str, Vec<(&'static str, String)>, u16);

/// Requests on the way of webhooks that are refused, whatever their body says.
fn bad() -> Vec<Bad> {
    let good = sign(HOOK_SECRETS[0], BODY.as_bytes());
    let hex = good.trim_start_matches("v1=").to_owned();
    let signed = |value: &str| vec![("x-webhook-sign", value.to_owned())];
    let with = |name: &'static str, value: &str| vec![("x-webhook-sign", good.clone()), (name, value.to_owned())];
    let flipped = |at: usize| {
        let mut text = good.clone();
        let other = if &text[at..=at] == "0" { "1" } else { "0" };
        text.replace_range(at..=at, other);
        text
    };
    vec![
        ("no signature", Vec::new(), 401),
        ("an empty one", signed(""), 401),
        ("a blank", signed(" "), 401),
        ("the version alone", signed("v1="), 401),
        ("no version", signed(&hex), 401),
        ("another version", signed(&format!("v2={hex}")), 401),
        ("version 0", signed(&format!("v0={hex}")), 401),
        ("a version in capitals", signed(&format!("V1={hex}")), 401),
        ("a colon", signed(&format!("v1:{hex}")), 401),
        ("two equal signs", signed(&format!("v1=={hex}")), 401),
        ("a blank in between", signed(&format!("v1= {hex}")), 401),
        ("a word before", signed(&format!("sha256 v1={hex}")), 401),
        ("capitals", signed(&format!("v1={}", hex.to_uppercase())), 401),
        ("one digit more", signed(&format!("{good}0")), 401),
        ("one digit less", signed(&good[..good.len() - 1]), 401),
        ("half of it", signed(&good[..35]), 401),
        ("twice in one", signed(&format!("{good}{hex}")), 401),
        ("two in a list", signed(&format!("{good},{good}")), 401),
        ("two with a semicolon", signed(&format!("{good};v1={hex}")), 401),
        ("two headers", with("x-webhook-sign", &good), 401),
        ("two headers, one wrong", with("x-webhook-sign", "v1=0"), 401),
        ("the first digit wrong", signed(&flipped(3)), 401),
        ("one in the middle wrong", signed(&flipped(40)), 401),
        ("the last one wrong", signed(&flipped(66)), 401),
        ("all zeros", signed(&format!("v1={}", "0".repeat(64))), 401),
        ("not hexadecimal", signed(&format!("v1={}", "g".repeat(64))), 401),
        ("base64", signed("v1=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), 401),
        ("the hash without a key", signed("v1=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), 401),
        ("of no body", signed(&sign(HOOK_SECRETS[0], b"")), 401),
        ("of another body", signed(&sign(HOOK_SECRETS[0], b"{}")), 401),
        ("of the body without its end", signed(&sign(HOOK_SECRETS[0], BODY.trim().as_bytes())), 401),
        ("of the body and more", signed(&sign(HOOK_SECRETS[0], format!("{BODY}\n").as_bytes())), 401),
        ("under a retired secret", signed(&sign("sandbox-retired", BODY.as_bytes())), 401),
        ("under no secret", signed(&sign("", BODY.as_bytes())), 401),
        ("under the agency's name", signed(&sign("county", BODY.as_bytes())), 401),
        ("in another header", vec![("x-truv-signature", good.clone())], 401),
        ("as a bearer token", vec![("authorization", format!("Bearer {good}"))], 401),
        ("gzip", with("content-encoding", "gzip"), 415),
        ("deflate", with("content-encoding", "deflate"), 415),
        ("br", with("content-encoding", "br"), 415),
        ("an encoding nobody knows", with("content-encoding", "rot13"), 415),
        ("an empty encoding", with("content-encoding", ""), 415),
    ]
}

#[tokio::test]
async fn bad_deliveries_are_refused_and_leave_nothing() {
    let stage = Stage::open().await;
    let all = bad();
    assert!(all.len() >= 40, "{}", all.len());
    let (client, address) = (client(), stage.url("/webhooks/truv/county"));
    let mut faults = Vec::new();
    for (name, headers, expected) in all {
        let request = headers
            .into_iter()
            .fold(client.post(&address).body(BODY), |request, (name, value)| request.header(name, value));
        let (status, body) = answer(request).await;
        if status != expected || body["errors"].as_array().map(Vec::len) != Some(1) {
            faults.push(format!("{name}: {status} {body}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(stage.seen.deliveries.lock().unwrap().is_empty());
}
