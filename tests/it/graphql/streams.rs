//! What many followers of the log cost together.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{Stream, StreamExt};
use recert::caller::{Caller, Scope};
use recert::words::{CaseEventKind, OrderStatus};
use serde_json::{Value, json};

use super::stage::{EVENTS, Stage, day, live, stage};
use crate::support::seed::NewCase;

/// Another document than `CaseEvents.graphql` that shows rows of the same kinds.
const SHORT: &str = "subscription($after: String) { caseEvents(after: $after) { kind case { number status latestOrder { status } } ... on OrderStatusChanged { order { status } } } }";

async fn next(frames: &mut (impl Stream<Item = Value> + Unpin)) -> Value {
    let next = tokio::time::timeout(Duration::from_secs(90), frames.next());
    let mut frame = next.await.expect("a frame in time").expect("the stream goes on");
    assert_eq!(frame.get("errors"), None, "{frame:#}");
    frame["data"]["caseEvents"].take()
}

/// The statements, beside those of the log's tail, that one event took with these followers.
async fn cost(followers: &[(Caller, &str)]) -> (Vec<Value>, usize) {
    let stage = stage().await;
    let case = stage.seed().case(stage.agency, NewCase::due("1", day(2026, 4, 30))).await;
    let order = stage.seed().order(case, None, OrderStatus::InProgress).await;
    live(&stage, async {
        let mut streams: Vec<_> = followers
            .iter()
            .map(|(caller, document)| {
                stage.follow(Caller { agency: stage.agency, ..caller.clone() }, document, json!({}))
            })
            .collect();
        for frames in &mut streams {
            next(frames).await;
        }
        let work = async {
            stage.seed().event(case, CaseEventKind::OrderStatusChanged, Some(order), None).await;
            join_all(streams.iter_mut().map(next)).await
        };
        let (told, statements) = stage.statements.of(work).await;
        let rows = statements.iter().filter(|statement| !is_tail(&statement.sql)).count();
        (told, rows)
    })
    .await
}

/// Whether a statement looks at the log: the tail, and the test's own wait for the event to settle.
fn is_tail(sql: &str) -> bool {
    sql.contains(r#"FROM "events""#) || sql.contains("FROM events")
}

fn caller(stage: &Stage, scopes: &[Scope], subject: &str) -> Caller {
    Caller { subject: subject.to_owned(), ..stage.caller(scopes) }
}

#[tokio::test]
async fn an_event_costs_its_rows_once_however_many_follow_it() {
    let some = stage().await;
    let person = |n: usize| caller(&some, &[Scope::CasesRead], &format!("worker-{n}"));
    let (one, rows) = cost(&[(person(0), EVENTS)]).await;
    assert!((1..=4).contains(&rows), "{rows} statements for one follower");
    let many: Vec<_> = (0..50).map(|n| (person(n), EVENTS)).collect();
    let (told, shared) = cost(&many).await;
    assert_eq!(shared, rows);
    assert!(told.iter().all(|event| event["case"]["number"] == one[0]["case"]["number"] && *event == told[0]));
    // Another document with the same rows in sight reads none of its own.
    let both: Vec<_> = (0..50).map(|n| (person(n), if n.is_multiple_of(2) { EVENTS } else { SHORT })).collect();
    let (told, shared) = cost(&both).await;
    assert_eq!(shared, rows);
    assert_eq!(
        (&told[0]["order"]["status"], &told[1]["order"]["status"]),
        (&json!("IN_PROGRESS"), &json!("IN_PROGRESS"))
    );
    assert!(told[0].get("cursor").is_some() && told[1].get("cursor").is_none());
}

#[tokio::test]
async fn only_those_who_may_see_the_same_share() {
    const CAN: &str = "subscription { caseEvents { case { viewerCan { createRefreshOrder assign } } } }";
    let some = stage().await;
    let reader = caller(&some, &[Scope::CasesRead], "a");
    let writer = caller(&some, &[Scope::CasesRead, Scope::CasesWrite], "b");
    let (told, _) = cost(&[(reader.clone(), CAN), (writer.clone(), CAN), (reader, CAN), (writer, CAN)]).await;
    let assign: Vec<bool> = told.iter().map(|event| event["case"]["viewerCan"]["assign"].as_bool().unwrap()).collect();
    assert_eq!(assign, [false, true, false, true]);
}

#[tokio::test]
async fn values_below_the_root_field_keep_answers_apart_and_its_own_arguments_do_not() {
    const ORDERS: &str = "subscription($first: Int, $filter: CaseEventFilter) { caseEvents(filter: $filter) { case { orders(first: $first) { nodes { id } } } } }";
    let stage = stage().await;
    let case = stage.seed().case(stage.agency, NewCase::due("1", day(2026, 4, 30))).await;
    let root = stage.seed().order(case, None, OrderStatus::Completed).await;
    stage.seed().order(case, Some(root), OrderStatus::InProgress).await;
    live(&stage, async {
        let mut streams = [
            stage.follow(stage.anybody(), ORDERS, json!({ "first": 1 })),
            stage.follow(stage.anybody(), ORDERS, json!({ "first": 2 })),
            stage.follow(
                stage.anybody(),
                ORDERS,
                json!({ "first": 2, "filter": { "kinds": ["ORDER_STATUS_CHANGED"] } }),
            ),
        ];
        for frames in &mut streams {
            next(frames).await;
        }
        stage.seed().event(case, CaseEventKind::OrderStatusChanged, Some(root), None).await;
        let mut counts = Vec::new();
        for frames in &mut streams {
            counts.push(next(frames).await["case"]["orders"]["nodes"].as_array().unwrap().len());
        }
        assert_eq!(counts, [1, 2, 2]);
    })
    .await;
}

#[tokio::test]
async fn a_thousand_idle_followers_cost_no_statement() {
    let stage = stage().await;
    // The tail's own statements are the measure of time: as many of them, with and without followers.
    let rounds = async |count: usize| {
        let looks = async {
            let mut pause = tokio::time::interval(Duration::from_millis(5));
            while stage.statements.count() < count {
                pause.tick().await;
            }
        };
        // A look more or less may fall between two ticks.
        let statements = stage.statements.of(looks).await.1.into_iter().take(count);
        statements.map(|statement| statement.sql).collect::<Vec<_>>()
    };
    live(&stage, async {
        // Finding the head of the log comes first, and only once.
        rounds(2).await;
        let alone = rounds(8).await;
        assert!(alone.iter().all(|sql| is_tail(sql)), "{alone:?}");
        let mut streams: Vec<_> = (0..1_000)
            .map(|n| stage.follow(caller(&stage, &[Scope::CasesRead], &format!("worker-{n}")), EVENTS, json!({})))
            .collect();
        for frames in &mut streams {
            next(frames).await;
        }
        assert_eq!(stage.hub.streams(), 1_000);
        // All of them wait for an event while the tail looks on.
        let waiting = join_all(streams.iter_mut().map(StreamExt::next));
        let beside = tokio::select! {
            _ = waiting => panic!("nothing happened"),
            beside = rounds(8) => beside,
        };
        assert_eq!(beside, alone);
    })
    .await;
}
