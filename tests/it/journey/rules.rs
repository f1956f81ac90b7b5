//! The agency's own rules: what a purpose allows outside the certification window, and data that is fresh enough; and what
//! is learned about connections on the way.

use std::time::Duration;

use chrono::{DateTime, Days, TimeDelta, Utc};
use recert::config::{Config, Freshness, GateRule};
use recert::simulator::{Scenario, SeedBatch, SeedEmployer, SeedLink, SeedOrder, SeedPerson, Settings};
use serde_json::{Value, json};

use crate::support::caseload::Client;
use crate::support::world::{KnownCase, World};

fn client(world: &World, number: &str, due_in: u64, age: u64) -> Client {
    let today = world.clock.today();
    Client {
        number: number.to_owned(),
        due_on: today + Days::new(due_in),
        cycle_days: 181,
        connected_on: today - Days::new(age),
        provider: "adp",
        scenario: Scenario::Ok,
        has_address_at_truv: false,
    }
}

async fn ask(world: &World, case: &KnownCase, purpose: &str) -> Value {
    let input =
        json!({ "caseId": case.id, "purpose": purpose, "idempotencyKey": format!("{purpose}-{}", case.number) });
    world.send("CreateRefreshOrder", json!({ "input": input })).await["createRefreshOrder"].clone()
}

async fn preview(world: &World, case: &KnownCase, purpose: &str) -> Value {
    let variables = json!({ "caseId": case.id, "purpose": purpose });
    world.send("RefreshPreview", variables).await["refreshPreview"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_the_window_the_rule_for_the_purpose_decides() {
    let world = World::tuned(Settings::at_once(), |config: &mut Config| {
        let snap = &mut config.agencies[0].refresh_rules.purposes.snap;
        (snap.periodic_review, snap.client_request) = (GateRule::Hold, GateRule::Refuse);
    })
    .await;
    let cases = world.bring_in(&[client(&world, "EARLY", 90, 90), client(&world, "OPEN", 20, 90)]).await;
    let opens_on = world.clock.today() + Days::new(60);
    for (purpose, rule) in [("PERIODIC_REVIEW", "HOLD"), ("CLIENT_REQUEST", "REFUSE")] {
        let refused = ask(&world, &cases[0], purpose).await;
        let error = &refused["userErrors"][0];
        assert_eq!((&refused["order"], &error["__typename"]), (&Value::Null, &json!("PurposeGateError")), "{refused}");
        let seen = [&error["rule"], &error["program"], &error["purpose"], &error["opensOn"]];
        assert_eq!(seen, [&json!(rule), &json!("SNAP"), &json!(purpose), &json!(opens_on)]);
        let preview = preview(&world, &cases[0], purpose).await;
        assert_eq!(preview["refusals"][0]["__typename"], "PurposeGateError", "{preview}");
        assert_eq!(ask(&world, &cases[1], purpose).await["userErrors"], json!([]), "inside the window all is allowed");
        world.quiet().await;
        world.clock.advance(Duration::from_mins(1));
    }
    assert_eq!(world.true_refreshes(&cases[0]).await, 0);
    let allowed = ask(&world, &cases[0], "APPEAL").await;
    assert_eq!(allowed["userErrors"], json!([]), "{allowed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_that_is_fresh_enough_is_warned_of_or_stands_against_a_refresh() {
    for rule in [Freshness::Warn, Freshness::Refuse] {
        let world = World::tuned(Settings::at_once(), |config: &mut Config| {
            let rules = &mut config.agencies[0].refresh_rules;
            (rules.fresh_days, rules.fresh) = (Some(14), rule);
        })
        .await;
        let case = world.bring_in(&[client(&world, "SNAP-1", 20, 90)]).await.remove(0);
        let first = ask(&world, &case, "RENEWAL").await;
        assert_eq!((&first["userErrors"], &first["freshDataWarning"]), (&json!([]), &Value::Null), "{first}");
        world.quiet().await;
        world.advance(Duration::from_hours(3 * 24)).await;
        assert_eq!(preview(&world, &case, "RENEWAL").await["freshData"]["ageDays"], 3);
        let second = ask(&world, &case, "CLIENT_REQUEST").await;
        let (data, refreshes) = match rule {
            Freshness::Warn => (&second["freshDataWarning"], 2),
            Freshness::Refuse => (&second["userErrors"][0]["data"], 1),
        };
        assert_eq!((&data["ageDays"], &data["freshDays"]), (&json!(3), &json!(14)), "{second}");
        assert!(data["report"]["id"].is_string(), "{second}");
        world.quiet().await;
        assert_eq!(world.true_refreshes(&case).await, refreshes);
        world.advance(Duration::from_hours(15 * 24)).await;
        let later = ask(&world, &case, "APPEAL").await;
        assert_eq!((&later["userErrors"], &later["freshDataWarning"]), (&json!([]), &Value::Null), "{later}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ages_at_which_refreshes_work_and_fail_are_learned_and_forecasts_go_by_them() {
    let settings = Settings { provider_lifetimes: [("adp".to_owned(), 100)].into(), ..Settings::at_once() };
    let world = World::tuned(settings, |config: &mut Config| {
        config.renewals.provider_lifetimes = [("set".to_owned(), 33)].into();
        config.agencies[0].spending.price_cents.income = Some(150);
    })
    .await;
    let clients: Vec<Client> =
        (0..20).map(|n| client(&world, &format!("SNAP-{n:02}"), 20, if n % 2 == 0 { 80 } else { 120 })).collect();
    let cases = world.bring_in(&clients).await;
    let plan = async || world.send("PlanRenewals", json!({ "window": {} })).await["planRenewals"].clone();
    let before = plan().await;
    assert_eq!((&before["cost"], &before["expectedSuccessCount"]), (&json!("30.00"), &json!(19)), "{before}");
    for case in &cases {
        world.refresh(case, &format!("key-{}", case.number)).await;
    }
    world.quiet().await;
    let shown = world.send("LinkLifetimes", json!({})).await["linkLifetimes"].clone();
    let adp = json!({
        "providerId": "adp", "expectedDays": 120, "basis": "LEARNED", "workedCount": 10, "failedCount": 10,
        "longestWorkingDays": 80, "shortestFailedDays": 120, "medianFailedDays": 120,
    });
    assert_eq!(shown[0], adp, "{shown:#}");
    assert_eq!((&shown[1]["providerId"], &shown[1]["basis"]), (&json!("set"), &json!("SETTING")));

    // Forecasts read it anew every hour.
    world.advance(Duration::from_mins(61)).await;
    let next = world.bring_in(&[client(&world, "NEXT", 60, 119)]).await.remove(0);
    let link = world.show(&next).await["employerLinks"][0].clone();
    assert_eq!(link["health"], "LIKELY_EXPIRED", "{link}");
    let plan = plan().await;
    let item = plan["items"]["nodes"].as_array().unwrap().iter().find(|item| item["case"]["number"] == "NEXT").unwrap();
    assert_eq!(item["action"], "ASK_CLIENT", "it ends before the cycle opens: {item}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_asked_in_the_way_that_the_file_names_and_the_queue_shows_it() {
    let world = World::start().await;
    let today = world.clock.today();
    let row = json!({
        "number": "SNAP-1", "program": "SNAP", "dueOn": today + Days::new(20),
        "periodStart": today, "periodEnd": today + Days::new(20),
        "client": {
            "externalUserId": "p-1", "firstName": "Ana", "lastName": "Ruiz", "email": "ana@example.test",
            "phone": "503 555 0142", "language": "es", "preferredChannel": "SMS",
        },
    });
    let made = world.send("ImportCases", json!({ "input": { "cases": [row] } })).await["importCases"].clone();
    assert_eq!(made["createdCount"], 1, "{made}");
    let queue = world.send("Queue", json!({})).await["cases"]["nodes"][0]["client"].clone();
    assert_eq!((&queue["language"], &queue["contactChannel"]), (&json!("es"), &json!("SMS")), "{queue}");
    let mut wrong = row;
    wrong["client"]["language"] = json!("Spanish, please");
    let refused = world.send("ImportCases", json!({ "input": { "cases": [wrong] } })).await["importCases"].clone();
    assert!(refused["refused"][0]["message"].as_str().unwrap().starts_with("language "), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_imported_order_that_truv_does_not_know_is_listed_and_asked_about_once() {
    let world = World::start().await;
    let today = world.clock.today();
    let row = json!({
        "number": "SNAP-1", "program": "SNAP", "dueOn": today + Days::new(20),
        "periodStart": today, "periodEnd": today + Days::new(20),
        "client": { "externalUserId": "p-1", "firstName": "Ana", "lastName": "Ruiz" },
        "orders": [{ "truvOrderId": "0123456789abcdef", "number": "A-1" }],
    });
    world.send("ImportCases", json!({ "input": { "cases": [row.clone()] } })).await;
    world.quiet().await;
    world.pass(3, Duration::from_mins(61)).await;
    let log = world.log("request").await;
    let asked = log.iter().filter(|entry| entry["path"] == "/v1/orders/0123456789abcdef/").count();
    assert_eq!(asked, 1, "an order that is not there is not asked about again");
    let agency = world.caller().await.agency;
    let unread = recert::orders::list_unread(&world.app.kit().db, agency, None, 10).await.unwrap();
    let (_, unread) = &unread[0];
    assert_eq!((unread.case_number.as_str(), unread.number.as_deref()), ("SNAP-1", Some("A-1")));
    assert!(unread.why.as_deref().unwrap().contains("no order by this id"), "{unread:?}");

    // The id is corrected in the file. Truv says that this order came from no other one: the client logged in for it.
    let now = world.clock.now();
    let link = seed_link(now - TimeDelta::days(60));
    let order = SeedOrder {
        order_id: Some("fedcba9876543210".to_owned()),
        order_number: Some("A-1".to_owned()),
        product: "income".to_owned(),
        created_at: now - TimeDelta::days(60),
        completed_at: Some(now - TimeDelta::days(60)),
        employers: vec![SeedEmployer { link: Some(0), ..SeedEmployer::default() }],
        initial_order: None,
    };
    let person = SeedPerson {
        external_user_id: "p-1".to_owned(),
        first_name: "Ana".to_owned(),
        last_name: "Ruiz".to_owned(),
        links: vec![link],
        orders: vec![order],
        ..SeedPerson::default()
    };
    world.sim.seed(SeedBatch { people: vec![person], ..SeedBatch::default() }).unwrap();
    let mut corrected = row;
    corrected["orders"][0]["truvOrderId"] = json!("fedcba9876543210");
    let made = world.send("ImportCases", json!({ "input": { "cases": [corrected] } })).await["importCases"].clone();
    world.quiet().await;
    let id = made["cases"][0]["id"].as_str().unwrap().to_owned();
    let case =
        KnownCase { id, number: "SNAP-1".to_owned(), truv_order: "fedcba9876543210".to_owned(), links: Vec::new() };
    assert_eq!(world.show(&case).await["employerLinks"][0]["health"], "HEALTHY", "its age is known");
    let refreshed = ask(&world, &case, "RENEWAL").await;
    assert_eq!(refreshed["userErrors"], json!([]), "{refreshed}");
    world.quiet().await;
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
}

fn seed_link(connected_at: DateTime<Utc>) -> SeedLink {
    SeedLink {
        link_id: None,
        access_token: None,
        provider_id: None,
        provider_name: None,
        company_name: "Harbor Grocery Co".to_owned(),
        company_mapping_id: None,
        data_source: None,
        connected_at,
        scenario: Scenario::Ok,
        jobs: Vec::new(),
    }
}
