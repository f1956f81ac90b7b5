//! The two editions of events, and the switches for what nobody knows.

use recert::simulator::{Edition, InitialOrderMode, Settings};
use serde_json::{Map, Value, json};

use super::rig::{Rig, order_of, rosa, rosa_with_one_job};

/// The names of an object's fields in the order they were sent.
fn field_order(body: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(body).unwrap();
    let fields: Map<String, Value> = serde_json::from_str(text).unwrap();
    let mut names: Vec<String> = fields.keys().cloned().collect();
    names.sort_by_key(|name| text.find(&format!("\"{name}\":")).unwrap());
    names
}

async fn events(settings: Settings) -> (Rig, Vec<super::rig::Received>) {
    let rig = Rig::with(settings).await;
    rig.subscribe().await;
    let order = order_of(&rig.sim.seed(rosa()).unwrap());
    rig.refresh(&order).await;
    let received = rig.endpoint.received();
    (rig, received)
}

#[tokio::test]
async fn the_current_edition_has_the_fields_of_the_published_samples() {
    let (_rig, received) = events(Settings::at_once()).await;
    let fields = |kind: &str| field_order(&received.iter().find(|one| one.kind() == kind).unwrap().body);
    assert_eq!(
        fields("task-status-updated").join(" "),
        "webhook_id event_type event_created_at product link_id user_id data_source task_id tracking_info status \
         template_id updated_at"
    );
    assert_eq!(
        fields("order-status-updated").join(" "),
        "webhook_id event_type event_created_at updated_at product link_id user_id data_source order_id order_number \
         employer_id status template_id"
    );
    assert_eq!(
        fields("statements-updated").join(" "),
        "webhook_id task_id link_id product data_source tracking_info event_type event_created_at objects_count \
         employment_id user_id"
    );
    let task = received.iter().find(|one| one.kind() == "task-status-updated").unwrap().json();
    assert!(task["event_created_at"].as_str().unwrap().ends_with('Z'));
    assert!(task["updated_at"].as_str().unwrap().ends_with("+00:00"));
    let created = received.iter().find(|one| one.kind() == "order-created").unwrap().json();
    for null in ["link_id", "data_source", "employer_id"] {
        assert_eq!(created[null], Value::Null, "{null}");
    }
}

#[tokio::test]
async fn the_legacy_edition_lacks_three_fields_and_reports_an_order_once() {
    let (rig, received) = events(Settings { edition: Edition::Legacy, ..Settings::at_once() }).await;
    for one in &received {
        for missing in ["user_id", "template_id", "updated_at"] {
            assert!(one.json().get(missing).is_none(), "{missing}");
        }
    }
    let updated = |rig: &Rig| rig.endpoint.story().iter().filter(|kind| kind.starts_with("order-status")).count();
    assert_eq!(updated(&rig), 1);
    assert_eq!(field_order(&received[0].body).last().unwrap(), "event_created_at");
}

#[tokio::test]
async fn the_initial_order_is_the_root_or_the_parent() {
    for mode in [InitialOrderMode::Root, InitialOrderMode::Parent] {
        let rig = Rig::with(Settings { initial_order_mode: mode, ..Settings::at_once() }).await;
        let root = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
        let first = rig.refresh(&root).await;
        let second = rig.refresh(&first).await;
        let (_, read) = rig.get(&format!("/v1/orders/{second}/")).await;
        let expected = if mode == InitialOrderMode::Root { root } else { first };
        assert_eq!(read["initial_order"], json!(expected));
    }
}

#[tokio::test]
async fn order_created_may_come_once_per_product() {
    let rig = Rig::new().await;
    rig.set(json!({ "order_events_per_product": true })).await;
    rig.subscribe().await;
    let order = json!({ "products": ["income", "employment"], "first_name": "Ana", "last_name": "Li" });
    rig.post("/v1/orders/", order).await;
    rig.sim.settled().await;
    let products: Vec<Value> = rig.endpoint.received().iter().map(|one| one.json()["product"].clone()).collect();
    assert_eq!(products, ["income", "employment"]);
}

#[tokio::test]
async fn the_other_refresh_path_exists_by_the_setting() {
    let rig = Rig::new().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    let path = format!("/v1/orders/{order}/refresh/");
    assert_eq!(rig.post(&path, json!({})).await.0, 404);
    rig.set(json!({ "refresh_alias_path": true })).await;
    let (status, made) = rig.post(&path, json!({})).await;
    assert_eq!((status, &made["initial_order"]), (201, &json!(order)));
}
