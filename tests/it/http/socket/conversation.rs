//! Conversations that go as they should, and the deadlines and limits that end them.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use rstest::rstest;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::{Client, shake};
use crate::http::stage::{ORIGIN, Stage, claims, noon};

#[tokio::test]
async fn the_handshake_wants_the_subprotocol_and_a_known_origin() {
    let stage = Stage::open().await;
    let protocol = ("sec-websocket-protocol", "graphql-transport-ws");
    assert_eq!(shake(&stage, &[]).await.err(), Some(400));
    assert_eq!(shake(&stage, &[("sec-websocket-protocol", "graphql-ws")]).await.err(), Some(400));
    assert_eq!(shake(&stage, &[protocol, ("origin", "https://evil.test")]).await.err(), Some(403));
    assert_eq!(shake(&stage, &[protocol, ("origin", "null")]).await.err(), Some(403));
    assert_eq!(shake(&stage, &[protocol, ("origin", ORIGIN), ("origin", ORIGIN)]).await.err(), Some(400));
    assert!(shake(&stage, &[protocol, ("origin", ORIGIN)]).await.is_ok());
    assert!(shake(&stage, &[("sec-websocket-protocol", "graphql-ws, graphql-transport-ws")]).await.is_ok());
}

#[tokio::test]
async fn who_does_not_introduce_himself_is_shown_out_however_much_he_pings() {
    let stage = Stage::with(|config| {
        config.graphql.socket.init_timeout = Duration::from_millis(100);
        // It may ping as fast as the machine allows.
        config.graphql.socket.messages_per_second = u32::MAX;
    })
    .await;
    let mut client = Client::open(&stage).await;
    let ping = Message::text(json!({ "type": "ping", "payload": { "n": 1 } }).to_string());
    let code = loop {
        // The close frame may be on its way when the next ping leaves.
        let _ = client.0.send(ping.clone()).await;
        match client.0.next().await {
            Some(Ok(Message::Text(pong))) => {
                let pong: serde_json::Value = serde_json::from_str(&pong).unwrap();
                assert_eq!(pong, json!({ "type": "pong", "payload": { "n": 1 } }));
            }
            Some(Ok(Message::Close(Some(frame)))) => break u16::from(frame.code),
            other => unreachable!("{other:?}"),
        }
    };
    assert_eq!(code, 4408);
}

#[tokio::test]
async fn the_handshakes_header_may_carry_the_token() {
    let stage = Stage::open().await;
    let bearer = format!("Bearer {}", stage.token());
    let headers = [("sec-websocket-protocol", "graphql-transport-ws"), ("authorization", bearer.as_str())];
    let mut client = shake(&stage, &headers).await.ok().unwrap();
    client.say(&json!({ "type": "connection_init" })).await;
    assert_eq!(client.hear().await["type"], "connection_ack");
}

#[tokio::test]
async fn queries_mutations_and_subscriptions_share_a_socket() {
    let stage = Stage::open().await;
    let mut client = Client::signed_in(&stage).await;
    client.subscribe("s", "subscription { ticks(after: \"c1\", to: 3) { cursor number } }").await;
    for number in 2..4 {
        let message = client.hear().await;
        assert_eq!((&message["id"], &message["type"]), (&json!("s"), &json!("next")));
        let tick = json!({ "cursor": format!("c{number}"), "number": number });
        assert_eq!(message["payload"]["data"]["ticks"], tick);
        let cost = &message["payload"]["extensions"]["cost"]["complexity"];
        assert_eq!(*cost, if number == 2 { json!(3) } else { json!(null) }, "the first result tells the cost");
    }
    assert_eq!(client.hear().await, json!({ "id": "s", "type": "complete" }));
    // The id is free as soon as its last frame has come.
    for _ in 0..20 {
        client.subscribe("s", "mutation { touch(name: \"x\") }").await;
        let message = client.hear().await;
        assert_eq!((&message["id"], &message["type"]), (&json!("s"), &json!("next")));
        assert_eq!(message["payload"]["data"], json!({ "touch": "x" }));
        assert_eq!(client.hear().await, json!({ "id": "s", "type": "complete" }));
    }
}

#[rstest]
#[case("{ hullo }", "GRAPHQL_VALIDATION_FAILED")]
#[case("{ hello", "GRAPHQL_PARSE_FAILED")]
#[case("subscription { hullo }", "GRAPHQL_VALIDATION_FAILED")]
#[case("subscription { ticks { number } flood }", "QUERY_TOO_COMPLEX")]
#[case("query($a: Int!) { add(a: $a, b: 1) }", "BAD_USER_INPUT")]
#[case("{ __schema { types { name } } }", "GRAPHQL_VALIDATION_FAILED")]
#[case("{ boom }", "INTERNAL_SERVER_ERROR")]
#[tokio::test]
async fn a_request_error_is_an_error_frame_and_the_socket_lives_on(#[case] query: &str, #[case] code: &str) {
    let stage = Stage::open().await;
    let mut client = Client::signed_in(&stage).await;
    client.subscribe("1", query).await;
    let message = client.hear().await;
    assert_eq!((&message["type"], &message["payload"][0]["extensions"]["code"]), (&json!("error"), &json!(code)));
    client.subscribe("1", "{ hello }").await;
    assert_eq!(client.hear().await["payload"]["data"], json!({ "hello": "hello ana" }));
}

#[tokio::test]
async fn a_panicking_subscription_costs_only_itself() {
    let stage = Stage::open().await;
    let mut client = Client::signed_in(&stage).await;
    client.subscribe("1", "subscription { panics }").await;
    assert_eq!(client.hear().await["type"], "next");
    let last = client.hear().await;
    assert_eq!((&last["type"], &last["payload"][0]["message"]), (&json!("error"), &json!("internal error")));
    client.subscribe("2", "{ hello }").await;
    assert_eq!(client.hear().await["type"], "next");
}

#[tokio::test]
async fn a_completed_subscription_falls_silent_and_unknown_completes_are_ignored() {
    let stage = Stage::open().await;
    let mut client = Client::signed_in(&stage).await;
    client.say(&json!({ "type": "complete", "id": "never" })).await;
    client.say(&json!({ "type": "pong" })).await;
    client.subscribe("1", "subscription { ticks { number } }").await;
    assert_eq!(client.hear().await["type"], "next");
    client.say(&json!({ "type": "complete", "id": "1" })).await;
    client.subscribe("1", "{ hello }").await;
    assert_eq!(client.hear().await["payload"]["data"]["hello"], "hello ana");
}

#[tokio::test]
async fn a_socket_has_only_so_many_operations() {
    let stage = Stage::with(|config| config.graphql.socket.max_operations = 1).await;
    let mut client = Client::signed_in(&stage).await;
    client.subscribe("1", "subscription { ticks { number } }").await;
    assert_eq!(client.hear().await["type"], "next");
    client.subscribe("2", "{ hello }").await;
    let refused = client.hear().await;
    assert_eq!((&refused["id"], &refused["payload"][0]["message"]), (&json!("2"), &json!("TOO_MANY_SUBSCRIPTIONS")));
}

#[tokio::test]
async fn a_subject_has_only_so_many_sockets() {
    let stage = Stage::with(|config| config.graphql.socket.max_per_subject = 1).await;
    let first = Client::signed_in(&stage).await;
    let mut second = Client::open(&stage).await;
    second.init(&stage.token()).await;
    assert_eq!(second.closed().await, 1013);
    drop(first);
}

#[tokio::test]
async fn the_tokens_end_is_the_sockets_end() {
    let stage = Stage::open().await;
    let mut client = Client::signed_in(&stage).await;
    client.subscribe("1", "subscription { ticks { number } }").await;
    assert_eq!(client.hear().await["type"], "next");
    stage.clock.advance(Duration::from_secs(3_630));
    assert_eq!(client.closed().await, 4403);
}

#[tokio::test]
async fn a_drain_sends_sockets_elsewhere() {
    let stage = Stage::open().await;
    let client = Client::signed_in(&stage).await;
    stage.shutdown.cancel();
    assert_eq!(client.closed().await, 1012);
    stage.tasks.close();
    stage.tasks.wait().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped_and_costs_nobody_else() {
    let stage = Stage::with(|config| config.graphql.socket.write_timeout = Duration::from_millis(200)).await;
    let mut stuck = Client::signed_in(&stage).await;
    stuck.subscribe("1", "subscription { flood }").await;
    let mut other = Client::signed_in(&stage).await;
    other.subscribe("1", "{ hello }").await;
    assert_eq!(other.hear().await["type"], "next");
    drop(other);
    stage.shutdown.cancel();
    stage.tasks.close();
    // Every task of the stuck socket ends although nobody reads it.
    stage.tasks.wait().await;
}

#[tokio::test]
async fn a_flood_of_messages_is_sent_away() {
    let stage = Stage::with(|config| config.graphql.socket.messages_per_second = 1).await;
    let mut client = Client::signed_in(&stage).await;
    // More than the pace allows in the longest time that a test may take.
    for _ in 0..100 {
        // The gateway may have closed before the last of them.
        let _ = client.0.feed(Message::text(r#"{"type":"pong"}"#)).await;
    }
    let _ = client.0.flush().await;
    assert_eq!(client.closed().await, 1013);
}

#[tokio::test]
async fn a_silent_peer_is_pinged_and_then_dropped() {
    let (ping_interval, idle_timeout) = (Duration::from_millis(50), Duration::from_secs(2));
    let stage = Stage::with(|config| {
        config.graphql.socket.ping_interval = ping_interval;
        config.graphql.socket.idle_timeout = idle_timeout;
    })
    .await;
    let mut client = Client::signed_in(&stage).await;
    // Reading answers the pings, which keeps the socket alive past the idle time.
    let begun = std::time::Instant::now();
    while begun.elapsed() < idle_timeout + 5 * ping_interval {
        assert!(matches!(client.0.next().await.unwrap().unwrap(), Message::Ping(_)));
    }
    // Not reading answers nothing: the tasks end with the client still connected.
    stage.tasks.close();
    let listener = stage.shutdown.clone();
    let ended = stage.tasks.wait();
    tokio::pin!(ended);
    while stage.tasks.len() > 1 {
        tokio::task::yield_now().await;
    }
    listener.cancel();
    ended.await;
    drop(client);
}

#[tokio::test]
async fn the_close_of_a_client_is_answered() {
    let stage = Stage::open().await;
    let mut client = Client::signed_in(&stage).await;
    client.0.close(None).await.unwrap();
    while let Some(message) = client.0.next().await {
        assert!(matches!(message, Ok(Message::Close(_) | Message::Ping(_))), "{message:?}");
    }
}

#[tokio::test]
async fn the_last_minute_of_a_token_still_counts() {
    let stage = Stage::open().await;
    let mut claims = claims();
    claims.expires_at = noon() - chrono::TimeDelta::seconds(20);
    let mut client = Client::open(&stage).await;
    client.init(&stage.token_for(&claims)).await;
    assert_eq!(client.hear().await["type"], "connection_ack");
    stage.clock.advance(Duration::from_secs(10));
    assert_eq!(client.closed().await, 4403);
}
