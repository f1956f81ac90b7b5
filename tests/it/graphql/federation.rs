//! The schema as a subgraph.

use recert::caller::{Caller, Scope};
use recert::graphql::{federated_sdl, subgraph};
use recert::words::OrderStatus;
use serde_json::{Value, json};

use super::stage::{Stage, day, stage};
use crate::support::seed::NewCase;

const ENTITIES: &str = "query($of: [_Any!]!) { _entities(representations: $of) { __typename
    ... on Case { id number } ... on Client { id } ... on Order { id status } ... on EmployerLink { id health } } }";

async fn ask(stage: &Stage, caller: Caller, document: &str, variables: Value) -> Value {
    let answer = subgraph().execute(stage.request(caller, document, variables)).await;
    serde_json::to_value(&answer).unwrap()
}

/// One case and what belongs to it, as a router names them.
async fn representations(stage: &Stage) -> Vec<Value> {
    let case = stage.seed().case(stage.agency, NewCase::due("1", day(2026, 4, 30))).await;
    let order = stage.seed().order(case, None, OrderStatus::Completed).await;
    stage.seed().report(case, order, 1, 1).await;
    let document = "{ cases { nodes { id client { id } employerLinks { id } latestOrder { id } } } }";
    let data = stage.data(document, json!({})).await;
    let case = &data["cases"]["nodes"][0];
    vec![
        json!({ "__typename": "Case", "id": case["id"] }),
        json!({ "__typename": "Client", "id": case["client"]["id"] }),
        json!({ "__typename": "Order", "id": case["latestOrder"]["id"] }),
        json!({ "__typename": "EmployerLink", "id": case["employerLinks"][0]["id"] }),
    ]
}

#[tokio::test]
async fn each_entity_is_found_by_its_key_and_by_those_who_may_see_it() {
    let stage = stage().await;
    let of = representations(&stage).await;
    let answer = ask(&stage, stage.anybody(), ENTITIES, json!({ "of": of })).await;
    let found = answer["data"]["_entities"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    assert_eq!(found.len(), 4);
    for (entity, wanted) in found.iter().zip(&of) {
        assert_eq!((&entity["__typename"], &entity["id"]), (&wanted["__typename"], &wanted["id"]));
    }
    // Another agency sees nothing, and neither does an id under the wrong name; the others are answered all the same.
    let foreigner = Caller { agency: stage.seed().agency("napa").await, ..stage.anybody() };
    let answer = ask(&stage, foreigner, ENTITIES, json!({ "of": of })).await;
    assert_eq!(answer["data"]["_entities"], json!([null, null, null, null]), "{answer:#}");
    let mixed = json!([{ "__typename": "Order", "id": of[0]["id"] }, { "__typename": "Case", "id": "x" }, of[0]]);
    let answer = ask(&stage, stage.anybody(), ENTITIES, json!({ "of": mixed })).await;
    assert_eq!(answer["data"]["_entities"][0], Value::Null, "{answer:#}");
    assert_eq!(answer["data"]["_entities"][1], Value::Null, "{answer:#}");
    assert_eq!(answer["data"]["_entities"][2]["number"], "1", "{answer:#}");
    let blind = ask(&stage, stage.caller(&[]), ENTITIES, json!({ "of": [of[0]] })).await;
    assert_eq!(blind["errors"][0]["extensions"]["code"], "FORBIDDEN", "{blind:#}");
}

#[tokio::test]
async fn a_page_of_entities_costs_no_more_statements_than_one() {
    let stage = stage().await;
    for n in 0..50 {
        stage.seed().case(stage.agency, NewCase::due(format!("{n:02}"), day(2026, 4, 30))).await;
    }
    let data = stage.data("{ cases(first: 50) { nodes { id } } }", json!({})).await;
    let nodes = data["cases"]["nodes"].as_array().unwrap();
    let of: Vec<Value> = nodes.iter().map(|node| json!({ "__typename": "Case", "id": node["id"] })).collect();
    let (answer, statements) = stage.statements.of(ask(&stage, stage.anybody(), ENTITIES, json!({ "of": of }))).await;
    assert_eq!(answer["data"]["_entities"].as_array().map(Vec::len), Some(50));
    assert_eq!(statements.len(), 1);
}

#[test]
fn the_subgraph_can_be_asked_whatever_the_schema_alone_can() {
    let queries = |sdl: &str| {
        let from = sdl.find("type Query ").unwrap();
        let block = &sdl[from..from + sdl[from..].find("\n}").unwrap()];
        let names = block.lines().filter(|line| line.starts_with('\t') && !line.starts_with("\t\t"));
        let is_name =
            |line: &&str| line.trim_start().starts_with(|c: char| c.is_ascii_lowercase()) && line.contains(['(', ':']);
        names.filter(is_name).map(|line| line.trim().split(['(', ':']).next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (alone, federated) = (queries(&recert::graphql::sdl()), queries(&federated_sdl()));
    assert!(alone.contains(&"cases".to_owned()), "{alone:?}");
    assert_eq!(alone, federated);
}

#[tokio::test]
async fn the_subgraph_tells_its_keys_and_the_schema_alone_knows_nothing_of_them() {
    let stage = stage().await;
    let answer = ask(&stage, stage.anybody(), "{ _service { sdl } }", json!({})).await;
    let told = answer["data"]["_service"]["sdl"].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned();
    for sdl in [&told, &federated_sdl()] {
        assert!(sdl.contains("https://specs.apollo.dev/federation/v2"), "{sdl}");
        for entity in ["Case", "Client", "Order", "EmployerLink"] {
            let line = sdl.lines().find(|line| line.starts_with(&format!("type {entity} ")));
            assert!(line.is_some_and(|line| line.contains("@key(fields: \"id\")")), "{entity}: {line:?}");
        }
        assert_eq!(sdl.matches("@key(").count(), 4);
    }
    assert!(!recert::graphql::sdl().contains("@key"));
    let caller = stage.caller(&Scope::ALL);
    assert!(stage.ask(caller, "{ _service { sdl } }", json!({})).await["errors"][0].is_object());
}
