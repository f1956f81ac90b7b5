//! Every value of every setting for what Truv's documents leave open, each in weather in which all that can go wrong on
//! the wire does: the promises hold, and when the weather clears everything stands where it stands at Truv.

use std::time::Duration;

use recert::simulator::{InitialOrderMode, QuotaMode, RefreshFailedStatus, Scenario, Settings};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::world::{KnownCase, World};

const STEP: Duration = Duration::from_secs(15);

/// All faults of calls and of deliveries, in shares that let most of them through. However the dice fall, the first two
/// orders and the first two deliveries are hit.
fn weather() -> Value {
    let api = |method: &str, action: &str, probability: f64, params: Value| {
        json!({ "where": "api", "match": { "method": method }, "action": action, "probability": probability,
                "params": params })
    };
    let delivery = |action: &str, probability: f64, params: Value| json!({ "where": "delivery", "action": action, "probability": probability, "params": params });
    let mut rules = vec![
        json!({ "where": "api", "match": { "method": "POST" }, "action": "execute_then_drop", "times": 1 }),
        json!({ "where": "api", "match": { "method": "POST" }, "action": "error_before", "times": 1 }),
        json!({ "where": "delivery", "action": "drop", "times": 1 }),
        json!({ "where": "delivery", "action": "duplicate", "params": { "copies": 2 }, "times": 1 }),
        json!({ "where": "api", "action": "refuse", "probability": 0.02 }),
    ];
    for (action, of_posts, of_reads, params) in [
        ("execute_then_drop", 0.10, 0.02, json!({})),
        ("error_after", 0.10, 0.02, json!({})),
        ("truncate", 0.05, 0.02, json!({})),
        ("error_before", 0.05, 0.02, json!({})),
        ("bad_gateway", 0.05, 0.02, json!({})),
        ("throttle", 0.05, 0.02, json!({})),
        ("never_answer", 0.02, 0.005, json!({})),
        ("slow_headers", 0.10, 0.02, json!({ "ms": 30 })),
        ("slow_body", 0.10, 0.02, json!({ "ms": 5 })),
    ] {
        rules.push(api("POST", action, of_posts, params.clone()));
        rules.push(api("GET", action, of_reads, params));
    }
    rules.extend([
        delivery("drop", 0.08, json!({})),
        delivery("duplicate", 0.10, json!({ "copies": 2 })),
        delivery("reorder", 0.20, json!({ "ms": 20_000 })),
        delivery("delay", 0.05, json!({ "ms": 90_000 })),
        delivery("wrong_signature", 0.04, json!({})),
        delivery("missing_header", 0.03, json!({})),
        delivery("oversize", 0.02, json!({ "bytes": 1_200_000 })),
        delivery("unknown_event", 0.04, json!({})),
        delivery("redirect", 0.04, json!({ "status": 307 })),
    ]);
    json!(rules)
}

/// Sends a mutation with one key until Truv is not said to be unavailable any more.
async fn insist(world: &World, operation: &str, field: &str, input: &Value) {
    for _ in 0..40 {
        let answer = world.send(operation, json!({ "input": input })).await[field].clone();
        match answer["userErrors"][0]["__typename"].as_str() {
            None => return,
            Some("UpstreamUnavailableError") => world.advance(STEP).await,
            Some(_) => panic!("{answer}"),
        }
    }
    panic!("Truv stays unavailable");
}

async fn refresh(world: &World, case: &KnownCase, round: u32) {
    let key = format!("{}-{round}", case.number);
    let input = json!({ "caseId": case.id, "purpose": "RENEWAL", "idempotencyKey": key });
    insist(world, "CreateRefreshOrder", "createRefreshOrder", &input).await;
}

/// Whether the call was lost twice without a trace, so that a person has to ask Truv: the one end that no machine mends.
fn is_left_to_a_person(shown: &Value) -> bool {
    shown["latestOrder"]["status"] == "OUTCOME_UNKNOWN" && shown["status"] == "NEEDS_CASEWORKER"
}

async fn stands(world: &World, case: &KnownCase, status: &str) {
    world.until_case(case, status, |shown| shown["status"] == status || is_left_to_a_person(shown)).await;
}

/// Truv as usual, where a story takes some seconds, but for what is changed.
fn truv(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings { step_ms: 500, suborder_lag_ms: 2_000, report_delay_ms: 1_000, ..Settings::at_once() };
    change(&mut settings);
    settings
}

#[rstest]
#[case::as_documented(truv(|_| ()))]
#[case::the_initial_order_is_the_parent(truv(|s| s.initial_order_mode = InitialOrderMode::Parent))]
#[case::the_quota_fails_the_suborder(truv(|s| s.quota_mode = QuotaMode::FailSuborder))]
#[case::failures_are_not_counted(truv(|s| s.quota_counts_failures = false))]
#[case::failed_orders_say_error(truv(|s| s.refresh_failed_status = RefreshFailedStatus::Error))]
#[case::an_event_for_each_product(truv(|s| s.order_events_per_product = true))]
#[case::another_path_for_refreshes(truv(|s| s.refresh_alias_path = true))]
#[case::nothing_is_delivered_again(truv(|s| s.retry_count = 0))]
#[case::deliveries_come_again_late(truv(|s| { s.retry_count = 5; s.retry_gap = 300; }))]
#[case::a_refresh_extends_the_authorisation(truv(|s| s.silent_refresh_extends_auth = true))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_holds_in_bad_weather(#[case] settings: Settings) {
    let world = World::tuned(settings, |config| config.truv.timeout = Duration::from_secs(1)).await;
    let story: [(&[Scenario], &str); 7] = [
        (&[Scenario::Ok], "READY_FOR_REVIEW"),
        (&[Scenario::OkNewStub, Scenario::OkNoChange], "READY_FOR_REVIEW"),
        (&[Scenario::LoginError], "NEEDS_CLIENT"),
        (&[Scenario::Ok, Scenario::MfaError], "NEEDS_CLIENT"),
        (&[Scenario::NoData], "NEEDS_CASEWORKER"),
        (&[Scenario::UnavailableThenOk(1)], "RETRY_SCHEDULED"),
        (&[Scenario::QuotaUsed], "RETRY_SCHEDULED"),
    ];
    let mut cast = Vec::new();
    for (n, (links, status)) in story.into_iter().enumerate() {
        cast.push((world.case(&format!("SNAP-{n}"), links).await, status));
    }
    world.faults(weather()).await;
    for (case, _) in &cast {
        refresh(&world, case, 0).await;
    }
    world.pass(8, STEP).await;
    for (case, status) in &cast {
        stands(&world, case, status).await;
    }
    // In the midst of it the client is asked, and what is ready is refreshed once more.
    let ask = json!({ "caseId": cast[2].0.id, "channels": ["EMAIL"], "idempotencyKey": "ask" });
    if !is_left_to_a_person(&world.show(&cast[2].0).await) {
        insist(&world, "SendVerificationLink", "sendVerificationLink", &ask).await;
    }
    if !is_left_to_a_person(&world.show(&cast[0].0).await) {
        refresh(&world, &cast[0].0, 1).await;
    }
    world.pass(8, STEP).await;

    world.faults(json!([])).await;
    let hit = |log: Vec<Value>| log.iter().filter(|entry| entry.get("fault").is_some()).count();
    let (calls, deliveries) = (hit(world.log("request").await), hit(world.log("delivery").await));
    assert!(calls >= 2 && deliveries >= 2, "the weather was bad: {calls} calls, {deliveries} deliveries");
    // The retry after the outage is due, and whatever still comes late has come.
    world.pass(6, Duration::from_secs(700)).await;
    for (case, status) in &cast {
        let ends = match *status {
            "NEEDS_CLIENT" if case.id == cast[2].0.id => "WAITING_ON_CLIENT",
            "RETRY_SCHEDULED" if case.id == cast[5].0.id => "READY_FOR_REVIEW",
            other => other,
        };
        stands(&world, case, ends).await;
    }
    if let Some(order) = world.show(&cast[2].0).await["latestOrder"]["truvOrderId"].as_str() {
        world.applicant(order, json!({ "action": "login" })).await;
        world.pass(4, STEP).await;
        stands(&world, &cast[2].0, "READY_FOR_REVIEW").await;
    }
    for (case, _) in &cast {
        world.assert_true(case).await;
    }
    world.assert_promises().await;
}
