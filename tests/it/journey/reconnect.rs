//! A broken connection comes back by every way there is, the ask ends by itself, and nobody is asked twice.

use std::time::Duration;

use recert::simulator::{Scenario, SeedBatch, SeedEmployer, SeedOrder, SeedPerson, Settings};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::{KnownCase, World};

fn login() -> Value {
    json!({ "action": "login" })
}

/// Another case of the same client, with an order of its own over the same connections.
async fn sharing(world: &World, case: &KnownCase, number: &str) -> KnownCase {
    let now = world.clock.now();
    let order = SeedOrder {
        order_id: None,
        order_number: Some(number.to_owned()),
        product: "income".to_owned(),
        created_at: now - chrono::TimeDelta::days(80),
        completed_at: Some(now - chrono::TimeDelta::days(80)),
        employers: case
            .links
            .iter()
            .map(|link| SeedEmployer { link_id: Some(link.clone()), ..SeedEmployer::default() })
            .collect(),
        initial_order: None,
    };
    let person = SeedPerson {
        external_user_id: format!("client-{}", case.number),
        first_name: "Rosa".to_owned(),
        last_name: "Ortiz".to_owned(),
        orders: vec![order],
        ..SeedPerson::default()
    };
    let seeded = world.sim.seed(SeedBatch { people: vec![person], ..SeedBatch::default() }).unwrap();
    let truv_order = seeded.people[0].orders[0].order_id.clone();
    let today = now.date_naive();
    let row = json!({
        "number": number, "program": "TANF", "dueOn": today + chrono::Days::new(20),
        "periodStart": today - chrono::Days::new(160), "periodEnd": today + chrono::Days::new(20),
        "client": { "externalUserId": format!("client-{}", case.number), "firstName": "Rosa", "lastName": "Ortiz" },
        "orders": [{ "truvOrderId": truv_order, "number": number }],
    });
    let answer = world.send("ImportCases", json!({ "input": { "cases": [row] } })).await["importCases"].clone();
    assert_eq!(answer["createdCount"], 1, "{answer}");
    world.quiet().await;
    let id = answer["cases"][0]["id"].as_str().unwrap().to_owned();
    KnownCase { id, number: number.to_owned(), truv_order, links: case.links.clone() }
}

async fn standing(world: &World, case: &KnownCase) -> [String; 2] {
    let shown = world.show(case).await;
    ["status", "nextAction"].map(|field| shown[field].as_str().unwrap().to_owned())
}

/// How connections of the case came back, oldest first.
async fn restored(world: &World, case: &KnownCase) -> Vec<String> {
    let document = "query($by: CaseBy!) { case(by: $by) { events(last: 100) { nodes { kind
        ... on ConnectionRestored { restoredBy link { health } order { id } } } } } }";
    let answer = world.query(document, json!({ "by": { "id": case.id } })).await;
    let events = answer["data"]["case"]["events"]["nodes"].as_array().unwrap().clone();
    let of_kind = events.into_iter().filter(|event| event["kind"] == "CONNECTION_RESTORED");
    of_kind.map(|event| event["restoredBy"].as_str().unwrap().to_owned()).collect()
}

/// A case whose client must log in again.
async fn refused(world: &World, number: &str) -> KnownCase {
    let case = world.case(number, &[Scenario::LoginError]).await;
    world.refresh(&case, &format!("key-{number}")).await;
    world.quiet().await;
    assert_eq!(standing(world, &case).await, ["NEEDS_CLIENT", "SEND_VERIFICATION_LINK"]);
    world.clock.advance(Duration::from_mins(1));
    case
}

async fn asks(world: &World, case: &KnownCase) -> Vec<Value> {
    world.orders(case).await.into_iter().filter(|order| order["kind"] == "REAUTHENTICATION").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn update_mode_revives_the_connection_completes_the_refresh_and_ends_the_ask() {
    let world = World::start().await;
    let case = refused(&world, "SNAP-1").await;
    world.ask(&case, "ask-1").await;
    world.quiet().await;
    let link = world.show(&case).await["employerLinks"][0].clone();
    let input = json!({ "input": { "caseId": case.id, "linkId": link["id"] } });
    let made = world.send("CreateBridgeToken", input).await["createBridgeToken"].clone();
    assert_eq!((&made["userErrors"], &made["bridgeToken"]["link"]["id"]), (&json!([]), &link["id"]), "{made}");
    assert_eq!(standing(&world, &case).await, ["WAITING_ON_CLIENT", "WAIT"], "a token alone changes nothing");

    let token = made["bridgeToken"]["token"].as_str().unwrap();
    world.control(Method::POST, &format!("/control/bridge-tokens/{token}/applicant"), login()).await;
    world.quiet().await;
    assert_eq!(standing(&world, &case).await, ["READY_FOR_REVIEW", "REVIEW"]);
    let shown = world.show(&case).await;
    assert_eq!(shown["employerLinks"].as_array().unwrap().len(), 1, "the same connection: {shown:#}");
    assert_eq!(shown["employerLinks"][0]["health"], "HEALTHY");
    assert_eq!(asks(&world, &case).await[0]["status"], "CANCELED");
    assert_eq!(restored(&world, &case).await, ["LATE_LOGIN"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bridge_token_is_refused_with_the_reason() {
    let world = World::start().await;
    let case = refused(&world, "SNAP-1").await;
    let other = world.case("SNAP-2", &[Scenario::Ok]).await;
    let link = world.show(&case).await["employerLinks"][0]["id"].clone();
    let strange = world.show(&other).await["employerLinks"][0]["id"].clone();
    let ask = async |case: &str, link: &Value| {
        let input = json!({ "input": { "caseId": case, "linkId": link } });
        world.send("CreateBridgeToken", input).await["createBridgeToken"].clone()
    };
    for (case_id, link, path, kind) in [
        ("nonsense", &link, "caseId", "InvalidInputError"),
        (case.id.as_str(), &json!("nonsense"), "linkId", "InvalidInputError"),
        (case.id.as_str(), &strange, "linkId", "NotFoundError"),
    ] {
        let answer = ask(case_id, link).await;
        assert_eq!(answer["bridgeToken"], Value::Null);
        let error = &answer["userErrors"][0];
        assert_eq!((&error["__typename"], &error["path"]), (&json!(kind), &json!(["input", path])), "{answer}");
    }
    world.faults(json!([{ "where": "api", "action": "error_before" }])).await;
    let answer = ask(&case.id, &link).await;
    assert_eq!(answer["userErrors"][0]["__typename"], "UpstreamUnavailableError", "{answer}");
    world.faults(json!([])).await;
    let scopes = [recert::caller::Scope::CasesRead];
    let document = crate::support::client::operation_of("CreateBridgeToken");
    let input = json!({ "input": { "caseId": case.id, "linkId": link } });
    let token = world.token(crate::support::world::COUNTY, &scopes);
    let answer = world.query_as(&token, &document, input).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_incident_is_one_ask_and_ends_for_all_cases_that_share_the_connection() {
    let world = World::start().await;
    let snap = world.case("SNAP-1", &[Scenario::LoginError]).await;
    let tanf = sharing(&world, &snap, "TANF-1").await;
    world.refresh(&snap, "key-1").await;
    world.quiet().await;
    world.clock.advance(Duration::from_mins(1));
    world.ask(&snap, "ask-1").await;
    world.quiet().await;
    assert_eq!(standing(&world, &snap).await, ["WAITING_ON_CLIENT", "WAIT"]);

    // The other case may not ask for the same connection as long as that is open.
    let again = json!({ "input": { "caseId": tanf.id, "channels": ["EMAIL"], "idempotencyKey": "ask-2" } });
    let second = world.send("SendVerificationLink", again).await["sendVerificationLink"].clone();
    assert_eq!(second["userErrors"][0]["__typename"], "RefreshInProgressError", "{second}");
    assert_eq!(asks(&world, &tanf).await.len(), 0);

    // The client logs in for the other case, by a token of its own.
    let link = world.show(&tanf).await["employerLinks"][0]["id"].clone();
    let input = json!({ "input": { "caseId": tanf.id, "linkId": link } });
    let made = world.send("CreateBridgeToken", input).await["createBridgeToken"].clone();
    let token = made["bridgeToken"]["token"].as_str().unwrap();
    world.control(Method::POST, &format!("/control/bridge-tokens/{token}/applicant"), login()).await;
    world.quiet().await;
    assert_eq!(standing(&world, &snap).await, ["DUE", "CREATE_REFRESH_ORDER"]);
    assert_eq!(asks(&world, &snap).await[0]["status"], "CANCELED", "nobody is reminded any more");
    assert_eq!(restored(&world, &snap).await, ["OTHER_CASE"]);
    world.clock.advance(Duration::from_mins(1));
    world.refresh(&snap, "key-2").await;
    world.quiet().await;
    assert_eq!(standing(&world, &snap).await, ["READY_FOR_REVIEW", "REVIEW"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_credentials_on_the_failed_refresh_end_the_ask_too() {
    let world = World::start().await;
    let case = refused(&world, "SNAP-1").await;
    let refresh = world.show(&case).await["latestOrder"]["truvOrderId"].as_str().unwrap().to_owned();
    world.ask(&case, "ask-1").await;
    world.quiet().await;
    world.applicant(&refresh, json!({ "action": "login", "same_credentials": false })).await;
    world.quiet().await;
    assert_eq!(standing(&world, &case).await, ["READY_FOR_REVIEW", "REVIEW"]);
    assert_eq!(asks(&world, &case).await[0]["status"], "CANCELED");
    assert_eq!(restored(&world, &case).await, ["LATE_LOGIN"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_that_was_sent_is_named_as_the_way_back() {
    let world = World::start().await;
    let case = refused(&world, "SNAP-1").await;
    world.ask(&case, "ask-1").await;
    world.quiet().await;
    let order = world.show(&case).await["latestOrder"]["truvOrderId"].as_str().unwrap().to_owned();
    world.applicant(&order, login()).await;
    world.quiet().await;
    assert_eq!(restored(&world, &case).await, ["VERIFICATION_LINK"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_truv_has_written_to_the_client_nobody_else_writes() {
    // The client of this one does not answer within the test.
    let settings = Settings { recover_after_ms: 3_600_000, ..Settings::at_once() };
    let world = World::with(settings).await;
    let case = world.case("SNAP-1", &[Scenario::RecoverAfterLogin]).await;
    let tanf = sharing(&world, &case, "TANF-1").await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    assert_eq!(standing(&world, &case).await, ["WAITING_ON_CLIENT", "WAIT"]);
    let failure = world.show(&case).await["latestOrder"]["failure"].clone();
    assert_eq!((&failure["nextActor"], &failure["retryAt"]), (&json!("CLIENT"), &Value::Null), "{failure}");
    let of = |case: &KnownCase, channel: &str, key: &str| json!({ "input": { "caseId": case.id, "channels": [channel], "idempotencyKey": key } });
    let by = |channel: &str, key: &str| of(&case, channel, key);
    // Neither for this case nor for the other one that shares the connection.
    for (case, key) in [(&case, "a"), (&tanf, "c")] {
        let refused = world.send("SendVerificationLink", of(case, "EMAIL", key)).await["sendVerificationLink"].clone();
        let error = &refused["userErrors"][0];
        assert_eq!((&error["__typename"], &error["path"]), (&json!("ConflictError"), &json!(["input", "channels"])));
    }
    let batch = json!({ "name": "March", "filter": {}, "sendLinksOnFailure": true, "idempotencyKey": "march" });
    world.send("StartRenewalBatch", json!({ "input": batch })).await;
    world.quiet().await;
    assert_eq!(asks(&world, &tanf).await.len(), 0);
    assert_eq!(standing(&world, &tanf).await, ["NEEDS_CLIENT", "SEND_VERIFICATION_LINK"]);
    assert_eq!(world.truth().await["notices"].as_array().unwrap().len(), 1, "one contact for one incident");

    // Somebody who has the client at the desk may still hand a link over, and then the client answers Truv after all.
    let handed = world.send("SendVerificationLink", by("NONE", "b")).await["sendVerificationLink"].clone();
    assert_eq!(handed["userErrors"], json!([]), "{handed}");
    world.quiet().await;
    world.advance(Duration::from_hours(2)).await;
    assert_eq!(standing(&world, &case).await, ["READY_FOR_REVIEW", "REVIEW"]);
    assert_eq!(asks(&world, &case).await[0]["status"], "CANCELED");
    assert_eq!(world.truth().await["notices"].as_array().unwrap().len(), 1);
    // The other case never asked Truv for anything, and need not ask the client any more either.
    assert_eq!(standing(&world, &tanf).await, ["DUE", "CREATE_REFRESH_ORDER"]);
    assert_eq!(restored(&world, &tanf).await, ["OTHER_CASE"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_over_two_cases_with_one_connection_asks_their_client_once() {
    let world = World::start().await;
    let snap = world.case("SNAP-1", &[Scenario::LoginError]).await;
    let tanf = sharing(&world, &snap, "TANF-1").await;
    let batch = json!({ "name": "March", "filter": {}, "sendLinksOnFailure": true, "idempotencyKey": "march" });
    let id =
        world.send("StartRenewalBatch", json!({ "input": batch })).await["startRenewalBatch"]["batch"]["id"].clone();
    world.quiet().await;
    world.pass(10, Duration::from_secs(30)).await;
    let batch = world.send("RenewalBatch", json!({ "id": id, "first": 9 })).await["renewalBatch"].clone();
    let sent = [asks(&world, &snap).await.len(), asks(&world, &tanf).await.len()];
    assert_eq!(sent.iter().sum::<usize>(), 1, "{batch:#}");
    let (asked, other) = if sent[0] == 1 { (&snap, &tanf) } else { (&tanf, &snap) };
    assert_eq!(standing(&world, asked).await, ["WAITING_ON_CLIENT", "WAIT"]);
    assert_eq!(standing(&world, other).await, ["NEEDS_CLIENT", "SEND_VERIFICATION_LINK"]);
    let order = asks(&world, asked).await[0]["truvOrderId"].as_str().unwrap().to_owned();
    world.applicant(&order, login()).await;
    world.quiet().await;
    assert_eq!(standing(&world, asked).await, ["READY_FOR_REVIEW", "REVIEW"]);
    assert_eq!(standing(&world, other).await, ["DUE", "CREATE_REFRESH_ORDER"], "it works again for both");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_of_the_client_learns_of_a_removed_connection_before_it_is_due() {
    let world = World::start().await;
    let snap = world.case("SNAP-1", &[Scenario::Ok]).await;
    let today = world.clock.today();
    let row = json!({
        "number": "TANF-1", "program": "TANF", "dueOn": today + chrono::Days::new(120),
        "periodStart": today, "periodEnd": today + chrono::Days::new(120),
        "client": { "externalUserId": "client-SNAP-1", "firstName": "Rosa", "lastName": "Ortiz" }, "orders": [],
    });
    let made = world.send("ImportCases", json!({ "input": { "cases": [row] } })).await["importCases"].clone();
    let tanf = made["cases"][0]["id"].clone();
    let told = async |id: &Value| {
        let document = "query($by: CaseBy!) { case(by: $by) { status events(last: 50) { nodes { kind
            ... on LinkHealthChanged { link { truvLinkId health } } } } } }";
        let answer = world.query(document, json!({ "by": { "id": id } })).await["data"]["case"].clone();
        let events = answer["events"]["nodes"].as_array().unwrap().clone();
        (
            answer["status"].clone(),
            events.into_iter().filter(|e| e["kind"] == "LINK_HEALTH_CHANGED").collect::<Vec<_>>(),
        )
    };
    assert_eq!(told(&tanf).await, (json!("NOT_DUE"), vec![]));
    world.scenario(&snap.links[0], "link_deleted").await;
    world.quiet().await;
    for id in [&tanf, &json!(snap.id)] {
        let (_, events) = told(id).await;
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0]["link"]["health"], "BROKEN");
    }
    assert_eq!(told(&tanf).await.0, "NOT_DUE", "the event comes before the case is due");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_made_anew_does_not_stand_against_the_others_of_its_order() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok, Scenario::LoginError]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    world.clock.advance(Duration::from_mins(1));
    world.ask(&case, "ask-1").await;
    world.quiet().await;
    let order = world.show(&case).await["latestOrder"]["truvOrderId"].as_str().unwrap().to_owned();
    world.applicant(&order, json!({ "action": "login", "same_credentials": false })).await;
    world.quiet().await;
    assert_eq!(standing(&world, &case).await, ["READY_FOR_REVIEW", "REVIEW"]);
    let version = world.show(&case).await["version"].as_i64().unwrap();
    let decided = world.decide(&case, "CONFIRMED", version).await;
    assert_eq!(decided["userErrors"], json!([]), "{decided}");
    world.advance(Duration::from_hours(24)).await;
    // The old connection of the second employer is broken for good; the first one is refreshed all the same.
    world.refresh(&case, "key-2").await;
    world.quiet().await;
    assert_eq!(standing(&world, &case).await, ["READY_FOR_REVIEW", "REVIEW"]);
    let employers = world.orders(&case).await.pop().unwrap()["employers"].clone();
    assert_eq!(employers.as_array().unwrap().len(), 1, "{employers:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_leaves_a_connection_alone_that_was_refused_for_another_case_meanwhile() {
    let world = World::start().await;
    let snap = world.case("SNAP-1", &[Scenario::Unavailable]).await;
    let tanf = sharing(&world, &snap, "TANF-1").await;
    world.refresh(&snap, "key-1").await;
    world.quiet().await;
    assert_eq!(standing(&world, &snap).await, ["RETRY_SCHEDULED", "RETRY_LATER"]);
    world.scenario(&snap.links[0], "login_error").await;
    world.clock.advance(Duration::from_mins(1));
    world.refresh(&tanf, "key-2").await;
    world.quiet().await;
    assert_eq!(standing(&world, &tanf).await, ["NEEDS_CLIENT", "SEND_VERIFICATION_LINK"]);
    world.advance(Duration::from_hours(2)).await;
    assert_eq!(world.true_refreshes(&snap).await, 1, "each attempt brings the account closer to a lock");
    assert_eq!(standing(&world, &snap).await, ["NEEDS_CLIENT", "SEND_VERIFICATION_LINK"]);

    // One ask is enough for both, and the case that had an outage is due again when it is answered.
    world.ask(&tanf, "ask-1").await;
    world.quiet().await;
    let order = asks(&world, &tanf).await[0]["truvOrderId"].as_str().unwrap().to_owned();
    world.applicant(&order, login()).await;
    world.quiet().await;
    assert_eq!(standing(&world, &tanf).await, ["READY_FOR_REVIEW", "REVIEW"]);
    assert_eq!(standing(&world, &snap).await, ["DUE", "CREATE_REFRESH_ORDER"]);
    assert_eq!(restored(&world, &snap).await, ["OTHER_CASE"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_only_a_refresh_has_is_refreshed_from_there() {
    let world = World::start().await;
    let case = refused(&world, "SNAP-1").await;
    let first = world.show(&case).await["latestOrder"].clone();
    world
        .applicant(first["truvOrderId"].as_str().unwrap(), json!({ "action": "login", "same_credentials": false }))
        .await;
    world.quiet().await;
    let version = world.show(&case).await["version"].as_i64().unwrap();
    world.decide(&case, "NEEDS_DOCUMENTS", version).await;
    let plan = world.send("PlanRenewals", json!({ "window": {} })).await["planRenewals"].clone();
    assert_eq!(plan["items"]["nodes"][0]["action"], "REFRESH_NOW", "{plan:#}");
    world.clock.advance(Duration::from_mins(1));
    world.refresh(&case, "key-2").await;
    world.quiet().await;
    let newest = world.orders(&case).await.pop().unwrap();
    assert_eq!((&newest["status"], &newest["parent"]["id"]), (&json!("COMPLETED"), &first["id"]), "{newest:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_cases_that_ask_at_once_ask_once() {
    let world = World::start().await;
    let snap = refused(&world, "SNAP-1").await;
    let tanf = sharing(&world, &snap, "TANF-1").await;
    let ask = async |case: &KnownCase| {
        let input = json!({ "caseId": case.id, "channels": ["EMAIL"], "idempotencyKey": case.number });
        let answer = world.send("SendVerificationLink", json!({ "input": input })).await;
        answer["sendVerificationLink"]["userErrors"].as_array().unwrap().len()
    };
    let (first, second) = tokio::join!(ask(&snap), ask(&tanf));
    assert_eq!(first + second, 1, "one of them is refused");
    world.quiet().await;
    assert_eq!(asks(&world, &snap).await.len() + asks(&world, &tanf).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_waits_for_its_turn_is_not_sent_once_the_connection_is_back() {
    let world = World::start().await;
    let snap = world.case("SNAP-1", &[Scenario::LoginError]).await;
    let tanf = sharing(&world, &snap, "TANF-1").await;
    let batch = json!({ "name": "March", "filter": {}, "sendLinksOnFailure": true, "idempotencyKey": "march" });
    world.send("StartRenewalBatch", json!({ "input": batch })).await;
    world.quiet().await;
    // Truv may be writing, so nobody else does for some seconds; meanwhile the client logs in by herself.
    assert_eq!(asks(&world, &snap).await.len() + asks(&world, &tanf).await.len(), 0);
    let refresh = world.orders(&snap).await.pop().unwrap()["truvOrderId"].as_str().unwrap().to_owned();
    world.applicant(&refresh, login()).await;
    world.quiet().await;
    world.pass(10, Duration::from_secs(30)).await;
    assert_eq!(asks(&world, &snap).await.len() + asks(&world, &tanf).await.len(), 0, "nobody is asked for what works");
    assert_eq!(standing(&world, &snap).await, ["READY_FOR_REVIEW", "REVIEW"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_whose_own_ask_ran_out_is_due_again_when_another_case_brings_the_connection_back() {
    let world = World::start().await;
    let snap = refused(&world, "SNAP-1").await;
    let tanf = sharing(&world, &snap, "TANF-1").await;
    world.ask(&snap, "ask-1").await;
    world.quiet().await;
    world.pass(10, Duration::from_hours(24)).await;
    assert_eq!(asks(&world, &snap).await[0]["status"], "EXPIRED");
    assert_eq!(standing(&world, &snap).await, ["NEEDS_CLIENT", "SEND_VERIFICATION_LINK"]);
    let link = world.show(&tanf).await["employerLinks"][0]["id"].clone();
    let input = json!({ "input": { "caseId": tanf.id, "linkId": link } });
    let made = world.send("CreateBridgeToken", input).await["createBridgeToken"].clone();
    let token = made["bridgeToken"]["token"].as_str().unwrap();
    world.control(Method::POST, &format!("/control/bridge-tokens/{token}/applicant"), login()).await;
    world.quiet().await;
    assert_eq!(standing(&world, &snap).await, ["DUE", "CREATE_REFRESH_ORDER"]);
}
