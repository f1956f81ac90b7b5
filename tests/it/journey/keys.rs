//! One idempotency key, one effect.

use futures_util::future::join_all;
use recert::simulator::{Scenario, Settings};
use serde_json::{Value, json};

use crate::support::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_at_once_with_one_key_make_one_refresh_and_get_one_answer() {
    let world = World::with(Settings { step_ms: 60_000, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let answers = join_all((0..10).map(|_| world.refresh(&case, "key-1"))).await;
    let order = &answers[0]["order"]["id"];
    assert!(order.is_string() && answers.iter().all(|answer| answer["order"]["id"] == *order), "{answers:#?}");
    world.quiet().await;
    let again = world.refresh(&case, "key-1").await;
    assert_eq!(again["order"]["id"], *order);
    assert_eq!(world.true_refreshes(&case).await, 1);
    assert_eq!(world.show(&case).await["employerLinks"][0]["allowance"]["used"], 1);
    world.advance(std::time::Duration::from_mins(10)).await;
    let late = world.refresh(&case, "key-1").await;
    assert_eq!((&late["order"]["id"], &late["order"]["status"]), (order, &"COMPLETED".into()), "as it is now");
    assert_eq!(world.true_refreshes(&case).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_at_once_with_one_key_are_one_call_one_line_and_fifty_equal_answers() {
    let world = World::with(Settings { step_ms: 60_000, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let answers = join_all((0..50).map(|_| world.refresh(&case, "key-1"))).await;
    let orders: Vec<&Value> = answers.iter().map(|answer| &answer["order"]["id"]).collect();
    assert!(orders[0].is_string() && orders.iter().all(|id| *id == orders[0]), "{orders:?}");
    world.quiet().await;
    let path = format!("/v1/orders/{}/", case.truv_order);
    let posts = |entry: &&Value| entry["method"] == "POST" && entry["path"] == path.as_str();
    assert_eq!(world.log("request").await.iter().filter(posts).count(), 1);
    assert_eq!(world.send("Ledger", json!({})).await["ledger"]["totalCount"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_for_two_cases_at_once_is_a_conflict_for_one_of_them() {
    let world = World::start().await;
    for round in 0..6 {
        let (one, two) = (format!("SNAP-{round}a"), format!("SNAP-{round}b"));
        let cases = [world.case(&one, &[Scenario::Ok]).await, world.case(&two, &[Scenario::Ok]).await];
        let key = format!("key-{round}");
        let answers = join_all(cases.iter().map(|case| world.try_refresh(case, &key, json!({})))).await;
        let won = answers.iter().filter(|answer| answer["userErrors"] == json!([])).count();
        let lost = answers.iter().filter(|answer| answer["userErrors"][0]["__typename"] == "ConflictError").count();
        assert_eq!((won, lost), (1, 1), "{answers:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_forgotten_after_its_time_and_not_before() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let first = world.refresh(&case, "key-1").await["order"]["id"].clone();
    world.quiet().await;
    world.advance(std::time::Duration::from_hours(29 * 24)).await;
    assert_eq!(world.refresh(&case, "key-1").await["order"]["id"], first);
    world.advance(std::time::Duration::from_hours(2 * 24)).await;
    let forgotten = async || {
        let answer = world.try_refresh(&case, "key-1", json!({})).await;
        (answer["order"]["id"].is_string() && answer["order"]["id"] != first).then_some(())
    };
    world.until("the key is forgotten", forgotten).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_with_other_input_is_a_conflict() {
    let world = World::start().await;
    let (case, other) = (world.case("SNAP-1", &[Scenario::Ok]).await, world.case("SNAP-2", &[Scenario::Ok]).await);
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let conflicts = [
        world.try_refresh(&case, "key-1", json!({ "product": "EMPLOYMENT" })).await,
        world.try_refresh(&case, "key-1", json!({ "purpose": "APPEAL" })).await,
        world.try_refresh(&other, "key-1", json!({})).await,
    ];
    for answer in conflicts {
        assert_eq!(answer["userErrors"][0]["__typename"], "ConflictError", "{answer}");
        assert_eq!(answer["order"], Value::Null);
    }
    assert_eq!(world.true_refreshes(&other).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_key_may_be_used_again() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let refused = world.try_refresh(&case, "key-1", json!({ "product": "ASSETS" })).await;
    assert_eq!(refused["userErrors"][0]["__typename"], "InvalidInputError", "{refused}");
    world.refresh(&case, "key-1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_is_contacted_once_for_one_key() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::LoginError]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let answers = join_all((0..10).map(|_| world.ask(&case, "ask-1"))).await;
    assert!(answers.iter().all(|answer| answer["order"]["id"] == answers[0]["order"]["id"]));
    world.quiet().await;
    let created = |entry: &&Value| entry["method"] == "POST" && entry["path"] == "/v1/orders/";
    assert_eq!(world.log("request").await.iter().filter(created).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_one_refresh_is_open_another_key_is_told_so() {
    let world = World::with(Settings { step_ms: 60_000, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let made = world.refresh(&case, "key-1").await;
    let refused = world.try_refresh(&case, "key-2", json!({})).await;
    assert_eq!(refused["userErrors"][0]["__typename"], "RefreshInProgressError", "{refused}");
    assert_eq!(refused["userErrors"][0]["order"]["id"], made["order"]["id"]);
}
