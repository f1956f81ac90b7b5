//! What the webhook's path takes, and what becomes of it.

use std::time::Duration;

use recert::caller::Scope;
use recert::simulator::Scenario;
use recert::truv::signature::sign;
use sea_orm::{ConnectionTrait, Statement};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::world::{COUNTY, KnownCase, World};

fn signed(world: &World, body: &[u8]) -> String {
    sign(world.config.agencies[0].secrets[0].expose_secret(), body)
}

async fn post(world: &World, body: impl Into<Vec<u8>>, signature: Option<&str>) -> u16 {
    let url = format!("http://{}/webhooks/truv/test-county", world.app.public_addr());
    let mut request = world.http.post(url).body(body.into());
    if let Some(signature) = signature {
        request = request.header("x-webhook-sign", signature);
    }
    request.send().await.unwrap().status().as_u16()
}

async fn deliver(world: &World, body: &[u8]) -> u16 {
    let status = post(world, body, Some(&signed(world, body))).await;
    world.quiet().await;
    status
}

/// Status and reason of every delivery, in the order they came.
async fn inbox(world: &World) -> Vec<(String, Option<String>)> {
    let db = &world.app.kit().db;
    let statement = Statement::from_string(db.backend(), "SELECT status, reason FROM deliveries ORDER BY id");
    let rows = db.read().query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| (row.try_get("", "status").unwrap(), row.try_get("", "reason").unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_signed_is_refused_and_nothing_of_it_kept() {
    let world = World::start().await;
    let body = json!({ "webhook_id": "w1", "event_type": "order-created", "order_id": "x" }).to_string();
    let good = signed(&world, body.as_bytes());
    let theirs = sign(world.config.agencies[1].secrets[0].expose_secret(), body.as_bytes());
    assert_eq!(post(&world, body.clone(), None).await, 401);
    assert_eq!(post(&world, body.clone(), Some(&theirs)).await, 401, "another agency's key");
    assert_eq!(post(&world, &body[..body.len() - 1], Some(&good)).await, 401, "cut short on the way");
    assert_eq!(post(&world, b"\xff\xfe".to_vec(), Some(&good)).await, 401);
    let large = vec![b' '; 1024 * 1024 + 1];
    let signature = signed(&world, &large);
    assert_eq!(post(&world, large, Some(&signature)).await, 413);
    assert_eq!(inbox(&world).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_signed_and_of_no_use_is_kept_with_the_reason() {
    let world = World::start().await;
    let bodies: [(&[u8], &str, &str); 9] = [
        (b"", "DEAD", "not JSON"),
        (b"\xff\xfe", "DEAD", "not JSON"),
        (br#"{"event_type": "task-status-upd"#, "DEAD", "not JSON"),
        (b"[]", "DEAD", "event_type"),
        (br#"{"event_type": 7}"#, "DEAD", "event_type"),
        (br#"{"event_type": "task-status-updated", "status": "done"}"#, "DEAD", "task_id"),
        (br#"{"event_type": "task-status-updated", "task_id": 7, "status": "done"}"#, "DEAD", "wrong type"),
        (br#"{"event_type": "payday-moved"}"#, "IGNORED", "not known"),
        (br#"{"event_type": "link-deleted", "link_id": "nobodys"}"#, "IGNORED", "no case"),
    ];
    for (body, ..) in bodies {
        assert_eq!(deliver(&world, body).await, 204, "{}", String::from_utf8_lossy(body));
    }
    let kept = inbox(&world).await;
    assert_eq!(kept.len(), bodies.len());
    for ((status, reason), (body, expected, why)) in kept.iter().zip(bodies) {
        assert_eq!(status, expected, "{}", String::from_utf8_lossy(body));
        assert!(reason.as_ref().unwrap().contains(why), "{reason:?}");
    }
    // Operators see it, without the bodies.
    let shown = world.send("Deliveries", json!({ "first": 2, "status": ["IGNORED"] })).await["deliveries"].clone();
    assert_eq!((&shown["totalCount"], &shown["pageInfo"]["hasNextPage"]), (&json!(2), &json!(false)), "{shown}");
    assert_eq!(shown["nodes"][0]["eventType"], "payday-moved");
    let some = world.token(COUNTY, &[Scope::CasesRead]);
    let withheld = world.query_as(&some, "{ deliveries { totalCount } }", json!({})).await;
    assert_eq!(withheld["errors"][0]["extensions"]["code"], "FORBIDDEN", "{withheld}");
    // Nothing of it stands in the way of what is of use.
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_text_in_an_event_harms_nothing() {
    let world = World::start().await;
    let case = refreshed(&world, Scenario::Hang).await;
    let order = world.show(&case).await["latestOrder"].clone();
    let suborder = world.true_order(order["truvOrderId"].as_str().unwrap()).await["employers"][0]["id"].clone();
    for (n, text) in ["nul \u{0} inside", &"x".repeat(5_000), "\u{202e}gnp", "login_error'; DROP TABLE orders; --"]
        .iter()
        .enumerate()
    {
        for field in ["status", "task_id", "tracking_info", "link_id", "updated_at", "webhook_id", "event_type"] {
            let mut event = json!({
                "webhook_id": format!("hostile-{n}-{field}"), "event_type": "task-status-updated", "task_id": "task-1",
                "tracking_info": suborder, "status": "parse", "updated_at": "2026-03-04T15:06:02.715001+00:00",
            });
            event[field] = json!(text);
            assert_eq!(deliver(&world, event.to_string().as_bytes()).await, 204, "{field}");
        }
    }
    let shown = world.show(&case).await;
    assert_eq!(shown["latestOrder"]["isFinal"], false, "{shown:#}");
    let statuses: Vec<_> = inbox(&world).await.into_iter().map(|(status, _)| status).collect();
    assert!(!statuses.contains(&"RECEIVED".to_owned()), "everything has been looked at: {statuses:?}");
}

async fn refreshed(world: &World, scenario: Scenario) -> KnownCase {
    let case = world.case("SNAP-1", &[scenario]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    case
}

fn event(order: &Value, status: &str, id: &str, at: &str) -> Value {
    json!({
        "webhook_id": id, "event_type": "order-status-updated", "order_id": order["truvOrderId"],
        "employer_id": null, "link_id": order["employers"][0]["link"]["truvLinkId"], "status": status, "updated_at": at,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_and_the_same_id_with_other_bytes_change_nothing() {
    let world = World::start().await;
    let case = refreshed(&world, Scenario::Hang).await;
    let order = world.orders(&case).await.pop().unwrap();
    let known = inbox(&world).await.len();
    let first = event(&order, "sent", "w1", "2026-03-04T16:00:00Z").to_string();
    let other = event(&order, "completed", "w1", "2026-03-04T17:00:00Z").to_string();
    for body in [&first, &first, &other, &first] {
        assert_eq!(deliver(&world, body.as_bytes()).await, 204);
    }
    assert_eq!(inbox(&world).await.len(), known + 1);
    let after = world.orders(&case).await.pop().unwrap();
    assert_eq!(
        (&after["employers"][0]["rawStatus"], &after["status"]),
        (&"sent".into(), &"IN_PROGRESS".into()),
        "{after:#}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_end_nothing_goes_back() {
    let world = World::start().await;
    let case = refreshed(&world, Scenario::Ok).await;
    let order = world.orders(&case).await.pop().unwrap();
    let version = world.show(&case).await["version"].clone();
    for (n, status) in ["pending", "error", "canceled", "expired", "no_data", "unheard-of"].iter().enumerate() {
        for at in ["2026-03-04T00:00:00Z", "2027-01-01T00:00:00Z"] {
            let body = event(&order, status, &format!("w{n}-{at}"), at).to_string();
            assert_eq!(deliver(&world, body.as_bytes()).await, 204);
        }
    }
    let shown = world.show(&case).await;
    assert_eq!((&shown["latestOrder"]["status"], &shown["status"]), (&"COMPLETED".into(), &"READY_FOR_REVIEW".into()));
    assert_eq!(shown["version"], version, "nothing was told to anybody");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_an_order_that_never_appears_ends_unmatched() {
    let world = World::start().await;
    let body = json!({ "webhook_id": "w1", "event_type": "order-created", "order_id": "nobodys" }).to_string();
    assert_eq!(deliver(&world, body.as_bytes()).await, 204);
    assert_eq!(inbox(&world).await[0].0, "PARKED");
    world.pass(14, Duration::from_secs(65)).await;
    let (status, reason) = inbox(&world).await.remove(0);
    assert_eq!((status.as_str(), reason.is_some()), ("UNMATCHED", true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_came_to_nothing_is_replayed_on_an_operators_word() {
    let world = World::start().await;
    let event = json!({ "webhook_id": "w1", "event_type": "order-created", "order_id": "nobody's" }).to_string();
    assert_eq!(deliver(&world, event.as_bytes()).await, 204);
    assert_eq!(deliver(&world, b"{").await, 204);
    world.pass(12, Duration::from_mins(1)).await;
    let listed = world.send("Deliveries", json!({ "status": ["DEAD", "UNMATCHED"] })).await;
    let nodes = listed["deliveries"]["nodes"].as_array().unwrap().clone();
    assert_eq!(nodes.len(), 2, "{nodes:#?}");

    let replay = async |input: Value| {
        world.send("ReplayDeliveries", json!({ "input": input })).await["replayDeliveries"].clone()
    };
    let refused = [
        (json!({ "ids": [nodes[0]["id"]], "reason": " " }), "InvalidInputError"),
        (json!({ "ids": [], "reason": "x" }), "InvalidInputError"),
        (json!({ "reason": "x" }), "InvalidInputError"),
        (json!({ "ids": ["AAAA"], "reason": "x" }), "InvalidInputError"),
    ];
    for (input, error) in refused {
        let answer = replay(input.clone()).await;
        assert_eq!(answer["userErrors"][0]["__typename"], error, "{input}: {answer}");
    }
    let answer = replay(json!({ "ids": [nodes[0]["id"]], "reason": "the order was imported late" })).await;
    assert_eq!((&answer["replayedCount"], &answer["deliveries"][0]["status"]), (&json!(1), &json!("RECEIVED")));
    let answer = replay(json!({ "status": ["DEAD"], "reason": "a new version reads more" })).await;
    assert_eq!(answer["replayedCount"], 1);
    world.quiet().await;
    let listed = world.send("Deliveries", json!({ "status": ["DEAD", "UNMATCHED"] })).await;
    assert_eq!(listed["deliveries"]["totalCount"], 2, "they come to the same end, and hold nobody up");

    let db = &world.app.kit().db;
    let query = "SELECT requested_by, reason, delivery_count FROM delivery_replays ORDER BY id";
    let rows = db.read().query_all_raw(Statement::from_string(db.backend(), query)).await.unwrap();
    let told: Vec<(String, String, i32)> = rows
        .iter()
        .map(|row| {
            let text = |name| row.try_get("", name).unwrap();
            (text("requested_by"), text("reason"), row.try_get("", "delivery_count").unwrap())
        })
        .collect();
    let who = || "worker-1".to_owned();
    assert_eq!(
        told,
        [(who(), "the order was imported late".to_owned(), 1), (who(), "a new version reads more".to_owned(), 1)]
    );
    let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin).collect();
    let document = crate::support::client::operation_of("ReplayDeliveries");
    let input = json!({ "input": { "status": ["DEAD"], "reason": "x" } });
    let answer = world.query_as(&world.token(COUNTY, &scopes), &document, input).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
}
