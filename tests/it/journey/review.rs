//! The decision ends the renewal, and the next one is compared with what was decided on.

use std::time::Duration;

use chrono::{Months, NaiveDate};
use recert::simulator::Scenario;
use serde_json::{Value, json};

use crate::support::world::{KnownCase, World};

async fn reviewed() -> (World, KnownCase, Value) {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!(shown["status"], "READY_FOR_REVIEW");
    (world, case, shown)
}

fn version(shown: &Value) -> i64 {
    shown["version"].as_i64().unwrap()
}

fn day(shown: &Value) -> NaiveDate {
    shown["dueOn"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_moves_the_due_date_by_the_cycle() {
    for decision in ["CONFIRMED", "CONFIRMED_WITH_EDITS", "REJECTED"] {
        let (world, case, shown) = reviewed().await;
        let decided = world.decide(&case, decision, version(&shown)).await;
        assert_eq!(decided["userErrors"], json!([]), "{decided}");
        assert_eq!(decided["case"]["status"], "NOT_DUE");
        assert_eq!(day(&decided["case"]), day(&shown) + Months::new(6));
        let after = world.show(&case).await;
        assert_eq!((&after["nextAction"], &after["renewal"]), (&"NONE".into(), &Value::Null), "{after:#}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_for_documents_keeps_the_renewal_open() {
    let (world, case, shown) = reviewed().await;
    let decided = world.decide(&case, "NEEDS_DOCUMENTS", version(&shown)).await;
    assert_eq!(decided["userErrors"], json!([]), "{decided}");
    let after = world.show(&case).await;
    assert_eq!((&after["status"], &after["dueOn"]), (&"NEEDS_CASEWORKER".into(), &shown["dueOn"]));
    let decided = world.decide(&case, "CONFIRMED", version(&after)).await;
    assert_eq!(decided["case"]["status"], "NOT_DUE", "{decided}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_on_what_has_changed_since_is_refused() {
    let (world, case, shown) = reviewed().await;
    let stale = world.decide(&case, "CONFIRMED", version(&shown) - 1).await;
    assert_eq!(stale["userErrors"][0]["__typename"], "ConflictError", "{stale}");
    assert_eq!(stale["userErrors"][0]["currentVersion"], shown["version"]);
    assert_eq!(world.show(&case).await["version"], shown["version"], "nothing has changed");
    // Of two at once, one decides.
    let both = tokio::join!(
        world.decide(&case, "CONFIRMED", version(&shown)),
        world.decide(&case, "REJECTED", version(&shown))
    );
    let taken = [both.0, both.1].iter().filter(|answer| answer["userErrors"] == json!([])).count();
    assert_eq!(taken, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_report_there_is_nothing_to_decide_on() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::LoginError]).await;
    for key in [None, Some("key-1")] {
        if let Some(key) = key {
            world.refresh(&case, key).await;
            world.quiet().await;
        }
        let shown = world.show(&case).await;
        let refused = world.decide(&case, "CONFIRMED", version(&shown)).await;
        assert_eq!(refused["userErrors"].as_array().unwrap().len(), 1, "{refused}");
        assert_eq!(world.show(&case).await["version"], shown["version"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_renewal_is_compared_with_what_was_decided_on() {
    let (world, case, shown) = reviewed().await;
    let first = world.review(&case).await["current"]["id"].clone();
    world.decide(&case, "CONFIRMED", version(&shown)).await;
    world.advance(Duration::from_hours(2400)).await;
    assert_eq!(world.show(&case).await["status"], "NOT_DUE", "not before its time");
    world.scenario(&case.links[0], "ok_left_job").await;
    // The client logs in now and then; the connection is as young as at first.
    world.control(reqwest::Method::PUT, "/control/settings", json!({ "auth_lifetime_days": 0 })).await;
    world.clock.advance(Duration::from_hours(1680));
    let due = async || (world.show(&case).await["status"] == "DUE").then_some(());
    world.until("the case is due again", due).await;
    world.refresh(&case, "key-2").await;
    world.quiet().await;
    let review = world.review(&case).await;
    assert_eq!(review["baseline"]["id"], first, "{review:#}");
    let ended = |change: &Value| change["key"] == "EMPLOYMENT_STATUS" && change["isMaterial"] == true;
    assert!(review["changes"].as_array().unwrap().iter().any(ended), "{review:#}");
    let latest = world.show(&case).await["latestOrder"].clone();
    assert_eq!(world.true_refreshes(&case).await, 2, "both are refreshes of the original: {latest:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_that_ends_after_the_decision_leaves_the_case_alone() {
    let world =
        World::with(recert::simulator::Settings { step_ms: 1_000, ..recert::simulator::Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    world.pass(3, Duration::from_secs(3)).await;
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
    world.refresh(&case, "key-2").await;
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!(shown["status"], "REFRESHING");
    let decided = world.decide(&case, "CONFIRMED", version(&shown)).await;
    assert_eq!(decided["userErrors"], json!([]), "there is a report to decide on: {decided}");
    world.pass(3, Duration::from_secs(3)).await;
    let after = world.show(&case).await;
    assert_eq!(
        (&after["latestOrder"]["status"], &after["status"]),
        (&"COMPLETED".into(), &"NOT_DUE".into()),
        "{after:#}"
    );
}
