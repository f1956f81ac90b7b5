//! A call may be carried out and its answer be lost. Truv knows no idempotency keys: whatever happens on the wire, one intent
//! is one order there.

use std::time::Duration;

use recert::simulator::{InitialOrderMode, OrderCreated, Scenario, Settings};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::world::{KnownCase, World};

/// Truv's time for a call: long for what is well, even where the machine is busy, and short for a test that waits for it.
const TIMEOUT: Duration = Duration::from_secs(1);

/// What may go wrong with one call, each once.
fn faults() -> Vec<Value> {
    let fault = |action: &str, params: Value| json!({ "where": "api", "action": action, "times": 1, "params": params });
    let mut faults: Vec<Value> = [
        "execute_then_drop",
        "error_before",
        "error_after",
        "bad_gateway",
        "truncate",
        "never_answer",
        "refuse",
        "throttle",
    ]
    .map(|action| fault(action, json!({})))
    .into();
    // Slow, and too slow.
    faults.push(fault("slow_headers", json!({ "ms": 50 })));
    faults.push(fault("slow_headers", json!({ "ms": 2_500 })));
    faults.push(fault("slow_body", json!({ "ms": 20 })));
    faults.push(fault("slow_body", json!({ "ms": 800 })));
    faults
}

async fn impatient(order_created: OrderCreated) -> World {
    let settings = Settings { order_created, ..Settings::at_once() };
    World::tuned(settings, |config| config.truv.timeout = TIMEOUT).await
}

async fn with_fault(world: &World, fault: &Value, matches: Value, times: u32) {
    let mut rule = fault.clone();
    rule["match"] = matches;
    rule["times"] = times.into();
    world.faults(json!([rule])).await;
}

/// Time for three looks and everything after them.
async fn settle(world: &World) {
    world.quiet().await;
    world.pass(6, Duration::from_secs(15)).await;
}

async fn assert_one_refresh(world: &World, case: &KnownCase, fault: &Value) {
    let shown = world.show(case).await;
    assert_eq!(world.true_refreshes(case).await, 1, "{fault}");
    assert_eq!(
        (&shown["status"], &shown["latestOrder"]["status"]),
        (&"READY_FOR_REVIEW".into(), &"COMPLETED".into()),
        "{fault} {shown:#}"
    );
    assert_eq!(shown["employerLinks"][0]["allowance"]["used"], 1, "{fault}");
    world.assert_true(case).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_refresh_whatever_happens_to_its_call(
    #[values(OrderCreated::Before, OrderCreated::After, OrderCreated::Racing)] order_created: OrderCreated,
) {
    let world = impatient(order_created).await;
    // When `order-created` comes matters to those alone whose call is carried out.
    let matters = |fault: &&Value| {
        order_created == OrderCreated::Before || fault["action"] == "execute_then_drop" || fault["action"] == "truncate"
    };
    for (n, fault) in faults().iter().filter(matters).enumerate() {
        let case = world.case(&format!("SNAP-{n}"), &[Scenario::Ok]).await;
        let path = format!("/v1/orders/{}/", case.truv_order);
        with_fault(&world, fault, json!({ "method": "POST", "path_prefix": path }), 1).await;
        world.refresh(&case, &format!("key-{n}")).await;
        settle(&world).await;
        assert_one_refresh(&world, &case, fault).await;
    }
    world.assert_promises().await;
}

#[rstest]
#[case::of_the_earlier_order(1)]
#[case::of_every_order_for_a_while(3)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_refresh_whatever_happens_to_the_reads(#[case] times: u32) {
    let world = impatient(OrderCreated::Before).await;
    for (n, fault) in faults().iter().enumerate() {
        let case = world.case(&format!("SNAP-{n}"), &[Scenario::Ok]).await;
        with_fault(&world, fault, json!({ "method": "GET", "path_prefix": "/v1/" }), times).await;
        world.refresh(&case, &format!("key-{n}")).await;
        settle(&world).await;
        assert_one_refresh(&world, &case, fault).await;
    }
    world.assert_promises().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_that_fail_prove_nothing() {
    let world = impatient(OrderCreated::After).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let post = json!({ "where": "api", "match": { "method": "POST", "path_prefix": "/v1/orders/" }, "action": "execute_then_drop", "times": 1 });
    let path = format!("/v1/orders/{}/", case.truv_order);
    // The first read is the one before the call.
    let reads = json!({ "where": "api", "match": { "method": "GET", "path_prefix": path }, "action": "bad_gateway", "times": 5 });
    world.faults(json!([post])).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    assert_eq!(world.show(&case).await["latestOrder"]["status"], "OUTCOME_UNKNOWN");
    world.faults(json!([reads])).await;
    world.pass(5, Duration::from_secs(15)).await;
    assert_eq!(world.show(&case).await["latestOrder"]["status"], "OUTCOME_UNKNOWN", "nobody has seen anything yet");
    settle(&world).await;
    assert_one_refresh(&world, &case, &reads).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_order_whatever_happens_to_the_call_that_asks_the_client() {
    let world = impatient(OrderCreated::Before).await;
    for (n, fault) in faults().iter().enumerate() {
        let case = world.case(&format!("SNAP-{n}"), &[Scenario::LoginError]).await;
        world.refresh(&case, &format!("key-{n}")).await;
        world.quiet().await;
        with_fault(&world, fault, json!({ "method": "POST", "path_prefix": "/v1/orders/" }), 1).await;
        world.ask(&case, &format!("ask-{n}")).await;
        settle(&world).await;
        let shown = world.show(&case).await;
        assert_eq!(shown["status"], "WAITING_ON_CLIENT", "{fault} {shown:#}");
        let user = world.true_order(&case.truv_order).await["user_id"].clone();
        let truth = world.truth().await;
        let of_person = truth["orders"].as_array().unwrap().iter().filter(|order| order["user_id"] == user).count();
        assert_eq!(of_person, 3, "the earlier order, the refresh, the ask: {fault}");
    }
    world.assert_promises().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_lost_twice_is_left_to_a_person_who_may_end_it() {
    let world = impatient(OrderCreated::Before).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.faults(json!([{ "where": "api", "match": { "method": "POST" }, "action": "error_before" }])).await;
    world.refresh(&case, "key-1").await;
    settle(&world).await;
    settle(&world).await;
    let shown = world.show(&case).await;
    assert_eq!(
        (&shown["latestOrder"]["status"], &shown["status"]),
        (&"OUTCOME_UNKNOWN".into(), &"NEEDS_CASEWORKER".into()),
        "{shown:#}"
    );
    let posts = |log: Vec<Value>| log.iter().filter(|entry| entry["method"] == "POST").count();
    assert_eq!(posts(world.log("request").await), 2);
    world.faults(json!([])).await;
    world.advance(Duration::from_hours(24)).await;
    assert_eq!(posts(world.log("request").await), 2, "nothing is sent again by itself");
    let refused = world.try_refresh(&case, "key-2", json!({})).await;
    assert_eq!(refused["userErrors"][0]["__typename"], "RefreshInProgressError");
    let order = super::cancel::newest(&world).await;
    recert::orders::cancel(world.app.kit(), &world.caller().await, order).await.unwrap();
    world.refresh(&case, "key-3").await;
    settle(&world).await;
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
    assert_eq!(world.true_refreshes(&case).await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_refresh_of_a_refresh_is_found(
    #[values(InitialOrderMode::Root, InitialOrderMode::Parent)] initial_order_mode: InitialOrderMode,
) {
    let world = World::with(Settings { initial_order_mode, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let first = world.show(&case).await["latestOrder"].clone();
    world.advance(Duration::from_mins(1)).await;
    for (n, action) in ["execute_then_drop", "error_after"].into_iter().enumerate() {
        world.faults(json!([{ "where": "api", "match": { "method": "POST" }, "action": action, "times": 1 }])).await;
        let made = world.try_refresh(&case, &format!("deep-{n}"), json!({ "sourceOrderId": first["id"] })).await;
        assert_eq!(made["order"]["parent"]["id"], first["id"], "{made}");
        settle(&world).await;
        assert_eq!(world.show(&case).await["latestOrder"]["status"], "COMPLETED");
        let deep = world.true_order(first["truvOrderId"].as_str().unwrap()).await;
        assert_eq!(deep["refreshes"], n + 1);
    }
    world.assert_promises().await;
}
