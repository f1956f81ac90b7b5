//! Deliveries get lost, come twice, late, out of order, or broken. The case ends where Truv says.

use std::time::Duration;

use recert::simulator::{OrderCreated, Scenario, Settings};
use rstest::rstest;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, TransactionTrait};
use serde_json::{Value, json};

use crate::support::world::World;

fn fault(action: &str, probability: f64, params: impl serde::Serialize) -> Value {
    json!({ "where": "delivery", "action": action, "probability": probability, "params": params })
}

#[rstest]
#[case::all_lost(vec![fault("drop", 1.0, json!({}))])]
#[case::half_lost(vec![fault("drop", 0.5, json!({}))])]
#[case::twice(vec![fault("duplicate", 1.0, json!({ "copies": 2 }))])]
#[case::shuffled(vec![fault("reorder", 1.0, json!({ "ms": 5_000 }))])]
#[case::late(vec![fault("delay", 0.5, json!({ "ms": 200_000 }))])]
#[case::lost_twice_and_shuffled(vec![
    fault("drop", 0.05, json!({})), fault("duplicate", 0.1, json!({})), fault("reorder", 1.0, json!({ "ms": 60_000 })),
])]
#[case::wrongly_signed(vec![fault("wrong_signature", 1.0, json!({}))])]
#[case::unsigned_at_first(vec![fault("missing_header", 0.5, json!({}))])]
#[case::too_large(vec![fault("oversize", 0.5, json!({ "bytes": 2_000_000 }))])]
#[case::with_noise(vec![fault("unknown_event", 1.0, json!({}))])]
#[case::by_a_detour(vec![fault("redirect", 1.0, json!({ "status": 307 }))])]
#[case::by_a_detour_that_loses_the_body(vec![fault("redirect", 0.5, json!({ "status": 302 }))])]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_case_ends_where_truv_says(#[case] rules: Vec<Value>) {
    let world = World::start().await;
    let story = [
        (world.case("OK", &[Scenario::Ok]).await, "READY_FOR_REVIEW"),
        (world.case("LOGIN", &[Scenario::LoginError]).await, "NEEDS_CLIENT"),
        (world.case("TWO", &[Scenario::Ok, Scenario::Ok]).await, "READY_FOR_REVIEW"),
        (world.case("NOTHING", &[Scenario::NoData]).await, "NEEDS_CASEWORKER"),
    ];
    world.faults(json!(rules)).await;
    for (case, _) in &story {
        world.refresh(case, &format!("key-{}", case.number)).await;
    }
    for (case, status) in &story {
        world.until_case_is(case, status).await;
    }
    // Whatever still comes late or again changes nothing.
    world.pass(8, Duration::from_secs(45)).await;
    for (case, status) in &story {
        let shown = world.show(case).await;
        assert_eq!(shown["status"], *status, "{shown:#}");
        let health = if *status == "NEEDS_CLIENT" { "BROKEN" } else { "HEALTHY" };
        assert_eq!(shown["employerLinks"][0]["health"], health, "{shown:#}");
        assert_eq!(world.true_refreshes(case).await, 1);
        world.assert_true(case).await;
    }
    world.assert_promises().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_that_only_the_order_told_in_one_word_is_looked_into() {
    let settings =
        Settings { refresh_failed_status: recert::simulator::RefreshFailedStatus::Error, ..Settings::at_once() };
    let world = World::with(settings).await;
    let case = world.case("SNAP-1", &[Scenario::AccountLocked]).await;
    let lost = |event: &str| json!({ "where": "delivery", "match": { "event_type": event }, "action": "drop" });
    world.faults(json!([lost("task-status-updated"), lost("link-disconnected")])).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!(
        (&shown["status"], &shown["latestOrder"]["failure"]["reason"]),
        (&"NEEDS_CLIENT".into(), &"ACCOUNT_LOCKED".into()),
        "{shown:#}"
    );
    world.advance(Duration::from_hours(2)).await;
    assert_eq!(world.true_refreshes(&case).await, 1, "a locked account is never tried again by itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_before_the_answer_waits_for_it_and_no_longer() {
    let world = World::with(Settings { order_created: OrderCreated::Racing, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let slow = json!({ "where": "api", "match": { "method": "POST" }, "action": "slow_headers", "times": 1, "params": { "ms": 400 } });
    world.faults(json!([slow])).await;
    world.refresh(&case, "key-1").await;
    // All of it without the clock moving: nothing waits for its time.
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!(
        (&shown["status"], &shown["latestOrder"]["employers"][0]["latestTask"]["status"]),
        (&"READY_FOR_REVIEW".into(), &"DONE".into()),
        "{shown:#}"
    );
    assert_eq!(recert::deliveries::counts(&world.app.kit().db).await.unwrap(), recert::deliveries::Counts::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_parked_while_the_answer_is_being_stored_waits_no_longer() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    // SQLite has one writer: there nothing can be parked meanwhile.
    let is_postgres = world.app.kit().db.backend() == DbBackend::Postgres;
    let gate = if is_postgres { Some(hold_commit_of_answers(&world).await) } else { None };
    world.refresh(&case, "key-1").await;
    if let Some(gate) = gate {
        let all_parked = async || {
            world.sim.settled().await;
            let statuses = world.column("SELECT status AS value FROM deliveries").await;
            let parked = statuses.iter().filter(|status| *status == "PARKED").count();
            (parked > 3 && !statuses.iter().any(|status| status == "RECEIVED")).then_some(())
        };
        world.until("what came is parked", all_parked).await;
        gate.commit().await.unwrap();
    }
    world.quiet().await;
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
    assert_eq!(recert::deliveries::counts(&world.app.kit().db).await.unwrap(), recert::deliveries::Counts::default());
}

/// Holds the transaction that takes Truv's answer at its very end, where it has done everything and nobody sees it yet,
/// until the one returned here ends.
async fn hold_commit_of_answers(world: &World) -> DatabaseTransaction {
    let owner = world.owner().await;
    let trigger = "CREATE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER held_up AFTER UPDATE ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
            WHEN (OLD.truv_order_id IS DISTINCT FROM NEW.truv_order_id) EXECUTE FUNCTION wait_at_the_gate()";
    owner.execute_unprepared(trigger).await.unwrap();
    let gate = owner.begin().await.unwrap();
    gate.execute_unprepared("SELECT pg_advisory_xact_lock(1)").await.unwrap();
    gate
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_loses_against_another_transaction_follows_it_at_once() {
    // One after the other, so that each loses exactly once.
    let world = World::tuned(Settings::at_once(), |config| config.work.workers = 1).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    if world.app.kit().db.backend() != DbBackend::Postgres {
        // SQLite has one writer: nobody is in its way.
        return;
    }
    // Every other attempt loses, as PostgreSQL says it.
    let trigger = "CREATE SEQUENCE attempts;
        CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
            AS 'BEGIN IF nextval(''attempts'') % 2 = 1 THEN RAISE serialization_failure; END IF; RETURN NEW; END';
        CREATE TRIGGER meeting BEFORE UPDATE ON deliveries FOR EACH ROW
            WHEN (NEW.status = 'APPLIED' AND OLD.status <> 'APPLIED') EXECUTE FUNCTION lose()";
    let owner = world.owner().await;
    owner.execute_unprepared(trigger).await.unwrap();
    world.refresh(&case, "key-1").await;
    // The clock stands still: nothing waits for its time.
    world.quiet().await;
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
    assert_eq!(recert::deliveries::counts(&world.app.kit().db).await.unwrap(), recert::deliveries::Counts::default());
}
