//! What Truv's documents leave open must not matter: the same story with every value of every such setting,
//! several to a story.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use recert::simulator::{
    Edition, HistoryPayload, InitialOrderMode, OrderCreated, QuotaMode, RefreshFailedStatus, Scenario, Settings,
    SigningKey,
};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::world::{KnownCase, World};

fn set(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::at_once();
    change(&mut settings);
    settings
}

#[rstest]
#[case::as_usual(set(|_| ()))]
#[case::the_quota_fails_the_suborder(set(|s| { s.quota_mode = QuotaMode::FailSuborder; s.quota_counts_failures = false; }))]
#[case::failed_orders_say_error(set(|s| s.refresh_failed_status = RefreshFailedStatus::Error))]
#[case::created_comes_after_the_answer(set(|s| { s.order_created = OrderCreated::After; s.order_events_per_product = true; }))]
#[case::created_races_the_answer(set(|s| { s.order_created = OrderCreated::Racing; s.retry_count = 0; }))]
#[case::old_shapes_of_events(set(|s| s.edition = Edition::Legacy))]
#[case::signed_with_the_older_key(set(|s| { s.signing_key = SigningKey::Oldest; s.retry_count = 5; s.retry_gap = 300; }))]
#[case::what_no_client_should_notice(set(|s| {
    s.initial_order_mode = InitialOrderMode::Parent;
    s.refresh_alias_path = true;
    s.silent_refresh_extends_auth = true;
    s.history_payload = HistoryPayload::Full;
    s.trailing_slash_required = false;
    s.retry_after_header = false;
}))]
#[case::steps_take_time(set(|s| { s.step_ms = 200; s.suborder_lag_ms = 2_000; s.report_delay_ms = 1_000; }))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_ends_the_same(#[case] settings: Settings) {
    let fails_suborder = settings.quota_mode == QuotaMode::FailSuborder;
    let world = World::tuned(settings, |config| {
        let older = SecretString::from("sandbox-0000000000000000000000000000000000000009");
        config.agencies[0].secrets.push(older);
    })
    .await;
    let story = [
        (world.case("OK", &[Scenario::Ok]).await, "READY_FOR_REVIEW", "COMPLETED"),
        (world.case("LOGIN", &[Scenario::LoginError]).await, "NEEDS_CLIENT", "FAILED"),
        (world.case("OUTAGE", &[Scenario::UnavailableThenOk(1)]).await, "RETRY_SCHEDULED", "FAILED"),
        (world.case("NOTHING", &[Scenario::NoData]).await, "NEEDS_CASEWORKER", "NO_DATA"),
        (world.case("TWO", &[Scenario::Ok, Scenario::MfaError]).await, "NEEDS_CLIENT", "PARTIAL"),
        (
            world.case("QUOTA", &[Scenario::QuotaUsed]).await,
            "RETRY_SCHEDULED",
            if fails_suborder { "FAILED" } else { "REJECTED" },
        ),
    ];
    for (case, ..) in &story {
        world.refresh(case, &format!("key-{}", case.number)).await;
    }
    world.pass(12, Duration::from_secs(1)).await;
    for (case, status, order) in &story {
        let shown = world.show(case).await;
        assert_eq!((&shown["status"], &shown["latestOrder"]["status"]), (&json!(status), &json!(order)), "{shown:#}");
        world.assert_true(case).await;
    }
    tomorrow(&world, &story[5].0).await;
    throttled(&world, &story[2].0).await;
    client_logs_in(&world, &story[1].0).await;
    client_logs_in(&world, &story[4].0).await;
    for (case, ..) in &story[..5] {
        world.assert_true(case).await;
        let expected = if case.number == "NOTHING" { "NEEDS_CASEWORKER" } else { "READY_FOR_REVIEW" };
        assert_eq!(world.show(case).await["status"], expected, "{}", case.number);
    }
    world.assert_promises().await;
    assert!(recert::deliveries::counts(&world.app.kit().db).await.unwrap().troubled == 0, "every delivery was of use");
}

/// However Truv says that its count is used up, the connection has no refresh left and the retry waits for a day.
async fn tomorrow(world: &World, case: &KnownCase) {
    let shown = world.show(case).await;
    assert_eq!(shown["employerLinks"][0]["allowance"]["remaining"], 0, "{shown:#}");
    let retry_at: DateTime<Utc> = shown["latestOrder"]["failure"]["retryAt"].as_str().unwrap().parse().unwrap();
    assert!(retry_at > world.clock.now() + TimeDelta::hours(23), "{shown:#}");
}

/// The retry after the outage meets an API that asks for patience.
async fn throttled(world: &World, case: &KnownCase) {
    world.faults(json!([{ "where": "api", "action": "throttle", "times": 4 }])).await;
    // An hour later, and the tenth of it that chance may add.
    world.advance(Duration::from_secs(4_000)).await;
    world.pass(8, Duration::from_secs(16)).await;
    assert_eq!(world.show(case).await["status"], "READY_FOR_REVIEW");
}

async fn client_logs_in(world: &World, case: &KnownCase) {
    world.ask(case, &format!("ask-{}", case.number)).await;
    world.quiet().await;
    let order: Value = world.show(case).await["latestOrder"]["truvOrderId"].clone();
    world.applicant(order.as_str().unwrap(), json!({ "action": "login" })).await;
    world.pass(12, Duration::from_secs(1)).await;
}
