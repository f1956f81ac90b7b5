//! Faults of the API's transport, as a client meets them.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{Rig, order_of, rosa_with_one_job};

async fn faulty(action: &str, params: Value) -> (Rig, String) {
    let rig = Rig::new().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    rig.fault(json!({
        "where": "api", "match": { "method": "POST", "path_prefix": "/v1/orders/" },
        "action": action, "times": 1, "params": params,
    }))
    .await;
    (rig, format!("/v1/orders/{order}/"))
}

async fn refreshes(rig: &Rig, path: &str) -> u64 {
    let order = path.trim_start_matches("/v1/orders/").trim_end_matches('/');
    rig.truth(order).await["orders"][0]["refreshes"].as_u64().unwrap()
}

fn body() -> Value {
    json!({ "products": ["income"] })
}

#[tokio::test]
async fn a_connection_may_be_refused() {
    let (rig, path) = faulty("refuse", json!({})).await;
    assert!(rig.request(Method::POST, &path).json(&body()).send().await.is_err());
    assert_eq!(refreshes(&rig, &path).await, 0);
    assert_eq!(rig.post(&path, body()).await.0, 201, "once only");
    rig.fault(json!({ "where": "api", "action": "refuse", "times": 1 })).await;
    let fresh = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(fresh.get(format!("http://{}/v1/orders/", rig.sim.api_addr())).send().await.is_err());
    assert_eq!(rig.get("/v1/orders/").await.0, 200);
}

#[tokio::test]
async fn a_request_may_never_be_answered() {
    let (rig, path) = faulty("never_answer", json!({})).await;
    let request = rig.request(Method::POST, &path).json(&body()).timeout(Duration::from_millis(100));
    assert!(request.send().await.unwrap_err().is_timeout());
    assert_eq!(refreshes(&rig, &path).await, 0);
}

#[tokio::test]
async fn the_work_may_be_done_and_the_connection_drop() {
    let (rig, path) = faulty("execute_then_drop", json!({})).await;
    assert!(rig.request(Method::POST, &path).json(&body()).send().await.is_err());
    assert_eq!(refreshes(&rig, &path).await, 1);
}

#[tokio::test]
async fn an_error_may_come_before_or_after_the_work() {
    for (action, done) in [("error_before", 0), ("error_after", 1)] {
        let (rig, path) = faulty(action, json!({})).await;
        assert_eq!(rig.post(&path, body()).await.0, 500);
        assert_eq!(refreshes(&rig, &path).await, done, "{action}");
    }
}

#[tokio::test]
async fn a_proxy_may_answer_with_a_page() {
    let (rig, path) = faulty("bad_gateway", json!({})).await;
    let response = rig.request(Method::POST, &path).json(&body()).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()), (502, "text/html"));
    assert!(response.text().await.unwrap().starts_with("<html>"));
    assert_eq!(refreshes(&rig, &path).await, 0);
}

#[tokio::test]
async fn a_storm_of_429_executes_nothing() {
    let (rig, path) = faulty("throttle", json!({})).await;
    let (status, answer) = rig.post(&path, body()).await;
    assert_eq!((status, &answer["error"]["code"]), (429, &json!("throttled")));
    assert_eq!(refreshes(&rig, &path).await, 0);
}

#[tokio::test]
async fn an_answer_may_be_cut_in_the_middle() {
    let (rig, path) = faulty("truncate", json!({})).await;
    let text = rig.request(Method::POST, &path).json(&body()).send().await.unwrap().text().await.unwrap();
    assert!(text.starts_with('{') && serde_json::from_str::<Value>(&text).is_err());
    assert_eq!(refreshes(&rig, &path).await, 1);
}

#[tokio::test]
async fn headers_and_bodies_may_be_slow() {
    let (rig, path) = faulty("slow_headers", json!({ "ms": 60_000 })).await;
    // Time enough for the work to be done, even where the machine is busy.
    let request = rig.request(Method::POST, &path).json(&body()).timeout(Duration::from_secs(1));
    assert!(request.send().await.unwrap_err().is_timeout());
    assert_eq!(refreshes(&rig, &path).await, 1);
    let (rig, path) = faulty("slow_body", json!({ "ms": 1 })).await;
    assert_eq!(rig.post(&path, body()).await.1["employers"][0]["status"], "pending");
}

#[tokio::test]
async fn the_log_shows_what_a_fault_has_done() {
    let (rig, path) = faulty("execute_then_drop", json!({})).await;
    let after = rig.control(Method::GET, "log", Value::Null).await["last"].as_u64().unwrap();
    let _ = rig.request(Method::POST, &path).json(&body()).send().await;
    let log = rig.control(Method::GET, &format!("log?after={after}"), Value::Null).await;
    let entry = &log["entries"][0];
    assert_eq!(entry["kind"], "request");
    assert_eq!((&entry["method"], &entry["path"]), (&json!("POST"), &json!(path)));
    assert_eq!((&entry["status"], &entry["fault"]), (&Value::Null, &json!("execute_then_drop")));
    assert!(entry["order_id"].is_string());
    rig.try_control(Method::DELETE, "faults", Value::Null).await;
    assert_eq!(rig.control(Method::GET, "faults", Value::Null).await["rules"], json!([]));
}

#[tokio::test]
async fn a_rule_can_hit_a_share_of_the_requests() {
    let rig = Rig::new().await;
    rig.fault(json!({ "where": "api", "action": "error_before", "probability": 0.5 })).await;
    let mut failed = 0;
    for _ in 0..40 {
        failed += u32::from(rig.get("/v1/users/").await.0 == 500);
    }
    assert!((5..35).contains(&failed), "{failed}");
}
