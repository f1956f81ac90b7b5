//! What passes by itself is tried again by itself, bounded; what does not end is given to a caseworker.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use recert::simulator::Scenario;
use serde_json::Value;

use crate::support::world::{KnownCase, World};

const HOUR: Duration = Duration::from_hours(1);

fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

async fn started(scenario: Scenario) -> (World, KnownCase) {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[scenario]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    (world, case)
}

async fn standing(world: &World, case: &KnownCase) -> [String; 2] {
    let shown = world.show(case).await;
    ["status", "nextAction"].map(|field| shown[field].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_tried_again_until_it_is_over() {
    let (world, case) = started(Scenario::UnavailableThenOk(2)).await;
    let first = world.orders(&case).await.pop().unwrap();
    let wait = instant(&first["failure"]["retryAt"]) - world.clock.now();
    assert!(wait > TimeDelta::minutes(59) && wait <= TimeDelta::minutes(66), "an hour and up to a tenth more: {wait}");
    world.advance(HOUR / 2).await;
    assert_eq!(world.true_refreshes(&case).await, 1, "not before its time");
    world.advance(HOUR).await;
    let second = world.orders(&case).await.pop().unwrap();
    assert_eq!((&second["kind"], &second["status"]), (&Value::from("RETRY"), &Value::from("FAILED")), "{second:#}");
    assert!(instant(&second["failure"]["retryAt"]) > world.clock.now() + TimeDelta::hours(5));
    world.advance(7 * HOUR).await;
    let orders = world.orders(&case).await;
    assert_eq!(orders.len(), 4, "{orders:#?}");
    assert_eq!(orders[3]["status"], "COMPLETED");
    assert!(orders[1..].iter().all(|order| order["parent"]["id"] == orders[0]["id"]), "{orders:#?}");
    assert_eq!(standing(&world, &case).await, ["READY_FOR_REVIEW", "REVIEW"]);
    assert_eq!(world.show(&case).await["employerLinks"][0]["health"], "HEALTHY");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_without_an_end_is_left_to_a_caseworker_and_to_no_client() {
    let (world, case) = started(Scenario::Unavailable).await;
    for _ in 0..3 {
        assert_eq!(standing(&world, &case).await, ["RETRY_SCHEDULED", "RETRY_LATER"]);
        world.advance(27 * HOUR).await;
    }
    assert_eq!(standing(&world, &case).await, ["NEEDS_CASEWORKER", "RESOLVE_BY_HAND"]);
    world.advance(100 * HOUR).await;
    assert_eq!(world.true_refreshes(&case).await, 4);
    assert_eq!(world.truth().await["notices"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unexplained_error_is_tried_again_once() {
    let (world, case) = started(Scenario::Error).await;
    world.advance(2 * HOUR).await;
    assert_eq!(standing(&world, &case).await, ["NEEDS_CASEWORKER", "RESOLVE_BY_HAND"]);
    world.advance(50 * HOUR).await;
    assert_eq!(world.true_refreshes(&case).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_client_must_mend_is_never_tried_again() {
    for scenario in [Scenario::LoginError, Scenario::AuthExpired] {
        let (world, case) = started(scenario).await;
        assert_eq!(standing(&world, &case).await, ["NEEDS_CLIENT", "SEND_VERIFICATION_LINK"]);
        world.advance(100 * HOUR).await;
        assert_eq!(world.true_refreshes(&case).await, 1);
        let refused = world.try_refresh(&case, "key-2", serde_json::json!({})).await;
        assert_eq!(refused["userErrors"][0]["__typename"], "ReauthenticationRequiredError", "{refused}");
        assert_eq!(refused["userErrors"][0]["link"]["health"], "BROKEN");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caseworker_who_acts_first_makes_the_retry_needless() {
    let (world, case) = started(Scenario::UnavailableThenOk(1)).await;
    world.refresh(&case, "key-2").await;
    world.quiet().await;
    assert_eq!(standing(&world, &case).await, ["READY_FOR_REVIEW", "REVIEW"]);
    world.advance(2 * HOUR).await;
    assert_eq!(world.true_refreshes(&case).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_without_an_end_stalls_and_its_late_end_is_taken() {
    let (world, case) = started(Scenario::Hang).await;
    assert_eq!(standing(&world, &case).await, ["REFRESHING", "WAIT"]);
    let stalled = async || {
        world.clock.advance(Duration::from_secs(61));
        (world.show(&case).await["latestOrder"]["status"] == "STALLED").then_some(())
    };
    world.until("the order stalls", stalled).await;
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!(standing(&world, &case).await, ["NEEDS_CASEWORKER", "RESOLVE_BY_HAND"]);
    assert_eq!(shown["latestOrder"]["failure"]["reason"], "STALLED");
    let order = shown["latestOrder"]["truvOrderId"].as_str().unwrap();
    world.applicant(order, serde_json::json!({ "action": "login" })).await;
    world.quiet().await;
    assert_eq!(standing(&world, &case).await, ["READY_FOR_REVIEW", "REVIEW"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_the_client_has_removed_needs_the_client() {
    let world = World::start().await;
    let (told, untold) = (world.case("SNAP-1", &[Scenario::Ok]).await, world.case("SNAP-2", &[Scenario::Ok]).await);
    world.scenario(&told.links[0], "link_deleted").await;
    world.quiet().await;
    let refused = world.try_refresh(&told, "key-1", serde_json::json!({})).await;
    assert_eq!(refused["userErrors"][0]["__typename"], "ReauthenticationRequiredError", "{refused}");

    world.faults(serde_json::json!([{ "where": "delivery", "action": "drop" }])).await;
    world.scenario(&untold.links[0], "link_deleted").await;
    world.refresh(&untold, "key-2").await;
    world.quiet().await;
    assert_eq!(standing(&world, &untold).await, ["NEEDS_CLIENT", "SEND_VERIFICATION_LINK"]);
    let order = world.orders(&untold).await.pop().unwrap();
    assert_eq!((&order["status"], &order["failure"]["nextActor"]), (&"REJECTED".into(), &"CLIENT".into()), "{order:#}");
}
