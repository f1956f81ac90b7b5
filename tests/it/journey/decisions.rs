//! What a decision keeps: corrections beside what the report says, every decision of a renewal, and reports that come late.

use std::time::Duration;

use recert::simulator::{Scenario, Settings};
use serde_json::{Value, json};

use crate::support::world::{KnownCase, World};

async fn ready(world: &World) -> (KnownCase, i64) {
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let shown = world.show(&case).await;
    assert_eq!(shown["status"], "READY_FOR_REVIEW", "{shown:#}");
    (case, shown["version"].as_i64().unwrap())
}

async fn evidence(world: &World, case: &KnownCase) -> Value {
    world.send("ReviewEvidence", json!({ "by": { "id": case.id } })).await["case"]["review"].clone()
}

async fn decide(world: &World, input: Value) -> Value {
    world.send("CompleteReview", json!({ "input": input })).await["completeReview"].clone()
}

const FIELDS: &str = "query($by: CaseBy!) { case(by: $by) { review { fields {
    key employmentKey label value sentence evidence { id } edit { value originalValue reason editedBy } } } } }";

async fn fields(world: &World, case: &KnownCase) -> Vec<Value> {
    let answer = world.query(FIELDS, json!({ "by": { "id": case.id } })).await;
    assert!(answer.get("errors").is_none(), "{answer:#}");
    answer["data"]["case"]["review"]["fields"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_is_kept_beside_what_the_report_says() {
    let world = World::start().await;
    let (case, version) = ready(&world).await;
    let lines = fields(&world, &case).await;
    let line = |key: &str| lines.iter().find(|line| line["key"] == key && line["employmentKey"].is_string()).unwrap();
    let (income, status) = (line("MONTHLY_INCOME"), line("EMPLOYMENT_STATUS"));
    assert!(!income["evidence"].as_array().unwrap().is_empty(), "{income:#}");
    let edits = json!([
        { "key": "MONTHLY_INCOME", "employmentKey": income["employmentKey"], "value": "1234.5", "reason": "Tips are missing." },
        { "key": "EMPLOYMENT_STATUS", "employmentKey": status["employmentKey"], "value": "ended", "reason": "Letter of 3 March." },
    ]);
    let note = "Spoke to the employer.";
    let input = json!({ "caseId": case.id, "decision": "CONFIRMED_WITH_EDITS", "note": note, "edits": edits, "expectedVersion": version });
    let decided = decide(&world, input).await;
    assert_eq!(decided["userErrors"], json!([]), "{decided:#}");

    let after = fields(&world, &case).await;
    let corrected =
        after.iter().find(|line| line["key"] == "MONTHLY_INCOME" && line["employmentKey"].is_string()).unwrap();
    assert_eq!(corrected["value"], income["value"], "the report stays what it is");
    let edit = &corrected["edit"];
    assert_eq!((&edit["value"], &edit["originalValue"]), (&json!("1234.50"), &income["value"]));
    assert_eq!((&edit["reason"], &edit["editedBy"]), (&json!("Tips are missing."), &json!("worker-1")));
    let decisions = evidence(&world, &case).await["decisions"].clone();
    let [only] = decisions.as_array().unwrap().as_slice() else { panic!("{decisions:#}") };
    assert_eq!((&only["note"], only["caseVersion"].as_i64()), (&json!(note), Some(version)));
    assert_eq!(only["edits"][1]["value"], "Ended");
    assert_eq!(only["nextDueOn"], decided["case"]["dueOn"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_that_does_not_fit_changes_nothing() {
    let world = World::start().await;
    let (case, version) = ready(&world).await;
    let lines = fields(&world, &case).await;
    let key = &lines.iter().find(|line| line["employmentKey"].is_string()).unwrap()["employmentKey"];
    let status = lines.iter().find(|line| line["key"] == "EMPLOYMENT_STATUS").unwrap();
    let edit = |key_of: &str, job: &Value, value: &str, reason: &str| json!({ "key": key_of, "employmentKey": job, "value": value, "reason": reason });
    for (edits, place) in [
        (json!([edit("MONTHLY_INCOME", key, "a lot", "why")]), "0.value"),
        (json!([edit("MONTHLY_INCOME", key, "-5", "why")]), "0.value"),
        (json!([edit("MONTHLY_INCOME", &json!("another job"), "5", "why")]), "0.employmentKey"),
        (json!([edit("MONTHLY_INCOME", key, "5", " ")]), "0.reason"),
        (json!([edit("START_DATE", key, "2026-2-3", "why")]), "0.value"),
        (json!([edit("PAY_FREQUENCY", key, "now and then", "why")]), "0.value"),
        (json!([edit("SUSPICION", key, "Flagged", "why")]), "0.value"),
        (json!([edit("EMPLOYMENT_STATUS", key, status["value"].as_str().unwrap(), "why")]), "0.value"),
        (json!([edit("HOURS", key, "1", "why"), edit("HOURS", key, "2", "why")]), "1.key"),
    ] {
        let input = json!({ "caseId": case.id, "decision": "CONFIRMED_WITH_EDITS", "edits": edits, "expectedVersion": version });
        let refused = decide(&world, input).await;
        let error = &refused["userErrors"][0];
        let path: Vec<&str> = error["path"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(
            (error["__typename"].as_str(), path[2..].join(".")),
            (Some("InvalidInputError"), place.to_owned()),
            "{refused:#}"
        );
    }
    let edits = json!([edit("HOURS", key, "1", "why")]);
    let input = json!({ "caseId": case.id, "decision": "CONFIRMED", "edits": edits, "expectedVersion": version });
    assert_eq!(decide(&world, input).await["userErrors"][0]["path"], json!(["input", "edits"]));
    assert_eq!(world.show(&case).await["version"], version, "nothing has changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_decision_of_a_renewal_is_kept() {
    let world = World::start().await;
    let (case, version) = ready(&world).await;
    world.decide(&case, "NEEDS_DOCUMENTS", version).await;
    let version = world.show(&case).await["version"].as_i64().unwrap();
    world.decide(&case, "REJECTED", version).await;
    let decisions = evidence(&world, &case).await["decisions"].clone();
    let told: Vec<_> =
        decisions.as_array().unwrap().iter().map(|d| (d["decision"].clone(), d["nextDueOn"].is_null())).collect();
    assert_eq!(told, [(json!("NEEDS_DOCUMENTS"), true), (json!("REJECTED"), false)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_comes_after_the_decision_is_shown_and_not_merged() {
    let world = World::with(Settings { step_ms: 1_000, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    world.pass(3, Duration::from_secs(3)).await;
    world.refresh(&case, "key-2").await;
    world.quiet().await;
    let before = evidence(&world, &case).await;
    let version = world.show(&case).await["version"].as_i64().unwrap();
    let decided = world.decide(&case, "CONFIRMED", version).await;
    assert_eq!(decided["userErrors"], json!([]), "{decided:#}");
    world.pass(3, Duration::from_secs(3)).await;
    let after = evidence(&world, &case).await;
    assert_eq!(after["current"]["id"], before["current"]["id"], "the decision stands on what it stood on");
    let late = after["lateReports"].as_array().unwrap();
    assert_eq!((before["lateReports"].as_array().map(Vec::len), late.len()), (Some(0), 1), "{after:#}");
    assert_ne!(late[0]["id"], before["current"]["id"]);
}
