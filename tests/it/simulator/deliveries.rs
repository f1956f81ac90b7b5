//! Deliveries: retries, the history, switching off, and what goes wrong on the way.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use recert::simulator::{OrderCreated, Settings, SigningKey};
use recert::truv::signature;
use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{Rig, SECOND_SECRET, SECRET, order_of, rosa, rosa_with_one_job};

async fn subscribed() -> (Rig, String) {
    let rig = Rig::new().await;
    rig.subscribe().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    (rig, order)
}

#[tokio::test]
async fn a_failed_delivery_comes_again_with_the_same_bytes_and_is_given_up_after_the_third_retry() {
    let (rig, order) = subscribed().await;
    rig.scenario("hang").await;
    rig.endpoint.answer(&[500]);
    rig.refresh(&order).await;
    let first = rig.endpoint.received()[0].clone();
    assert_eq!(first.kind(), "order-created");
    for answered in [404, 503, 500] {
        let before = rig.endpoint.received().len();
        rig.endpoint.answer(&[answered]);
        rig.advance(29).await;
        assert_eq!(rig.endpoint.received().len(), before);
        rig.advance(1).await;
        let again = rig.endpoint.received().last().unwrap().clone();
        assert_eq!(rig.endpoint.received().len(), before + 1);
        assert_eq!(again.body, first.body);
        assert_eq!(again.headers[signature::HEADER], first.headers[signature::HEADER]);
    }
    let count = rig.endpoint.received().len();
    rig.advance(3_600).await;
    assert_eq!(rig.endpoint.received().len(), count, "given up");
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_in_time_is_tried_again() {
    let (rig, order) = subscribed().await;
    rig.scenario("hang").await;
    rig.set(json!({ "order_created": "racing" })).await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", silent.local_addr().unwrap());
    let body = json!({ "name": "silent", "webhook_url": address, "env_type": "sandbox", "events": ["order-created"] });
    assert_eq!(rig.post("/v1/webhooks/", body).await.0, 201);
    rig.post(&format!("/v1/orders/{order}/"), json!({ "products": ["income"] })).await;
    let _open = silent.accept().await.unwrap();
    rig.advance(10).await;
    let (_, history) = rig.get("/v1/webhook-requests/?event_type=order-created").await;
    let timed_out = history["results"].as_array().unwrap().iter().find(|one| one["status_code"].is_null()).unwrap();
    assert_eq!(timed_out["error_message"], "Read timed out");
    rig.control(Method::POST, "clock/advance", json!({ "seconds": 30 })).await;
    silent.accept().await.unwrap();
}

#[tokio::test]
async fn every_attempt_is_in_the_history_which_is_read_by_cursor() {
    let (rig, order) = subscribed().await;
    rig.endpoint.answer(&[500]);
    rig.refresh(&order).await;
    rig.advance(30).await;
    let sent = rig.endpoint.received();
    let strip = |address: &str| address.strip_prefix(&format!("http://{}", rig.sim.api_addr())).unwrap().to_owned();
    let mut path = "/v1/webhook-requests/?page_size=4".to_owned();
    let mut outer = Vec::new();
    let mut inner = BTreeSet::new();
    let last = loop {
        let (status, page) = rig.get(&path).await;
        assert_eq!(status, 200);
        assert!(page.get("count").is_none());
        for one in page["results"].as_array().unwrap() {
            outer.push(one["webhook_id"].as_str().unwrap().to_owned());
            inner.insert(one["webhook_payload"]["webhook_id"].as_str().unwrap().to_owned());
            assert!(one["webhook_payload"].get("updated_at").is_none(), "history payloads are sparser");
        }
        match page["next"].as_str() {
            Some(next) => path = strip(next),
            None => break page,
        }
    };
    assert_eq!(outer.len(), sent.len());
    assert_eq!(outer.iter().collect::<BTreeSet<_>>().len(), outer.len(), "each attempt has its own id");
    let known: BTreeSet<String> =
        sent.iter().map(|one| one.json()["webhook_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(inner, known);
    let (_, back) = rig.get(&strip(last["previous"].as_str().unwrap())).await;
    assert_eq!(back["results"].as_array().unwrap().len(), 4);
    assert_eq!(rig.get("/v1/webhook-requests/?status_code=500").await.1["results"].as_array().unwrap().len(), 1);
    let since = rig.get("/v1/webhook-requests/?created_at__gte=2026-03-04T15:00:30Z").await.1;
    assert_eq!(since["results"].as_array().unwrap().len(), 1, "the retry only");
    assert_eq!(rig.get("/v1/webhook-requests/?status_code=42").await.0, 400);
    assert_eq!(rig.get("/v1/webhook-requests/?cursor=%2A").await.0, 404);
    rig.set(json!({ "history_payload": "full" })).await;
    let (_, full) = rig.get("/v1/webhook-requests/?event_type=order-created").await;
    assert_eq!(full["results"][0]["webhook_payload"]["order_number"], "SNAP-2026-004417");
}

#[tokio::test]
async fn an_endpoint_that_keeps_failing_is_switched_off_and_nothing_is_replayed() {
    let rig = Rig::with(Settings { disable_after: 3, retry_count: 0, ..Settings::at_once() }).await;
    let id = rig.subscribe().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    rig.endpoint.answer(&[500, 500, 500]);
    rig.refresh(&order).await;
    assert_eq!(rig.endpoint.received().len(), 3);
    let path = format!("/v1/webhooks/{id}/");
    assert_eq!(rig.get(&path).await.1["enabled"], false);
    rig.refresh(&order).await;
    assert_eq!(rig.endpoint.received().len(), 3);
    rig.patch(&path, json!({ "enabled": true })).await;
    rig.sim.settled().await;
    assert_eq!(rig.endpoint.received().len(), 3, "nothing is replayed");
    rig.refresh(&order).await;
    assert!(rig.endpoint.received().len() > 3);
}

#[tokio::test]
async fn order_created_comes_before_or_after_the_response() {
    for (when, early) in [(OrderCreated::Before, true), (OrderCreated::After, false)] {
        let rig = Rig::with(Settings { order_created: when, ..Settings::default() }).await;
        rig.set(json!({ "requests_per_minute": 0 })).await;
        rig.subscribe().await;
        let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
        // A slow response leaves an event that does not wait ample time to arrive.
        rig.fault(json!({ "where": "api", "match": { "method": "POST" }, "action": "slow_headers",
                          "params": { "ms": 150 } }))
            .await;
        rig.post(&format!("/v1/orders/{order}/"), json!({ "products": ["income"] })).await;
        if early {
            assert_eq!(rig.endpoint.received().len(), 1);
        } else {
            let log = rig.control(Method::GET, "log", Value::Null).await;
            let kinds: Vec<&str> =
                log["entries"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
            let response = kinds.iter().rposition(|kind| *kind == "request").unwrap();
            assert!(!kinds[..response].contains(&"delivery"));
            rig.endpoint.wait_for(1).await;
        }
        assert_eq!(rig.endpoint.wait_for(1).await[0].kind(), "order-created");
    }
}

#[tokio::test]
async fn either_of_two_active_secrets_may_sign() {
    for (key, secret) in [(SigningKey::Newest, SECRET), (SigningKey::Oldest, SECOND_SECRET)] {
        let rig = Rig::with(Settings { signing_key: key, ..Settings::at_once() }).await;
        rig.subscribe().await;
        let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
        rig.refresh(&order).await;
        for one in rig.endpoint.received() {
            assert!(signature::verify(one.headers[signature::HEADER].as_bytes(), &one.body, [secret]));
        }
    }
}

#[tokio::test]
async fn events_of_one_order_keep_their_order_while_many_run() {
    let rig = Rig::new().await;
    rig.set(json!({ "refreshes_per_day": 1000 })).await;
    rig.subscribe().await;
    let order = order_of(&rig.sim.seed(rosa()).unwrap());
    let path = format!("/v1/orders/{order}/");
    futures_util::future::join_all((0..50).map(|_| rig.post(&path, json!({ "products": ["income"] })))).await;
    rig.sim.settled().await;
    let mut times = std::collections::HashMap::<String, String>::new();
    let received = rig.endpoint.received();
    assert!(received.len() >= 50 * 13, "{}", received.len());
    for body in received.iter().map(super::rig::Received::json) {
        let Some(tracking) = body["tracking_info"].as_str() else { continue };
        let at = body["event_created_at"].as_str().unwrap().to_owned();
        if let Some(before) = times.insert(tracking.to_owned(), at.clone()) {
            assert!(before < at, "{before} {at}");
        }
    }
}

async fn story_with(rule: Value) -> (Rig, String) {
    let (rig, order) = subscribed().await;
    rig.scenario("hang").await;
    let mut rule = rule;
    rule["where"] = json!("delivery");
    rule["match"] = json!({ "event_type": "order-created" });
    rule["times"] = json!(1);
    rig.fault(rule).await;
    rig.refresh(&order).await;
    (rig, order)
}

#[tokio::test]
async fn a_dropped_delivery_is_only_in_the_history() {
    let (rig, _) = story_with(json!({ "action": "drop" })).await;
    rig.advance(120).await;
    assert_eq!(rig.endpoint.story(), ["task-status-updated new", "task-status-updated login"]);
    let (_, history) = rig.get("/v1/webhook-requests/?event_type=order-created").await;
    assert_eq!(history["results"][0]["status_code"], Value::Null);
}

#[tokio::test]
async fn a_delayed_delivery_is_overtaken() {
    let (rig, _) = story_with(json!({ "action": "delay", "params": { "ms": 5_000 } })).await;
    assert_eq!(rig.endpoint.story(), ["task-status-updated new", "task-status-updated login"]);
    rig.advance(5).await;
    assert_eq!(rig.endpoint.story().last().unwrap(), "order-created pending");
}

#[tokio::test]
async fn a_duplicate_has_the_same_bytes() {
    let (rig, _) = story_with(json!({ "action": "duplicate", "params": { "copies": 2 } })).await;
    let copies: Vec<_> = rig.endpoint.received().into_iter().filter(|one| one.kind() == "order-created").collect();
    assert_eq!(copies.len(), 3);
    assert!(copies.iter().all(|one| one.body == copies[0].body));
}

#[tokio::test]
async fn a_wrong_or_missing_signature_is_repaired_by_the_retry() {
    for action in ["wrong_signature", "missing_header"] {
        let (rig, order) = subscribed().await;
        rig.scenario("hang").await;
        rig.fault(json!({ "where": "delivery", "action": action, "times": 1 })).await;
        rig.endpoint.answer(&[401]);
        rig.refresh(&order).await;
        rig.advance(30).await;
        let valid = |one: &super::rig::Received| {
            one.headers
                .get(signature::HEADER)
                .is_some_and(|header| signature::verify(header.as_bytes(), &one.body, [SECRET]))
        };
        let received = rig.endpoint.received();
        assert!(!valid(&received[0]), "{action}");
        let again = received.last().unwrap();
        assert_eq!(again.body, received[0].body);
        assert!(valid(again), "{action}");
    }
}

#[tokio::test]
async fn an_oversize_body_is_signed_like_any_other() {
    let (rig, _) = story_with(json!({ "action": "oversize", "params": { "bytes": 100_000 } })).await;
    let large = rig.endpoint.received()[0].clone();
    assert!(large.body.len() >= 100_000);
    assert!(signature::verify(large.headers[signature::HEADER].as_bytes(), &large.body, [SECRET]));
}

#[tokio::test]
async fn an_event_nobody_knows_comes_between() {
    let (rig, _) = story_with(json!({ "action": "unknown_event" })).await;
    assert_eq!(rig.endpoint.story()[..2], ["payday-moved".to_owned(), "order-created pending".to_owned()]);
}

#[tokio::test]
async fn a_redirect_is_followed() {
    let (rig, _) = story_with(json!({ "action": "redirect", "params": { "status": 307 } })).await;
    let first = rig.endpoint.received()[0].clone();
    assert_eq!((first.method.as_str(), first.kind().as_str()), ("POST", "order-created"));
    assert!(signature::verify(first.headers[signature::HEADER].as_bytes(), &first.body, [SECRET]));
}

#[tokio::test]
async fn reordering_delivers_everything_in_another_order() {
    let (rig, order) = subscribed().await;
    rig.fault(json!({ "where": "delivery", "action": "reorder", "params": { "ms": 10_000 } })).await;
    rig.refresh(&order).await;
    for _ in 0..11 {
        rig.advance(1).await;
    }
    let story = rig.endpoint.story();
    assert_eq!(story.len(), 8);
    let times: Vec<String> =
        rig.endpoint.received().iter().map(|one| one.json()["event_created_at"].as_str().unwrap().to_owned()).collect();
    assert!(!times.is_sorted(), "{story:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_refreshes_at_once_all_arrive() {
    let rig = Rig::new().await;
    rig.subscribe().await;
    let one = rosa_with_one_job().people.remove(0);
    let people = (0..1_000)
        .map(|number| {
            let mut person = one.clone();
            person.external_user_id = format!("person-{number}");
            person
        })
        .collect();
    let seeded = rig.sim.seed(recert::simulator::SeedBatch { people, ..Default::default() }).unwrap();
    futures_util::stream::iter(&seeded.people)
        .for_each_concurrent(50, |person| {
            let path = format!("/v1/orders/{}/", person.orders[0].order_id);
            let rig = &rig;
            async move { assert_eq!(rig.post(&path, json!({ "products": ["income"] })).await.0, 201) }
        })
        .await;
    rig.sim.settled().await;
    assert_eq!(rig.endpoint.received().len(), 8_000);
}
