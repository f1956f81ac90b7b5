//! Global ids.

use recert::caller::{Caller, Scope};
use recert::words::{CaseEventKind, OrderStatus};
use serde_json::{Value, json};

use super::stage::{Stage, day, stage};
use crate::support::seed::NewCase;

const NODES: &str = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";

/// One case of each kind of node, with the ids of everything on it.
async fn ids(stage: &Stage) -> Vec<(&'static str, Value)> {
    let worker = stage.seed().caseworker(stage.agency, "w1").await;
    let new = NewCase { assignee: Some(worker), ..NewCase::due("1", day(2026, 4, 30)) };
    let case = stage.seed().case(stage.agency, new).await;
    let renewal = stage.seed().renewal(case, day(2026, 4, 30)).await;
    let order = stage.seed().order(case, None, OrderStatus::Completed).await;
    let report = stage.seed().report(case, order, 1, 1).await;
    stage.seed().reviewed(renewal, None, report).await;
    stage.seed().event(case, CaseEventKind::OrderCreated, Some(order), Some(worker)).await;
    let document =
        "{ cases { nodes { id client { id } assignee { id } renewal { id } employerLinks { id } events { nodes { id } }
        latestOrder { id employers { id latestTask { id } } }
        review { current { id employments { payStatements { nodes { id } } } } } } } }";
    let data = stage.data(document, json!({})).await;
    let case = &data["cases"]["nodes"][0];
    let order = &case["latestOrder"];
    let report = &case["review"]["current"];
    vec![
        ("Case", case["id"].clone()),
        ("Client", case["client"]["id"].clone()),
        ("Caseworker", case["assignee"]["id"].clone()),
        ("Renewal", case["renewal"]["id"].clone()),
        ("EmployerLink", case["employerLinks"][0]["id"].clone()),
        ("Order", order["id"].clone()),
        ("OrderEmployer", order["employers"][0]["id"].clone()),
        ("Task", order["employers"][0]["latestTask"]["id"].clone()),
        ("IncomeReport", report["id"].clone()),
        ("PayStatement", report["employments"][0]["payStatements"]["nodes"][0]["id"].clone()),
        ("OrderCreated", case["events"]["nodes"][0]["id"].clone()),
    ]
}

async fn found(stage: &Stage, caller: Caller, ids: &[(&'static str, Value)]) -> Vec<String> {
    let ids: Vec<&Value> = ids.iter().map(|(_, id)| id).collect();
    let answer = stage.ask(caller, NODES, json!({ "ids": ids })).await;
    let nodes = answer["data"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    nodes
        .iter()
        .zip(ids)
        .filter(|(node, id)| node["id"] == **id)
        .map(|(node, _)| node["__typename"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn everything_with_an_id_can_be_fetched_by_it() {
    let stage = stage().await;
    let ids = ids(&stage).await;
    let names: Vec<&str> = ids.iter().map(|(name, _)| *name).collect();
    assert_eq!(found(&stage, stage.anybody(), &ids).await, names);
}

#[tokio::test]
async fn nothing_is_found_from_another_agency_or_another_caseload() {
    let stage = stage().await;
    let ids = ids(&stage).await;
    let foreigner = Caller { agency: stage.seed().agency("napa").await, ..stage.anybody() };
    assert_eq!(found(&stage, foreigner, &ids).await, Vec::<String>::new());
    let other = stage.seed().caseworker(stage.agency, "w2").await;
    let mut limited = stage.limited(other);
    limited.scopes.push(Scope::ReportsRead);
    // Colleagues are no secret.
    assert_eq!(found(&stage, limited, &ids).await, ["Caseworker"]);
}

#[tokio::test]
async fn reports_need_their_scope_by_id_too() {
    let stage = stage().await;
    let ids = ids(&stage).await;
    let reader = stage.caller(&[Scope::CasesRead]);
    let names = found(&stage, reader.clone(), &ids).await;
    assert!(!names.iter().any(|name| name == "IncomeReport" || name == "PayStatement"), "{names:?}");
    let node = "query($id: ID!) { node(id: $id) { id } }";
    for (name, id) in &ids[8..10] {
        assert_eq!(stage.code(reader.clone(), node, json!({ "id": id })).await, "FORBIDDEN", "{name}");
    }
}

#[tokio::test]
async fn a_text_that_is_no_id_is_null_in_a_look_up_and_a_mistake_in_an_argument() {
    let stage = stage().await;
    for id in ["", "nonsense", "AAAAAAAAAAAAAAAAAAAAAAA", "\u{0}"] {
        let answer = stage.ask(stage.anybody(), "query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
        assert_eq!(answer, json!({ "data": { "node": null } }), "{id}");
        for document in
            ["query($id: ID!) { case(by: { id: $id }) { id } }", "query($id: ID!) { order(by: { id: $id }) { id } }"]
        {
            assert_eq!(stage.code(stage.anybody(), document, json!({ "id": id })).await, "BAD_USER_INPUT", "{id}");
        }
    }
    let many = vec!["x"; 101];
    assert_eq!(stage.code(stage.anybody(), NODES, json!({ "ids": many })).await, "BAD_USER_INPUT");
}

#[tokio::test]
async fn an_order_is_found_by_truvs_id_only_with_its_case() {
    let stage = stage().await;
    ids(&stage).await;
    let data = stage.data("{ cases { nodes { latestOrder { truvOrderId } } } }", json!({})).await;
    let truv = &data["cases"]["nodes"][0]["latestOrder"]["truvOrderId"];
    let document = "query($truv: String!) { order(by: { truvOrderId: $truv }) { case { number } isFinal } }";
    let data = stage.data(document, json!({ "truv": truv })).await;
    assert_eq!(data["order"], json!({ "case": { "number": "1" }, "isFinal": true }));
    let other = stage.seed().caseworker(stage.agency, "w2").await;
    let answer = stage.ask(stage.limited(other), document, json!({ "truv": truv })).await;
    assert_eq!(answer, json!({ "data": { "order": null } }));
}
