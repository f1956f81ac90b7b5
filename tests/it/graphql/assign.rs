//! Assigning a case.

use recert::caller::Scope;
use serde_json::{Value, json};

use super::stage::{Stage, day, stage};
use crate::support::seed::NewCase;

const ASSIGN: &str =
    "mutation($input: AssignCaseInput!) { assignCase(input: $input) { case { id version assignee { displayName } }
    userErrors { __typename ... on UserError { code message path } ... on ConflictError { currentVersion } } } }";

/// A case and a caseworker, by id.
async fn two(stage: &Stage) -> (Value, Value) {
    let worker = stage.seed().caseworker(stage.agency, "w1").await;
    let new = NewCase { assignee: Some(worker), ..NewCase::due("1", day(2026, 4, 1)) };
    stage.seed().case(stage.agency, new).await;
    let data = stage.data("{ cases { nodes { id assignee { id } } } }", json!({})).await;
    let case = &data["cases"]["nodes"][0];
    (case["id"].clone(), case["assignee"]["id"].clone())
}

#[tokio::test]
async fn a_case_changes_hands_and_the_log_tells() {
    let stage = stage().await;
    let (case, worker) = two(&stage).await;
    let data = stage.data(ASSIGN, json!({ "input": { "caseId": case, "expectedVersion": 1 } })).await;
    let expected = json!({ "case": { "id": case, "version": 2, "assignee": null }, "userErrors": [] });
    assert_eq!(data["assignCase"], expected);
    let data = stage.data(ASSIGN, json!({ "input": { "caseId": case, "assigneeId": worker } })).await;
    assert_eq!(data["assignCase"]["case"]["assignee"]["displayName"], "w1");
    stage.seed().settled().await;
    let told = stage.data("{ caseEvents { nodes { kind case { version } } } }", json!({})).await;
    let kinds: Vec<&Value> = told["caseEvents"]["nodes"].as_array().unwrap().iter().map(|node| &node["kind"]).collect();
    assert_eq!(kinds, ["CASE_STATUS_CHANGED", "CASE_STATUS_CHANGED"]);
}

#[tokio::test]
async fn what_a_caller_can_act_on_comes_as_a_user_error_and_changes_nothing() {
    let stage = stage().await;
    let (case, worker) = two(&stage).await;
    for (input, name, path) in [
        (json!({ "caseId": "nonsense" }), "InvalidInputError", "caseId"),
        (json!({ "caseId": worker }), "InvalidInputError", "caseId"),
        (json!({ "caseId": case, "assigneeId": case }), "InvalidInputError", "assigneeId"),
        (json!({ "caseId": case, "expectedVersion": 9 }), "ConflictError", "expectedVersion"),
    ] {
        let data = stage.data(ASSIGN, json!({ "input": input })).await;
        let payload = &data["assignCase"];
        assert_eq!(payload["case"], Value::Null);
        assert_eq!(payload["userErrors"][0]["__typename"], name, "{input}");
        assert_eq!(payload["userErrors"][0]["path"], json!(["input", path]), "{input}");
    }
    let mut foreigner = stage.anybody();
    foreigner.agency = stage.seed().agency("napa").await;
    let answer = stage.ask(foreigner, ASSIGN, json!({ "input": { "caseId": case } })).await;
    assert_eq!(answer["data"]["assignCase"]["userErrors"][0]["__typename"], "NotFoundError");
    let data = stage.data("{ cases { nodes { version assignee { id } } } }", json!({})).await;
    assert_eq!(data["cases"]["nodes"][0], json!({ "version": 1, "assignee": { "id": worker } }));
}

#[tokio::test]
async fn a_missing_scope_is_refused_before_anything_is_looked_up() {
    let stage = stage().await;
    for scopes in [&[Scope::CasesRead][..], &[Scope::CasesWrite]] {
        let code = stage.code(stage.caller(scopes), ASSIGN, json!({ "input": { "caseId": "nonsense" } })).await;
        assert_eq!(code, "FORBIDDEN", "{scopes:?}");
    }
}
