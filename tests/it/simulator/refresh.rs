//! A refresh as a client sees it.

use recert::truv::signature;
use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{Rig, SECRET, order_of, rosa, rosa_with_one_job};

#[tokio::test]
async fn a_refresh_walks_to_done_and_its_order_shows_employments() {
    let rig = Rig::new().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    rig.subscribe().await;
    let (status, made) = rig.post(&format!("/v1/orders/{order}/"), json!({ "products": ["income"] })).await;
    assert_eq!(status, 201);
    assert_eq!(made["employers"][0]["status"], "pending");
    assert_eq!(made["employers"][0]["last_task_status"], Value::Null);
    rig.sim.settled().await;
    assert_eq!(
        rig.endpoint.story(),
        [
            "order-created pending",
            "task-status-updated new",
            "task-status-updated login",
            "task-status-updated parse",
            "task-status-updated full_parse",
            "statements-updated",
            "task-status-updated done",
            "order-status-updated completed",
        ]
    );
    for one in rig.endpoint.received() {
        let header = one.headers[signature::HEADER].as_bytes();
        assert!(signature::verify(header, &one.body, [SECRET]));
        assert_eq!(one.headers["user-agent"], "Truv-Webhook-Service/2.0");
    }
    let (_, read) = rig.get(&format!("/v1/orders/{}/", made["id"].as_str().unwrap())).await;
    assert_eq!(read["employers"][0]["status"], "completed");
    assert_eq!(read["employers"][0]["last_task_status"], "done");
    assert!(read["employers"][0]["employments"][0]["statements"].as_array().unwrap().len() > 20);
    assert_ne!(read["completed_at"], Value::Null);
}

#[tokio::test]
async fn a_refresh_is_a_new_order_that_keeps_what_identifies_the_case() {
    let rig = Rig::new().await;
    let parent = order_of(&rig.sim.seed(rosa()).unwrap());
    let (_, before) = rig.get(&format!("/v1/orders/{parent}/")).await;
    let (_, made) = rig.post(&format!("/v1/orders/{parent}/"), json!({ "products": ["income"] })).await;
    let (_, after) = rig.get(&format!("/v1/orders/{parent}/")).await;
    assert_ne!(made["id"], before["id"]);
    assert_eq!(made["initial_order"], before["id"]);
    assert_eq!(after["refresh_order"], made["id"]);
    assert_eq!(made["order_number"], before["order_number"]);
    assert_eq!(made["user_id"], before["user_id"]);
    for place in 0..2 {
        let (old, new) = (&before["employers"][place], &made["employers"][place]);
        assert_ne!(old["id"], new["id"]);
        for same in ["link_id", "access_token", "suborder_number"] {
            assert_eq!(old[same], new[same], "{same}");
        }
        assert_eq!(new["status"], "pending");
    }
    let (_, second) = rig.post(&format!("/v1/orders/{parent}/"), json!({ "products": ["income"] })).await;
    assert_ne!(second["id"], made["id"], "two identical requests make two orders");
    let (_, last) = rig.get(&format!("/v1/orders/{parent}/")).await;
    assert_eq!(last["refresh_order"], second["id"]);
    let state = rig.control(Method::GET, "state", Value::Null).await;
    assert_eq!(state["orders"].as_array().unwrap().len(), 3);
}
