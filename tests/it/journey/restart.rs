//! The gateway goes down and another one goes on.

use std::time::Duration;

use chrono::TimeDelta;
use recert::simulator::{Scenario, Settings};
use sea_orm::{ConnectionTrait, Statement, Value as Bound};
use serde_json::json;

use crate::support::world::World;

async fn run(db: &recert::storage::Database, statement: &str, values: Vec<Bound>) {
    let tx = db.begin().await.unwrap();
    let done = tx.execute_raw(Statement::from_sql_and_values(db.backend(), statement, values)).await.unwrap();
    assert_eq!(done.rows_affected(), 1, "{statement}");
    db.commit(tx).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_that_was_not_sent_is_sent_by_the_next_one() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.faults(json!([{ "where": "api", "match": { "method": "GET" }, "action": "error_before" }])).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    world.faults(json!([])).await;
    let world = world.restart(async |_, _, _| {}).await;
    assert_eq!(world.true_refreshes(&case).await, 0);
    world.advance(Duration::from_secs(10)).await;
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
    assert_eq!(world.true_refreshes(&case).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_that_nobody_took_come_again_to_the_next_one() {
    let world = World::with(Settings { step_ms: 1_000, ..Settings::at_once() }).await;
    let (case, lost) = (world.case("SNAP-1", &[Scenario::Ok]).await, world.case("SNAP-2", &[Scenario::Ok]).await);
    world.refresh(&case, "key-1").await;
    world.refresh(&lost, "key-2").await;
    world.advance(Duration::from_secs(2)).await;
    let down =
        async |sim: &recert::simulator::Simulator, clock: &recert::clock::Clock, _: &recert::storage::Database| {
            clock.advance(Duration::from_secs(10));
            sim.settled().await;
        };
    let world = world.restart(down).await;
    let failed = world.log("delivery").await.iter().filter(|entry| entry["status"].is_null()).count();
    assert!(failed > 4, "{failed}");
    world.advance(Duration::from_secs(30)).await;
    for case in [&case, &lost] {
        let shown = world.show(case).await;
        assert_eq!(
            (&shown["status"], &shown["latestOrder"]["status"]),
            (&"READY_FOR_REVIEW".into(), &"COMPLETED".into())
        );
        world.assert_true(case).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_lost_in_the_middle_of_a_call_is_taken_over_without_a_second_call() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.faults(json!([{ "where": "api", "match": { "method": "GET" }, "action": "error_before" }])).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    world.faults(json!([])).await;
    let agency = world.config.agencies[0].clone();
    let (http, parent) = (world.http.clone(), case.truv_order.clone());
    // What a process leaves behind that dies between call and answer: the mark, the lease, and the order at Truv.
    let died = async move |sim: &recert::simulator::Simulator,
                           clock: &recert::clock::Clock,
                           db: &recert::storage::Database| {
        let now = clock.now();
        run(db, "UPDATE orders SET sent_at = $1, sends = 1 WHERE status = 'REQUESTED'", vec![now.into()]).await;
        let lease = "UPDATE jobs SET leased_until = $1, lease = $2, run_at = $3 WHERE kind = 'SEND_ORDER'";
        let until = now + TimeDelta::seconds(60);
        run(db, lease, vec![until.into(), uuid::Uuid::now_v7().into(), now.into()]).await;
        let answer = http
            .post(format!("http://{}/v1/orders/{parent}/", sim.api_addr()))
            .header("x-access-client-id", &agency.client_id)
            .header("x-access-secret", secrecy::ExposeSecret::expose_secret(&agency.secrets[0]))
            .json(&json!({ "products": ["income"] }))
            .send();
        assert_eq!(answer.await.unwrap().status(), 201);
        sim.settled().await;
    };
    let world = world.restart(died).await;
    let taken = async || {
        world.clock.advance(Duration::from_secs(15));
        let order = world.show(&case).await["latestOrder"].clone();
        (order["status"] == "COMPLETED").then_some(())
    };
    world.until("the order is taken over", taken).await;
    world.quiet().await;
    assert_eq!(world.true_refreshes(&case).await, 1);
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_of_a_lost_worker_is_taken_over_when_its_lease_ends() {
    let world = World::with(Settings { step_ms: 600_000, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let db = &world.app.kit().db;
    let now = world.clock.now();
    // As if a worker had taken it and died: due again, and in somebody's hand.
    let again =
        "UPDATE deliveries SET settled_at = NULL, status = 'RECEIVED', leased_until = $1, lease = $2, next_at = $3
        WHERE event_type = 'order-created'";
    let until = now + TimeDelta::seconds(60);
    run(db, again, vec![until.into(), uuid::Uuid::now_v7().into(), now.into()]).await;
    world.clock.advance(Duration::from_secs(59));
    let open = async || recert::deliveries::counts(&world.app.kit().db).await.unwrap().open;
    assert_eq!(open().await, 1, "it is not ours yet");
    world.clock.advance(Duration::from_secs(2));
    world.until("it is applied", async || (open().await == 0).then_some(())).await;
}
