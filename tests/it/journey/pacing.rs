//! One gate in front of Truv for all replicas: the budget, Truv's wish to be left alone, and the breaker.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use recert::app::App;
use recert::simulator::{Scenario, Settings};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::world::{KnownCase, World};

/// Cases that are known, then two gateways on one database that share a budget of calls a minute.
async fn two_gateways(budget: u32, count: usize) -> (World, App, Vec<KnownCase>) {
    let mut world = World::start().await;
    let mut cases = Vec::new();
    for n in 0..count {
        cases.push(world.case(&format!("SNAP-{n}"), &[Scenario::Ok]).await);
    }
    world.config.truv.requests_per_minute = budget;
    // Only what the test asks for reaches Truv.
    world.config.webhooks.history_interval = Duration::from_hours(24 * 365);
    let world = world.restart(async |_, _, _| {}).await;
    world.looked_after(2).await;
    let other = world.replica().await;
    world.looked_after(3).await;
    (world, other, cases)
}

async fn refresh_at(world: &World, app: &App, case: &KnownCase, key: &str) -> Value {
    let input = json!({ "caseId": case.id, "purpose": "RENEWAL", "idempotencyKey": key });
    world.send_to(app, "CreateRefreshOrder", json!({ "input": input })).await["createRefreshOrder"].clone()
}

/// The instants of the requests that reached Truv from the `first` one on.
async fn requests_since(world: &World, first: usize) -> Vec<DateTime<Utc>> {
    let log = world.log("request").await;
    log[first..].iter().map(|entry| entry["at"].as_str().unwrap().parse().unwrap()).collect()
}

async fn health(world: &World) -> Value {
    world.send("UpstreamHealth", json!({})).await["upstreamHealth"].clone()
}

/// Moves the clock in steps until every case is ready.
async fn until_ready(world: &World, cases: &[KnownCase], step: Duration) {
    for case in cases {
        let ready = async || {
            world.clock.advance(step);
            (world.show(case).await["status"] == "READY_FOR_REVIEW").then_some(())
        };
        world.until(&format!("{} is ready", case.number), ready).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_together_never_exceed_the_budget_of_a_minute() {
    const BUDGET: usize = 60;
    let (world, other, cases) = Box::pin(two_gateways(60, 25)).await;
    let before = world.log("request").await.len();
    for (n, case) in cases.iter().enumerate() {
        let app = if n % 2 == 0 { &world.app } else { &other };
        assert_eq!(refresh_at(&world, app, case, &format!("key-{n}")).await["userErrors"], json!([]));
    }
    // Small steps: the calls of one second have time to be made before the next one.
    until_ready(&world, &cases, Duration::from_millis(200)).await;
    let requests = requests_since(&world, before).await;
    assert!(requests.len() >= 3 * cases.len(), "each refresh takes several calls: {}", requests.len());
    let in_minute = |first: &DateTime<Utc>| {
        requests.iter().filter(|at| *at >= first && **at < *first + TimeDelta::minutes(1)).count()
    };
    let most = requests.iter().map(in_minute).max().unwrap();
    assert!(most <= BUDGET, "{most} calls in one minute");
    assert!(most >= BUDGET / 2, "the budget is used: {most} calls in one minute");
    other.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_truv_asks_one_replica_to_wait_the_other_one_waits_too() {
    let (world, other, cases) = Box::pin(two_gateways(0, 2)).await;
    world.faults(json!([{ "where": "api", "action": "throttle", "times": 1 }])).await;
    refresh_at(&world, &world.app, &cases[0], "key-1").await;
    world.quiet().await;
    let asked = world.log("request").await;
    assert_eq!(asked.last().unwrap()["status"], 429);
    let held: DateTime<Utc> = health(&world).await["heldUntil"].as_str().unwrap().parse().unwrap();
    assert_eq!(held, world.clock.now() + TimeDelta::seconds(1), "as Retry-After says");

    refresh_at(&world, &other, &cases[1], "key-2").await;
    world.quiet().await;
    world.clock.advance(Duration::from_millis(900));
    world.quiet().await;
    assert_eq!(world.log("request").await.len(), asked.len(), "nobody calls before the time");
    until_ready(&world, &cases, Duration::from_millis(500)).await;
    assert!(requests_since(&world, asked.len()).await.iter().all(|at| *at >= held));
    assert_eq!(health(&world).await["heldUntil"], Value::Null);
    other.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_in_a_row_open_the_breaker_for_everyone_and_one_call_closes_it() {
    let (world, other, cases) = Box::pin(two_gateways(0, 3)).await;
    world.faults(json!([{ "where": "api", "match": { "method": "GET" }, "action": "error_before" }])).await;
    refresh_at(&world, &world.app, &cases[0], "key-0").await;
    refresh_at(&world, &other, &cases[1], "key-1").await;
    let opened = async || {
        world.clock.advance(Duration::from_millis(500));
        Some(health(&world).await).filter(|health| health["state"] == "OPEN")
    };
    let open = world.until("the breaker opens", opened).await;
    assert_eq!((&open["reason"], &open["requestsPerMinute"]), (&"FAILING".into(), &Value::Null), "{open}");
    world.quiet().await;
    let calls = world.log("request").await.len();
    let retry_at: DateTime<Utc> = open["retryAt"].as_str().unwrap().parse().unwrap();
    for app in [&world.app, &other] {
        let refused = refresh_at(&world, app, &cases[2], "key-2").await;
        assert_eq!(refused["userErrors"][0]["__typename"], "UpstreamUnavailableError", "{refused}");
        assert_eq!(refused["userErrors"][0]["retryAt"], open["retryAt"], "{refused}");
    }
    let preview = world.send("RefreshPreview", json!({ "caseId": cases[2].id })).await["refreshPreview"].clone();
    assert_eq!(preview["isAllowed"], false, "{preview}");
    let left = retry_at - world.clock.now() - TimeDelta::milliseconds(1);
    world.clock.advance(left.to_std().unwrap());
    world.quiet().await;
    assert_eq!(world.log("request").await.len(), calls, "nothing is sent while it is open");

    world.faults(json!([])).await;
    until_ready(&world, &cases[..2], Duration::from_millis(500)).await;
    let closed = health(&world).await;
    assert_eq!((&closed["state"], &closed["reason"]), (&"CLOSED".into(), &Value::Null), "{closed}");
    let answer = refresh_at(&world, &other, &cases[2], "key-2").await;
    assert_eq!(answer["userErrors"], json!([]), "the key of a refusal is free");
    other.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_access_key_stops_every_call_until_it_is_put_right() {
    let mut world = World::with(Settings::at_once()).await;
    let mut cases = Vec::new();
    for n in 0..4 {
        cases.push(world.case(&format!("SNAP-{n}"), &[Scenario::Ok]).await);
    }
    let right = world.config.agencies[0].secrets.clone();
    let wrong = SecretString::from("sandbox-ffffffffffffffffffffffffffffffffffffffff");
    world.config.agencies[0].secrets = vec![wrong, right[0].clone()];
    let world = world.restart(async |_, _, _| {}).await;
    let denied = async || world.log("request").await.iter().filter(|entry| entry["status"] == 401).count();
    let stopped = async || Some(health(&world).await).filter(|health| health["state"] == "OPEN");
    // The look after the webhooks at the start is the one call that learns it.
    let stopped = world.until("the first call is refused", stopped).await;
    assert_eq!(stopped["reason"], "UNAUTHORIZED", "{stopped}");
    for (n, case) in cases.iter().enumerate() {
        let answer = world.try_refresh(case, &format!("key-{n}"), json!({})).await;
        world.quiet().await;
        let refused = &answer["userErrors"][0];
        assert_eq!(
            (&refused["__typename"], &refused["retryAt"]),
            (&"UpstreamUnavailableError".into(), &stopped["retryAt"]),
            "{answer}"
        );
    }
    assert_eq!(denied().await, 1, "one refusal is enough");
    world.advance(Duration::from_mins(4)).await;
    assert_eq!(denied().await, 1);
    world.advance(Duration::from_mins(2)).await;
    world.until("a single call tries again", async || (denied().await == 2).then_some(())).await;

    let mut world = world;
    world.config.agencies[0].secrets = right;
    let world = world.restart(async |_, _, _| {}).await;
    world.advance(Duration::from_mins(11)).await;
    assert_eq!(health(&world).await["state"], "CLOSED");
    for (n, case) in cases.iter().enumerate() {
        world.refresh(case, &format!("key-{n}")).await;
        world.quiet().await;
        assert_eq!(world.show(case).await["status"], "READY_FOR_REVIEW");
        assert_eq!(world.true_refreshes(case).await, 1);
    }
}
