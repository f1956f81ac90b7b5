//! The way webhooks come breaks: it is noticed, said, and mended.

use std::time::Duration;

use recert::simulator::{Scenario, Settings};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::world::World;

const MINUTE: Duration = Duration::from_secs(61);

/// Switches the agency's endpoint off at Truv, as Truv does by itself with one that keeps failing.
async fn switch_off(world: &World) {
    let agency = &world.config.agencies[0];
    let endpoints = format!("http://{}/v1/webhooks/", world.sim.api_addr());
    let call = |request: reqwest::RequestBuilder| {
        request
            .header("x-access-client-id", &agency.client_id)
            .header("x-access-secret", agency.secrets[0].expose_secret())
    };
    let known: Value = call(world.http.get(&endpoints)).send().await.unwrap().json().await.unwrap();
    let id = known["results"][0]["id"].as_str().unwrap();
    let patch = world.http.patch(format!("{endpoints}{id}/")).json(&json!({ "enabled": false }));
    assert!(call(patch).send().await.unwrap().status().is_success());
}

async fn health(world: &World) -> Value {
    world.send("WebhookHealth", json!({})).await["webhookHealth"].clone()
}

async fn until_state(world: &World, state: &str) -> Value {
    let reached = async || {
        let shown = health(world).await;
        (shown["state"] == state).then_some(shown)
    };
    world.until(state, reached).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_was_switched_off_is_switched_on_and_what_moved_unheard_is_asked() {
    let world = World::with(Settings { recover_after_ms: 600_000, ..Settings::at_once() }).await;
    let failed = world.case("SNAP-1", &[Scenario::RecoverAfterLogin]).await;
    world.refresh(&failed, "key-1").await;
    world.quiet().await;
    // Truv has written to the client by itself.
    assert_eq!(world.show(&failed).await["status"], "WAITING_ON_CLIENT");
    assert_eq!(until_state(&world, "HEALTHY").await["waitingOrders"], 0);
    switch_off(&world).await;
    // The client logs in while nothing is sent: no webhook and no history will ever tell.
    world.clock.advance(Duration::from_secs(601));
    world.sim.settled().await;
    world.until_case_is(&failed, "READY_FOR_REVIEW").await;
    let shown = health(&world).await;
    assert_eq!((&shown["isEndpointEnabled"], &shown["switchedOnAt"].is_string()), (&json!(true), &true), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_to_stay_off_is_shown() {
    let world = World::tuned(Settings::at_once(), |config| config.webhooks.switch_on = false).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    switch_off(&world).await;
    world.refresh(&case, "key-1").await;
    // Asked instead of told.
    world.until_case_is(&case, "READY_FOR_REVIEW").await;
    let state = async || {
        world.clock.advance(MINUTE);
        (health(&world).await["state"] == "SWITCHED_OFF").then_some(())
    };
    world.until("it is noticed", state).await;
    assert_eq!(health(&world).await["isEndpointEnabled"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quiet_is_told_from_deaf() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.advance(Duration::from_mins(10)).await;
    assert_eq!(health(&world).await["state"], "QUIET", "nothing is expected");
    world.faults(json!([{ "where": "delivery", "action": "drop" }])).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    assert_eq!(health(&world).await["state"], "HEALTHY", "it is too early to tell");
    // The look after two minutes brings what no webhook told.
    world.until_case_is(&case, "READY_FOR_REVIEW").await;
    let shown = health(&world).await;
    assert_eq!((shown["state"].as_str(), shown["missedAt"].is_string()), (Some("DEAF"), true), "{shown}");
    world.faults(json!([])).await;
    world.refresh(&case, "key-2").await;
    world.quiet().await;
    assert_eq!(health(&world).await["state"], "HEALTHY", "a webhook came");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_login_whose_webhooks_were_lost_is_found_in_the_history() {
    let world = World::with(Settings { recover_after_ms: 3_000_000, ..Settings::at_once() }).await;
    let (case, other) =
        (world.case("SNAP-1", &[Scenario::RecoverAfterLogin]).await, world.case("SNAP-2", &[Scenario::Ok]).await);
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    world.faults(json!([{ "where": "delivery", "action": "drop" }])).await;
    // Before the hour after which an order that waits for its client is asked about.
    world.advance(Duration::from_secs(3_001)).await;
    world.faults(json!([])).await;
    // Newer deliveries of others do not hide the older ones that were lost.
    world.advance(Duration::from_mins(2)).await;
    world.refresh(&other, "key-2").await;
    let lost_at = world.clock.now();
    world.until_case_is(&case, "READY_FOR_REVIEW").await;
    assert!((world.clock.now() - lost_at).num_minutes() <= 6, "the look comes every five minutes");
}
