//! The edge of the API: keys, environments, paths, pages, and the smaller resources.

use recert::simulator::{SeedBatch, Settings};
use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{CLIENT, Rig, order_of, rosa, rosa_with_one_job};

async fn status_with(rig: &Rig, path: &str, client: &str, secret: &str) -> (u16, Value) {
    let response = rig
        .http
        .get(format!("http://{}{path}", rig.sim.api_addr()))
        .header("x-access-client-id", client)
        .header("x-access-secret", secret)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn without_the_right_key_nothing_is_shown() {
    let rig = Rig::new().await;
    let address = format!("http://{}/v1/orders/", rig.sim.api_addr());
    let bare = rig.http.get(&address).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    let body: Value = bare.json().await.unwrap();
    assert_eq!(body["error"]["code"], "authentication_failed");
    assert_eq!(status_with(&rig, "/v1/orders/", CLIENT, "sandbox-wrong").await.0, 401);
    assert_eq!(status_with(&rig, "/v1/orders/", "client-2", "sandbox-first").await.0, 401);
    assert_eq!(status_with(&rig, "/v1/orders/", CLIENT, "sandbox-second").await.0, 200);
}

#[tokio::test]
async fn another_clients_order_looks_absent_and_another_environments_is_forbidden() {
    let rig = Rig::new().await;
    let order = order_of(&rig.sim.seed(rosa()).unwrap());
    let path = format!("/v1/orders/{order}/");
    let (status, body) = status_with(&rig, &path, "client-2", "sandbox-other").await;
    assert_eq!((status, body), (404, json!({ "detail": "Not Found." })));
    let (status, body) = status_with(&rig, &path, CLIENT, "prod-first").await;
    assert_eq!((status, &body["error"]["code"]), (403, &json!("not_authenticated")));
}

#[tokio::test]
async fn a_path_without_its_slash_is_redirected_or_missing() {
    let rig = Rig::new().await;
    let response = rig.request(Method::GET, "/v1/orders?page=1").send().await.unwrap();
    assert_eq!(response.status(), 301);
    assert!(response.headers()["location"].to_str().unwrap().ends_with("/v1/orders/?page=1"));
    assert_eq!(rig.post("/v1/orders", json!({})).await.0, 404);
    rig.set(json!({ "trailing_slash_required": false })).await;
    assert_eq!(rig.get("/v1/orders").await.0, 200);
}

#[tokio::test]
async fn an_unknown_field_is_ignored_and_an_unknown_source_refused() {
    let rig = Rig::new().await;
    let order = json!({ "products": ["income"], "first_name": "Ana", "last_name": "Li", "colour": "red" });
    let (status, made) = rig.post("/v1/orders/", order.clone()).await;
    assert_eq!(status, 201);
    assert_eq!(made["source"], "internal");
    assert!(made["share_url"].as_str().unwrap().contains(made["bridge_token"].as_str().unwrap()));
    let mut wrong = order;
    wrong["source"] = json!("my-own-portal");
    let (status, body) = rig.post("/v1/orders/", wrong).await;
    assert_eq!(status, 400);
    assert_eq!(body["error"]["code"], "incorrect_parameters");
    assert_eq!(body["error"]["extra"]["invalid-params"][0]["field"], "source");
}

#[tokio::test]
async fn orders_of_one_person_share_the_user() {
    let rig = Rig::new().await;
    let seeded = rig.sim.seed(rosa()).unwrap();
    let order = json!({
        "products": ["income"], "first_name": "Rosa", "last_name": "Quintero", "external_user_id": "person-88213",
        "employers": [{ "company_name": "New Place", "suborder_number": "HH1-JOB3" }],
    });
    let (_, made) = rig.post("/v1/orders/", order).await;
    assert_eq!(made["user_id"], json!(seeded.people[0].user_id));
    assert_eq!(made["employers"][0]["company_name"], "New Place");
    assert_eq!(made["employers"][0]["suborder_number"], "HH1-JOB3");
    assert_eq!(made["employers"][0]["link_id"], Value::Null);
    let (_, users) = rig.get("/v1/users/?external_user_id=person-88213").await;
    assert_eq!(users["count"], 1);
}

#[tokio::test]
async fn a_list_is_walked_by_its_next_addresses() {
    let rig = Rig::new().await;
    for number in 0..5 {
        let order = json!({ "products": ["income"], "first_name": "A", "last_name": "B", "order_number": format!("N{number}") });
        rig.post("/v1/orders/", order).await;
    }
    let mut path = "/v1/orders/?page_size=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let (status, page) = rig.get(&path).await;
        assert_eq!((status, &page["count"]), (200, &json!(5)));
        let results = page["results"].as_array().unwrap().clone();
        seen.extend(results.iter().map(|order| order["order_number"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = next.strip_prefix(&format!("http://{}", rig.sim.api_addr())).unwrap().to_owned();
    }
    assert_eq!(seen, ["N4", "N3", "N2", "N1", "N0"]);
    assert_eq!(rig.get("/v1/orders/?page=9").await.0, 404);
}

#[tokio::test]
async fn a_links_token_is_masked_unless_the_list_is_of_one_user() {
    let rig = Rig::new().await;
    let seeded = rig.sim.seed(rosa()).unwrap();
    let (user, link) = (&seeded.people[0].user_id, &seeded.people[0].links[0]);
    let (_, one) = rig.get(&format!("/v1/links/{link}/")).await;
    let masked = one["access_token"].as_str().unwrap();
    assert!(masked.starts_with("****") && masked.len() == 32, "{masked}");
    let (_, all) = rig.get("/v1/links/").await;
    assert!(all["results"][0]["access_token"].as_str().unwrap().starts_with("****"));
    let (_, own) = rig.get(&format!("/v1/links/?user_id={user}")).await;
    let clear = own["results"][0]["access_token"].as_str().unwrap();
    assert!(!clear.contains('*'));
    assert_eq!(clear[28..], masked[28..]);
}

#[tokio::test]
async fn a_deleted_link_is_announced_and_cannot_be_refreshed() {
    let rig = Rig::new().await;
    rig.subscribe().await;
    let seeded = rig.sim.seed(rosa_with_one_job()).unwrap();
    let link = &seeded.people[0].links[0];
    assert_eq!(rig.delete(&format!("/v1/links/{link}/")).await.0, 204);
    rig.sim.settled().await;
    assert_eq!(rig.endpoint.story(), ["link-deleted"]);
    let path = format!("/v1/orders/{}/", order_of(&seeded));
    let (status, body) = rig.post(&path, json!({ "products": ["income"] })).await;
    assert_eq!(status, 400, "{body}");
    let (_, gone) = rig.get(&format!("/v1/links/{link}/")).await;
    assert_ne!(gone["deleted_at"], Value::Null);
    assert_eq!(rig.get(&format!("/v1/links/{link}/income/report/")).await.0, 404);
}

#[tokio::test]
async fn reports_show_what_the_connections_hold() {
    let rig = Rig::new().await;
    let seeded = rig.sim.seed(rosa()).unwrap();
    let (user, link) = (&seeded.people[0].user_id, &seeded.people[0].links[0]);
    let (status, report) = rig.post(&format!("/v1/users/{user}/reports/"), json!({ "is_voe": false })).await;
    assert_eq!(status, 201);
    assert_eq!(report["links"].as_array().unwrap().len(), 2);
    assert_eq!(report["links"][0]["provider"], "example_payroll");
    assert_eq!(report["links"][0]["employments"][0]["profile"]["ssn"], "900550142");
    let id = report["report_id"].as_str().unwrap();
    let (_, again) = rig.get(&format!("/v1/users/{user}/reports/{id}/")).await;
    assert_eq!(again, report);
    let (_, of_link) = rig.get(&format!("/v1/links/{link}/income/report/")).await;
    assert_eq!(of_link["employments"], report["links"][0]["employments"]);
    let (_, voe) = rig.post(&format!("/v1/users/{user}/reports/"), json!({ "is_voe": true })).await;
    assert_eq!(voe["links"][0]["employments"][0]["income"], Value::Null);
}

#[tokio::test]
async fn a_webhook_is_registered_once_per_address_and_only_on_this_machine() {
    let rig = Rig::new().await;
    let id = rig.subscribe().await;
    let body = |url: &str| json!({ "name": "second", "webhook_url": url, "env_type": "sandbox" });
    assert_eq!(rig.post("/v1/webhooks/", body(&rig.endpoint.url())).await.0, 400);
    assert_eq!(rig.post("/v1/webhooks/", body("http://example.com/hook")).await.0, 400);
    let other = json!({ "name": "prod", "webhook_url": "http://127.0.0.1:1/", "env_type": "prod" });
    assert_eq!(rig.post("/v1/webhooks/", other).await.0, 400);
    let (_, list) = rig.get("/v1/webhooks/").await;
    assert_eq!(list["results"][0]["id"], json!(id));
    let (status, changed) = rig.patch(&format!("/v1/webhooks/{id}/"), json!({ "events": ["order-created"] })).await;
    assert_eq!((status, &changed["events"]), (200, &json!(["order-created"])));
    assert_eq!(rig.delete(&format!("/v1/webhooks/{id}/")).await.0, 204);
    assert_eq!(rig.get(&format!("/v1/webhooks/{id}/")).await.0, 404);
}

#[tokio::test]
async fn the_smaller_calls_answer_as_documented() {
    let rig = Rig::new().await;
    let seeded = rig.sim.seed(rosa_with_one_job()).unwrap();
    let (user, order) = (&seeded.people[0].user_id, order_of(&seeded));
    let (_, found) = rig.post("/v1/orders/lookup/", json!({ "ssn": "900-55-0142" })).await;
    assert_eq!(found["results"][0]["id"], json!(order));
    let (_, none) = rig.post("/v1/orders/lookup/", json!({ "ssn": "0000" })).await;
    assert_eq!(none["count"], 0);
    let (status, added) = rig.post(&format!("/v1/orders/{order}/employers/"), json!({ "company_name": "X" })).await;
    assert_eq!((status, &added["status"]), (201, &json!("pending")));
    assert_eq!(rig.get(&format!("/v1/orders/{order}/invoice/")).await.1["order_group_id"], json!(order));
    let token = rig.get(&format!("/v1/links/?user_id={user}")).await.1["results"][0]["access_token"].clone();
    let body = json!({ "access_token": token, "product_type": "income" });
    let (status, task) = rig.post("/v1/refresh/tasks/", body).await;
    assert_eq!(status, 201);
    rig.sim.settled().await;
    let task = task["task_id"].as_str().unwrap();
    assert_eq!(rig.get(&format!("/v1/refresh/tasks/{task}/")).await.1["status"], "done");
    let (_, read) = rig.get(&format!("/v1/tasks/{task}/")).await;
    assert_eq!((&read["order_id"], &read["tracking_info"]), (&Value::Null, &Value::Null));
    assert_eq!(rig.get(&format!("/v1/tasks/?user_id={user}")).await.1["count"], 1);
    let plain = rig.request(Method::POST, "/v1/orders/").header("content-type", "text/plain").body("hello");
    assert_eq!(plain.send().await.unwrap().status(), 415);
    assert_eq!(rig.request(Method::PUT, "/v1/orders/").send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn the_control_port_says_what_is_wrong_with_a_request() {
    let rig = Rig::new().await;
    for (method, path, body) in [
        (Method::PUT, "scenario", json!({ "scenario": "fine" })),
        (Method::PUT, "settings", json!({ "no_such_setting": 1 })),
        (Method::PUT, "settings", json!({ "quota_mode": "maybe" })),
        (Method::PUT, "faults", json!({ "rules": [{ "where": "api", "action": "drop" }] })),
        (Method::POST, "clock/advance", json!({ "seconds": -1 })),
        (Method::POST, "seed", json!({ "people": [{ "nickname": "x" }] })),
    ] {
        let (status, answer) = rig.try_control(method, path, body).await;
        assert_eq!(status, 400, "{path}: {answer}");
        assert!(answer["error"].is_string(), "{path}: {answer}");
    }
    let (status, _) = rig.try_control(Method::PUT, "links/none/scenario", json!({ "scenario": "ok" })).await;
    assert_eq!(status, 404);
    for path in ["orders/none/applicant", "bridge-tokens/none/applicant"] {
        assert_eq!(rig.try_control(Method::POST, path, json!({ "action": "open" })).await.0, 404);
    }
    let settings: Settings = serde_json::from_value(rig.control(Method::GET, "settings", Value::Null).await).unwrap();
    assert_eq!(settings.retry_count, 3);
}

#[tokio::test]
async fn what_is_seeded_over_the_wire_is_what_is_seeded_in_process() {
    let (wire, direct) = (Rig::new().await, Rig::new().await);
    let batch = serde_json::to_value(rosa()).unwrap();
    let over_wire = wire.control(Method::POST, "seed", batch).await;
    let in_process = direct.sim.seed(rosa()).unwrap();
    assert_eq!(over_wire, serde_json::to_value(in_process).unwrap());
    let unknown = SeedBatch { client_id: Some("nobody".to_owned()), ..SeedBatch::default() };
    assert!(direct.sim.seed(unknown).is_err());
}
