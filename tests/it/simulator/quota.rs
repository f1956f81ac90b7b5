//! Limits: which refreshes are refused, how often a connection may be refreshed, how many requests a key may make.

use recert::simulator::{QuotaMode, Settings};
use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{Rig, order_of, rosa, rosa_with_one_job};

#[tokio::test]
async fn a_refresh_needs_exactly_one_allowed_product_and_known_connected_suborders() {
    let rig = Rig::new().await;
    let path = format!("/v1/orders/{}/", order_of(&rig.sim.seed(rosa()).unwrap()));
    for (body, field) in [
        (json!({}), "products"),
        (json!({ "products": [] }), "products"),
        (json!({ "products": ["income", "employment"] }), "products"),
        (json!({ "products": ["assets"] }), "products"),
        (json!({ "products": ["salary"] }), "products"),
        (json!({ "products": ["income"], "employers": [{ "id": "unknown" }] }), "employers"),
        (json!({ "products": ["income"], "employers": [{}] }), "employers"),
        (json!({ "products": ["income"], "employers": [] }), "employers"),
    ] {
        let (status, answer) = rig.post(&path, body.clone()).await;
        assert_eq!(status, 400, "{body}");
        assert_eq!(answer["error"]["extra"]["invalid-params"][0]["field"], field, "{body}");
    }
    assert_eq!(rig.post("/v1/orders/unknown/", json!({ "products": ["income"] })).await.0, 404);
    let (status, order) = rig.post(&path, json!({ "products": ["employment"] })).await;
    assert_eq!((status, &order["products"]), (201, &json!(["employment"])));
    let employment = format!("/v1/orders/{}/", order["id"].as_str().unwrap());
    rig.sim.settled().await;
    assert_eq!(rig.post(&employment, json!({ "products": ["income"] })).await.0, 400, "never from less to more");
}

#[tokio::test]
async fn a_subset_of_employers_is_named_by_id_or_by_number() {
    let rig = Rig::new().await;
    let seeded = rig.sim.seed(rosa()).unwrap();
    let path = format!("/v1/orders/{}/", order_of(&seeded));
    let by_number = json!({ "products": ["income"], "employers": [{ "suborder_number": "HH1-JOB2" }] });
    let (_, order) = rig.post(&path, by_number).await;
    assert_eq!(order["employers"].as_array().unwrap().len(), 1);
    assert_eq!(order["employers"][0]["company_name"], "Bright Path Childcare");
    let id = &seeded.people[0].orders[0].suborders[0];
    let (_, order) = rig.post(&path, json!({ "products": ["income"], "employers": [{ "id": id }] })).await;
    assert_eq!(order["employers"][0]["company_name"], "Harbor Grocery Co");
}

#[tokio::test]
async fn the_fourth_refresh_in_a_day_is_refused_and_the_day_rolls() {
    let rig = Rig::new().await;
    let path = format!("/v1/orders/{}/", order_of(&rig.sim.seed(rosa_with_one_job()).unwrap()));
    for _ in 0..3 {
        assert_eq!(rig.post(&path, json!({ "products": ["income"] })).await.0, 201);
        rig.advance(3_600).await;
    }
    let (status, body) = rig.post(&path, json!({ "products": ["income"] })).await;
    assert_eq!(status, 400);
    assert_eq!(body["error"]["message"], "Refresh limit for the access_token exceeded");
    // 24 hours after the first attempt one unit is free again, and a refusal has used none.
    rig.advance(21 * 3_600).await;
    assert_eq!(rig.post(&path, json!({ "products": ["income"] })).await.0, 201);
    assert_eq!(rig.post(&path, json!({ "products": ["income"] })).await.0, 400);
}

#[tokio::test]
async fn in_the_other_mode_only_the_suborder_over_quota_fails() {
    let rig = Rig::with(Settings { quota_mode: QuotaMode::FailSuborder, ..Settings::at_once() }).await;
    let seeded = rig.sim.seed(rosa()).unwrap();
    let order = order_of(&seeded);
    let link = &seeded.people[0].links[0];
    rig.control(Method::PUT, &format!("links/{link}/scenario"), json!({ "scenario": "quota_used" })).await;
    let refreshed = rig.refresh(&order).await;
    let (_, read) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
    assert_eq!(read["employers"][0]["status"], "error");
    assert_eq!(read["employers"][1]["status"], "completed");
    let tasks = rig.get(&format!("/v1/tasks/?link_id={link}")).await.1;
    assert_eq!(tasks["results"][0]["error_message"], "Refresh limit for the access_token exceeded");
    assert_eq!(rig.truth(&refreshed).await["billing"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn failed_refreshes_count_or_do_not_by_the_setting() {
    for (counts, expected) in [(true, 400), (false, 201)] {
        let rig = Rig::with(Settings { quota_counts_failures: counts, ..Settings::at_once() }).await;
        let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
        rig.scenario("unavailable").await;
        for _ in 0..3 {
            rig.refresh(&order).await;
        }
        let (status, _) = rig.post(&format!("/v1/orders/{order}/"), json!({ "products": ["income"] })).await;
        assert_eq!(status, expected, "counts failures: {counts}");
    }
}

#[tokio::test]
async fn the_request_after_the_limit_is_throttled_until_the_minute_has_passed() {
    let rig = Rig::with(Settings { requests_per_minute: 5, ..Settings::at_once() }).await;
    for _ in 0..5 {
        assert_eq!(rig.get("/v1/users/").await.0, 200);
    }
    let response = rig.request(Method::GET, "/v1/users/").send().await.unwrap();
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["code"], "throttled");
    assert!(body["error"]["message"].as_str().unwrap().contains("available in"));
    rig.set(json!({ "retry_after_header": false })).await;
    let silent = rig.request(Method::GET, "/v1/users/").send().await.unwrap();
    assert_eq!(silent.status(), 429);
    assert!(!silent.headers().contains_key("retry-after"));
    rig.advance(wait).await;
    assert_eq!(rig.get("/v1/users/").await.0, 200);
}

#[tokio::test]
async fn a_success_is_billed_once_per_connection_and_a_failure_not_at_all() {
    let rig = Rig::new().await;
    let seeded = rig.sim.seed(rosa()).unwrap();
    let link = &seeded.people[0].links[1];
    rig.control(Method::PUT, &format!("links/{link}/scenario"), json!({ "scenario": "login_error" })).await;
    let refreshed = rig.refresh(&order_of(&seeded)).await;
    let truth = rig.truth(&refreshed).await;
    let billing = truth["billing"].as_array().unwrap();
    assert_eq!(billing.len(), 1);
    assert_eq!(billing[0]["link_id"], json!(seeded.people[0].links[0]));
}
