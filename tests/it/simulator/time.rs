//! What the passing of time does: steps, lags, report delays, windows.

use std::time::Instant;

use recert::clock::Clock;
use recert::simulator::{SeedBatch, Settings};
use serde_json::{Value, json};

use super::rig::{Rig, order_of, rosa_with_one_job};
use crate::support::worked;

#[tokio::test]
async fn a_task_takes_its_steps_one_after_another() {
    let rig = Rig::with(Settings { step_ms: 1_000, step_jitter_percent: 0, ..Settings::at_once() }).await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    let refreshed = rig.refresh(&order).await;
    let mut seen = Vec::new();
    for _ in 0..6 {
        let (_, read) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
        seen.push(read["employers"][0]["last_task_status"].clone());
        rig.advance(1).await;
    }
    assert_eq!(json!(seen), json!([null, "new", "login", "parse", "full_parse", "done"]));
}

#[tokio::test]
async fn the_suborder_lags_behind_its_task() {
    let rig = Rig::with(Settings { suborder_lag_ms: 2_000, ..Settings::at_once() }).await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    let refreshed = rig.refresh(&order).await;
    let (_, between) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
    assert_eq!(between["employers"][0]["last_task_status"], "done");
    assert_eq!(between["employers"][0]["status"], "pending");
    assert_ne!(between["employers"][0]["employments"], json!([]), "done means that the data is there");
    rig.advance(2).await;
    assert_eq!(rig.get(&format!("/v1/orders/{refreshed}/")).await.1["employers"][0]["status"], "completed");
}

#[tokio::test]
async fn a_report_is_missing_for_a_moment_after_done() {
    let rig = Rig::with(Settings { report_delay_ms: 3_000, ..Settings::at_once() }).await;
    let seeded = rig.sim.seed(rosa_with_one_job()).unwrap();
    rig.refresh(&order_of(&seeded)).await;
    let path = format!("/v1/links/{}/income/report/", seeded.people[0].links[0]);
    let reports = format!("/v1/users/{}/reports/", seeded.people[0].user_id);
    assert_eq!(rig.get(&path).await, (404, json!({ "detail": "Not Found." })));
    assert_eq!(rig.post(&reports, json!({})).await.0, 404);
    rig.advance(3).await;
    assert_eq!(rig.get(&path).await.0, 200);
    assert_eq!(rig.post(&reports, json!({})).await.0, 201);
}

#[tokio::test]
async fn an_open_order_expires_after_its_window_without_the_weekend() {
    let rig = Rig::new().await;
    rig.subscribe().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    rig.scenario("hang").await;
    let hanging = rig.refresh(&order).await;
    // Wednesday 15:00 and 72 hours: Monday 15:00.
    rig.advance(5 * 24 * 3_600 - 1).await;
    assert_eq!(rig.get(&format!("/v1/orders/{hanging}/")).await.1["is_expired"], false);
    rig.advance(1).await;
    let (_, expired) = rig.get(&format!("/v1/orders/{hanging}/")).await;
    assert_eq!((&expired["is_expired"], &expired["employers"][0]["status"]), (&json!(true), &json!("expired")));
    let event = rig.endpoint.received().last().unwrap().json();
    assert_eq!((&event["event_type"], &event["status"]), (&json!("order-status-updated"), &json!("expired")));
    assert_eq!(event["link_id"], Value::Null);
    assert_eq!(event["event_created_at"], "2026-03-09T15:00:00.000000Z");
    assert_eq!(rig.get(&format!("/v1/orders/{order}/")).await.1["is_expired"], false);
}

#[tokio::test]
async fn a_seeded_order_that_is_still_open_expires_too() {
    let rig = Rig::new().await;
    let mut batch = rosa_with_one_job();
    let order = &mut batch.people[0].orders[0];
    (order.created_at, order.completed_at) = (super::rig::start(), None);
    order.employers[0].status = Some("sent".to_owned());
    let order = order_of(&rig.sim.seed(batch).unwrap());
    rig.refresh(&order).await;
    rig.advance(5 * 24 * 3_600).await;
    let (_, read) = rig.get(&format!("/v1/orders/{order}/")).await;
    assert_eq!((&read["is_expired"], &read["employers"][0]["status"]), (&json!(true), &json!("expired")));
}

#[tokio::test]
async fn time_brings_new_statements() {
    let rig = Rig::new().await;
    let seeded = rig.sim.seed(rosa_with_one_job()).unwrap();
    let order = order_of(&seeded);
    let newest = |read: &Value| {
        read["employers"][0]["employments"][0]["statements"][0]["pay_date"].as_str().unwrap()[..10].to_owned()
    };
    let first = rig.refresh(&order).await;
    rig.advance(28 * 24 * 3_600).await;
    let second = rig.refresh(&order).await;
    let (_, first) = rig.get(&format!("/v1/orders/{first}/")).await;
    let (_, second) = rig.get(&format!("/v1/orders/{second}/")).await;
    assert!(newest(&first) < newest(&second));
}

#[tokio::test]
async fn the_shifted_clock_runs_and_jumps_and_the_systems_stays() {
    let quick = Settings { step_ms: 1, suborder_lag_ms: 1, auth_lifetime_days: 0, ..Settings::at_once() };
    let rig = Rig::on(Clock::shifted(), quick.clone()).await;
    rig.subscribe().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    rig.refresh(&order).await;
    rig.endpoint.wait_for(8).await;
    let before = rig.clock.now();
    rig.advance(365 * 24 * 3_600).await;
    assert!(rig.clock.now() - before >= chrono::TimeDelta::days(365));
    let rig = Rig::on(Clock::system(), quick).await;
    let (status, _) = rig.try_control(reqwest::Method::POST, "clock/advance", json!({ "seconds": 1 })).await;
    assert_eq!(status, 409);
}

/// Ten thousand people must not take long, or the demonstration starts slowly: a second when optimised, and far from a
/// minute when not.
#[tokio::test]
async fn ten_thousand_people_are_seeded_quickly() {
    let rig = Rig::new().await;
    let one = super::rig::rosa().people.remove(0);
    let people = (0..10_000)
        .map(|number| {
            let mut person = one.clone();
            person.external_user_id = format!("person-{number}");
            person
        })
        .collect();
    let since = Instant::now();
    let started = worked(since);
    let seeded = rig.sim.seed(SeedBatch { people, ..SeedBatch::default() }).unwrap();
    assert_eq!(seeded.people.len(), 10_000);
    let took = worked(since).saturating_sub(started);
    assert!(took.as_secs() < 20, "{took:?}");
}
