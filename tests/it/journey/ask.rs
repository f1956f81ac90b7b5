//! The client must log in again: the link that is sent, the late login on the failed refresh itself, and what ends the ask.

use recert::simulator::Scenario;
use serde_json::{Value, json};

use crate::support::world::{KnownCase, World};

async fn refused(scenarios: &[Scenario]) -> (World, KnownCase) {
    let world = World::start().await;
    let case = world.case("SNAP-1", scenarios).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    assert_eq!(world.show(&case).await["status"], "NEEDS_CLIENT");
    world.clock.advance(std::time::Duration::from_mins(1));
    (world, case)
}

/// Truv's id of the case's newest order.
async fn newest(world: &World, case: &KnownCase) -> String {
    world.show(case).await["latestOrder"]["truvOrderId"].as_str().unwrap().to_owned()
}

async fn asked(world: &World, case: &KnownCase) -> String {
    let made = world.ask(case, "ask-1").await;
    assert_eq!((&made["order"]["kind"], &made["order"]["status"]), (&"REAUTHENTICATION".into(), &"REQUESTED".into()));
    world.quiet().await;
    let shown = world.show(case).await;
    assert_eq!((&shown["status"], &shown["nextActor"]), (&"WAITING_ON_CLIENT".into(), &"CLIENT".into()), "{shown:#}");
    let link = &shown["latestOrder"]["verificationLink"];
    let url = link["url"].as_str().unwrap();
    assert!(url.starts_with("http"), "{link}");
    // Whoever has the database alone has no link.
    let stored = world.column("SELECT share_url AS value FROM orders WHERE share_url IS NOT NULL").await;
    assert!(!stored.is_empty() && stored.iter().all(|text| text.starts_with("sealed.v1.") && !text.contains(url)));
    newest(world, case).await
}

fn login() -> Value {
    json!({ "action": "login" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_follows_the_link_and_the_review_is_filled() {
    let (world, case) = refused(&[Scenario::LoginError]).await;
    let order = asked(&world, &case).await;
    world.applicant(&order, login()).await;
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!(shown["status"], "READY_FOR_REVIEW", "{shown:#}");
    assert_eq!(
        (&shown["latestOrder"]["kind"], &shown["latestOrder"]["status"]),
        (&"REAUTHENTICATION".into(), &"COMPLETED".into())
    );
    let links = shown["employerLinks"].as_array().unwrap();
    assert_eq!(links.len(), 1, "the same credentials make no second connection: {links:#?}");
    assert_eq!(links[0]["health"], "HEALTHY");
    assert_eq!(world.review(&case).await["current"]["employments"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_credentials_make_another_connection_for_the_same_job() {
    let (world, case) = refused(&[Scenario::MfaError]).await;
    let order = asked(&world, &case).await;
    world.applicant(&order, json!({ "action": "login", "same_credentials": false })).await;
    world.quiet().await;
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
    let review = world.review(&case).await;
    assert_eq!(review["current"]["employments"].as_array().unwrap().len(), 1, "{review:#}");
    let job = |change: &&Value| change["key"] == "EMPLOYER";
    assert_eq!(
        review["changes"].as_array().unwrap().iter().filter(job).count(),
        0,
        "the job is known again: {review:#}"
    );
    let health: Vec<Value> = world.show(&case).await["employerLinks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| link["health"].clone())
        .collect();
    assert_eq!(health, ["BROKEN", "HEALTHY"]);
    world.clock.advance(std::time::Duration::from_mins(1));
    world.refresh(&case, "key-2").await;
    world.quiet().await;
    assert_eq!(world.show(&case).await["latestOrder"]["status"], "COMPLETED", "the new connection is refreshed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_refusal_and_a_client_who_leaves_ask_for_another_link() {
    let (world, case) = refused(&[Scenario::LoginError]).await;
    let order = asked(&world, &case).await;
    world.applicant(&order, json!({ "action": "login", "username": "wrong", "password": "wrong" })).await;
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!((&shown["status"], &shown["nextAction"]), (&"NEEDS_CLIENT".into(), &"SEND_VERIFICATION_LINK".into()));
    world.ask(&case, "ask-2").await;
    world.quiet().await;
    let order = newest(&world, &case).await;
    world.applicant(&order, json!({ "action": "leave" })).await;
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!(shown["nextAction"], "SEND_VERIFICATION_LINK", "{shown:#}");
    // Truv lets the client come back.
    world.applicant(&order, json!({ "action": "login", "employer_id": suborder(&world, &order).await })).await;
    world.quiet().await;
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_provider_said_of_an_earlier_login_is_not_said_of_a_later_one() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::ConfigError]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let failed = world.show(&case).await["latestOrder"].clone();
    let message = |order: &Value| order["failure"]["message"].as_str().unwrap().to_owned();
    assert!(message(&failed).contains("The provider says: Documents are not consistent"), "{failed:#}");
    world.clock.advance(std::time::Duration::from_mins(1));
    let wrong = json!({ "action": "login", "username": "wrong", "password": "wrong" });
    world.applicant(failed["truvOrderId"].as_str().unwrap(), wrong).await;
    world.quiet().await;
    let refused = world.show(&case).await["latestOrder"].clone();
    assert_eq!((&refused["id"], &refused["failure"]["taskStatus"]), (&failed["id"], &"LOGIN_ERROR".into()));
    assert!(!message(&refused).contains("Documents"), "{refused:#}");
}

async fn suborder(world: &World, order: &str) -> Value {
    world.true_order(order).await["employers"][0]["id"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_login_completes_the_failed_refresh_and_ends_the_ask() {
    let (world, case) = refused(&[Scenario::LoginError]).await;
    let refresh = newest(&world, &case).await;
    let ask = asked(&world, &case).await;
    world.applicant(&refresh, login()).await;
    world.quiet().await;
    let orders = world.orders(&case).await;
    assert_eq!(orders[1]["status"], "COMPLETED", "{orders:#?}");
    assert_eq!(orders[2]["status"], "CANCELED", "{orders:#?}");
    assert!(world.true_order(&ask).await["canceled_at"].is_string());
    let shown = world.show(&case).await;
    assert_eq!((&shown["status"], &shown["nextAction"]), (&"READY_FOR_REVIEW".into(), &"REVIEW".into()), "{shown:#}");
    assert_eq!(shown["employerLinks"][0]["health"], "HEALTHY");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_login_without_an_ask_completes_the_failed_refresh() {
    let (world, case) = refused(&[Scenario::AccountLocked]).await;
    let refresh = newest(&world, &case).await;
    // Days later the window has passed.
    world.advance(std::time::Duration::from_hours(192)).await;
    world.applicant(&refresh, login()).await;
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!((&shown["status"], &shown["latestOrder"]["status"]), (&"READY_FOR_REVIEW".into(), &"COMPLETED".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_nobody_follows_expires_and_another_may_be_sent() {
    let (world, case) = refused(&[Scenario::LoginError]).await;
    asked(&world, &case).await;
    let second = json!({ "caseId": case.id, "channels": ["EMAIL"], "idempotencyKey": "ask-2" });
    let refused = world.send("SendVerificationLink", json!({ "input": second })).await;
    assert_eq!(
        refused["sendVerificationLink"]["userErrors"].as_array().unwrap().len(),
        1,
        "one ask at a time: {refused}"
    );
    world.advance(std::time::Duration::from_hours(192)).await;
    let shown = world.show(&case).await;
    assert_eq!(shown["latestOrder"]["status"], "EXPIRED", "{shown:#}");
    assert_eq!((&shown["status"], &shown["nextAction"]), (&"NEEDS_CLIENT".into(), &"SEND_VERIFICATION_LINK".into()));
    world.ask(&case, "ask-3").await;
    world.quiet().await;
    assert_eq!(world.show(&case).await["status"], "WAITING_ON_CLIENT");
}
