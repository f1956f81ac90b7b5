//! Three refreshes of one connection in 24 hours, exactly.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use recert::simulator::{QuotaMode, Scenario, Settings};
use rstest::rstest;
use serde_json::json;

use crate::support::world::World;

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fourth_refresh_of_a_day_is_refused_until_the_first_leaves_the_window() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let start = world.clock.now();
    for key in ["key-1", "key-2", "key-3"] {
        world.refresh(&case, key).await;
        world.quiet().await;
        world.advance(HOUR).await;
    }
    let refused = world.try_refresh(&case, "key-4", json!({})).await;
    let error = &refused["userErrors"][0];
    assert_eq!(error["__typename"], "RefreshLimitError", "{refused}");
    let next: DateTime<Utc> = error["nextAvailableAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(next, start + TimeDelta::hours(24));
    let allowance = world.show(&case).await["employerLinks"][0]["allowance"].clone();
    assert_eq!(
        allowance,
        json!({ "limit": 3, "used": 3, "remaining": 0, "nextAvailableAt": error["nextAvailableAt"] })
    );
    world.clock.advance((next - world.clock.now() - TimeDelta::seconds(1)).to_std().unwrap());
    assert_ne!(world.try_refresh(&case, "key-5", json!({})).await["userErrors"], json!([]));
    world.clock.advance(Duration::from_secs(1));
    world.refresh(&case, "key-6").await;
    world.quiet().await;
    assert_eq!(world.show(&case).await["latestOrder"]["status"], "COMPLETED");
    assert_eq!(world.true_refreshes(&case).await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_at_once_never_get_more_than_is_left() {
    let world = World::with(Settings { step_ms: 0, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    for round in 0..8 {
        let keys: Vec<String> = (0..20).map(|n| format!("key-{round}-{n}")).collect();
        let answers = join_all(keys.iter().map(|key| world.try_refresh(&case, key, json!({})))).await;
        let won = answers.iter().filter(|answer| answer["userErrors"] == json!([])).count();
        assert!(won <= 3, "{won}");
        world.quiet().await;
    }
    assert_eq!(world.true_refreshes(&case).await, 3);
    let last = world.try_refresh(&case, "key-last", json!({})).await;
    assert_eq!(last["userErrors"][0]["__typename"], "RefreshLimitError", "{last}");
    assert!(world.log("request").await.iter().all(|entry| entry["status"] != 400), "Truv never had to refuse");
}

/// Two hundred at once, and more after them, over as many gateways as the database allows.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_on_two_replicas_never_get_more_than_the_quota(
    #[values(QuotaMode::RejectPost, QuotaMode::FailSuborder)] quota_mode: QuotaMode,
) {
    let settings = Settings { quota_mode, ..Settings::at_once() };
    let world = World::tuned(settings, |config| config.graphql.max_per_subject = 256).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let is_shared = world.app.kit().db.backend() == sea_orm::DatabaseBackend::Postgres;
    let other = if is_shared { Some(world.replica().await) } else { None };
    for (round, count) in [200, 20, 20, 20].into_iter().enumerate() {
        let answers = join_all((0..count).map(|n| {
            let app = other.as_ref().filter(|_| n % 2 == 0).unwrap_or(&world.app);
            let key = format!("key-{round}-{n}");
            let input = json!({ "caseId": case.id, "purpose": "RENEWAL", "idempotencyKey": key });
            world.send_to(app, "CreateRefreshOrder", json!({ "input": input }))
        }))
        .await;
        let won = answers.iter().filter(|answer| answer["createRefreshOrder"]["userErrors"] == json!([])).count();
        assert!(won <= 3, "{won} of {count}");
        world.quiet().await;
    }
    assert_eq!(world.true_refreshes(&case).await, 3);
    let orders = world.orders(&case).await;
    assert!(orders[1..].iter().all(|order| order["status"] == "COMPLETED"), "Truv never had to refuse: {orders:#?}");
    let ledger = world.send("Ledger", json!({})).await["ledger"]["totalCount"].clone();
    assert_eq!(ledger, 3);
    if let Some(other) = other {
        other.stop(Duration::ZERO).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_without_a_refresh_left_stops_the_whole_order() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok, Scenario::Ok]).await;
    let employers = world.show(&case).await["latestOrder"]["employers"].clone();
    for n in 0..3 {
        world.try_refresh(&case, &format!("key-{n}"), json!({ "employerIds": [employers[0]["id"]] })).await;
        world.quiet().await;
    }
    let refused = world.try_refresh(&case, "key-all", json!({})).await;
    assert_eq!(refused["userErrors"].as_array().unwrap().len(), 1, "{refused}");
    assert_eq!(refused["userErrors"][0]["__typename"], "RefreshLimitError");
    let made = world.try_refresh(&case, "key-second", json!({ "employerIds": [employers[1]["id"]] })).await;
    assert_eq!(made["userErrors"], json!([]), "{made}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn truvs_own_refusal_gives_the_refresh_back_and_is_tried_again_a_day_later() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::QuotaUsed]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!((&shown["latestOrder"]["status"], &shown["status"]), (&"REJECTED".into(), &"RETRY_SCHEDULED".into()));
    let allowance = &shown["employerLinks"][0]["allowance"];
    assert_eq!((&allowance["used"], &allowance["remaining"]), (&3.into(), &0.into()), "Truv's own count wins");
    let failure = world.orders(&case).await.pop().unwrap()["failure"].clone();
    assert_eq!((&failure["reason"], &failure["nextAction"]), (&"UNKNOWN".into(), &"RETRY_LATER".into()), "{failure}");
    assert_eq!(failure["retryAt"], allowance["nextAvailableAt"]);
    let again = world.try_refresh(&case, "key-2", json!({})).await;
    assert_eq!(again["userErrors"][0]["__typename"], "RefreshLimitError", "{again}");
    world.scenario(&case.links[0], "ok").await;
    world.advance(25 * HOUR).await;
    let shown = world.show(&case).await;
    assert_eq!(
        (&shown["latestOrder"]["kind"], &shown["status"]),
        (&"RETRY".into(), &"READY_FOR_REVIEW".into()),
        "{shown:#}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_day_begins_when_the_call_leaves() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    // For an hour the earlier order cannot be read, and so nothing is sent.
    world.faults(json!([{ "where": "api", "match": { "method": "GET" }, "action": "error_before" }])).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    world.advance(HOUR).await;
    world.faults(json!([])).await;
    world.advance(Duration::from_secs(10)).await;
    let sent = world.clock.now();
    for key in ["key-2", "key-3"] {
        world.refresh(&case, key).await;
        world.quiet().await;
    }
    let refused = world.try_refresh(&case, "key-4", json!({})).await;
    let next: DateTime<Utc> = refused["userErrors"][0]["nextAvailableAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(next, sent + TimeDelta::hours(24), "{refused}");
}
