//! However large a page is, it costs the same number of statements.

use recert::words::{CaseEventKind, OrderStatus};
use serde_json::json;

use super::stage::{QUEUE, Stage, day, stage};
use crate::support::seed::NewCase;

/// Everything that a case leads to, with lists inside lists.
const DEEP: &str = "query($first: Int!) { cases(first: $first) { totalCount nodes {
    client { id } assignee { id } originalOrder { id } latestOrder { id employers { link { health allowance { used } } latestTask { id } } }
    employerLinks { id health } lineage { entries { order { id employers { id } } } }
    renewals(last: 2) { totalCount nodes { orders { id } } } orders(first: 3) { totalCount nodes { id report { id } } }
    events(last: 3) { totalCount nodes { id ... on OrderCreated { order { id } } } }
    review { current { employments { payStatements(first: 2) { totalCount nodes { id } } } } } } } }";

async fn county(stage: &Stage, cases: i32) {
    let worker = stage.seed().caseworker(stage.agency, "w1").await;
    for n in 0..cases {
        let new = NewCase { assignee: Some(worker), ..NewCase::due(format!("{n:03}"), day(2026, 4, 1)) };
        let case = stage.seed().case(stage.agency, new).await;
        let renewal = stage.seed().renewal(case, day(2026, 4, 1)).await;
        let root = stage.seed().order(case, None, OrderStatus::Completed).await;
        stage.seed().order(case, Some(root), OrderStatus::Failed).await;
        let report = stage.seed().report(case, root, 2, 3).await;
        stage.seed().reviewed(renewal, None, report).await;
        stage.seed().event(case, CaseEventKind::OrderCreated, Some(root), Some(worker)).await;
    }
}

#[tokio::test]
async fn a_page_of_100_costs_as_many_statements_as_a_page_of_5() {
    let stage = stage().await;
    county(&stage, 100).await;
    for (name, document, most) in [("the queue", QUEUE, 6), ("everything", DEEP, 30)] {
        let (few, small) = stage.statements.of(stage.data(document, json!({ "first": 5 }))).await;
        let (many, large) = stage.statements.of(stage.data(document, json!({ "first": 100 }))).await;
        assert_eq!(few["cases"]["nodes"].as_array().map(Vec::len), Some(5), "{name}");
        assert_eq!(many["cases"]["nodes"].as_array().map(Vec::len), Some(100), "{name}");
        assert_eq!(small, large, "{name}");
        assert!(small <= most, "{name} took {small} statements");
    }
}
