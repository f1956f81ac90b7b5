//! A bulk pass over due cases: each has one outcome, whatever happens on the way.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt;
use recert::batches::{Progress, Watch};
use recert::graphql::find_batch_id;
use recert::simulator::{Scenario, Settings};
use serde_json::{Value, json};

use crate::support::world::{KnownCase, World};

async fn try_start(world: &World, key: &str, more: Value) -> Value {
    let mut input = json!({ "name": "March", "filter": {}, "idempotencyKey": key });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.send("StartRenewalBatch", json!({ "input": input })).await["startRenewalBatch"].clone()
}

/// Starts a batch and answers its id.
async fn start(world: &World, key: &str, more: Value) -> String {
    let answer = try_start(world, key, more).await;
    assert_eq!(answer["userErrors"], json!([]), "{answer}");
    answer["batch"]["id"].as_str().unwrap().to_owned()
}

async fn show(world: &World, id: &str) -> Value {
    world.send("RenewalBatch", json!({ "id": id, "first": 100 })).await["renewalBatch"].clone()
}

/// Number, status and reason of each item, in order.
fn outcomes(batch: &Value) -> Vec<String> {
    let items = batch["items"]["nodes"].as_array().unwrap();
    let line = |item: &Value| {
        let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", word(&item["case"]["number"]), word(&item["status"]), word(&item["skipReason"]))
    };
    items.iter().map(line).collect()
}

async fn steer(world: &World, verb: &str, id: &str) -> Value {
    let field = format!("{}RenewalBatch", verb.to_lowercase());
    world.send(&format!("{verb}RenewalBatch"), json!({ "input": { "batchId": id } })).await[field].clone()
}

async fn cases(world: &World, scenarios: &[(&str, Scenario)]) -> Vec<KnownCase> {
    let mut made = Vec::new();
    for (number, scenario) in scenarios {
        made.push(world.case(number, &[*scenario]).await);
    }
    made
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_has_one_outcome_and_what_succeeds_is_put_up_for_review() {
    let world = World::start().await;
    let made = cases(
        &world,
        &[
            ("1-ok", Scenario::Ok),
            ("2-login", Scenario::LoginError),
            ("3-empty", Scenario::NoData),
            ("4-outage", Scenario::UnavailableThenOk(1)),
            ("5-open", Scenario::Ok),
            ("6-removed", Scenario::Ok),
        ],
    )
    .await;
    // One is at work already, and of one the client has taken the connection away.
    world.refresh(&made[4], "by-hand").await;
    world.quiet().await;
    world.scenario(&made[5].links[0], "link_deleted").await;
    world.quiet().await;

    let id = start(&world, "march", json!({})).await;
    world.quiet().await;
    let batch = show(&world, &id).await;
    let expected = [
        "1-ok SUCCEEDED -",
        "2-login NEEDS_LINK -",
        "3-empty FAILED -",
        "4-outage RETRYING -",
        "5-open SKIPPED READY_FOR_REVIEW",
        "6-removed NEEDS_LINK -",
    ];
    assert_eq!(outcomes(&batch), expected, "{batch:#}");
    assert_eq!((&batch["status"], &batch["finishedAt"]), (&json!("RUNNING"), &Value::Null));
    let progress = json!({ "total": 6, "queued": 0, "running": 1, "succeeded": 1, "needsLink": 2, "failed": 1, "skipped": 1, "estimatedFinishAt": null });
    assert_eq!(batch["progress"], progress);
    assert_eq!(world.show(&made[0]).await["status"], "READY_FOR_REVIEW");
    // The queue of those to be asked.
    for case in [&made[1], &made[5]] {
        let shown = world.show(case).await;
        assert_eq!(
            (&shown["status"], &shown["nextAction"]),
            (&json!("NEEDS_CLIENT"), &json!("SEND_VERIFICATION_LINK"))
        );
    }

    // The retry brings the last outcome, and with it the end.
    world.advance(Duration::from_hours(2)).await;
    let batch = show(&world, &id).await;
    assert_eq!(outcomes(&batch)[3], "4-outage SUCCEEDED -");
    assert_eq!(batch["items"]["nodes"][3]["attempts"], 2);
    assert_eq!(batch["status"], "FINISHED");
    assert!(batch["finishedAt"].is_string());
    for (case, refreshes) in made.iter().zip([1, 1, 1, 2, 1, 0]) {
        assert_eq!(world.true_refreshes(case).await, refreshes, "{}", case.number);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_with_the_same_key_starts_nothing() {
    let world = World::start().await;
    let made = cases(&world, &[("1", Scenario::Ok)]).await;
    let first = start(&world, "march", json!({})).await;
    assert_eq!(start(&world, "march", json!({})).await, first);
    let other = try_start(&world, "march", json!({ "name": "April" })).await;
    assert_eq!(other["userErrors"][0]["__typename"], "ConflictError", "{other}");
    world.quiet().await;
    assert_eq!(world.true_refreshes(&made[0]).await, 1);
    // Whoever starts another one finds the case done.
    let second = start(&world, "april", json!({})).await;
    world.quiet().await;
    assert_eq!(outcomes(&show(&world, &second).await), ["1 SKIPPED READY_FOR_REVIEW"]);
    let listed = world.send("RenewalBatches", json!({})).await["renewalBatches"].clone();
    assert_eq!(listed["totalCount"], 2);
    assert_eq!(listed["nodes"][0]["id"], second.as_str(), "the newest first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_nothing_or_without_a_name_is_refused() {
    let world = World::start().await;
    for (more, field) in [
        (json!({}), "filter"),
        (json!({ "name": " " }), "name"),
        (json!({ "maxCases": 0 }), "maxCases"),
        (json!({ "maxCases": -1 }), "maxCases"),
        (json!({ "idempotencyKey": "" }), "idempotencyKey"),
    ] {
        let answer = try_start(&world, "key", more).await;
        assert_eq!(answer["batch"], Value::Null);
        assert_eq!(answer["userErrors"][0]["path"], json!(["input", field]), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_batch_takes_nothing_up_and_a_canceled_one_skips_what_waits() {
    // One at a time, and none ends by itself.
    let world = World::tuned(Settings::at_once(), |config| config.renewals.batch_in_flight = 1).await;
    let made = cases(&world, &[("1", Scenario::Hang), ("2", Scenario::Ok), ("3", Scenario::Ok)]).await;
    let id = start(&world, "march", json!({ "maxCases": 2 })).await;
    world.quiet().await;
    assert_eq!(outcomes(&show(&world, &id).await), ["1 REFRESHING -", "2 QUEUED -"]);
    assert_eq!(steer(&world, "Pause", &id).await["batch"]["status"], "PAUSED");
    let again = steer(&world, "Pause", &id).await;
    assert_eq!(again["userErrors"], json!([]), "twice is once");

    let order = world.show(&made[0]).await["latestOrder"]["truvOrderId"].as_str().unwrap().to_owned();
    world.applicant(&order, json!({ "action": "login" })).await;
    world.quiet().await;
    assert_eq!(outcomes(&show(&world, &id).await), ["1 SUCCEEDED -", "2 QUEUED -"], "what was at work went on");
    assert_eq!(steer(&world, "Cancel", &id).await["batch"]["status"], "CANCELED");
    world.quiet().await;
    let batch = show(&world, &id).await;
    assert_eq!(outcomes(&batch), ["1 SUCCEEDED -", "2 SKIPPED BATCH_CANCELED"]);
    assert!(batch["finishedAt"].is_string());
    let resumed = steer(&world, "Resume", &id).await;
    assert_eq!(resumed["userErrors"][0]["__typename"], "ConflictError", "{resumed}");
    assert_eq!(world.true_refreshes(&made[1]).await, 0);
    assert_eq!(steer(&world, "Cancel", &made[0].id).await["userErrors"][0]["__typename"], "NotFoundError");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resumed_batch_goes_on_one_by_one() {
    let world = World::tuned(Settings::at_once(), |config| config.renewals.batch_in_flight = 1).await;
    cases(&world, &[("1", Scenario::Ok), ("2", Scenario::Ok), ("3", Scenario::LoginError)]).await;
    let id = start(&world, "march", json!({})).await;
    steer(&world, "Pause", &id).await;
    world.quiet().await;
    steer(&world, "Resume", &id).await;
    world.quiet().await;
    let batch = show(&world, &id).await;
    assert_eq!(outcomes(&batch), ["1 SUCCEEDED -", "2 SUCCEEDED -", "3 NEEDS_LINK -"]);
    assert_eq!(batch["status"], "FINISHED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_asked_once_where_the_batch_says_so() {
    let world = World::start().await;
    let made = cases(&world, &[("1", Scenario::LoginError), ("2", Scenario::Ok)]).await;
    world.scenario(&made[1].links[0], "link_deleted").await;
    world.quiet().await;
    let id = start(&world, "march", json!({ "sendLinksOnFailure": true })).await;
    world.quiet().await;
    assert_eq!(outcomes(&show(&world, &id).await)[0], "1 NEEDS_LINK -", "Truv may be about to write by itself");
    world.advance(Duration::from_secs(15)).await;
    let batch = show(&world, &id).await;
    assert_eq!(outcomes(&batch), ["1 LINK_SENT -", "2 LINK_SENT -"], "{batch:#}");
    assert_eq!(batch["progress"]["needsLink"], 2);
    assert_eq!(batch["status"], "FINISHED", "what clients do is not waited for");
    for case in &made {
        assert_eq!(world.show(case).await["status"], "WAITING_ON_CLIENT");
    }

    let order = world.show(&made[0]).await["latestOrder"]["truvOrderId"].as_str().unwrap().to_owned();
    world.applicant(&order, json!({ "action": "login" })).await;
    world.quiet().await;
    assert_eq!(outcomes(&show(&world, &id).await), ["1 SUCCEEDED -", "2 LINK_SENT -"], "data that comes late counts");
    world.advance(Duration::from_hours(1)).await;
    let asked = |orders: Vec<Value>| orders.iter().filter(|order| order["kind"] == "REAUTHENTICATION").count();
    for case in &made {
        assert_eq!(asked(world.orders(case).await), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caseworker_who_acts_first_takes_the_item_over() {
    let world = World::start().await;
    let made = cases(&world, &[("1", Scenario::UnavailableThenOk(1)), ("2", Scenario::LoginError)]).await;
    let id = start(&world, "march", json!({})).await;
    world.quiet().await;
    assert_eq!(outcomes(&show(&world, &id).await), ["1 RETRYING -", "2 NEEDS_LINK -"]);
    world.refresh(&made[0], "by-hand").await;
    world.ask(&made[1], "by-hand-2").await;
    world.quiet().await;
    let batch = show(&world, &id).await;
    assert_eq!(outcomes(&batch), ["1 SUCCEEDED -", "2 LINK_SENT -"]);
    assert_eq!(batch["status"], "FINISHED");
    world.advance(Duration::from_hours(30)).await;
    assert_eq!(world.true_refreshes(&made[0]).await, 2, "the retry has become needless");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_without_a_refresh_left_keeps_its_turn() {
    let world = World::tuned(Settings::at_once(), |config| config.renewals.refreshes_per_day = 1).await;
    let made = cases(&world, &[("1", Scenario::Error)]).await;
    world.refresh(&made[0], "by-hand").await;
    world.quiet().await;
    let order = world.orders(&made[0]).await.pop().unwrap();
    assert_eq!(order["failure"]["nextAction"], "RETRY_LATER", "{order:#}");
    // The retry finds no allowance and waits for it; when somebody calls it off, the batch may try.
    world.advance(Duration::from_hours(2)).await;
    let order = world.orders(&made[0]).await.pop().unwrap();
    let retry_at: DateTime<Utc> = order["failure"]["retryAt"].as_str().unwrap().parse().unwrap();
    assert!(retry_at > world.clock.now() + TimeDelta::hours(21), "{order:#}");
    let input = json!({ "input": { "orderId": order["id"] } });
    let canceled = world.send("CancelOrder", input).await["cancelOrder"].clone();
    assert_eq!((&canceled["userErrors"], &canceled["case"]["status"]), (&json!([]), &json!("NEEDS_CASEWORKER")));
    world.scenario(&made[0].links[0], "ok").await;
    let id = start(&world, "march", json!({})).await;
    world.quiet().await;
    assert_eq!(outcomes(&show(&world, &id).await), ["1 QUEUED -"]);
    world.advance(Duration::from_hours(23)).await;
    // Batches that wait for time alone are looked at once a minute.
    let done = async || {
        world.quiet().await;
        world.clock.advance(Duration::from_secs(61));
        (outcomes(&show(&world, &id).await) == ["1 SUCCEEDED -"]).then_some(())
    };
    world.until("the case has its turn", done).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_survives_the_gateway() {
    let world = World::tuned(Settings::at_once(), |config| config.renewals.batch_in_flight = 2).await;
    let made =
        cases(&world, &[("1", Scenario::Hang), ("2", Scenario::Hang), ("3", Scenario::Ok), ("4", Scenario::Ok)]).await;
    let id = start(&world, "march", json!({})).await;
    world.quiet().await;
    assert_eq!(outcomes(&show(&world, &id).await)[2..], ["3 QUEUED -", "4 QUEUED -"]);
    let orders = [world.orders(&made[0]).await.pop().unwrap(), world.orders(&made[1]).await.pop().unwrap()];
    let world = world.restart(async |_, _, _| {}).await;
    for order in orders {
        world.applicant(order["truvOrderId"].as_str().unwrap(), json!({ "action": "login" })).await;
    }
    world.quiet().await;
    let batch = show(&world, &id).await;
    assert_eq!(outcomes(&batch), ["1 SUCCEEDED -", "2 SUCCEEDED -", "3 SUCCEEDED -", "4 SUCCEEDED -"]);
    for case in &made {
        assert_eq!(world.true_refreshes(case).await, 1, "{}", case.number);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_begins_with_what_is_and_ends_with_the_last_outcome() {
    let world = World::tuned(Settings::at_once(), |config| config.renewals.batch_in_flight = 1).await;
    let made = cases(&world, &[("1", Scenario::Hang), ("2", Scenario::Ok)]).await;
    let id = start(&world, "march", json!({})).await;
    world.quiet().await;
    let watch = Watch::default();
    let (kit, agency) = (world.app.kit(), world.caller().await.agency);
    let watcher = || watch.stream(kit.clone(), agency, find_batch_id(&id).unwrap()).boxed();
    let (mut one, mut other) = (watcher(), watcher());
    for stream in [&mut one, &mut other] {
        let first = stream.next().await.unwrap().unwrap();
        assert_eq!((first.counts.refreshing, first.counts.queued, first.counts.total()), (1, 1, 2));
    }
    let order = world.show(&made[0]).await["latestOrder"]["truvOrderId"].as_str().unwrap().to_owned();
    world.applicant(&order, json!({ "action": "login" })).await;
    // The one that looks for both goes away; the other takes over.
    drop(one);
    let rest: Vec<_> = other.map(|frame| Progress::clone(&frame.unwrap())).collect().await;
    let last = rest.last().unwrap();
    assert_eq!((last.counts.succeeded, last.counts.total()), (2, 2));
    assert!(last.batch.finished_at.is_some());
    assert!(rest.len() <= 6, "several changes in one frame: {}", rest.len());
    let after: Vec<_> = watcher().collect().await;
    assert_eq!(after.len(), 1, "a finished batch is told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_need_their_scope_and_a_sight_of_all_cases() {
    use crate::support::client::operation_of;
    use crate::support::world::{COUNTY, NEIGHBOUR};
    use recert::caller::Scope;
    let world = World::start().await;
    cases(&world, &[("1", Scenario::Ok)]).await;
    let id = start(&world, "march", json!({})).await;
    world.quiet().await;
    let document = operation_of("RenewalBatch");
    for scopes in [&[Scope::CasesRead][..], &[Scope::RenewalsRun, Scope::CasesReadAssigned]] {
        let answer = world.query_as(&world.token(COUNTY, scopes), &document, json!({ "id": id })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
        let node = world
            .query_as(&world.token(COUNTY, scopes), "query($id: ID!) { node(id: $id) { id } }", json!({ "id": id }))
            .await;
        assert_eq!(node["errors"][0]["extensions"]["code"], "FORBIDDEN", "{node}");
    }
    let strangers = world.query_as(&world.token(NEIGHBOUR, &Scope::ALL), &document, json!({ "id": id })).await;
    assert_eq!(strangers["data"]["renewalBatch"], Value::Null, "{strangers}");
    let own = world
        .query(
            "query($id: ID!) { node(id: $id) { ... on RenewalBatch { name items { nodes { id } } } } }",
            json!({ "id": id }),
        )
        .await;
    assert_eq!(own["data"]["node"]["name"], "March", "{own}");
    let item = own["data"]["node"]["items"]["nodes"][0]["id"].clone();
    let own = world
        .query("query($id: ID!) { node(id: $id) { ... on RenewalBatchItem { status } } }", json!({ "id": item }))
        .await;
    assert_eq!(own["data"]["node"]["status"], "SUCCEEDED", "{own}");
    // Contacting clients takes its own scope.
    let input = json!({ "name": "x", "filter": {}, "sendLinksOnFailure": true, "idempotencyKey": "k" });
    let scopes = [Scope::RenewalsRun, Scope::CasesRead];
    let answer = world
        .query_as(&world.token(COUNTY, &scopes), &operation_of("StartRenewalBatch"), json!({ "input": input }))
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
}
