//! A plan foresees what a batch then does, also where the agency's rules, the day's allowance or a cap stand against it.

use std::time::Duration;

use recert::config::{Cap, Freshness};
use recert::simulator::{Scenario, Settings};
use serde_json::{Value, json};

use crate::support::world::{KnownCase, World};

/// What is planned for a case, and the whole plan.
async fn plan(world: &World, case: &KnownCase) -> (Value, Value) {
    let plan = world.send("PlanRenewals", json!({ "window": {} })).await["planRenewals"].clone();
    let nodes = plan["items"]["nodes"].as_array().unwrap();
    let item = nodes.iter().find(|item| item["case"]["id"] == case.id.as_str()).unwrap().clone();
    (item, plan)
}

/// Starts a batch of everything, and answers status and reason of the case's item when nothing moves any more.
async fn run(world: &World, case: &KnownCase) -> [Value; 2] {
    let input = json!({ "name": "March", "filter": {}, "idempotencyKey": "march" });
    let started = world.send("StartRenewalBatch", json!({ "input": input })).await["startRenewalBatch"].clone();
    world.quiet().await;
    outcome(world, &started["batch"]["id"], case).await
}

async fn outcome(world: &World, batch: &Value, case: &KnownCase) -> [Value; 2] {
    let shown = world.send("RenewalBatch", json!({ "id": batch, "first": 100 })).await["renewalBatch"].clone();
    let items = shown["items"]["nodes"].as_array().unwrap();
    let item = items.iter().find(|item| item["case"]["number"] == case.number.as_str()).unwrap();
    [item["status"].clone(), item["skipReason"].clone()]
}

fn told(item: &Value) -> Value {
    json!([item["action"], item["reason"], item["on"], item["billableLinks"]])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_that_is_fresh_enough_is_neither_planned_nor_asked_for_again() {
    let world = World::tuned(Settings::at_once(), |config| {
        let rules = &mut config.agencies[0].refresh_rules;
        (rules.fresh_days, rules.fresh) = (Some(14), Freshness::Refuse);
    })
    .await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let today = world.clock.today().to_string();
    let (item, _) = plan(&world, &case).await;
    assert_eq!(told(&item), json!(["REFRESH_NOW", "CYCLE_OPEN", today, 1]), "the earlier report is 90 days old");
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let version = world.show(&case).await["version"].as_i64().unwrap();
    // The renewal stays open, with a report of today.
    world.decide(&case, "NEEDS_DOCUMENTS", version).await;
    let (item, whole) = plan(&world, &case).await;
    assert_eq!(told(&item), json!(["BLOCKED", "FRESH_ENOUGH", null, 0]));
    assert_eq!((&whole["billableLinks"], &item["cost"]), (&json!(0), &Value::Null));
    assert_eq!(run(&world, &case).await, ["SKIPPED", "FRESH_ENOUGH"]);
    assert_eq!(world.true_refreshes(&case).await, 1);
    world.advance(Duration::from_hours(15 * 24)).await;
    assert_eq!(plan(&world, &case).await.0["action"], "REFRESH_NOW", "it is old again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_without_a_refresh_left_is_planned_for_when_it_has_one() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::NoData]).await;
    for attempt in 0..3 {
        world.refresh(&case, &format!("key-{attempt}")).await;
        world.quiet().await;
    }
    let (item, _) = plan(&world, &case).await;
    let tomorrow = world.clock.today().succ_opt().unwrap().to_string();
    assert_eq!(told(&item), json!(["REFRESH_LATER", "LIMIT_REACHED", tomorrow, 1]));
    assert_eq!(run(&world, &case).await, [json!("QUEUED"), Value::Null], "it keeps its turn");
    world.advance(Duration::from_hours(25)).await;
    assert_eq!(world.true_refreshes(&case).await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_held_against_the_caps_of_its_month() {
    let world = World::tuned(Settings::at_once(), |config| {
        let spending = &mut config.agencies[0].spending;
        spending.price_cents.income = Some(250);
        spending.caps.snap = Cap { soft_cents: Some(300), hard_cents: Some(1_000) };
        spending.caps.tanf = Cap { soft_cents: None, hard_cents: Some(1) };
    })
    .await;
    let mut cases = Vec::new();
    for n in 1..=4 {
        cases.push(world.case(&format!("SNAP-{n}"), &[Scenario::Ok]).await);
    }
    world.refresh(&cases[0], "key-1").await;
    world.quiet().await;
    let (_, whole) = plan(&world, &cases[1]).await;
    let of_three = &whole["spending"][0];
    assert_eq!(whole["spending"].as_array().map(Vec::len), Some(1), "of TANF nothing is planned: {whole:#}");
    assert_eq!(
        json!([of_three["program"], of_three["committed"], of_three["requested"], of_three["hardCap"]]),
        json!(["SNAP", "2.50", "7.50", "10.00"]),
    );
    assert_eq!((&of_three["isAboveSoftCap"], &of_three["isAboveHardCap"]), (&json!(true), &json!(false)));
    let fifth = world.case("SNAP-5", &[Scenario::Ok]).await;
    assert_eq!(plan(&world, &fifth).await.1["spending"][0]["isAboveHardCap"], true);
    assert_eq!(run(&world, &fifth).await, [json!("QUEUED"), Value::Null], "the last one waits for the month's end");
    assert_eq!(world.true_refreshes(&fifth).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_truv_would_not_refresh_is_not_planned() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let variables = json!({ "window": {}, "product": "ASSETS" });
    let plan = world.send("PlanRenewals", variables).await["planRenewals"].clone();
    assert_eq!(told(&plan["items"]["nodes"][0]), json!(["BLOCKED", "PRODUCT_NOT_COVERED", null, 0]), "{plan:#}");
    let input = json!({ "name": "Assets", "filter": {}, "product": "ASSETS", "idempotencyKey": "assets" });
    let started = world.send("StartRenewalBatch", json!({ "input": input })).await["startRenewalBatch"].clone();
    world.quiet().await;
    assert_eq!(outcome(&world, &started["batch"]["id"], &case).await, [json!("FAILED"), Value::Null]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_still_awaited_is_not_planned_again() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Hang]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    world.pass(6, Duration::from_mins(10)).await;
    assert_eq!(world.show(&case).await["latestOrder"]["status"], "STALLED");
    assert_eq!(told(&plan(&world, &case).await.0), json!(["BLOCKED", "IN_PROGRESS", null, 0]));
    assert_eq!(run(&world, &case).await, ["SKIPPED", "IN_PROGRESS"]);
}
