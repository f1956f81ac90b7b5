//! How a webhook becomes an event on a screen, step by step and from outside. Read this first.

use std::time::Duration;

use recert::caller::Scope;
use recert::deliveries;
use recert::simulator::{Scenario, Settings};
use recert::truv::signature::sign;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::seed::Seed;
use crate::support::socket::Screen;
use crate::support::world::{COUNTY, KnownCase, NEIGHBOUR, World};

/// A screen of the agency that shows everything from now on.
async fn screen(world: &World, agency: &str) -> Screen {
    // From the newest event that can be read: on PostgreSQL another test's transaction may hold events back for a while.
    Seed(world.app.kit()).settled().await;
    let token = world.token(agency, &Scope::ALL);
    let newest = world.query_as(&token, "query { caseEvents(last: 1) { pageInfo { endCursor } } }", json!({})).await;
    let after = newest["data"]["caseEvents"]["pageInfo"]["endCursor"].clone();
    let mut screen = Screen::open(world, &token, json!({ "after": after })).await;
    let opened = screen.event().await;
    assert_eq!(opened["kind"], "STREAM_OPENED", "{opened}");
    screen
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

/// The events of a refresh to its end. An event shows its case as it is now, so the end goes by kinds alone: the report, and
/// what the case does upon it.
async fn to_the_end(screen: &mut Screen) -> Vec<Value> {
    let mut events = screen.events_until(|event| event["kind"] == "REPORT_READY").await;
    events.push(screen.event().await);
    events
}

/// A world in which Truv takes its time, with a refresh that Truv has but has not begun.
async fn waiting() -> (World, KnownCase, Value) {
    let world = World::with(Settings { step_ms: 3_600_000, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let order = world.true_order(world.show(&case).await["latestOrder"]["truvOrderId"].as_str().unwrap()).await;
    (world, case, order)
}

async fn post(world: &World, body: &str, signature: &str) -> u16 {
    let url = format!("http://{}/webhooks/truv/{COUNTY}", world.app.public_addr());
    let request = world.http.post(url).header("x-webhook-sign", signature).body(body.to_owned());
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_delivery_becomes_an_event() {
    let (world, case, order) = waiting().await;
    let mut screen = screen(&world, COUNTY).await;
    let employer = &order["employers"][0];
    let body = json!({
        "webhook_id": "0c394cc32d817c7336c018346d3f5ed3", "event_type": "task-status-updated", "task_id": "task-of-ours",
        "tracking_info": employer["id"], "link_id": employer["link_id"], "status": "login",
        "event_created_at": "2026-03-04T15:06:02.714235Z", "updated_at": "2026-03-04T15:06:02.715001+00:00",
    })
    .to_string();
    let secret = world.config.agencies[0].secrets[0].expose_secret();

    // 1 and 2. The bytes come in; a wrong signature goes no further.
    let before = delivered(&world).await;
    assert_eq!(post(&world, &body, &sign("another secret", body.as_bytes())).await, 401);
    assert_eq!(delivered(&world).await, before);

    // 3. The delivery is stored, once, and only then acknowledged.
    for _ in 0..3 {
        assert_eq!(post(&world, &body, &sign(secret, body.as_bytes())).await, 204);
        assert_eq!(delivered(&world).await, before + 1);
    }

    // 4. It becomes one verb: the row has changed and the log has the event.
    world.quiet().await;
    let shown = world.show(&case).await["latestOrder"].clone();
    assert_eq!(
        (&shown["status"], &shown["employers"][0]["latestTask"]["status"]),
        (&"IN_PROGRESS".into(), &"LOGIN".into())
    );
    assert_eq!(deliveries::counts(&world.app.kit().db).await.unwrap(), deliveries::Counts::default());

    // 5 and 6. The screen is woken and shows each change once, with what it is about.
    let task = screen.event().await;
    assert_eq!((&task["kind"], &task["case"]["number"]), (&"TASK_STATUS_CHANGED".into(), &"SNAP-1".into()), "{task}");
    let moved = screen.event().await;
    assert_eq!(
        (&moved["kind"], &moved["order"]["status"]),
        (&"ORDER_STATUS_CHANGED".into(), &"IN_PROGRESS".into()),
        "{moved}"
    );
    assert_eq!(moved["previousStatus"], "PENDING");

    // The second and third copy told nothing: what comes next is the next thing that happens.
    let next = body.replace("\"login\"", "\"parse\"").replace("0c394cc3", "1c394cc3").replace(":02.7", ":03.7");
    assert_eq!(post(&world, &next, &sign(secret, next.as_bytes())).await, 204);
    let event = screen.event().await;
    assert_eq!(event["kind"], "TASK_STATUS_CHANGED");
    assert!(event["case"]["version"].as_i64() > moved["case"]["version"].as_i64());
}

/// How many deliveries the inbox has ever stored.
async fn delivered(world: &World) -> i64 {
    use sea_orm::{ConnectionTrait, Statement};
    let db = &world.app.kit().db;
    let statement = Statement::from_string(db.backend(), "SELECT COUNT(*) AS n FROM deliveries");
    db.read().query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screen_sees_every_step_of_a_refresh_in_order() {
    let world = World::with(Settings { step_ms: 1_000, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let mut screen = screen(&world, COUNTY).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    world.pass(8, Duration::from_secs(1)).await;
    let events = to_the_end(&mut screen).await;
    let expected = [
        "ORDER_CREATED",
        "CASE_STATUS_CHANGED",
        "ORDER_STATUS_CHANGED",
        "TASK_STATUS_CHANGED",
        "ORDER_STATUS_CHANGED",
        "TASK_STATUS_CHANGED",
        "TASK_STATUS_CHANGED",
        "TASK_STATUS_CHANGED",
        "TASK_STATUS_CHANGED",
        "ORDER_STATUS_CHANGED",
        "REPORT_READY",
        "CASE_STATUS_CHANGED",
    ];
    assert_eq!(kinds(&events), expected, "{events:#?}");
    let previous: Vec<_> =
        events.iter().filter(|e| e["kind"] == "ORDER_STATUS_CHANGED").map(|e| e["previousStatus"].clone()).collect();
    assert_eq!(previous, ["REQUESTED", "PENDING", "IN_PROGRESS"]);
    let cursors: std::collections::HashSet<_> = events.iter().map(|event| event["cursor"].to_string()).collect();
    assert_eq!(cursors.len(), events.len());

    // From any of its cursors, a new screen sees exactly what follows.
    for from in [0, 4, events.len() - 2] {
        let after = json!({ "after": events[from]["cursor"] });
        let mut later = Screen::open(&world, &world.token(COUNTY, &Scope::ALL), after).await;
        assert_eq!(later.event().await["kind"], "STREAM_OPENED");
        let mut rest = Vec::new();
        while rest.len() < events.len() - from - 1 {
            rest.push(later.event().await);
        }
        let ids = |events: &[Value]| events.iter().map(|event| event["id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&rest), ids(&events[from + 1..]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screen_that_broke_off_goes_on_without_gap_or_repeat() {
    let world = World::with(Settings { step_ms: 1_000, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let token = world.token(COUNTY, &Scope::ALL);
    let mut whole = screen(&world, COUNTY).await;
    let mut first = screen(&world, COUNTY).await;
    world.refresh(&case, "key-1").await;
    world.pass(3, Duration::from_secs(1)).await;
    let mut seen = vec![first.event().await, first.event().await, first.event().await];
    drop(first);
    world.pass(3, Duration::from_secs(1)).await;
    let mut second = Screen::open(&world, &token, json!({ "after": seen[2]["cursor"] })).await;
    assert_eq!(second.event().await["kind"], "STREAM_OPENED");
    world.pass(4, Duration::from_secs(1)).await;
    seen.extend(to_the_end(&mut second).await);
    let whole = to_the_end(&mut whole).await;
    let ids = |events: &[Value]| events.iter().map(|event| event["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&seen), ids(&whole));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_agencies_see_only_their_own() {
    let world = World::start().await;
    let ours = world.case("SNAP-1", &[Scenario::Ok]).await;
    let theirs = world.case_of(NEIGHBOUR, "SNAP-1", &[Scenario::LoginError]).await;
    let (mut our_screen, mut their_screen) = (screen(&world, COUNTY).await, screen(&world, NEIGHBOUR).await);
    let input = json!({ "caseId": theirs.id, "purpose": "RENEWAL", "idempotencyKey": "key-1" });
    let document = crate::support::client::operation_of("CreateRefreshOrder");
    let stranger = world.query(&document, json!({ "input": input })).await;
    assert_eq!(stranger["data"]["createRefreshOrder"]["userErrors"][0]["__typename"], "NotFoundError", "{stranger}");
    let token = world.token(NEIGHBOUR, &Scope::ALL);
    let answer = world.query_as(&token, &document, json!({ "input": input })).await;
    assert_eq!(answer["data"]["createRefreshOrder"]["userErrors"], json!([]), "{answer}");
    // The same key in another agency is another key.
    world.refresh(&ours, "key-1").await;
    world.quiet().await;
    let our_events = to_the_end(&mut our_screen).await;
    let their_events = their_screen.events_until(|event| event["kind"] == "REFRESH_FAILED").await;
    assert!(our_events.iter().all(|event| event["case"]["id"] == ours.id), "{our_events:#?}");
    assert!(their_events.iter().all(|event| event["case"]["id"] == theirs.id), "{their_events:#?}");
    let failed = json!({ "filter": { "kinds": ["REFRESH_FAILED"] } });
    let page = world.query_as(&token, &crate::support::client::operation_of("CaseEventsPage"), failed).await;
    assert_eq!(
        page["data"]["caseEvents"]["nodes"].as_array().unwrap().len(),
        1,
        "several signals, one incident: {page}"
    );
}
