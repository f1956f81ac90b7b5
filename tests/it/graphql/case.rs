//! One case with everything that hangs on it, and who may see what of it.

use recert::caller::Scope;
use recert::words::OrderStatus;
use serde_json::{Value, json};

use super::stage::{CASE, LINEAGE, REVIEW, Stage, day, stage};
use crate::support::seed::{NewCase, Seeded};

async fn one(stage: &Stage) -> Seeded {
    stage.seed().case(stage.agency, NewCase::due("24-0117", day(2026, 4, 30))).await
}

fn by() -> Value {
    json!({ "by": { "number": "24-0117" } })
}

#[tokio::test]
async fn the_case_document_shows_orders_employers_and_links() {
    let stage = stage().await;
    let case = one(&stage).await;
    stage.seed().renewal(case, day(2026, 4, 30)).await;
    let root = stage.seed().order(case, None, OrderStatus::Completed).await;
    stage.seed().order(case, Some(root), OrderStatus::Pending).await;
    let data = stage.data(CASE, by()).await;
    let case = &data["case"];
    assert_eq!(case["originalOrder"]["kind"], "ORIGINAL");
    assert_eq!(case["latestOrder"]["parent"]["id"], case["originalOrder"]["id"]);
    let employer = &case["latestOrder"]["employers"][0];
    assert_eq!((&employer["status"], &employer["rawStatus"]), (&json!("COMPLETED"), &json!("completed")));
    assert_eq!(employer["latestTask"]["isTerminal"], true);
    assert_eq!(case["employerLinks"].as_array().map(Vec::len), Some(2));
    let link = &case["employerLinks"][1];
    assert_eq!(employer["link"]["id"], link["id"]);
    // Connected on 2026-03-20 for 180 days: far beyond the due date.
    assert_eq!((&link["health"], &link["expectedExpiryOn"]), (&json!("HEALTHY"), &json!("2026-09-16")));
    let allowance = json!({ "limit": 3, "used": 0, "remaining": 3, "nextAvailableAt": null });
    assert_eq!(link["allowance"], allowance);
    assert_eq!(case["renewal"]["orders"], json!([]));
    assert_eq!(case["latestOrder"]["verificationLink"]["channels"], json!(["NONE"]));
}

#[tokio::test]
async fn contact_data_is_masked_without_its_scope() {
    let stage = stage().await;
    let case = one(&stage).await;
    stage.seed().order(case, None, OrderStatus::Pending).await;
    let clear = stage.data(CASE, by()).await;
    assert_eq!(clear["case"]["client"]["email"], "rosa@example.test");
    let mut answer = stage.ask(stage.caller(&[Scope::CasesRead]), CASE, by()).await;
    assert_eq!(answer.get("errors"), None);
    let case = answer["data"]["case"].take();
    assert_eq!(case["client"]["email"], "r•••@example.test");
    assert_eq!(case["client"]["phone"], "•••-0188");
    assert_eq!(case["client"]["ssnLast4"], "6789");
    assert_eq!(case["latestOrder"]["verificationLink"], Value::Null);
}

#[tokio::test]
async fn the_lineage_document_draws_the_tree() {
    let stage = stage().await;
    let case = one(&stage).await;
    let root = stage.seed().order(case, None, OrderStatus::Completed).await;
    let failed = stage.seed().order(case, Some(root), OrderStatus::Failed).await;
    stage.seed().order(case, Some(root), OrderStatus::Completed).await;
    stage.seed().order(case, Some(failed), OrderStatus::Pending).await;
    let data = stage.data(LINEAGE, by()).await;
    let lineage = &data["case"]["lineage"];
    assert_eq!((&lineage["refreshCount"], &lineage["depth"]), (&json!(3), &json!(2)));
    let entries = lineage["entries"].as_array().unwrap();
    let walk: Vec<_> = entries
        .iter()
        .map(|entry| (entry["depth"].as_u64().unwrap(), entry["isOnActivePath"].as_bool().unwrap()))
        .collect();
    assert_eq!(walk, [(0, true), (1, true), (2, true), (1, false)]);
    assert_eq!(entries[1]["order"]["failure"]["reason"], "SESSION_EXPIRED");
    assert_eq!(lineage["latest"]["id"], entries[2]["order"]["id"]);
    assert_eq!(lineage["latestSuccessful"]["id"], entries[3]["order"]["id"]);
}

#[tokio::test]
async fn the_review_shows_the_newest_report_beside_the_baseline() {
    let stage = stage().await;
    let case = one(&stage).await;
    let renewal = stage.seed().renewal(case, day(2026, 4, 30)).await;
    assert_eq!(
        stage.data("{ cases { nodes { review { preparedAt } } } }", json!({})).await["cases"]["nodes"][0]["review"],
        Value::Null
    );
    let order = stage.seed().order(case, None, OrderStatus::Completed).await;
    let baseline = stage.seed().report(case, order, 1, 1).await;
    let current = stage.seed().report(case, order, 2, 3).await;
    stage.seed().reviewed(renewal, Some(baseline), current).await;
    let document = "query($by: CaseBy!) { case(by: $by) { review { decision baseline { id } current { id monthlyIncome
        employments { key income payFrequency derivedFields
            payStatements(first: 2) { totalCount pageInfo { hasNextPage endCursor } nodes { id grossPay isNewSinceBaseline earnings { name amount } } } } } } } }";
    let data = stage.data(document, by()).await;
    let review = &data["case"]["review"];
    assert_ne!(review["baseline"]["id"], review["current"]["id"]);
    assert_eq!(review["current"]["monthlyIncome"], "2600.50");
    let job = &review["current"]["employments"][1];
    assert_eq!(
        (&job["key"], &job["payFrequency"], &job["income"]),
        (&json!("job-1"), &json!("BIWEEKLY"), &json!("31206"))
    );
    let statements = &job["payStatements"];
    assert_eq!((&statements["totalCount"], &statements["pageInfo"]["hasNextPage"]), (&json!(3), &json!(true)));
    assert_eq!(statements["nodes"][0]["earnings"], json!([{ "name": "Regular", "amount": "1200.50" }]));
    assert_eq!(statements["nodes"][0]["isNewSinceBaseline"], true);
    let cursor = &statements["pageInfo"]["endCursor"];
    let rest = "query($by: CaseBy!, $after: String) { case(by: $by) { review { current { employments {
        payStatements(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage hasPreviousPage } } } } } } }";
    let data = stage.data(rest, json!({ "by": { "number": "24-0117" }, "after": cursor })).await;
    let rest = &data["case"]["review"]["current"]["employments"][0]["payStatements"];
    assert_eq!(rest["nodes"].as_array().map(Vec::len), Some(1));
    assert_eq!(rest["pageInfo"], json!({ "hasNextPage": false, "hasPreviousPage": true }));
}

#[tokio::test]
async fn income_is_withheld_without_its_scope_and_blanks_nothing_else() {
    let stage = stage().await;
    let case = one(&stage).await;
    let order = stage.seed().order(case, None, OrderStatus::Completed).await;
    stage.seed().report(case, order, 1, 1).await;
    let document =
        "query($by: CaseBy!) { case(by: $by) { number review { preparedAt } latestOrder { status report { id } } } }";
    let answer = stage.ask(stage.caller(&[Scope::CasesRead]), document, by()).await;
    let expected =
        json!({ "number": "24-0117", "review": null, "latestOrder": { "status": "COMPLETED", "report": null } });
    assert_eq!(answer["data"]["case"], expected);
    assert_eq!(answer.get("errors"), None, "a withheld field is no error");
}

#[tokio::test]
async fn orders_of_a_case_come_in_pages_and_filtered() {
    let stage = stage().await;
    let case = one(&stage).await;
    let root = stage.seed().order(case, None, OrderStatus::Completed).await;
    for _ in 0..4 {
        stage.seed().order(case, Some(root), OrderStatus::Failed).await;
    }
    let document = "query($by: CaseBy!, $first: Int, $after: String, $last: Int, $filter: OrderFilter) { case(by: $by) {
        orders(first: $first, after: $after, last: $last, filter: $filter) { totalCount nodes { id kind } pageInfo { endCursor hasNextPage hasPreviousPage } } } }";
    let ask = async |more: Value| {
        let mut variables = by();
        variables.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        stage.data(document, variables).await["case"]["orders"].take()
    };
    let first = ask(json!({ "first": 3 })).await;
    assert_eq!((&first["totalCount"], &first["pageInfo"]["hasNextPage"]), (&json!(5), &json!(true)));
    let rest = ask(json!({ "first": 3, "after": first["pageInfo"]["endCursor"] })).await;
    assert_eq!(rest["nodes"].as_array().map(Vec::len), Some(2));
    let last = ask(json!({ "last": 2 })).await;
    assert_eq!(last["nodes"], rest["nodes"]);
    let originals = ask(json!({ "filter": { "kind": ["ORIGINAL"], "status": ["COMPLETED"] } })).await;
    assert_eq!(originals["totalCount"], 1);
    assert_eq!(originals["nodes"][0], first["nodes"][0]);
    assert_eq!(ask(json!({ "filter": { "createdAfter": "2026-03-21T00:00:00Z" } })).await["totalCount"], 0);
}

#[tokio::test]
async fn the_review_document_fills_the_screen() {
    let stage = stage().await;
    let case = one(&stage).await;
    let renewal = stage.seed().renewal(case, day(2026, 4, 30)).await;
    let order = stage.seed().order(case, None, OrderStatus::Completed).await;
    let current = stage.seed().report(case, order, 1, 30).await;
    stage.seed().reviewed(renewal, None, current).await;
    let data = stage.data(REVIEW, by()).await;
    let review = &data["case"]["review"];
    assert_eq!(review["fields"][0]["key"], "MONTHLY_INCOME");
    assert_eq!(review["changes"], json!([]));
    let statements = &data["case"]["review"]["current"]["employments"][0]["payStatements"];
    assert_eq!((&statements["totalCount"], statements["nodes"].as_array().map(Vec::len)), (&json!(30), Some(24)));
}
