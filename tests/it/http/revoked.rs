//! Tokens that are revoked while somebody stays.

use recert::caller::Scope;
use recert::http::token::Claims;
use serde_json::json;

use super::socket::Client;
use super::stage::{Stage, answer, claims, client, code};

const TICKS: &str = "subscription { ticks { number } }";

fn of(subject: &str) -> Claims {
    Claims { subject: subject.to_owned(), ..claims() }
}

async fn signed_in(stage: &Stage, subject: &str) -> Client {
    let mut client = Client::open(stage).await;
    client.init(&stage.token_for(&of(subject))).await;
    assert_eq!(client.hear().await["type"], "connection_ack");
    client
}

#[tokio::test]
async fn a_socket_ends_with_its_token_and_its_neighbours_stay() {
    let stage = Stage::open().await;
    let mut ana = signed_in(&stage, "ana").await;
    ana.subscribe("1", TICKS).await;
    assert_eq!(ana.hear().await["type"], "next");
    let mut ben = signed_in(&stage, "ben").await;
    stage.revoked.leave("ana", None);
    assert_eq!(ana.closed().await, 4403);
    ben.subscribe("1", "{ hello }").await;
    assert_eq!(ben.hear().await["payload"]["data"]["hello"], "hello ben");
    // Who comes again with it is not let in.
    let mut again = Client::open(&stage).await;
    again
        .say(&json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {}", stage.token()) } }))
        .await;
    assert_eq!(again.closed().await, 4403);
    // Nor does it renew a socket.
    let mut chris = signed_in(&stage, "chris").await;
    stage.revoked.leave("chris", Some(vec![]));
    let renewal = format!("Bearer {}", stage.token());
    chris.say(&json!({ "type": "ping", "payload": { "Authorization": renewal } })).await;
    assert_eq!(chris.closed().await, 4403);
}

#[tokio::test]
async fn a_request_with_a_revoked_token_is_refused_like_any_bad_token() {
    let stage = Stage::open().await;
    let ask = || stage.post().body(json!({ "query": "{ hello }" }).to_string());
    assert_eq!(answer(ask()).await.0, 200);
    stage.revoked.leave("ana", None);
    let revoked = answer(ask()).await;
    let bad = answer(
        client().post(stage.url("/graphql")).bearer_auth("a.b.c").header("content-type", "application/json").body("{}"),
    )
    .await;
    assert_eq!(code(&revoked), (401, "UNAUTHENTICATED"));
    assert_eq!(revoked.1["errors"][0]["message"], bad.1["errors"][0]["message"]);
}

#[tokio::test]
async fn an_event_stream_ends_without_its_end_mark() {
    let stage = Stage::open().await;
    for (accept, end) in [("text/event-stream", "complete"), ("multipart/mixed;subscriptionSpec=1.0", "--graphql--")] {
        let subject = format!("reader of {accept}");
        let token = stage.token_for(&of(&subject));
        let open = async || {
            let request = client().post(stage.url("/graphql")).bearer_auth(&token).header("accept", accept);
            request.json(&json!({ "query": TICKS })).send().await.unwrap()
        };
        let mut stream = open().await;
        let first = stream.chunk().await.unwrap().unwrap();
        let mut told = String::from_utf8(first.to_vec()).unwrap();
        while !told.contains("number") {
            told.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
        }
        stage.revoked.leave(&subject, None);
        let rest = stream.text().await.unwrap();
        assert!(!rest.contains(end), "{rest}");
        assert_eq!(open().await.status(), 401);
    }
}

#[tokio::test]
async fn withdrawn_scopes_count_at_once_for_what_runs() {
    let stage = Stage::open().await;
    let token = stage.token_for(&Claims { scopes: vec![Scope::CasesRead, Scope::ReportsRead], ..claims() });
    let mut socket = Client::open(&stage).await;
    socket.init(&token).await;
    assert_eq!(socket.hear().await["type"], "connection_ack");
    socket.subscribe("1", "subscription { scopes }").await;
    assert_eq!(socket.hear().await["payload"]["data"]["scopes"], json!(["cases:read", "reports:read"]));
    let request = client().post(stage.url("/graphql")).bearer_auth(&token).header("accept", "text/event-stream");
    let mut stream = request.json(&json!({ "query": "subscription { scopes }" })).send().await.unwrap();
    let mut told = String::new();
    while !told.contains("reports:read") {
        told.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    stage.revoked.leave("ana", Some(vec![Scope::CasesRead]));
    assert_eq!(socket.hear().await["payload"]["data"]["scopes"], json!(["cases:read"]));
    let next = stream.chunk().await.unwrap().unwrap();
    let next = std::str::from_utf8(&next).unwrap();
    assert!(next.contains("cases:read") && !next.contains("reports:read"), "{next}");
}
