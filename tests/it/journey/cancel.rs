//! Canceling an order, before and after Truv has it.

use std::time::Duration;

use recert::ids::OrderId;
use recert::orders::{self, Error, Refusal};
use recert::simulator::{Scenario, Settings};
use recert::words::OrderStatus;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use crate::support::world::{KnownCase, World};

/// The id behind the case's newest order.
pub(super) async fn newest(world: &World) -> OrderId {
    let db = &world.app.kit().db;
    let statement =
        Statement::from_string(db.backend(), "SELECT id FROM orders ORDER BY created_at DESC, id DESC LIMIT 1");
    let id: uuid::Uuid = db.read().query_one_raw(statement).await.unwrap().unwrap().try_get("", "id").unwrap();
    id.into()
}

async fn cancel(world: &World) -> Result<orders::Made, Error> {
    let order = newest(world).await;
    orders::cancel(world.app.kit(), &world.caller().await, order).await
}

async fn used(world: &World, case: &KnownCase) -> i64 {
    world.show(case).await["employerLinks"][0]["allowance"]["used"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_was_not_sent_is_canceled_at_once_and_costs_nothing() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    // While the earlier order cannot be read, nothing is sent.
    world.faults(json!([{ "where": "api", "match": { "method": "GET" }, "action": "error_before" }])).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let made = cancel(&world).await.unwrap();
    assert_eq!(made.order.status, OrderStatus::Canceled);
    assert_eq!(cancel(&world).await.unwrap().order.status, OrderStatus::Canceled, "twice is no error");
    world.faults(json!([])).await;
    world.advance(Duration::from_mins(1)).await;
    let shown = world.show(&case).await;
    assert_eq!((&shown["status"], &shown["nextAction"]), (&"DUE".into(), &"CREATE_REFRESH_ORDER".into()));
    assert_eq!((world.true_refreshes(&case).await, used(&world, &case).await), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_truv_has_is_canceled_there() {
    let world = World::with(Settings { step_ms: 60_000, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    assert_eq!(cancel(&world).await.unwrap().order.status, OrderStatus::Pending);
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!((&shown["latestOrder"]["status"], &shown["status"]), (&"CANCELED".into(), &"DUE".into()), "{shown:#}");
    let truth = world.true_order(shown["latestOrder"]["truvOrderId"].as_str().unwrap()).await;
    assert!(truth["canceled_at"].is_string());
    assert_eq!(used(&world, &case).await, 1, "Truv has counted it");
    world.advance(Duration::from_mins(10)).await;
    assert_eq!(world.show(&case).await["latestOrder"]["status"], "CANCELED", "it stays so");
    world.refresh(&case, "key-2").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canceling_an_order_whose_data_is_already_there_comes_too_late() {
    let world = World::with(Settings { suborder_lag_ms: 3_600_000, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    // Truv has the data; the gateway was not told, and Truv takes the wish since the entry is still open.
    world.faults(json!([{ "where": "delivery", "action": "drop" }])).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    assert_eq!(cancel(&world).await.unwrap().order.status, OrderStatus::Pending);
    world.quiet().await;
    let shown = world.show(&case).await;
    let truth = world.true_order(shown["latestOrder"]["truvOrderId"].as_str().unwrap()).await;
    assert!(truth["canceled_at"].is_string());
    let state = |name: &str| &truth["employers"][0][name];
    assert_eq!((state("status"), state("last_task_status")), (&"canceled".into(), &"done".into()));
    let status = (&shown["latestOrder"]["status"], &shown["status"]);
    assert_eq!(status, (&"COMPLETED".into(), &"READY_FOR_REVIEW".into()), "what is billed is shown: {shown:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_has_ended_cannot_be_canceled() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let Err(Error::Refused(refusals)) = cancel(&world).await else { panic!("it was canceled") };
    assert!(matches!(refusals[..], [Refusal::Conflict { .. }]), "{refusals:?}");
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canceled_ask_leaves_the_case_waiting_for_the_client() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::LoginError]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    world.ask(&case, "ask-1").await;
    world.quiet().await;
    cancel(&world).await.unwrap();
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!(shown["latestOrder"]["status"], "CANCELED");
    assert_eq!((&shown["status"], &shown["nextAction"]), (&"NEEDS_CLIENT".into(), &"SEND_VERIFICATION_LINK".into()));
    world.ask(&case, "ask-2").await;
    world.quiet().await;
    assert_eq!(world.show(&case).await["status"], "WAITING_ON_CLIENT");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canceled_repeat_leaves_the_review_that_was_ready() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    world.scenario(&case.links[0], "hang").await;
    world.refresh(&case, "key-2").await;
    world.quiet().await;
    assert_eq!(world.show(&case).await["status"], "REFRESHING");
    cancel(&world).await.unwrap();
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!((&shown["status"], &shown["nextAction"]), (&"READY_FOR_REVIEW".into(), &"REVIEW".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anothers_order_looks_absent() {
    let world = World::start().await;
    world.case("SNAP-1", &[Scenario::Ok]).await;
    let order = newest(&world).await;
    let mut stranger = world.caller().await;
    stranger.agency = crate::support::seed::Seed(world.app.kit()).agency(crate::support::world::NEIGHBOUR).await;
    let Err(Error::Refused(refusals)) = orders::cancel(world.app.kit(), &stranger, order).await else {
        panic!("a stranger got through")
    };
    assert!(matches!(refusals[..], [Refusal::NotFound { .. }]), "{refusals:?}");
}
