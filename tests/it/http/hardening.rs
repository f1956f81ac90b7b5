//! Limits on the raw connection, seen through a raw connection.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::http::stage::{Stage, answer, code};

/// Sends bytes and reads to the connection's end.
async fn raw(stage: &Stage, request: &[u8]) -> String {
    let mut connection = TcpStream::connect(stage.address).await.unwrap();
    // The gateway may hang up before it has read everything.
    let _ = connection.write_all(request).await;
    rest(connection).await
}

/// What comes until the gateway closes.
async fn rest(mut connection: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("nothing")
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn a_long_address_and_a_long_header_are_refused() {
    let stage = Stage::open().await;
    let request = |path: &str, header: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\n").into_bytes()
    };
    let long = raw(&stage, &request(&format!("/{}", "a".repeat(8 * 1024)), "")).await;
    assert_eq!((status(&long), &body(&long)["errors"][0]["extensions"]["code"]), ("414", &json!("BAD_REQUEST")));
    assert_eq!(status(&raw(&stage, &request(&format!("/{}", "a".repeat(8 * 1024 - 8)), "")).await), "404");
    let header = |length: usize| format!("x-long: {}\r\n", "a".repeat(length));
    let large = raw(&stage, &request("/", &header(64 * 1024))).await;
    assert_eq!((status(&large), &body(&large)["errors"][0]["extensions"]["code"]), ("431", &json!("BAD_REQUEST")));
    assert_eq!(status(&raw(&stage, &request("/", &header(300 * 1024))).await), "431");
    assert_eq!(status(&raw(&stage, &request("/", &header(60 * 1024))).await), "404");
}

#[tokio::test]
async fn a_header_that_does_not_end_ends_the_connection() {
    let stage = Stage::with(|config| config.server.header_timeout = Duration::from_millis(100)).await;
    let unfinished = raw(&stage, b"POST /graphql HTTP/1.1\r\nhost: x\r\n").await;
    assert!(unfinished.is_empty() || status(&unfinished) == "408", "{unfinished}");
    assert_eq!(raw(&stage, b"").await, "");
}

#[tokio::test]
async fn a_body_that_does_not_end_is_answered_and_the_connection_ended() {
    let stage = Stage::with(|config| config.server.body_timeout = Duration::from_millis(100)).await;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
        stage.token()
    );
    let answer = raw(&stage, head.as_bytes()).await;
    assert_eq!((status(&answer), &body(&answer)["errors"][0]["extensions"]["code"]), ("408", &json!("BAD_REQUEST")));
}

#[tokio::test]
async fn a_large_body_is_refused_with_and_without_its_length() {
    let stage = Stage::open().await;
    let head = |length: &str| {
        format!(
            "POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n{length}\r\n\r\n",
            stage.token()
        )
    };
    // Announced: refused before a byte of it is sent.
    let announced = raw(&stage, head("content-length: 262145").as_bytes()).await;
    assert_eq!(
        (status(&announced), &body(&announced)["errors"][0]["extensions"]["code"]),
        ("413", &json!("PAYLOAD_TOO_LARGE"))
    );
    // Not announced: refused at the limit, although the body has not ended.
    let mut chunked = head("transfer-encoding: chunked").into_bytes();
    chunked.extend(format!("{:x}\r\n", 256 * 1024 + 1).bytes());
    chunked.extend(vec![b' '; 256 * 1024 + 1]);
    assert_eq!(status(&raw(&stage, &chunked).await), "413");
    // Whoever sends all of it before reading a word is told as well, and does not find the line broken.
    let mut connection = TcpStream::connect(stage.address).await.unwrap();
    connection.write_all(head(&format!("content-length: {}", 32 << 20)).as_bytes()).await.unwrap();
    connection.write_all(&vec![b' '; 32 << 20]).await.expect("the gateway listens to the end");
    assert_eq!(status(&rest(connection).await), "413");
    let fits = json!({ "query": "{ hello }" }).to_string();
    let padded = format!("{fits}{}", " ".repeat(256 * 1024 - fits.len()));
    assert_eq!(answer(stage.post().body(padded)).await.0, 200);
}

#[tokio::test]
async fn brackets_that_would_end_the_process_are_refused() {
    let stage = Stage::open().await;
    for open in ["[", "{", "("] {
        let query = format!("{{ a(x: {} }}", open.repeat(5_000));
        assert_eq!(code(&stage.ask(&query, Value::Null).await), (400, "QUERY_TOO_COMPLEX"));
    }
    let not_text = stage.post().body(vec![b'{', 0xff, b'}']);
    assert_eq!(code(&answer(not_text).await), (400, "BAD_REQUEST"));
}
