//! Deliveries get lost, come twice, late, out of order, or broken. The case ends where Truv says.

use std::time::Duration;

use recert::simulator::{OrderCreated, Scenario, Settings};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::world::World;

fn fault(action: &str, probability: f64, params: impl serde::Serialize) -> Value {
    json!({ "where": "delivery", "action": action, "probability": probability, "params": params })
}

#[rstest]
#[case::all_lost(vec![fault("drop", 1.0, json!({}))])]
#[case::half_lost(vec![fault("drop", 0.5, json!({}))])]
#[case::twice(vec![fault("duplicate", 1.0, json!({ "copies": 2 }))])]
#[case::shuffled(vec![fault("reorder", 1.0, json!({ "ms": 5_000 }))])]
#[case::late(vec![fault("delay", 0.5, json!({ "ms": 200_000 }))])]
#[case::lost_twice_and_shuffled(vec![
    fault("drop", 0.05, json!({})), fault("duplicate", 0.1, json!({})), fault("reorder", 1.0, json!({ "ms": 60_000 })),
])]
#[case::wrongly_signed(vec![fault("wrong_signature", 1.0, json!({}))])]
#[case::unsigned_at_first(vec![fault("missing_header", 0.5, json!({}))])]
#[case::too_large(vec![fault("oversize", 0.5, json!({ "bytes": 2_000_000 }))])]
#[case::with_noise(vec![fault("unknown_event", 1.0, json!({}))])]
#[case::by_a_detour(vec![fault("redirect", 1.0, json!({ "status": 307 }))])]
#[case::by_a_detour_that_loses_the_body(vec![fault("redirect", 0.5, json!({ "status": 302 }))])]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_case_ends_where_truv_says(#[case] rules: Vec<Value>) {
    let world = World::start().await;
    let story = [
        (world.case("OK", &[Scenario::Ok]).await, "READY_FOR_REVIEW"),
        (world.case("LOGIN", &[Scenario::LoginError]).await, "NEEDS_CLIENT"),
        (world.case("TWO", &[Scenario::Ok, Scenario::Ok]).await, "READY_FOR_REVIEW"),
        (world.case("NOTHING", &[Scenario::NoData]).await, "NEEDS_CASEWORKER"),
    ];
    world.faults(json!(rules)).await;
    for (case, _) in &story {
        world.refresh(case, &format!("key-{}", case.number)).await;
    }
    for (case, status) in &story {
        world.until_case_is(case, status).await;
    }
    // Whatever still comes late or again changes nothing.
    world.pass(8, Duration::from_secs(45)).await;
    for (case, status) in &story {
        let shown = world.show(case).await;
        assert_eq!(shown["status"], *status, "{shown:#}");
        let health = if *status == "NEEDS_CLIENT" { "BROKEN" } else { "HEALTHY" };
        assert_eq!(shown["employerLinks"][0]["health"], health, "{shown:#}");
        assert_eq!(world.true_refreshes(case).await, 1);
        world.assert_true(case).await;
    }
    world.assert_promises().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_that_only_the_order_told_in_one_word_is_looked_into() {
    let settings =
        Settings { refresh_failed_status: recert::simulator::RefreshFailedStatus::Error, ..Settings::at_once() };
    let world = World::with(settings).await;
    let case = world.case("SNAP-1", &[Scenario::AccountLocked]).await;
    let lost = |event: &str| json!({ "where": "delivery", "match": { "event_type": event }, "action": "drop" });
    world.faults(json!([lost("task-status-updated"), lost("link-disconnected")])).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!(
        (&shown["status"], &shown["latestOrder"]["failure"]["reason"]),
        (&"NEEDS_CLIENT".into(), &"ACCOUNT_LOCKED".into()),
        "{shown:#}"
    );
    world.advance(Duration::from_hours(2)).await;
    assert_eq!(world.true_refreshes(&case).await, 1, "a locked account is never tried again by itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_before_the_answer_waits_for_it_and_no_longer() {
    let world = World::with(Settings { order_created: OrderCreated::Racing, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let slow = json!({ "where": "api", "match": { "method": "POST" }, "action": "slow_headers", "times": 1, "params": { "ms": 400 } });
    world.faults(json!([slow])).await;
    world.refresh(&case, "key-1").await;
    // All of it without the clock moving: nothing waits for its time.
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!(
        (&shown["status"], &shown["latestOrder"]["employers"][0]["latestTask"]["status"]),
        (&"READY_FOR_REVIEW".into(), &"DONE".into()),
        "{shown:#}"
    );
    assert_eq!(recert::deliveries::counts(&world.app.kit().db).await.unwrap(), recert::deliveries::Counts::default());
}
