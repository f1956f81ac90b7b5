//! The event log in pages and live.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use recert::caller::{Caller, Scope, Standing};
use recert::events::Position;
use recert::ids::OrderId;
use recert::words::{CaseEventKind, OrderStatus};
use serde_json::{Value, json};

use super::stage::{EVENTS, EVENTS_PAGE, Stage, day, live, stage};
use crate::support::seed::{NewCase, Seeded};

async fn one(stage: &Stage, number: &str) -> (Seeded, OrderId) {
    let case = stage.seed().case(stage.agency, NewCase::due(number, day(2026, 4, 30))).await;
    let order = stage.seed().order(case, None, OrderStatus::InProgress).await;
    (case, order)
}

async fn moved(stage: &Stage, (case, order): (Seeded, OrderId)) {
    stage.seed().event(case, CaseEventKind::OrderStatusChanged, Some(order), None).await;
}

/// Follows the log; the hub runs until the test ends.
fn follow(stage: &Stage, caller: impl Into<Standing>, variables: Value) -> impl Stream<Item = Value> + Unpin {
    stage.follow(caller, EVENTS, variables)
}

async fn frame(frames: &mut (impl Stream<Item = Value> + Unpin)) -> Value {
    let next = tokio::time::timeout(Duration::from_secs(90), frames.next());
    let mut frame = next.await.expect("a frame in time").expect("the stream goes on");
    assert_eq!(frame.get("errors"), None, "{frame:#}");
    frame["data"]["caseEvents"].take()
}

#[tokio::test]
async fn the_log_comes_in_pages_and_filtered() {
    let stage = stage().await;
    let first = one(&stage, "1").await;
    let second = one(&stage, "2").await;
    for _ in 0..3 {
        moved(&stage, first).await;
        moved(&stage, second).await;
    }
    stage.seed().event(first.0, CaseEventKind::ReviewCompleted, None, None).await;
    let page = stage.data(EVENTS_PAGE, json!({ "first": 5 })).await;
    let page = &page["caseEvents"];
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    assert_eq!(page["nodes"][0]["__typename"], "OrderStatusChanged");
    let rest = stage.data(EVENTS_PAGE, json!({ "first": 5, "after": page["pageInfo"]["endCursor"] })).await;
    let kinds: Vec<&Value> = rest["caseEvents"]["nodes"].as_array().unwrap().iter().map(|node| &node["kind"]).collect();
    assert_eq!(kinds, ["ORDER_STATUS_CHANGED", "REVIEW_COMPLETED"]);

    let case = &page["nodes"][0]["case"]["id"];
    let counted = "query($filter: CaseEventFilter) { caseEvents(filter: $filter, last: 1) { totalCount nodes { kind case { id } } } }";
    let data = stage.data(counted, json!({ "filter": { "caseIds": [case] } })).await;
    assert_eq!(data["caseEvents"]["totalCount"], 4);
    assert_eq!(data["caseEvents"]["nodes"], json!([{ "kind": "REVIEW_COMPLETED", "case": { "id": case } }]));
    let data = stage.data(counted, json!({ "filter": { "kinds": ["REPORT_READY"] } })).await;
    assert_eq!(data["caseEvents"]["totalCount"], 0);
    assert_eq!(stage.code(stage.anybody(), counted, json!({ "filter": { "caseIds": ["x"] } })).await, "BAD_USER_INPUT");
}

#[tokio::test]
async fn a_page_that_the_log_has_forgotten_says_so() {
    let stage = stage().await;
    let case = one(&stage, "1").await;
    moved(&stage, case).await;
    moved(&stage, case).await;
    let page = stage.data(EVENTS_PAGE, json!({ "first": 1 })).await;
    let cursor = &page["caseEvents"]["pageInfo"]["endCursor"];
    stage.seed().prune(Position { tx: i64::MAX, id: 2 }).await;
    assert_eq!(stage.code(stage.anybody(), EVENTS_PAGE, json!({ "after": cursor })).await, "CURSOR_EXPIRED");
    live(&stage, async {
        let mut frames = follow(&stage, stage.anybody(), json!({ "after": cursor }));
        assert_eq!(frame(&mut frames).await["__typename"], "StreamOpened");
        assert_eq!(frame(&mut frames).await["kind"], "RESYNC");
    })
    .await;
}

#[tokio::test]
async fn a_stream_opens_then_goes_live_and_a_break_leaves_no_gap() {
    let stage = stage().await;
    let case = one(&stage, "1").await;
    live(&stage, async {
        let mut frames = follow(&stage, stage.anybody(), json!({}));
        let opened = frame(&mut frames).await;
        assert_eq!((&opened["__typename"], &opened["case"]), (&json!("StreamOpened"), &Value::Null));
        moved(&stage, case).await;
        let event = frame(&mut frames).await;
        assert_eq!((&event["__typename"], &event["previousStatus"]), (&json!("OrderStatusChanged"), &json!("PENDING")));
        assert_eq!((&event["order"]["status"], &event["case"]["number"]), (&json!("IN_PROGRESS"), &json!("1")));
        drop(frames);

        moved(&stage, case).await;
        stage.seed().event(case.0, CaseEventKind::ReviewCompleted, None, None).await;
        let mut frames = follow(&stage, stage.anybody(), json!({ "after": event["cursor"] }));
        assert_eq!(frame(&mut frames).await["cursor"], event["cursor"]);
        let missed = [frame(&mut frames).await, frame(&mut frames).await];
        assert_eq!(missed.each_ref().map(|event| &event["kind"]), ["ORDER_STATUS_CHANGED", "REVIEW_COMPLETED"]);
        moved(&stage, case).await;
        let next = frame(&mut frames).await;
        assert_eq!(next["kind"], "ORDER_STATUS_CHANGED");
        // From the first frame on everything comes once more, in the same order.
        let mut again = follow(&stage, stage.anybody(), json!({ "after": opened["cursor"] }));
        frame(&mut again).await;
        for expected in [&event, &missed[0], &missed[1], &next] {
            assert_eq!(frame(&mut again).await["id"], expected["id"]);
        }
    })
    .await;
}

#[tokio::test]
async fn every_event_reads_fresh_rows() {
    let stage = stage().await;
    let (case, first) = one(&stage, "1").await;
    live(&stage, async {
        let mut frames = follow(&stage, stage.anybody(), json!({}));
        frame(&mut frames).await;
        moved(&stage, (case, first)).await;
        let before = frame(&mut frames).await["case"]["latestOrder"]["id"].clone();
        let second = stage.seed().order(case, Some(first), OrderStatus::Pending).await;
        moved(&stage, (case, second)).await;
        let after = frame(&mut frames).await["case"]["latestOrder"]["id"].clone();
        assert_ne!(before, after);
    })
    .await;
}

#[tokio::test]
async fn a_caseload_hears_only_of_its_own_cases() {
    let stage = stage().await;
    let worker = stage.seed().caseworker(stage.agency, "w1").await;
    let new = NewCase { assignee: Some(worker), ..NewCase::due("mine", day(2026, 4, 1)) };
    let mine = stage.seed().case(stage.agency, new).await;
    let order = stage.seed().order(mine, None, OrderStatus::Pending).await;
    let lost = one(&stage, "lost").await;
    let napa = stage.seed().agency("napa").await;
    let elsewhere = stage.seed().case(napa, NewCase::due("elsewhere", day(2026, 4, 1))).await;
    live(&stage, async {
        let mut frames = follow(&stage, stage.limited(worker), json!({}));
        frame(&mut frames).await;
        stage.seed().event(elsewhere, CaseEventKind::ReviewCompleted, None, Some(worker)).await;
        stage.seed().event(lost.0, CaseEventKind::ReviewCompleted, None, None).await;
        // These two were in the caseload at the time and are not any more: of the orders nothing is told.
        stage.seed().event(lost.0, CaseEventKind::OrderCreated, Some(lost.1), Some(worker)).await;
        stage.seed().event(lost.0, CaseEventKind::CaseStatusChanged, None, Some(worker)).await;
        stage.seed().event(mine, CaseEventKind::OrderCreated, Some(order), Some(worker)).await;
        let gone = frame(&mut frames).await;
        assert_eq!((&gone["kind"], &gone["case"]), (&json!("CASE_STATUS_CHANGED"), &Value::Null));
        let event = frame(&mut frames).await;
        assert_eq!((&event["kind"], &event["case"]["number"]), (&json!("ORDER_CREATED"), &json!("mine")));
    })
    .await;
    let answer = stage.ask(stage.limited(worker), EVENTS_PAGE, json!({})).await;
    assert_eq!(answer["data"]["caseEvents"]["nodes"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_cursor_that_is_not_ours_is_refused() {
    let stage = stage().await;
    let case = one(&stage, "1").await;
    moved(&stage, case).await;
    let page = stage.data(EVENTS_PAGE, json!({})).await;
    let cursor = &page["caseEvents"]["pageInfo"]["endCursor"];
    let foreigner = Caller { agency: stage.seed().agency("napa").await, ..stage.anybody() };
    for (caller, after) in [(foreigner, cursor), (stage.anybody(), &json!("nonsense"))] {
        assert_eq!(stage.code(caller.clone(), EVENTS_PAGE, json!({ "after": after })).await, "BAD_USER_INPUT");
        let refused = follow(&stage, caller, json!({ "after": after })).next().await.unwrap();
        assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{refused:#}");
    }
    let blind = follow(&stage, stage.caller(&[]), json!({})).next().await.unwrap();
    assert_eq!(blind["errors"][0]["extensions"]["code"], "FORBIDDEN", "{blind:#}");
}

#[tokio::test]
async fn a_new_tokens_scopes_count_at_once_and_leave_no_gap() {
    let stage = stage().await;
    let worker = stage.seed().caseworker(stage.agency, "w1").await;
    let new = NewCase { assignee: Some(worker), ..NewCase::due("mine", day(2026, 4, 1)) };
    let mine = stage.seed().case(stage.agency, new).await;
    let theirs = one(&stage, "theirs").await.0;
    let happened =
        async |case, assignee| stage.seed().event(case, CaseEventKind::ReviewCompleted, None, assignee).await;
    let numbers =
        |events: &[Value]| -> Vec<Value> { events.iter().map(|event| event["case"]["number"].clone()).collect() };
    live(&stage, async {
        let (newest, standing) = Standing::changing(stage.anybody());
        let mut frames = follow(&stage, standing, json!({}));
        frame(&mut frames).await;
        happened(theirs, None).await;
        assert_eq!(numbers(&[frame(&mut frames).await]), ["theirs"]);

        // Fewer scopes: the colleague's case is out of sight from the next event on.
        newest.send_replace(stage.limited(worker).into());
        happened(theirs, None).await;
        happened(mine, Some(worker)).await;
        assert_eq!(numbers(&[frame(&mut frames).await]), ["mine"]);

        // More scopes: events go on after the last one that came, each once, without another opening.
        happened(theirs, None).await;
        newest.send_replace(stage.anybody().into());
        happened(mine, Some(worker)).await;
        assert_eq!(numbers(&[frame(&mut frames).await, frame(&mut frames).await]), ["theirs", "mine"]);

        // Other scopes over the same cases: nothing is read again.
        newest.send_replace(stage.caller(&[Scope::CasesRead]).into());
        happened(theirs, None).await;
        assert_eq!(numbers(&[frame(&mut frames).await]), ["theirs"]);

        // No scope at all is the end, and says so.
        newest.send_replace(stage.caller(&[]).into());
        let last = frames.next().await.unwrap();
        assert_eq!(last["errors"][0]["extensions"]["code"], "FORBIDDEN", "{last:#}");
        assert_eq!(frames.next().await, None);
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_is_renewed_before_it_opens_opens_once_where_it_was_asked_to() {
    let stage = stage().await;
    let worker = stage.seed().caseworker(stage.agency, "w1").await;
    let case = one(&stage, "1").await;
    moved(&stage, case).await;
    moved(&stage, case).await;
    let page = stage.data(EVENTS_PAGE, json!({ "first": 1 })).await;
    let after = page["caseEvents"]["pageInfo"]["endCursor"].clone();
    let (newest, standing) = Standing::changing(stage.limited(worker));
    let mut frames = follow(&stage, standing, json!({ "after": after }));
    newest.send_replace(stage.anybody().into());
    live(&stage, async {
        let opened = frame(&mut frames).await;
        assert_eq!((&opened["kind"], &opened["cursor"]), (&json!("STREAM_OPENED"), &after));
        assert_eq!(frame(&mut frames).await["kind"], "ORDER_STATUS_CHANGED");
    })
    .await;
}

#[tokio::test]
async fn a_case_given_to_somebody_else_is_out_of_sight_with_the_next_event() {
    let stage = stage().await;
    let (mine, other) =
        (stage.seed().caseworker(stage.agency, "w1").await, stage.seed().caseworker(stage.agency, "w2").await);
    let cases =
        ["kept", "given"].map(|number| NewCase { assignee: Some(mine), ..NewCase::due(number, day(2026, 4, 1)) });
    let [kept, given] = cases;
    let kept = stage.seed().case(stage.agency, kept).await;
    let given = stage.seed().case(stage.agency, given).await;
    let assign = async |to| {
        Box::pin(recert::cases::assign(&stage.kit, &stage.anybody(), given.case, to, None)).await.unwrap();
    };
    let watched = Box::pin(async {
        let mut frames = follow(&stage, stage.limited(mine), json!({}));
        let mut others = follow(&stage, stage.limited(other), json!({}));
        frame(&mut frames).await;
        frame(&mut others).await;
        stage.seed().event(given, CaseEventKind::ReviewCompleted, None, Some(mine)).await;
        assert_eq!(frame(&mut frames).await["case"]["number"], "given");
        assign(Some(other)).await;
        // The one who has it now hears of it; the one who had it hears only of the other case from here on.
        let event = frame(&mut others).await;
        assert_eq!((&event["kind"], &event["case"]["number"]), (&json!("CASE_STATUS_CHANGED"), &json!("given")));
        stage.seed().event(kept, CaseEventKind::ReviewCompleted, None, Some(mine)).await;
        assert_eq!(frame(&mut frames).await["case"]["number"], "kept");
        assign(Some(mine)).await;
        assert_eq!(frame(&mut frames).await["case"]["number"], "given");
    });
    live(&stage, watched).await;
}
