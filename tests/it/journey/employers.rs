//! Cases with several employers: some fail, some are asked, and the review shows all of it together.

use std::time::Duration;

use recert::simulator::Scenario;
use serde_json::{Value, json};

use crate::support::world::{KnownCase, World};

async fn started(scenarios: &[Scenario]) -> (World, KnownCase) {
    let world = World::start().await;
    let case = world.case("SNAP-1", scenarios).await;
    world.clock.advance(Duration::from_mins(1));
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    (world, case)
}

/// The jobs of the review's newest report, by employer.
async fn jobs(world: &World, case: &KnownCase) -> Vec<String> {
    let review = world.review(case).await;
    let mut jobs: Vec<_> = review["current"]["employments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["companyName"].as_str().unwrap().to_owned())
        .collect();
    jobs.sort();
    jobs
}

const BOTH: [&str; 2] = ["Employer 0 of SNAP-1", "Employer 1 of SNAP-1"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_connections_make_one_order_and_one_report() {
    let (world, case) = started(&[Scenario::Ok, Scenario::OkNewStub]).await;
    assert_eq!(world.true_refreshes(&case).await, 1);
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
    assert_eq!(jobs(&world, &case).await, BOTH);
    assert_eq!(world.truth().await["billing"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passing_failure_of_one_is_repeated_for_that_one_alone() {
    let (world, case) = started(&[Scenario::Ok, Scenario::UnavailableThenOk(1)]).await;
    let shown = world.show(&case).await;
    assert_eq!((&shown["latestOrder"]["status"], &shown["status"]), (&"PARTIAL".into(), &"RETRY_SCHEDULED".into()));
    world.advance(Duration::from_hours(2)).await;
    let orders = world.orders(&case).await;
    assert_eq!((&orders[2]["kind"], &orders[2]["status"]), (&"RETRY".into(), &"COMPLETED".into()), "{orders:#?}");
    assert_eq!(orders[2]["employers"].as_array().unwrap().len(), 1);
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
    assert_eq!(jobs(&world, &case).await, BOTH, "what the first order read is there, too");
    let removed = |change: &&Value| change["change"] == "REMOVED";
    assert_eq!(world.review(&case).await["changes"].as_array().unwrap().iter().filter(removed).count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_has_brought_is_reviewed_when_the_retry_of_the_other_is_called_off() {
    let (world, case) = started(&[Scenario::Ok, Scenario::Unavailable]).await;
    let shown = world.show(&case).await;
    assert_eq!(shown["status"], "RETRY_SCHEDULED");
    let input = json!({ "input": { "orderId": shown["latestOrder"]["id"] } });
    let canceled = world.send("CancelOrder", input).await["cancelOrder"].clone();
    assert_eq!(canceled["userErrors"], json!([]), "{canceled}");
    world.quiet().await;
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
    assert_eq!(jobs(&world, &case).await, BOTH[..1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_beside_slow_work_is_acted_on_when_all_has_settled() {
    // The outage is known long before the other one has ended.
    let world =
        World::with(recert::simulator::Settings { step_ms: 100, ..recert::simulator::Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Unavailable, Scenario::Slow]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    world.pass(4, Duration::from_millis(500)).await;
    let shown = world.show(&case).await;
    assert_eq!((&shown["latestOrder"]["status"], &shown["status"]), (&"IN_PROGRESS".into(), &"REFRESHING".into()));
    assert_eq!(shown["latestOrder"]["employers"][0]["failure"]["reason"], "PROVIDER_UNAVAILABLE", "{shown:#}");
    assert_eq!(shown["latestOrder"]["failure"], Value::Null);
    world.pass(6, Duration::from_secs(10)).await;
    let shown = world.show(&case).await;
    assert_eq!((&shown["latestOrder"]["status"], &shown["status"]), (&"PARTIAL".into(), &"RETRY_SCHEDULED".into()));
    world.advance(Duration::from_secs(3_700)).await;
    assert_eq!(world.orders(&case).await.len(), 3, "the retry came");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_that_the_client_must_mend_is_asked_about_and_joined_to_the_rest() {
    let (world, case) = started(&[Scenario::Ok, Scenario::LoginError]).await;
    let shown = world.show(&case).await;
    assert_eq!((&shown["latestOrder"]["status"], &shown["status"]), (&"PARTIAL".into(), &"NEEDS_CLIENT".into()));
    let health: Vec<_> = shown["employerLinks"].as_array().unwrap().iter().map(|link| link["health"].clone()).collect();
    assert_eq!(health, ["HEALTHY", "BROKEN"]);
    world.ask(&case, "ask-1").await;
    world.quiet().await;
    let ask = world.show(&case).await["latestOrder"].clone();
    assert_eq!(ask["employers"].as_array().unwrap().len(), 1, "{ask:#}");
    world.applicant(ask["truvOrderId"].as_str().unwrap(), json!({ "action": "login" })).await;
    world.quiet().await;
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
    assert_eq!(jobs(&world, &case).await, BOTH);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_caseworker_must_settle_leaves_the_rest_to_be_reviewed() {
    let (world, case) = started(&[Scenario::Ok, Scenario::NoData]).await;
    let shown = world.show(&case).await;
    assert_eq!((&shown["latestOrder"]["status"], &shown["status"]), (&"PARTIAL".into(), &"READY_FOR_REVIEW".into()));
    assert_eq!(shown["latestOrder"]["failure"]["reason"], "NO_DATA");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_employer_alone_may_be_refreshed() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok, Scenario::LoginError]).await;
    let employers = world.show(&case).await["latestOrder"]["employers"].clone();
    let first = json!({ "employerIds": [employers[0]["id"]] });
    let made = world.try_refresh(&case, "key-1", first).await;
    assert_eq!(made["userErrors"], json!([]), "{made}");
    assert_eq!(made["order"]["kind"], "PARTIAL_REFRESH");
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!((&shown["latestOrder"]["status"], &shown["status"]), (&"COMPLETED".into(), &"READY_FOR_REVIEW".into()));
    let truth = world.true_order(shown["latestOrder"]["truvOrderId"].as_str().unwrap()).await;
    assert_eq!(truth["employers"].as_array().unwrap().len(), 1);
    let used: Vec<_> =
        shown["employerLinks"].as_array().unwrap().iter().map(|link| link["allowance"]["used"].clone()).collect();
    assert_eq!(used, [1, 0]);
    let foreign = world.case("SNAP-2", &[Scenario::Ok]).await;
    let elsewhere = world.show(&foreign).await["latestOrder"]["employers"][0]["id"].clone();
    let refused = world.try_refresh(&case, "key-2", json!({ "employerIds": [elsewhere] })).await;
    assert_eq!(refused["userErrors"][0]["__typename"], "NotFoundError", "{refused}");
}
