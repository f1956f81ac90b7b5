//! What goes when its time is over, what stays, and what is held.

use std::time::Duration;

use recert::caller::Caller;
use recert::config::Retention;
use recert::retention::{Purged, hold, holds, purge, release};
use recert::words::{CaseStatus, OrderStatus};
use serde_json::{Value, json};

use crate::graphql::stage::{Stage, day, stage};
use crate::support::seed::NewCase;

const SHOW: &str = "query($by: CaseBy!) { case(by: $by) { number client { displayName email phone ssnLast4 } \
    lineage { refreshCount entries { depth order { kind status verificationLink { url } } } } \
    originalOrder { report { monthlyIncome employments { companyName } } } } }";

/// A case with two orders and a report.
async fn case(stage: &Stage, number: &str, status: CaseStatus) {
    let seed = stage.seed();
    let case = seed.case(stage.agency, NewCase { status, ..NewCase::due(number, day(2026, 4, 30)) }).await;
    let original = seed.order(case, None, OrderStatus::Completed).await;
    seed.report(case, original, 1, 2).await;
    seed.order(case, Some(original), OrderStatus::Failed).await;
}

async fn show(stage: &Stage, number: &str) -> Value {
    stage.data(SHOW, json!({ "by": { "number": number } })).await["case"].clone()
}

async fn purged(stage: &Stage, only_count: bool) -> Purged {
    purge(&stage.kit, stage.agency, &Retention::default(), only_count).await.unwrap()
}

#[tokio::test]
async fn a_closed_case_keeps_its_skeleton_and_loses_the_person() {
    let stage = stage().await;
    case(&stage, "closed", CaseStatus::Closed).await;
    case(&stage, "held", CaseStatus::Closed).await;
    case(&stage, "open", CaseStatus::Due).await;
    let caller = Caller::system(stage.agency, "test");
    assert!(hold(&stage.kit, &caller, "held", "a hearing").await.unwrap());
    assert!(!hold(&stage.kit, &caller, "nowhere", "a hearing").await.unwrap());
    assert_eq!(purged(&stage, false).await, Purged::default(), "nothing is old enough");
    stage.kit.clock.advance(Duration::from_hours(24 * 1_100));

    let before = [show(&stage, "closed").await, show(&stage, "held").await, show(&stage, "open").await];
    assert!(before[0]["originalOrder"]["report"]["monthlyIncome"].is_string(), "{:#}", before[0]);
    let expected = Purged { cases: 1, held: 1, ..Purged::default() };
    assert_eq!(purged(&stage, true).await, expected);
    assert_eq!(show(&stage, "closed").await, before[0], "a dry run removes nothing");
    assert_eq!(purged(&stage, false).await, expected);

    let gone = show(&stage, "closed").await;
    assert_eq!(gone["client"], json!({ "displayName": "", "email": null, "phone": null, "ssnLast4": null }));
    assert_eq!(gone["originalOrder"]["report"], json!({ "monthlyIncome": null, "employments": [] }));
    let skeleton = |case: &Value| {
        let entries = case["lineage"]["entries"].as_array().unwrap().clone();
        let entry = |entry: &Value| json!([entry["depth"], entry["order"]["kind"], entry["order"]["status"]]);
        (case["lineage"]["refreshCount"].clone(), entries.iter().map(entry).collect::<Vec<_>>())
    };
    assert_eq!(skeleton(&gone), skeleton(&before[0]), "the lineage stays");
    assert!(gone["lineage"]["entries"].as_array().unwrap().iter().all(|it| it["order"]["verificationLink"].is_null()));
    assert_eq!([show(&stage, "held").await, show(&stage, "open").await], before[1..], "nobody else is touched");

    assert_eq!(purged(&stage, false).await, Purged { held: 1, ..Purged::default() }, "nothing is done twice");
    assert_eq!(holds(&stage.kit.db, stage.agency).await.unwrap()[0].number, "held");
    assert!(release(&stage.kit, stage.agency, "held").await.unwrap());
    assert!(!release(&stage.kit, stage.agency, "held").await.unwrap());
    assert_eq!(purged(&stage, false).await, Purged { cases: 1, ..Purged::default() });
}
