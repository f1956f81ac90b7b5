//! Tokens on open sockets: the notice before the end, and the new token in a ping.

use std::time::Duration;

use recert::caller::Scope;
use serde_json::{Value, json};

use crate::http::socket::Client;
use crate::http::stage::{Stage, claims, noon};

fn ping(token: &str) -> Value {
    json!({ "type": "ping", "payload": { "Authorization": format!("Bearer {token}") } })
}

#[tokio::test]
async fn a_ping_with_a_new_token_prolongs_a_running_stream() {
    let stage = Stage::open().await;
    let mut client = Client::signed_in(&stage).await;
    client.subscribe("1", "subscription { ticks { number } }").await;
    assert_eq!(client.hear().await["type"], "next");
    let mut later = claims();
    later.expires_at = noon() + chrono::TimeDelta::hours(2);
    client.say(&ping(&stage.token_for(&later))).await;
    let renewed = json!({ "type": "pong", "payload": { "expiresAt": "2026-11-23T14:00:00Z" } });
    assert_eq!(client.hear().await, renewed);
    stage.clock.advance(Duration::from_secs(3_700));
    client.subscribe("2", "{ hello }").await;
    assert_eq!(client.hear().await["type"], "next");
    stage.clock.advance(Duration::from_hours(1));
    assert_eq!(client.closed().await, 4403);
}

#[tokio::test]
async fn a_token_about_to_expire_is_announced_once_and_its_successor_too() {
    let stage = Stage::open().await;
    let mut client = Client::signed_in(&stage).await;
    stage.clock.advance(Duration::from_secs(3_539));
    client.subscribe("1", "{ hello }").await;
    assert_eq!(client.hear().await["type"], "next", "61 seconds are left");
    assert_eq!(client.hear().await["type"], "complete");
    stage.clock.advance(Duration::from_secs(1));
    let notice = |at: &str| json!({ "type": "ping", "payload": { "type": "token_expiring", "expiresAt": at } });
    assert_eq!(client.hear().await, notice("2026-11-23T13:00:00Z"));
    // Whoever answers like to any ping is left in peace, and stays until the end.
    client.say(&json!({ "type": "pong", "payload": { "type": "token_expiring" } })).await;
    stage.clock.advance(Duration::from_secs(30));
    let mut later = claims();
    later.expires_at = noon() + chrono::TimeDelta::hours(2);
    client.say(&ping(&stage.token_for(&later))).await;
    assert_eq!(client.hear().await["type"], "pong");
    stage.clock.advance(Duration::from_secs(3_570));
    assert_eq!(client.hear().await, notice("2026-11-23T14:00:00Z"));
    stage.clock.advance(Duration::from_secs(90));
    assert_eq!(client.closed().await, 4403);
}

#[tokio::test]
async fn a_renewal_that_is_not_the_same_callers_ends_the_socket() {
    let stage = Stage::open().await;
    let with = |change: &dyn Fn(&mut recert::http::token::Claims)| {
        let mut claims = claims();
        change(&mut claims);
        format!("Bearer {}", stage.token_for(&claims))
    };
    for bad in [
        with(&|claims| claims.subject = "ben".to_owned()),
        with(&|claims| claims.agency = "elsewhere".to_owned()),
        with(&|claims| claims.expires_at = noon() - chrono::TimeDelta::seconds(30)),
        stage.token(),
        "Bearer ".to_owned(),
        format!("Basic {}", stage.token()),
    ] {
        let mut client = Client::signed_in(&stage).await;
        client.subscribe("1", "subscription { ticks { number } }").await;
        assert_eq!(client.hear().await["type"], "next");
        client.say(&json!({ "type": "ping", "payload": { "authorization": bad } })).await;
        assert_eq!(client.closed().await, 4403, "{bad:.60}");
    }
    // What is no text is no token either; before the socket is signed in, it is a ping like any other.
    let mut client = Client::signed_in(&stage).await;
    client.say(&json!({ "type": "ping", "payload": { "authorization": 7 } })).await;
    assert_eq!(client.closed().await, 4403);
    let mut client = Client::open(&stage).await;
    client.say(&json!({ "type": "ping", "payload": { "authorization": 7 } })).await;
    assert_eq!(client.hear().await, json!({ "type": "pong", "payload": { "authorization": 7 } }));
}

#[tokio::test]
async fn a_directory_that_cannot_be_read_costs_a_renewal_no_more_than_another_try() {
    let stage = Stage::open().await;
    let mut client = Client::signed_in(&stage).await;
    let mut broken = claims();
    broken.agency = "broken".to_owned();
    client.say(&ping(&stage.token_for(&broken))).await;
    assert_eq!(client.closed().await, 1013);
}

#[tokio::test]
async fn a_renewal_with_other_scopes_counts_for_the_operations_that_run() {
    let stage = Stage::open().await;
    let mut client = Client::signed_in(&stage).await;
    client.subscribe("1", "subscription { scopes }").await;
    assert_eq!(client.hear().await["payload"]["data"]["scopes"], json!(["cases:read"]));
    for scopes in [vec![], vec![Scope::CasesRead, Scope::ReportsRead]] {
        let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let mut other = claims();
        other.scopes.clone_from(&scopes);
        client.say(&ping(&stage.token_for(&other))).await;
        let mut heard = [client.hear().await, client.hear().await];
        heard.sort_by_key(|message| message["type"].to_string());
        assert_eq!(heard[0]["payload"]["data"]["scopes"], json!(words));
        assert_eq!(heard[1]["type"], "pong");
    }
}
