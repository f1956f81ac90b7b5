//! What is to be done about renewals, before anything is done.

use recert::caller::Scope;
use recert::config::Renewals;
use recert::county::{self, County};
use recert::ids::AgencyId;
use serde_json::{Value, json};

use super::stage::{Stage, stage};

const PLAN: &str = include_str!("../../../schema/operations/PlanRenewals.graphql");

/// The stage with a county of so many cases.
async fn peopled(size: u32) -> (Stage, AgencyId) {
    let mut stage = stage().await;
    let county = County { seed: 3, founded_at: stage.kit.clock.now(), size };
    let agency =
        county::store(&stage.kit.db, (&stage.kit.ids, &stage.kit.sealer), county, &Renewals::default(), |_| {})
            .await
            .unwrap();
    stage.agency = agency;
    (stage, agency)
}

fn sum(list: &Value, field: &str) -> i64 {
    list.as_array().unwrap().iter().map(|entry| entry[field].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn the_sums_are_those_of_the_cases_one_by_one() {
    let (stage, _) = peopled(90).await;
    let plan = stage.data(PLAN, json!({ "window": {}, "first": 100 })).await["planRenewals"].take();
    let items = plan["items"]["nodes"].as_array().unwrap();
    assert_eq!((plan["caseCount"].as_i64(), items.len()), (Some(90), 90));
    assert_eq!(plan["items"]["totalCount"], 90);
    assert_eq!(sum(&plan["actions"], "caseCount"), 90);
    assert_eq!(plan["billableLinks"], sum(&plan["items"]["nodes"], "billableLinks"));
    assert_eq!(sum(&plan["days"], "billableLinks"), plan["billableLinks"].as_i64().unwrap());
    assert_eq!(sum(&plan["days"], "caseCount"), sum(&plan["health"], "caseCount"));
    for entry in plan["actions"].as_array().unwrap() {
        let same = |item: &&Value| item["action"] == entry["action"] && item["reason"] == entry["reason"];
        let count = items.iter().filter(same).count();
        assert_eq!(entry["caseCount"].as_u64(), u64::try_from(count).ok(), "{entry}");
    }
    // A county has some of each: due now, due later, and connections that do not work.
    for action in ["REFRESH_NOW", "REFRESH_LATER", "ASK_CLIENT"] {
        assert!(items.iter().any(|item| item["action"] == action), "{action}: {plan:#}");
    }
    let later = items.iter().filter(|item| item["action"] == "REFRESH_LATER");
    assert!(later.clone().all(|item| item["on"].as_str() < item["case"]["dueOn"].as_str()));
}

#[tokio::test]
async fn a_plan_costs_six_statements_however_many_cases_a_chunk_has() {
    let (stage, _) = peopled(120).await;
    let document =
        "query($window: DateRange!) { planRenewals(window: $window) { caseCount billableLinks days { on } } }";
    let (all, statements) = stage.statements.of(stage.data(document, json!({ "window": {} }))).await;
    assert_eq!((all["planRenewals"]["caseCount"].as_i64(), statements.len()), (Some(120), 6));
    let window = json!({ "to": stage.kit.clock.today().to_string() });
    let (_, few) = stage.statements.of(stage.data(document, json!({ "window": window }))).await;
    assert_eq!(few.len(), 6);
}

#[tokio::test]
async fn a_plan_needs_its_scope() {
    let (stage, _) = peopled(4).await;
    for scopes in [&[Scope::CasesRead][..], &[Scope::RenewalsRun]] {
        assert_eq!(stage.code(stage.caller(scopes), PLAN, json!({ "window": {} })).await, "FORBIDDEN");
    }
}
