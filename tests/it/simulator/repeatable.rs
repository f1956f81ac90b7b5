//! The same seed and the same calls give the same ids and bodies; earlier reports can be computed without the simulator.

use chrono::TimeDelta;
use recert::simulator::payroll::{Detail, Person, employments};
use serde_json::{Value, json};

use super::rig::{Rig, order_of, rosa, start};

/// Bodies by lane, since lanes run in parallel; the endpoint's own address is in none of them.
async fn run() -> (Vec<String>, Value) {
    let rig = Rig::new().await;
    rig.subscribe().await;
    let order = order_of(&rig.sim.seed(rosa()).unwrap());
    let refreshed = rig.refresh(&order).await;
    rig.scenario("login_error").await;
    let failed = rig.refresh(&refreshed).await;
    let bodies = rig.endpoint.received().iter().map(|one| String::from_utf8(one.body.to_vec()).unwrap()).collect();
    let (_, read) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
    (bodies, json!([read, rig.get(&format!("/v1/orders/{failed}/")).await.1]))
}

#[tokio::test]
async fn the_same_calls_give_the_same_ids_and_bodies() {
    let (first, second) = (run().await, run().await);
    assert_eq!(first.0, second.0);
    assert_eq!(first.1, second.1);
}

#[tokio::test]
async fn an_earlier_report_follows_from_the_parameters_alone() {
    let rig = Rig::new().await;
    let job = json!({
        "seed": 42, "company_name": "Harbor Grocery Co", "title": "Deli clerk", "job_type": "P", "pay_frequency": "BW",
        "pay": { "hourly": { "rate_cents": 1840, "hours_per_week": 30 } }, "start_date": "2023-05-15",
    });
    let mut batch = serde_json::to_value(rosa()).unwrap();
    batch["people"][0]["links"][0]["jobs"] = json!([job]);
    let order = order_of(&rig.sim.seed(serde_json::from_value(batch).unwrap()).unwrap());
    let (_, read) = rig.get(&format!("/v1/orders/{order}/")).await;
    let connected_at = start() - TimeDelta::days(60);
    let person = Person {
        first_name: "Rosa".to_owned(),
        last_name: "Quintero".to_owned(),
        email: None,
        ssn: Some("900550142".to_owned()),
        connected_at,
    };
    let jobs = [serde_json::from_value(job).unwrap()];
    let computed = employments(&person, &jobs, connected_at + TimeDelta::minutes(20), Detail::Income);
    assert_eq!(read["employers"][0]["employments"], serde_json::to_value(computed).unwrap());
}
