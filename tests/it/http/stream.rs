//! Subscriptions as an HTTP answer without an end.

use std::time::Duration;

use crate::http::stage::{Stage, answer, client, code};

const THREE: &str = r#"{"query":"subscription($after: String) { ticks(after: $after, to: 3) { cursor number } }"}"#;
/// What the first result says about the whole operation.
const COST: &str = concat!(
    r#","extensions":{"cost":{"complexity":3,"limit":10000,"remaining":9997,"depth":2,"fields":3},"#,
    r#""concurrency":{"limit":64,"remaining":63}}"#
);
const ENDLESS: &str = r#"{"query":"subscription { ticks { cursor } }"}"#;

async fn text(stage: &Stage, accept: &str, last: Option<&str>, body: &'static str) -> (String, String) {
    let mut request = stage.post().header("accept", accept).body(body);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = request.send().await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["cache-control"]),
        (reqwest::StatusCode::OK, &"no-store".parse().unwrap())
    );
    let media = response.headers()["content-type"].to_str().unwrap().to_owned();
    (media, response.text().await.unwrap())
}

#[tokio::test]
async fn an_event_stream_has_cursors_for_ids_and_resumes_after_the_last_one() {
    let stage = Stage::open().await;
    let event = |number: u8, more: &str| {
        let data = format!(r#"{{"ticks":{{"cursor":"c{number}","number":{number}}}}}"#);
        format!("event: next\nid: c{number}\ndata: {{\"data\":{data}{more}}}\n\n")
    };
    let end = "event: complete\ndata:\n\n";
    let (media, whole) = text(&stage, "text/event-stream", None, THREE).await;
    assert_eq!(media, "text/event-stream; charset=utf-8");
    assert_eq!(whole, format!("{}{}{}{end}", event(1, COST), event(2, ""), event(3, "")));
    let (_, rest) = text(&stage, "text/event-stream", Some("c2"), THREE).await;
    assert_eq!(rest, format!("{}{end}", event(3, COST)));
}

#[tokio::test]
async fn multipart_wraps_each_result_in_a_payload() {
    let stage = Stage::open().await;
    let accept = "multipart/mixed;subscriptionSpec=\"1.0\", application/json";
    let (media, whole) = text(&stage, accept, Some("c2"), THREE).await;
    assert_eq!(media, "multipart/mixed; boundary=\"graphql\"; subscriptionSpec=\"1.0\"");
    let part = whole.strip_prefix("\r\n--graphql\r\ncontent-type: application/json\r\n\r\n").unwrap();
    let part = part.strip_suffix("\r\n--graphql--\r\n").unwrap();
    let part: serde_json::Value = serde_json::from_str(part).unwrap();
    assert_eq!(part.as_object().unwrap().len(), 1);
    assert_eq!(part["payload"]["data"], serde_json::json!({ "ticks": { "cursor": "c3", "number": 3 } }));
}

/// Apollo Client hands a part on when it has seen the boundary behind it.
#[tokio::test]
async fn a_part_is_closed_when_it_is_sent_and_not_by_the_next_one() {
    let stage = Stage::open().await;
    let accept = "multipart/mixed;subscriptionSpec=\"1.0\"";
    let mut response = stage.post().header("accept", accept).body(ENDLESS).send().await.unwrap();
    let seen = read_first(&mut response).await;
    assert!(seen.ends_with("}\r\n--graphql"), "{seen}");
}

/// Reads until the first event has come whole.
async fn read_first(response: &mut reqwest::Response) -> String {
    let mut seen = String::new();
    while !seen.contains("c1") {
        seen.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    seen
}

#[tokio::test]
async fn a_query_may_come_as_an_event_stream_too() {
    let stage = Stage::open().await;
    let (_, whole) = text(&stage, "text/event-stream", None, r#"{"query":"{ hello }"}"#).await;
    assert!(whole.starts_with("event: next\ndata: {\"data\":{\"hello\":\"hello ana\"}"), "{whole}");
    assert!(whole.ends_with("}\n\nevent: complete\ndata:\n\n"), "{whole}");
}

#[tokio::test]
async fn a_request_error_is_an_answer_and_not_a_stream() {
    let stage = Stage::open().await;
    let request = stage.post().header("accept", "text/event-stream").body(r#"{"query":"{ hello"}"#);
    assert_eq!(code(&answer(request).await), (400, "GRAPHQL_PARSE_FAILED"));
    let anonymous = client().post(stage.url("/graphql")).header("content-type", "application/json");
    assert_eq!(
        code(&answer(anonymous.header("accept", "text/event-stream").body(THREE)).await),
        (401, "UNAUTHENTICATED")
    );
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_lives_and_ends_with_its_token() {
    let stage = Stage::with(|config| config.graphql.heartbeat = Duration::from_millis(20)).await;
    let mut response = stage.post().header("accept", "text/event-stream").body(ENDLESS).send().await.unwrap();
    let mut seen = String::new();
    while !seen.ends_with(":\n\n:\n\n") {
        seen.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    stage.clock.advance(Duration::from_secs(3_630));
    while let Some(chunk) = response.chunk().await.unwrap() {
        seen.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(!seen.contains("complete"), "the client must connect again: {seen}");
}

#[tokio::test]
async fn a_drain_ends_streams_and_lets_the_connections_go() {
    let stage = Stage::open().await;
    let response = stage.post().header("accept", "text/event-stream").body(ENDLESS).send().await.unwrap();
    stage.shutdown.cancel();
    assert!(!response.text().await.unwrap().contains("complete"));
    stage.tasks.close();
    stage.tasks.wait().await;
}

#[tokio::test]
async fn a_token_about_to_expire_is_announced_between_the_events() {
    let stage = Stage::open().await;
    let multipart = "multipart/mixed;subscriptionSpec=\"1.0\", application/json";
    let part = "{\"extensions\":{\"tokenExpiring\":{\"expiresAt\":\"2026-11-23T13:00:00Z\"}}}";
    let mut open = Vec::new();
    for (accept, expected) in [("text/event-stream", ": token_expiring 2026-11-23T13:00:00Z\n\n"), (multipart, part)] {
        let mut response = stage.post().header("accept", accept).body(ENDLESS).send().await.unwrap();
        read_first(&mut response).await;
        open.push((response, expected));
    }
    stage.clock.advance(Duration::from_mins(59));
    for (response, expected) in &mut open {
        let notice = tokio::time::timeout(Duration::from_secs(90), response.chunk()).await.expect("a notice in time");
        let notice = notice.unwrap().unwrap();
        assert!(std::str::from_utf8(&notice).unwrap().contains(*expected), "{notice:?}");
    }
    stage.clock.advance(Duration::from_secs(90));
    for (response, expected) in open {
        assert_eq!(response.text().await.unwrap(), "", "{expected} comes once, and nothing after the end");
    }
}
