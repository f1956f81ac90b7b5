//! However large a page is, it costs the same number of statements.

use recert::words::{CaseEventKind, CaseStatus, OrderStatus};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;

use super::stage::{QUEUE, Stage, day, stage};
use crate::support::client::operation_of;
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
async fn a_page_of_100_costs_no_more_statements_than_a_page_of_5() {
    let stage = stage().await;
    county(&stage, 100).await;
    for (name, document, most) in [("the queue", QUEUE, 6), ("everything", DEEP, 28)] {
        let (few, small) = stage.statements.of(stage.data(document, json!({ "first": 5 }))).await;
        let (many, large) = stage.statements.of(stage.data(document, json!({ "first": 100 }))).await;
        assert_eq!(few["cases"]["nodes"].as_array().map(Vec::len), Some(5), "{name}");
        assert_eq!(many["cases"]["nodes"].as_array().map(Vec::len), Some(100), "{name}");
        // Ways of different length may share a batch or miss it by a moment; 95 more cases must not show.
        for statements in [small, large] {
            assert!(statements.len() <= most, "{name} took {} statements", statements.len());
        }
    }
}

/// Every query of the contract, with the most statements that it may take, whether what it shows is one thing or 100. Where
/// ways of different length meet, one more than was counted.
const CEILINGS: [(&str, usize); 20] = [
    ("AuditEntries", 2),
    ("Case", 13),
    ("CaseEventsPage", 3),
    ("CaseHistory", 16),
    ("Deliveries", 2),
    ("EvidencePacket", 23),
    ("Ledger", 6),
    ("Lineage", 3),
    ("LinkLifetimes", 1),
    ("PlanRenewals", 13),
    ("Queue", 6),
    ("RefreshPreview", 9),
    ("RenewalBatch", 5),
    ("RenewalBatches", 3),
    ("Review", 11),
    ("ReviewEvidence", 9),
    ("TokenRevocations", 2),
    ("UpstreamHealth", 0),
    ("Viewer", 1),
    ("WebhookHealth", 5),
];

/// A case with so many orders, events, employers of a report and pay statements of each.
async fn grown(stage: &Stage, size: u8) -> serde_json::Value {
    let number = format!("grown-{size}");
    let case = stage.seed().case(stage.agency, NewCase::due(number.clone(), day(2026, 4, 1))).await;
    let renewal = stage.seed().renewal(case, day(2026, 4, 1)).await;
    let root = stage.seed().order(case, None, OrderStatus::Completed).await;
    for _ in 1..size {
        stage.seed().order(case, Some(root), OrderStatus::Failed).await;
    }
    for _ in 0..size {
        stage.seed().event(case, CaseEventKind::OrderCreated, Some(root), None).await;
    }
    let report = stage.seed().report(case, root, usize::from(size), 2).await;
    stage.seed().reviewed(renewal, None, report).await;
    json!({ "number": number })
}

#[tokio::test]
async fn each_query_of_the_contract_keeps_to_its_ceiling_at_1_10_and_100() {
    let stage = stage().await;
    county(&stage, 100).await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/operations");
    let queries = std::fs::read_dir(folder).unwrap().filter_map(|file| {
        let path = file.unwrap().path();
        let is_query = std::fs::read_to_string(&path).unwrap().starts_with("query");
        is_query.then(|| path.file_stem().unwrap().to_str().unwrap().to_owned())
    });
    let queries: std::collections::BTreeSet<String> = queries.collect();
    assert!(queries.iter().eq(CEILINGS.iter().map(|(name, _)| name)), "each query needs its ceiling: {queries:?}");
    let input = json!({ "name": "March", "filter": {}, "idempotencyKey": "march" });
    let started = stage.data(&operation_of("StartRenewalBatch"), json!({ "input": input })).await;
    let batch = &started["startRenewalBatch"]["batch"]["id"];
    let mut over = Vec::new();
    for size in [1, 10, 100] {
        let by = grown(&stage, size).await;
        let case = stage.data("query($by: CaseBy!) { case(by: $by) { id } }", json!({ "by": by })).await;
        let variables = json!({ "first": size, "by": by, "caseId": case["case"]["id"], "id": batch, "window": {} });
        for (name, most) in CEILINGS {
            let document = operation_of(name);
            // A document takes only what it declares.
            let mut variables = variables.clone();
            variables.as_object_mut().unwrap().retain(|variable, _| document.contains(&format!("${variable}:")));
            let (data, statements) = stage.statements.of(stage.data(&document, variables)).await;
            // Behind this stage there is no account at Truv whose health could be told.
            let is_whole = data.as_object().unwrap().values().all(|value| !value.is_null());
            assert!(is_whole || name.ends_with("Health"), "{name}: {data:#}");
            if statements.len() > most {
                over.push(format!("{name} at {size} took {} statements, {most} are allowed", statements.len()));
            }
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}

/// Every mutation of the contract, with the most statements that it may take, in its transaction and outside, whether the
/// case has one connection or ten.
const MUTATIONS: [(&str, usize); 4] =
    [("CompleteReview", 15), ("CreateRefreshOrder", 21), ("SendVerificationLink", 17), ("StartRenewalBatch", 5)];

#[tokio::test]
async fn each_mutation_of_the_contract_keeps_to_its_ceiling_at_1_and_10_connections() {
    let stage = stage().await;
    let mut over = Vec::new();
    for size in [1, 10] {
        let case = async |number: &str, status: CaseStatus, order: OrderStatus| {
            let number = format!("{number}-{size}");
            let case = NewCase { status, ..NewCase::due(number.clone(), day(2026, 4, 1)) };
            let case = stage.seed().case(stage.agency, case).await;
            let renewal = stage.seed().renewal(case, day(2026, 4, 1)).await;
            let root = stage.seed().order(case, None, order).await;
            for _ in 1..size {
                stage.seed().another_employer(case, root).await;
            }
            let report = stage.seed().report(case, root, size, 2).await;
            stage.seed().reviewed(renewal, None, report).await;
            let document = "query($by: CaseBy!) { case(by: $by) { id } }";
            stage.data(document, json!({ "by": { "number": number } })).await["case"]["id"].clone()
        };
        let due = case("due", CaseStatus::Due, OrderStatus::Completed).await;
        let broken = case("broken", CaseStatus::NeedsClient, OrderStatus::Failed).await;
        let ready = case("ready", CaseStatus::ReadyForReview, OrderStatus::Completed).await;
        let tx = stage.kit.db.begin().await.unwrap();
        let links = "UPDATE employer_links SET broken_at = created_at WHERE client_id =
            (SELECT client_id FROM cases WHERE number LIKE 'broken-%' ORDER BY created_at DESC LIMIT 1)";
        tx.execute_unprepared(links).await.unwrap();
        tx.commit().await.unwrap();
        for (name, most) in MUTATIONS {
            let key = format!("{name}-{size}");
            let input = match name {
                "CompleteReview" => json!({ "caseId": ready, "decision": "CONFIRMED", "expectedVersion": 1 }),
                "CreateRefreshOrder" => json!({ "caseId": due, "purpose": "RENEWAL", "idempotencyKey": key }),
                "SendVerificationLink" => json!({ "caseId": broken, "channels": ["NONE"], "idempotencyKey": key }),
                _ => json!({ "name": "March", "filter": {}, "idempotencyKey": key }),
            };
            let document = operation_of(name);
            let work = stage.data(&document, json!({ "input": input }));
            let (data, [read, others]) = stage.statements.all_of(work).await;
            let payload = data.as_object().unwrap().values().next().unwrap();
            assert_eq!(payload["userErrors"], json!([]), "{name}: {payload:#}");
            let count = read.len() + others.len();
            if count > most {
                over.push(format!("{name} over {size} took {count} statements, {most} are allowed"));
            }
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}

/// A review of three jobs with 104 pay statements each costs no more statements than one of one job with two.
#[tokio::test]
async fn a_review_of_three_times_104_pay_statements_takes_as_many_statements_as_a_small_one() {
    let stage = stage().await;
    let mut counts = Vec::new();
    for (number, jobs, stubs) in [("small", 1, 2), ("large", 3, 104)] {
        let case = stage.seed().case(stage.agency, NewCase::due(number, day(2026, 4, 1))).await;
        let renewal = stage.seed().renewal(case, day(2026, 4, 1)).await;
        let before = stage.seed().order(case, None, OrderStatus::Completed).await;
        let order = stage.seed().order(case, Some(before), OrderStatus::Completed).await;
        let baseline = stage.seed().report(case, before, jobs, stubs).await;
        let current = stage.seed().report(case, order, jobs, stubs).await;
        stage.seed().reviewed(renewal, Some(baseline), current).await;
        for name in ["Review", "ReviewEvidence"] {
            let variables = json!({ "by": { "number": number } });
            let (data, statements) = stage.statements.of(stage.data(&operation_of(name), variables)).await;
            let employments = data["case"]["review"]["current"]["employments"].as_array().unwrap();
            assert_eq!(employments.len(), jobs, "{name}");
            counts.push((name, statements.len()));
        }
    }
    let [small, large] = [&counts[..2], &counts[2..]];
    assert_eq!(small, large);
}

/// Fifty refreshes of one order after the other are one walk.
#[tokio::test]
async fn a_lineage_of_depth_50_takes_as_many_statements_as_one_of_depth_1() {
    let stage = stage().await;
    let mut counts = Vec::new();
    for (number, depth) in [("short", 1), ("deep", 50)] {
        let case = stage.seed().case(stage.agency, NewCase::due(number, day(2026, 4, 1))).await;
        let mut order = stage.seed().order(case, None, OrderStatus::Completed).await;
        for _ in 0..depth {
            order = stage.seed().order(case, Some(order), OrderStatus::Completed).await;
        }
        let variables = json!({ "by": { "number": number } });
        let (data, statements) = stage.statements.of(stage.data(&operation_of("Lineage"), variables)).await;
        let lineage = &data["case"]["lineage"];
        let entries = lineage["entries"].as_array().unwrap();
        assert_eq!((lineage["depth"].as_i64(), entries.len()), (Some(depth), usize::try_from(depth).unwrap() + 1));
        assert!(entries.iter().all(|entry| entry["isOnActivePath"] == true), "one chain: {lineage:#}");
        counts.push(statements.len());
    }
    assert_eq!(counts[0], counts[1]);
}

/// How the database would read: on the connections that the finders read on, since a planner's figures are a connection's own.
async fn plan(stage: &Stage, statement: &Statement) -> String {
    let db = &stage.kit.db;
    let backend = db.backend();
    let explain = |word: &str| Statement {
        sql: format!("{word} {}", statement.sql),
        values: statement.values.clone(),
        db_backend: backend,
    };
    let (rows, column) = if backend == DbBackend::Postgres {
        let tx = db.begin().await.unwrap();
        // A handful of rows is sorted faster than it is looked up; with these off the plan says what is possible.
        let off = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off";
        tx.execute_unprepared(off).await.unwrap();
        (tx.query_all_raw(explain("EXPLAIN")).await.unwrap(), 0)
    } else {
        (db.read().query_all_raw(explain("EXPLAIN QUERY PLAN")).await.unwrap(), 3)
    };
    rows.iter().map(|row| row.try_get_by_index::<String>(column).unwrap()).collect::<Vec<_>>().join("\n")
}

/// SQLite's planner knows nothing of the rows but what it is told. (PostgreSQL's goes by what it has counted, which for a
/// table of a hundred rows says nothing.)
#[tokio::test]
async fn what_is_asked_for_by_its_keys_is_not_looked_for_among_all_rows_of_the_agency() {
    let stage = stage().await;
    if stage.kit.db.backend() != DbBackend::Sqlite {
        return;
    }
    county(&stage, 20).await;
    let by = grown(&stage, 10).await;
    let mut wrong = std::collections::BTreeSet::new();
    for name in ["Case", "CaseHistory", "EvidencePacket", "Lineage", "Queue", "Review", "ReviewEvidence"] {
        let document = operation_of(name);
        let mut variables = json!({ "first": 20, "by": by });
        variables.as_object_mut().unwrap().retain(|variable, _| document.contains(&format!("${variable}:")));
        let (_, statements) = stage.statements.of(stage.data(&document, variables)).await;
        let by_keys = |statement: &&Statement| statement.sql.contains(" IN (");
        assert!(statements.iter().any(|statement| by_keys(&statement)), "{name}");
        for statement in statements.iter().filter(by_keys) {
            let plan = plan(&stage, statement).await;
            if plan.contains("(agency_id=?)") {
                wrong.insert(format!("{name}: {}\n{plan}", statement.sql));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_cursor_is_a_bound_of_the_index_in_every_sort_and_direction() {
    let stage = stage().await;
    for n in 0..20 {
        stage.seed().case(stage.agency, NewCase::due(format!("{n:02}"), day(2026, 4, 1))).await;
    }
    let document = "query($after: String, $sort: [CaseSort!]) { cases(first: 2, after: $after, sort: $sort) { nodes { id } pageInfo { endCursor } } }";
    for (field, column) in
        [("DUE_ON", "due_on"), ("UPDATED_AT", "updated_at"), ("CLIENT_NAME", "client_sort"), ("NUMBER", "number")]
    {
        for (direction, sign) in [("ASC", '>'), ("DESC", '<')] {
            let sort = json!([{ "field": field, "direction": direction }]);
            let page = stage.data(document, json!({ "sort": sort })).await;
            let after = &page["cases"]["pageInfo"]["endCursor"];
            let (_, statements) =
                stage.statements.of(stage.data(document, json!({ "sort": sort, "after": after }))).await;
            assert_eq!(statements.len(), 1);
            let plan = plan(&stage, &statements[0]).await;
            let bounds = [
                format!("({column},id){sign}("),
                format!("(ROW({column}, id) {sign} ROW("),
                // The number is unique, and its index needs no id.
                format!("{column}{sign}"),
                format!("({column} {sign}"),
            ];
            assert!(bounds.iter().any(|bound| plan.contains(bound)), "{field} {direction}:\n{plan}");
            let is_sorted_again = plan.contains("TEMP B-TREE") && !plan.contains("LAST TERM");
            assert!(!is_sorted_again, "{field} {direction}:\n{plan}");
        }
    }
}
