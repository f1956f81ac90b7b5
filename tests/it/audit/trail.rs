//! What the gateway records.

use chrono::TimeDelta;
use recert::caller::Scope;
use recert::http::token::Claims;
use recert::simulator::Scenario;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use crate::support::world::{COUNTY, World};

const ENTRIES: &str = "query Watch($filter: AuditFilter) { auditEntries(first: 100, filter: $filter) { totalCount nodes { \
                       number at channel subject tokenId requestId operation documentHash outcome access hash \
                       previousHash cases { caseId access } } } }";

impl World {
    /// A token of somebody's with an id.
    fn token_named(&self, subject: &str, scopes: &[Scope]) -> String {
        let claims = Claims {
            subject: subject.to_owned(),
            agency: COUNTY.to_owned(),
            scopes: scopes.to_vec(),
            name: None,
            token_id: Some(format!("token of {subject}")),
            issued_at: None,
            expires_at: self.clock.now() + TimeDelta::days(1),
        };
        self.token_of(&claims)
    }

    /// The entries of a subject, newest first, once these operations are among them.
    async fn entries(&self, subject: &str, operations: &[&str]) -> Vec<Value> {
        let auditor = self.token_named("auditor", &[Scope::AuditRead, Scope::CasesRead]);
        let look = async || {
            let answer = self.query_as(&auditor, ENTRIES, json!({ "filter": { "subject": subject } })).await;
            let nodes = answer["data"]["auditEntries"]["nodes"].as_array().unwrap().clone();
            let ended = |name: &&str| nodes.iter().any(|it| it["operation"] == **name && it["outcome"] != "BEGUN");
            operations.iter().all(ended).then_some(nodes)
        };
        self.until("the entries have their places", look).await
    }
}

fn access(entry: &Value, case: &str) -> Value {
    let cases = entry["cases"].as_array().unwrap();
    cases.iter().find(|audited| audited["caseId"] == case).expect("the entry names the case")["access"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_says_who_saw_what_of_which_case() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let other = world.case("SNAP-2", &[Scenario::Ok]).await;
    let reader = world.token_named("ana", &[Scope::CasesRead]);
    let all = world.token_named("ana", &Scope::ALL);
    let by = json!({ "by": { "id": case.id } });
    let plain = "query Plain($by: CaseBy!) { case(by: $by) { number client { email } } }";
    let full = "query Full($by: CaseBy!) { case(by: $by) { client { email } review { preparedAt } \
                originalOrder { report { monthlyIncome } } } }";
    world.query_as(&reader, plain, by.clone()).await;
    world.query_as(&all, full, by).await;
    let entries = world.entries("ana", &["Plain", "Full"]).await;
    assert_eq!(entries.len(), 2, "{entries:#?}");
    let (full, plain) = (&entries[0], &entries[1]);
    assert_eq!((&full["operation"], &full["outcome"]), (&"Full".into(), &"DONE".into()));
    assert_eq!(access(full, &case.id), json!(["READ", "CONTACT", "PAY"]));
    assert_eq!((&plain["operation"], access(plain, &case.id)), (&"Plain".into(), json!(["READ"])));
    assert_eq!((&plain["tokenId"], &plain["channel"]), (&"token of ana".into(), &"GRAPHQL".into()));
    assert_eq!(plain["documentHash"].as_str().unwrap().len(), 64);
    assert_ne!(plain["documentHash"], full["documentHash"]);
    assert!(entries.iter().all(|entry| entry["cases"].as_array().unwrap().iter().all(|it| it["caseId"] != other.id)));
    // The case itself leads to them, too.
    let auditor = world.token_named("auditor", &[Scope::AuditRead]);
    let filter = json!({ "filter": { "subject": "ana", "caseId": case.id } });
    let of_case = world.query_as(&auditor, ENTRIES, filter).await;
    assert_eq!(of_case["data"]["auditEntries"]["totalCount"], 2, "{of_case}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mutation_is_recorded_before_it_begins_and_after_and_a_refusal_too() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let input = json!({ "input": { "caseId": case.id, "purpose": "RENEWAL", "idempotencyKey": "k" } });
    let document = |name: &str| {
        format!(
            "mutation {name}($input: CreateRefreshOrderInput!) {{ createRefreshOrder(input: $input) {{ order {{ id }} }} }}"
        )
    };
    world.query_as(&world.token_named("ana", &[Scope::CasesRead]), &document("Refused"), input.clone()).await;
    world.query_as(&world.token_named("ana", &Scope::ALL), &document("Made"), input).await;
    let entries = world.entries("ana", &["Refused", "Made"]).await;
    let seen: Vec<Value> = entries.iter().map(|it| json!([it["operation"], it["outcome"], it["access"]])).collect();
    let expected = json!([
        ["Made", "DONE", ["CHANGE"]],
        ["Made", "BEGUN", ["CHANGE"]],
        ["Refused", "REFUSED", ["CHANGE"]],
        ["Refused", "BEGUN", ["CHANGE"]],
    ]);
    assert_eq!(json!(seen), expected);
    assert_eq!(access(&entries[0], &case.id), json!(["READ", "CHANGE"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_no_data() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let owner = world.owner().await;
    let rename = async |from: &str, to: &str| {
        owner.execute_unprepared(&format!("ALTER TABLE {from} RENAME TO {to}")).await.unwrap();
    };
    rename("audit_pending", "audit_lost").await;
    let token = world.token(COUNTY, &Scope::ALL);
    let document = "query($by: CaseBy!) { case(by: $by) { number } }";
    let by = json!({ "by": { "id": case.id } });
    let answer = world.query_as(&token, document, by.clone()).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SERVICE_UNAVAILABLE", "{answer}");
    assert_eq!(answer.get("data"), None, "{answer}");
    let nothing = world.query_as(&token, "{ viewer { subject } }", json!({})).await;
    assert_eq!(nothing.get("errors"), None, "what shows nothing of a case needs no row: {nothing}");
    rename("audit_lost", "audit_pending").await;
    let answer = world.query_as(&token, document, by).await;
    assert_eq!(answer["data"]["case"]["number"], "SNAP-1", "{answer}");
    owner.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trail_is_for_those_who_may_see_all_of_it() {
    let world = World::start().await;
    let ask = async |scopes: &[Scope]| {
        let token = world.token(COUNTY, scopes);
        world.query_as(&token, "{ auditEntries { totalCount } }", json!({})).await["errors"][0]["extensions"]["code"]
            .clone()
    };
    assert_eq!(ask(&[Scope::CasesRead]).await, "FORBIDDEN");
    assert_eq!(ask(&[Scope::AuditRead, Scope::CasesReadAssigned]).await, "FORBIDDEN");
    assert_eq!(ask(&[Scope::AuditRead]).await, Value::Null);
    assert_eq!(ask(&[Scope::AuditRead, Scope::CasesRead]).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_withheld_is_named_with_the_scope_that_would_show_it() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let document = "query($by: CaseBy!) { case(by: $by) { client { email } review { preparedAt } \
                    originalOrder { report { id } } } }";
    let by = json!({ "by": { "id": case.id } });
    let answer = world.query_as(&world.token(COUNTY, &[Scope::CasesRead]), document, by.clone()).await;
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
