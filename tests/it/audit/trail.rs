//! What the gateway records.

use recert::caller::Scope;
use recert::simulator::Scenario;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};

use crate::support::world::{COUNTY, World};

const ENTRIES: &str = "query($case: ID) { auditEntries(first: 100, filter: { caseId: $case }) { totalCount nodes { \
                       number at channel subject requestId operation documentHash outcome access hash previousHash \
                       cases { caseId case { number } access } } } }";

impl World {
    /// The entries about a case, newest first, once there are as many as expected.
    async fn entries(&self, case: Option<&str>, expected: usize) -> Vec<Value> {
        let auditor = self.token(COUNTY, &[Scope::AuditRead, Scope::CasesRead]);
        let look = async || {
            let answer = self.query_as(&auditor, ENTRIES, json!({ "case": case })).await;
            let nodes = answer["data"]["auditEntries"]["nodes"].as_array().unwrap().clone();
            (nodes.len() >= expected).then_some(nodes)
        };
        self.until("the entries have their places", look).await
    }
}

fn access(entry: &Value, case: &str) -> Vec<String> {
    let cases = entry["cases"].as_array().unwrap();
    let of_case = cases.iter().find(|audited| audited["caseId"] == case).expect("the entry names the case");
    of_case["access"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_says_who_saw_what_of_which_case() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let other = world.case("SNAP-2", &[Scenario::Ok]).await;
    let before = world.entries(Some(&case.id), 1).await.len();
    let reader = world.token(COUNTY, &[Scope::CasesRead]);
    let all = world.token(COUNTY, &Scope::ALL);
    let by = json!({ "by": { "id": case.id } });
    world.query_as(&reader, "query Plain($by: CaseBy!) { case(by: $by) { number client { email } } }", by.clone()).await;
    world.query_as(&all, "query Full($by: CaseBy!) { case(by: $by) { client { email } originalOrder { report { monthlyIncome } } } }", by).await;
    let entries = world.entries(Some(&case.id), before + 2).await;
    let (full, plain) = (&entries[0], &entries[1]);
    assert_eq!((&full["operation"], &full["outcome"]), (&"Full".into(), &"DONE".into()));
    assert_eq!(access(full, &case.id), ["READ", "CONTACT", "PAY"]);
    assert_eq!((&plain["operation"], access(plain, &case.id)), (&"Plain".into(), vec!["READ".to_owned()]));
    assert_eq!(plain["documentHash"].as_str().unwrap().len(), 64);
    assert_eq!(full["previousHash"].as_str().unwrap().len(), 64);
    assert!(entries.iter().all(|entry| entry["cases"].as_array().unwrap().iter().all(|it| it["caseId"] != other.id)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mutation_is_recorded_before_it_begins_and_after_and_a_refusal_too() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    let reader = world.token(COUNTY, &[Scope::CasesRead]);
    let document = "mutation Try($input: CreateRefreshOrderInput!) { createRefreshOrder(input: $input) { order { id } } }";
    let input = json!({ "input": { "caseId": case.id, "purpose": "RENEWAL", "idempotencyKey": "k" } });
    world.query_as(&reader, document, input).await;
    let entries = world.entries(None, 4).await;
    let of = |outcome: &str, operation: Option<&str>| {
        let fits = |entry: &&Value| {
            entry["outcome"] == outcome
                && entry["access"].as_array().unwrap().contains(&"CHANGE".into())
                && operation.is_none_or(|name| entry["operation"] == name)
        };
        entries.iter().filter(fits).collect::<Vec<_>>()
    };
    assert_eq!(of("REFUSED", Some("Try")).len(), 1, "{entries:#?}");
    let done = of("DONE", None);
    assert!(done.iter().any(|entry| entry["cases"].as_array().unwrap().iter().any(|it| it["caseId"] == case.id)));
    assert_eq!(of("BEGUN", None).len(), done.len() + 1, "one before each");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_no_data() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let db = world.open_database().await;
    let rename = |from: &str, to: &str| Statement::from_string(db.backend(), format!("ALTER TABLE {from} RENAME TO {to}"));
    db.read().execute_raw(rename("audit_pending", "audit_lost")).await.unwrap();
    let token = world.token(COUNTY, &Scope::ALL);
    let document = "query($by: CaseBy!) { case(by: $by) { number } }";
    let answer = world.query_as(&token, document, json!({ "by": { "id": case.id } })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SERVICE_UNAVAILABLE", "{answer}");
    assert_eq!(answer.get("data"), None, "{answer}");
    let nothing = world.query_as(&token, "{ viewer { subject } }", json!({})).await;
    assert_eq!(nothing.get("errors"), None, "what shows nothing of a case needs no row: {nothing}");
    db.read().execute_raw(rename("audit_lost", "audit_pending")).await.unwrap();
    let answer = world.query_as(&token, document, json!({ "by": { "id": case.id } })).await;
    assert_eq!(answer["data"]["case"]["number"], "SNAP-1");
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trail_is_for_those_who_may_see_all_of_it() {
    let world = World::start().await;
    for (scopes, code) in [
        (&[Scope::CasesRead][..], "FORBIDDEN"),
        (&[Scope::AuditRead, Scope::CasesReadAssigned], "FORBIDDEN"),
    ] {
        let answer = world.query_as(&world.token(COUNTY, scopes), "{ auditEntries { totalCount } }", json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{scopes:?}");
    }
    let answer = world.query_as(&world.token(COUNTY, &[Scope::AuditRead]), "{ auditEntries { totalCount } }", json!({})).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_withheld_is_named_with_the_scope_that_would_show_it() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let document = "query($by: CaseBy!) { case(by: $by) { client { email } review { preparedAt } originalOrder { report { id } } } }";
    let by = json!({ "by": { "id": case.id } });
    let reader = world.token(COUNTY, &[Scope::CasesRead]);
    let answer = world.query_as(&reader, document, by.clone()).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    let withheld = json!([
        { "field": "Case.review", "scope": "reports:read", "masked": false },
        { "field": "Client.email", "scope": "clients:contact", "masked": true },
        { "field": "Order.report", "scope": "reports:read", "masked": false },
    ]);
    assert_eq!(answer["extensions"]["withheld"], withheld);
    let all = world.query_as(&world.token(COUNTY, &Scope::ALL), document, by).await;
    assert_eq!(all["extensions"].get("withheld"), None, "{all}");
}
