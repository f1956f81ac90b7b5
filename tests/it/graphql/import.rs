//! Cases that arrive over the API.

use serde_json::{Value, json};

use super::stage::{Stage, stage};

const IMPORT: &str = include_str!("../../../schema/operations/ImportCases.graphql");

fn case(number: &str, first_name: &str) -> Value {
    json!({
        "number": number, "program": "SNAP", "dueOn": "2026-03-31",
        "periodStart": "2025-10-01", "periodEnd": "2026-03-31",
        "client": { "externalUserId": format!("person-{number}"), "firstName": first_name, "lastName": "Diaz" },
    })
}

async fn import(stage: &Stage, cases: Value) -> Value {
    stage.data(IMPORT, json!({ "input": { "cases": cases } })).await["importCases"].clone()
}

#[tokio::test]
async fn cases_come_in_once_and_a_bad_one_stays_out_alone() {
    let stage = stage().await;
    let bad = case("C-2", "Ada\u{7}");
    let first = import(&stage, json!([case("C-1", "Ada"), bad, case("C-3", "Noor")])).await;
    assert_eq!((&first["createdCount"], &first["unchangedCount"]), (&json!(2), &json!(0)), "{first}");
    assert_eq!(first["cases"][0]["number"], "C-1");
    // Due in eleven days, inside the window.
    assert_eq!(first["cases"][0]["status"], "DUE");
    assert_eq!(first["refused"].as_array().map(Vec::len), Some(1), "{first}");
    assert_eq!(first["refused"][0]["index"], 1);
    assert!(!first["refused"][0]["message"].as_str().unwrap().contains("Ada"));

    let again = import(&stage, json!([case("C-1", "Ada"), case("C-3", "Noor Maria")])).await;
    assert_eq!((&again["unchangedCount"], &again["updatedCount"]), (&json!(1), &json!(1)), "{again}");
}

#[tokio::test]
async fn an_empty_list_is_a_user_error() {
    let stage = stage().await;
    let refused = import(&stage, json!([])).await;
    assert_eq!(refused["userErrors"][0]["path"], json!(["input", "cases"]));
}
