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
        let mut answered = answer(request).await;
        assert_eq!(code(&answered), (401, "UNAUTHENTICATED"));
        answered.1["errors"][0]["extensions"]["requestId"].take();
        let constant = r#"{"errors":[{"extensions":{"code":"UNAUTHENTICATED","requestId":null},"message":"the signature is missing or wrong"}]}"#;
        assert_eq!(answered.1.to_string(), constant);
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
