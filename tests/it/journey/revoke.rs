//! Tokens are revoked on one gateway and end on all of them.

use std::time::Duration;

use chrono::Days;
use recert::app::App;
use recert::caller::Scope;
use recert::config::Wake;
use recert::http::token::Claims;
use recert::simulator::Settings;
use recert::words::CaseEventKind;
use serde_json::{Value, json};

use crate::support::client::operation_of;
use crate::support::seed::{NewCase, Seed};
use crate::support::socket::Screen;
use crate::support::world::{COUNTY, NEIGHBOUR, World, noon};

const WHO: &str = "{ viewer { subject scopes } }";
const READS: [Scope; 2] = [Scope::CasesRead, Scope::ReportsRead];

/// Gateways that nothing wakes, and whose poll interval would be too long.
async fn world() -> World {
    World::tuned(Settings::at_once(), |config| {
        config.work.wake = Wake::Off;
        config.work.poll_interval = Duration::from_hours(1);
    })
    .await
}

fn token(world: &World, subject: &str, token_id: Option<&str>) -> String {
    let (subject, token_id) = (subject.to_owned(), token_id.map(str::to_owned));
    world.token_of(&Claims { subject, token_id, ..world.claims(COUNTY, &READS) })
}

/// What a gateway says to a token: the scopes, or the status.
async fn scopes(world: &World, app: &App, token: &str) -> Result<Value, u16> {
    let request = world.http.post(format!("http://{}/graphql", app.public_addr())).bearer_auth(token);
    let answer = request.json(&json!({ "query": WHO })).send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    if status == 200 { Ok(body["data"]["viewer"]["scopes"].clone()) } else { Err(status) }
}

async fn until_refused(world: &World, app: &App, token: &str) {
    let refused = async || (scopes(world, app, token).await == Err(401)).then_some(());
    world.until("the token is refused", refused).await;
}

/// Revokes on the first gateway.
async fn revoke(world: &World, input: Value) -> Value {
    let payload = world.send("RevokeTokens", json!({ "input": input })).await["revokeTokens"].clone();
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    payload["revocation"].clone()
}

async fn opened(app: &App, token: &str) -> Screen {
    let mut screen = Screen::at(app.public_addr(), token, json!({})).await;
    assert_eq!(screen.event().await["kind"], "STREAM_OPENED");
    screen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_subject_is_shown_out_everywhere_and_comes_back_with_its_next_token() {
    let world = world().await;
    let other = world.replica().await;
    let (ana, ben) = (token(&world, "ana", None), token(&world, "ben", None));
    let here = opened(&world.app, &ana).await;
    let there = opened(&other, &ana).await;
    let mut stays = opened(&world.app, &ben).await;
    let request = world.http.post(format!("http://{}/graphql", other.public_addr())).bearer_auth(&ana);
    let request = request.header("accept", "text/event-stream").json(&json!({ "query": operation_of("CaseEvents") }));
    let stream = request.send().await.unwrap();
    assert_eq!(stream.status(), 200);

    let revocation = revoke(&world, json!({ "subject": "ana", "reason": "a laptop was lost" })).await;
    assert_eq!((here.closed().await, there.closed().await), (4403, 4403));
    assert!(!stream.text().await.unwrap().contains("event: complete"));
    until_refused(&world, &world.app, &ana).await;
    until_refused(&world, &other, &ana).await;

    // Nobody else is concerned: neither others here, nor whoever has the same name elsewhere.
    let neighbours = Claims { subject: "ana".to_owned(), ..world.claims(NEIGHBOUR, &READS) };
    assert!(scopes(&world, &other, &world.token_of(&neighbours)).await.is_ok());
    let agency = Seed(world.app.kit()).agency(COUNTY).await;
    let case = Seed(world.app.kit()).case(agency, NewCase::due("1", noon().date_naive() + Days::new(200))).await;
    Seed(world.app.kit()).event(case, CaseEventKind::ReviewCompleted, None, None).await;
    assert_eq!(stays.event().await["kind"], "REVIEW_COMPLETED");

    // A token of the same second cannot be told from an older one; the next one counts.
    assert_eq!(scopes(&world, &other, &token(&world, "ana", None)).await, Err(401));
    world.clock.advance(Duration::from_secs(1));
    assert!(scopes(&world, &other, &token(&world, "ana", None)).await.is_ok());

    let listed = world.send("TokenRevocations", json!({})).await["tokenRevocations"].clone();
    assert_eq!(listed["nodes"], json!([revocation]));
    assert_eq!(
        (&revocation["revokedBy"], &revocation["reason"], &revocation["createdAt"], &revocation["scopes"]),
        (&json!("worker-1"), &json!("a laptop was lost"), &json!("2026-03-04T15:00:00Z"), &Value::Null)
    );

    let limited = world.token(COUNTY, &[Scope::AuditRead, Scope::CasesReadAssigned]);
    let refused = world.query_as(&limited, "{ tokenRevocations { totalCount } }", json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "they are everybody's: {refused}");

    // Whoever starts later knows it from the first request on.
    other.stop(Duration::ZERO).await;
    let later = world.replica().await;
    assert_eq!(scopes(&world, &later, &ana).await, Err(401));
    later.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_token_goes_and_withdrawn_scopes_are_missing_from_what_runs() {
    let world = world().await;
    let other = world.replica().await;
    let (lost, kept) = (token(&world, "ana", Some("lost")), token(&world, "ana", Some("kept")));
    let shown_out = opened(&other, &lost).await;
    let mut stays = opened(&other, &kept).await;
    let mut reads = opened(&other, &token(&world, "ben", None)).await;
    revoke(&world, json!({ "tokenId": "lost", "reason": "found in a log" })).await;
    assert_eq!(shown_out.closed().await, 4403);
    assert_eq!(scopes(&world, &other, &kept).await, Ok(json!(["cases:read", "reports:read"])));

    // The stream of one who may see no case any more says so and ends; the socket stays for what else it may do.
    revoke(&world, json!({ "subject": "ben", "scopes": ["cases:read"], "reason": "moved to another unit" })).await;
    let last = reads.message().await;
    assert_eq!(last["payload"][0]["extensions"]["code"], "FORBIDDEN", "{last}");
    assert_eq!(scopes(&world, &other, &token(&world, "ben", None)).await, Ok(json!(["reports:read"])));

    let agency = Seed(world.app.kit()).agency(COUNTY).await;
    let case = Seed(other.kit()).case(agency, NewCase::due("1", noon().date_naive() + Days::new(200))).await;
    Seed(other.kit()).event(case, CaseEventKind::ReviewCompleted, None, None).await;
    assert_eq!(stays.event().await["kind"], "REVIEW_COMPLETED");
    other.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_and_changes_nothing() {
    let world = World::start().await;
    let reason = "a test";
    for (input, argument) in [
        (json!({ "reason": reason }), "subject"),
        (json!({ "subject": "ana", "tokenId": "1", "reason": reason }), "subject"),
        (json!({ "subject": "", "reason": reason }), "subject"),
        (json!({ "subject": "a".repeat(256), "reason": reason }), "subject"),
        (json!({ "tokenId": "a".repeat(256), "reason": reason }), "subject"),
        (json!({ "subject": "ana", "reason": " " }), "reason"),
        (json!({ "subject": "ana", "reason": "x".repeat(501) }), "reason"),
        (json!({ "subject": "ana", "scopes": [], "reason": reason }), "scopes"),
        (json!({ "subject": "ana", "scopes": ["cases:burn"], "reason": reason }), "scopes"),
        (json!({ "tokenId": "1", "issuedBefore": "2026-03-04T15:00:00Z", "reason": reason }), "issuedBefore"),
        (json!({ "subject": "ana", "issuedBefore": "2027-03-04T15:00:00Z", "reason": reason }), "issuedBefore"),
        (json!({ "subject": "ana", "expiresAt": "2026-03-04T15:00:00Z", "reason": reason }), "expiresAt"),
        (json!({ "subject": "ana", "expiresAt": "2027-03-06T15:00:00Z", "reason": reason }), "expiresAt"),
    ] {
        let payload = world.send("RevokeTokens", json!({ "input": input })).await["revokeTokens"].clone();
        assert_eq!(payload["revocation"], Value::Null, "{input}");
        assert_eq!(payload["userErrors"][0]["path"], json!(["input", argument]), "{input}: {payload}");
    }
    let all_but = |missing| Scope::ALL.into_iter().filter(|scope| *scope != missing).collect::<Vec<_>>();
    let document = operation_of("RevokeTokens");
    let input = json!({ "input": { "subject": "ana", "reason": reason } });
    let refused = world.query_as(&world.token(COUNTY, &all_but(Scope::Admin)), &document, input).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    let list = operation_of("TokenRevocations");
    let refused = world.query_as(&world.token(COUNTY, &all_but(Scope::AuditRead)), &list, json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    assert_eq!(world.send("TokenRevocations", json!({})).await["tokenRevocations"]["totalCount"], 0);
}
