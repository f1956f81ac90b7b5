//! The queue: pages over ties, filters, sorts, scopes.

use recert::caller::Scope;
use recert::words::{CaseStatus, OrderStatus};
use serde_json::{Value, json};

use super::stage::{QUEUE, Stage, day, stage};
use crate::support::seed::NewCase;

/// Cases 00 to 11, four of them due on the same day, three days in all.
async fn twelve(stage: &Stage) {
    for n in 0..12 {
        stage.seed().case(stage.agency, NewCase::due(format!("{n:02}"), day(2026, 4, 1 + n / 4))).await;
    }
}

fn numbers(data: &Value) -> Vec<String> {
    let nodes = data["cases"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["number"].as_str().unwrap().to_owned()).collect()
}

const PAGE: &str =
    "query($first: Int, $after: String, $last: Int, $before: String, $sort: [CaseSort!], $filter: CaseFilter) {
    cases(first: $first, after: $after, last: $last, before: $before, sort: $sort, filter: $filter) {
        nodes { number } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

/// Walks the whole list and answers the numbers as they came.
async fn walk(stage: &Stage, sort: &Value, backwards: bool) -> Vec<String> {
    let (size, from, more, end) = if backwards {
        ("last", "before", "hasPreviousPage", "startCursor")
    } else {
        ("first", "after", "hasNextPage", "endCursor")
    };
    let mut cursor = Value::Null;
    let mut walked = Vec::new();
    for _ in 0..10 {
        let data = stage.data(PAGE, json!({ size: 5, from: cursor, "sort": sort })).await;
        let mut page = numbers(&data);
        if backwards {
            page.reverse();
        }
        walked.extend(page);
        if data["cases"]["pageInfo"][more] == json!(false) {
            return walked;
        }
        cursor = data["cases"]["pageInfo"][end].clone();
    }
    panic!("the list never ended: {walked:?}");
}

#[tokio::test]
async fn every_case_comes_once_over_ties_in_every_sort_and_both_directions() {
    let stage = stage().await;
    twelve(&stage).await;
    for field in ["DUE_ON", "UPDATED_AT", "CLIENT_NAME", "NUMBER"] {
        for direction in ["ASC", "DESC"] {
            let sort = json!([{ "field": field, "direction": direction }]);
            let forwards = walk(&stage, &sort, false).await;
            let mut sorted = forwards.clone();
            sorted.sort();
            let all: Vec<String> = (0..12).map(|n| format!("{n:02}")).collect();
            assert_eq!(sorted, all, "{field} {direction}");
            let mut backwards = walk(&stage, &sort, true).await;
            backwards.reverse();
            assert_eq!(forwards, backwards, "{field} {direction}");
        }
    }
    let by_two = json!([{ "field": "DUE_ON", "direction": "DESC" }, { "field": "NUMBER", "direction": "DESC" }]);
    let down: Vec<String> = (0..12).rev().map(|n| format!("{n:02}")).collect();
    assert_eq!(walk(&stage, &by_two, false).await, down);
}

#[tokio::test]
async fn a_case_that_appears_between_two_pages_neither_repeats_nor_hides_another() {
    let stage = stage().await;
    twelve(&stage).await;
    let first = stage.data(PAGE, json!({ "first": 6 })).await;
    stage.seed().case(stage.agency, NewCase::due("early", day(2026, 3, 31))).await;
    stage.seed().case(stage.agency, NewCase::due("late", day(2026, 4, 3))).await;
    let cursor = &first["cases"]["pageInfo"]["endCursor"];
    let second = stage.data(PAGE, json!({ "first": 100, "after": cursor })).await;
    let mut both = [numbers(&first), numbers(&second)].concat();
    assert_eq!(both.pop().as_deref(), Some("late"));
    both.sort();
    assert_eq!(both, (0..12).map(|n| format!("{n:02}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cursor_is_good_only_for_its_agency_and_its_sort() {
    let stage = stage().await;
    twelve(&stage).await;
    let data = stage.data(PAGE, json!({ "first": 1 })).await;
    let cursor = &data["cases"]["pageInfo"]["endCursor"];
    let mut foreigner = stage.anybody();
    foreigner.agency = stage.seed().agency("napa").await;
    assert_eq!(stage.code(foreigner, PAGE, json!({ "after": cursor })).await, "BAD_USER_INPUT");
    let other_sort = json!({ "after": cursor, "sort": [{ "field": "NUMBER" }] });
    assert_eq!(stage.code(stage.anybody(), PAGE, other_sort).await, "BAD_USER_INPUT");
    for broken in ["", "x", "AAAAAAAAAAAAAAAA", "\u{0}", "ü"] {
        assert_eq!(stage.code(stage.anybody(), PAGE, json!({ "before": broken })).await, "BAD_USER_INPUT", "{broken}");
    }
}

#[tokio::test]
async fn arguments_out_of_range_are_refused_in_plain_words() {
    let stage = stage().await;
    for variables in [
        json!({ "first": 0 }),
        json!({ "first": 101 }),
        json!({ "last": -1 }),
        json!({ "first": 1, "last": 1 }),
        json!({ "sort": [{ "field": "DUE_ON" }, { "field": "NUMBER", "direction": "DESC" }] }),
        json!({ "sort": [{ "field": "DUE_ON" }, { "field": "DUE_ON" }] }),
        json!({ "filter": { "assigneeId": "nonsense" } }),
        json!({ "filter": { "search": "a\u{0}" } }),
        json!({ "filter": { "search": "x".repeat(101) } }),
    ] {
        assert_eq!(stage.code(stage.anybody(), PAGE, variables.clone()).await, "BAD_USER_INPUT", "{variables}");
    }
}

#[tokio::test]
async fn filters_combine() {
    let stage = stage().await;
    let worker = stage.seed().caseworker(stage.agency, "w1").await;
    let mine = |number, status| NewCase { status, assignee: Some(worker), ..NewCase::due(number, day(2026, 4, 1)) };
    stage.seed().case(stage.agency, mine("a1", CaseStatus::Due)).await;
    stage.seed().case(stage.agency, mine("a2", CaseStatus::Closed)).await;
    let theirs = NewCase { name: ("Ana", "Lima"), ..NewCase::due("b1", day(2026, 5, 1)) };
    stage.seed().case(stage.agency, theirs).await;
    let data = stage.data("{ cases { nodes { number assignee { id } } } }", json!({})).await;
    let worker_id = &data["cases"]["nodes"][0]["assignee"]["id"];
    for (filter, expected) in [
        (json!({ "status": ["DUE", "CLOSED"], "assigneeId": worker_id }), vec!["a1", "a2"]),
        (json!({ "status": ["DUE"], "assigneeId": worker_id }), vec!["a1"]),
        (json!({ "isUnassigned": true }), vec!["b1"]),
        (json!({ "isUnassigned": false, "status": ["CLOSED"] }), vec!["a2"]),
        (json!({ "due": { "from": "2026-04-02", "to": "2026-05-01" } }), vec!["b1"]),
        (json!({ "due": { "to": "2026-04-01" } }), vec!["a1", "a2"]),
        (json!({ "search": "LIM" }), vec!["b1"]),
        (json!({ "search": "a" }), vec!["a1", "a2"]),
        (json!({ "search": "%" }), vec![]),
        (json!({ "program": ["TANF"] }), vec![]),
        (json!({ "nextAction": ["CREATE_REFRESH_ORDER"], "search": "b1" }), vec!["b1"]),
        (json!({ "status": [] }), vec!["a1", "a2", "b1"]),
    ] {
        let data = stage.data(PAGE, json!({ "filter": filter })).await;
        assert_eq!(numbers(&data), expected, "{filter}");
    }
}

#[tokio::test]
async fn the_queue_document_shows_and_counts_what_is_due() {
    let stage = stage().await;
    let overdue = stage.seed().case(stage.agency, NewCase::due("00-1", day(2026, 3, 19))).await;
    let root = stage.seed().order(overdue, None, OrderStatus::Completed).await;
    stage.seed().order(overdue, Some(root), OrderStatus::Failed).await;
    stage.seed().case(stage.agency, NewCase::due("00-2", day(2026, 3, 20))).await;
    let ended = NewCase { status: CaseStatus::Closed, ..NewCase::due("00-3", day(2026, 3, 1)) };
    stage.seed().case(stage.agency, ended).await;
    let data = stage.data(QUEUE, json!({ "filter": { "status": ["DUE", "CLOSED"] } })).await;
    assert_eq!(
        data["caseCounts"],
        json!([{ "status": "DUE", "count": 2, "overdue": 1 }, { "status": "CLOSED", "count": 1, "overdue": 0 }])
    );
    assert_eq!(data["cases"]["totalCount"], 3);
    let case = &data["cases"]["nodes"][1];
    assert_eq!(
        (&case["number"], &case["isOverdue"], &case["dueOn"]),
        (&json!("00-1"), &json!(true), &json!("2026-03-19"))
    );
    let updated_at = case["updatedAt"].as_str().unwrap();
    assert!(updated_at.starts_with("2026-03-20T12:00:00.") && updated_at.ends_with('Z'), "{updated_at}");
    assert_eq!(case["client"]["displayName"], "Rosa Ortiz");
    assert_eq!(case["latestOrder"]["kind"], "REFRESH");
    assert_eq!(case["latestOrder"]["failure"]["nextAction"], "SEND_VERIFICATION_LINK");
    let all =
        json!({ "createRefreshOrder": true, "sendVerificationLink": true, "completeReview": false, "assign": true });
    assert_eq!(case["viewerCan"], all);
    // Nothing to refresh on a case without orders, and nothing but assigning on a closed one.
    assert_eq!(data["cases"]["nodes"][2]["viewerCan"]["createRefreshOrder"], false);
    assert_eq!(data["cases"]["nodes"][0]["viewerCan"]["sendVerificationLink"], false);
}

#[tokio::test]
async fn a_caller_sees_the_agencys_cases_or_only_the_own_caseload() {
    let stage = stage().await;
    let worker = stage.seed().caseworker(stage.agency, "w1").await;
    let mine = stage
        .seed()
        .case(stage.agency, NewCase { assignee: Some(worker), ..NewCase::due("mine", day(2026, 4, 1)) })
        .await;
    stage.seed().case(stage.agency, NewCase::due("theirs", day(2026, 4, 1))).await;
    let napa = stage.seed().agency("napa").await;
    stage.seed().case(napa, NewCase::due("elsewhere", day(2026, 4, 1))).await;

    let whole = stage.ask(stage.caller(&[Scope::CasesRead]), PAGE, json!({})).await;
    assert_eq!(numbers(&whole["data"]), ["mine", "theirs"]);
    let own = stage.ask(stage.limited(worker), PAGE, json!({})).await;
    assert_eq!(numbers(&own["data"]), ["mine"]);
    let nobody = stage.caller(&[Scope::CasesReadAssigned]);
    let none = stage.ask(nobody, QUEUE, json!({})).await;
    assert_eq!(none["data"]["cases"]["totalCount"], 0);
    assert_eq!(none["data"]["caseCounts"], json!([]));
    assert_eq!(stage.code(stage.caller(&[Scope::ReportsRead]), PAGE, json!({})).await, "FORBIDDEN");

    // Not mine and not there give the same answer.
    let by = "query($number: String!) { case(by: { number: $number }) { id } }";
    for number in ["theirs", "elsewhere", "absent"] {
        let answer = stage.ask(stage.limited(worker), by, json!({ "number": number })).await;
        assert_eq!(answer, json!({ "data": { "case": null } }), "{number}");
    }
    let answer = stage.ask(stage.limited(worker), by, json!({ "number": "mine" })).await;
    let id = answer["data"]["case"]["id"].clone();
    assert!(id.is_string(), "{mine:?}");
}
