//! A restored database.

use chrono::Days;
use recert::clock::Clock;
use recert::events;
use recert::simulator::Simulator;
use recert::storage::Database;
use recert::words::CaseEventKind;
use sea_orm::{ConnectionTrait as _, DbBackend};
use serde_json::{Value, json};

use crate::support::seed::{NewCase, Seed, Seeded};
use crate::support::world::{COUNTY, World, noon};

const PAGE: &str = "query($after: String) { caseEvents(first: 10, after: $after) { nodes { kind cursor } } }";
const STREAM: &str = "subscription($after: String) { caseEvents(after: $after) { kind cursor } }";

async fn commit(world: &World, case: Seeded, kind: CaseEventKind) {
    Seed(world.app.kit()).event(case, kind, None, None).await;
}

async fn nodes(world: &World, after: Value) -> Value {
    world.query(PAGE, json!({ "after": after })).await["data"]["caseEvents"]["nodes"].take()
}

#[tokio::test]
async fn in_a_new_epoch_old_cursors_are_refused_and_old_events_come_first() {
    let world = World::start().await;
    let agency = Seed(world.app.kit()).agency(COUNTY).await;
    let case = Seed(world.app.kit()).case(agency, NewCase::due("1", noon().date_naive() + Days::new(200))).await;
    commit(&world, case, CaseEventKind::ReviewCompleted).await;
    commit(&world, case, CaseEventKind::CaseStatusChanged).await;
    let old = nodes(&world, Value::Null).await[0]["cursor"].clone();
    assert_eq!(nodes(&world, old.clone()).await[0]["kind"], "CASE_STATUS_CHANGED");
    let world = world
        .restart(async |_: &Simulator, _: &Clock, db: &Database| {
            // As a dump of a server that has seen more transactions than this one.
            let tx = db.begin().await.unwrap();
            tx.execute_unprepared("UPDATE events SET tx = tx + 1000000000000").await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(events::has_foreign_numbers(db).await.unwrap(), db.backend() == DbBackend::Postgres);
            events::renew_epoch(db).await.unwrap();
            assert!(!events::has_foreign_numbers(db).await.unwrap());
        })
        .await;
    let refused = world.query(PAGE, json!({ "after": old })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{refused}");
    let stream = world.http.post(format!("http://{}/graphql", world.app.public_addr()));
    let stream =
        stream.bearer_auth(world.token(COUNTY, &recert::caller::Scope::ALL)).header("accept", "text/event-stream");
    let stream = stream.json(&json!({ "query": STREAM, "variables": { "after": old } })).send().await.unwrap();
    let told = stream.text().await.unwrap();
    assert!(told.contains("BAD_USER_INPUT") && !told.contains("STREAM_OPENED"), "{told}");

    commit(&world, case, CaseEventKind::ReviewCompleted).await;
    let all = nodes(&world, Value::Null).await;
    let kinds: Vec<&Value> = all.as_array().unwrap().iter().map(|node| &node["kind"]).collect();
    assert_eq!(kinds, ["REVIEW_COMPLETED", "CASE_STATUS_CHANGED", "REVIEW_COMPLETED"]);
    let rest = nodes(&world, all[0]["cursor"].clone()).await;
    assert_eq!(rest.as_array().map(Vec::len), Some(2));
}
