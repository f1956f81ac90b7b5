//! Clients that break the rules, and clients that only come close: each conversation with the close code and the words
//! that end it, or with proof that it goes on.

use serde_json::{Value, json};

use super::{Client, shake};
use crate::http::stage::{Stage, claims, noon};

/// What the client does next.
enum Step {
    /// Sends a text message.
    Say(String),
    /// Sends bytes as they are.
    Raw(Vec<u8>),
    /// Waits for a message of this type.
    Hear(&'static str),
}

use Step::{Hear, Raw, Say};

/// A frame as it goes over the wire, masked with zeros, so that its payload can be read here. `first` is the octet with
/// the final bit, the reserved bits and the opcode.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        long => {
            bytes.push(0x80 | 127);
            bytes.extend(u64::try_from(long).unwrap().to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

const TEXT: u8 = 0x81;
const TEXT_OPEN: u8 = 0x01;
const CONTINUED: u8 = 0x00;
const CONTINUED_LAST: u8 = 0x80;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;

fn say(message: &Value) -> Step {
    Say(message.to_string())
}

fn init(payload: &Value) -> Step {
    say(&json!({ "type": "connection_init", "payload": payload }))
}

fn subscribe(id: &Value) -> Step {
    say(&json!({ "type": "subscribe", "id": id, "payload": { "query": "subscription { ticks { number } }" } }))
}

struct Broken {
    name: &'static str,
    steps: Vec<Step>,
    code: u16,
    reason: &'static str,
}

/// Rows of (name, steps) that end alike.
fn rows(code: u16, reason: &'static str, rows: Vec<(&'static str, Vec<Step>)>) -> Vec<Broken> {
    rows.into_iter().map(|(name, steps)| Broken { name, steps, code, reason }).collect()
}

const INVALID: &str = "Invalid message";
const FORBIDDEN: &str = "Forbidden";

/// From a client that has not introduced itself.
fn by_strangers(stage: &Stage) -> Vec<Broken> {
    let text = |text: &str| vec![Say(text.to_owned())];
    let one = |message: Value| vec![say(&message)];
    let bearer = |token: String| json!({ "Authorization": format!("Bearer {token}") });
    let token = |change: &dyn Fn(&mut recert::http::token::Claims)| {
        let mut claims = claims();
        change(&mut claims);
        vec![init(&bearer(stage.token_for(&claims)))]
    };
    let deep = format!(r#"{{"type":"ping","payload":{{"a":{}{}}}}}"#, "[".repeat(64), "]".repeat(64));
    let mut all = rows(
        4400,
        INVALID,
        vec![
            ("an empty message", text("")),
            ("half an object", text("{")),
            ("a number", text("7")),
            ("null", text("null")),
            ("a list of messages", text(r#"[{"type":"ping"}]"#)),
            ("two messages in one", text(r#"{"type":"ping"}{"type":"ping"}"#)),
            ("no type", one(json!({ "id": "1" }))),
            ("a type that is a number", one(json!({ "type": 1 }))),
            ("a type in capitals", one(json!({ "type": "PING" }))),
            ("a type with a blank", one(json!({ "type": "ping " }))),
            ("64 levels and one", text(&deep)),
            ("the old start", one(json!({ "type": "start", "id": "1", "payload": { "query": "{ hello }" } }))),
            ("the old stop", one(json!({ "type": "stop", "id": "1" }))),
            ("the old end", one(json!({ "type": "connection_terminate" }))),
            ("the old keep-alive", one(json!({ "type": "ka" }))),
            ("the server's ack", one(json!({ "type": "connection_ack" }))),
            ("the server's next", one(json!({ "type": "next", "id": "1", "payload": { "data": {} } }))),
            ("the server's error", one(json!({ "type": "error", "id": "1", "payload": [] }))),
            ("an init with a list", one(json!({ "type": "connection_init", "payload": [] }))),
            ("an init with a text", one(json!({ "type": "connection_init", "payload": "token" }))),
            ("a ping with a text", one(json!({ "type": "ping", "payload": "x" }))),
            ("a pong with a list", one(json!({ "type": "pong", "payload": [] }))),
            ("a binary message", vec![Raw(frame(BINARY, b"{\"type\":\"ping\"}"))]),
            ("a complete without an id", one(json!({ "type": "complete" }))),
        ],
    );
    all.extend(rows(
        4401,
        "Unauthorized",
        vec![
            ("a subscribe first", vec![subscribe(&json!("1"))]),
            ("pings and then a subscribe", vec![say(&json!({ "type": "ping" })), Hear("pong"), subscribe(&json!("1"))]),
            (
                "a complete, a pong and then a subscribe",
                vec![
                    say(&json!({ "type": "complete", "id": "1" })),
                    say(&json!({ "type": "pong" })),
                    subscribe(&json!("1")),
                ],
            ),
            (
                "a ping that carries a token instead of an init",
                vec![
                    say(&json!({ "type": "ping", "payload": bearer(stage.token()) })),
                    Hear("pong"),
                    subscribe(&json!("1")),
                ],
            ),
        ],
    ));
    all.extend(rows(
        4403,
        FORBIDDEN,
        vec![
            ("no payload", one(json!({ "type": "connection_init" }))),
            ("an empty payload", vec![init(&json!({}))]),
            ("a payload of null", vec![init(&Value::Null)]),
            ("a token that is a number", vec![init(&json!({ "Authorization": 7 }))]),
            ("a token without its scheme", vec![init(&json!({ "Authorization": stage.token() }))]),
            ("another scheme", vec![init(&json!({ "Authorization": format!("Basic {}", stage.token()) }))]),
            ("no token after the scheme", vec![init(&json!({ "Authorization": "Bearer " }))]),
            ("a token of nothing", vec![init(&bearer("x.y.z".to_owned()))]),
            ("a token cut short", vec![init(&bearer(stage.token()[..40].to_owned()))]),
            ("a token under another name", vec![init(&json!({ "token": stage.token() }))]),
            ("a token that has ended", token(&|claims| claims.expires_at = noon() - chrono::TimeDelta::seconds(31))),
            ("a token of another agency", token(&|claims| "elsewhere".clone_into(&mut claims.agency))),
        ],
    ));
    all.extend(rows(
        1013,
        "Try again later",
        vec![("a directory that cannot be read", token(&|claims| "broken".clone_into(&mut claims.agency)))],
    ));
    all.extend(on_the_wire());
    all
}

/// From a client that has introduced itself and follows one subscription, whose id is `live`.
fn by_guests(stage: &Stage) -> Vec<Broken> {
    let one = |message: Value| vec![say(&message)];
    let request = |payload: Value| one(json!({ "type": "subscribe", "id": "1", "payload": payload }));
    let mut all = rows(
        4400,
        INVALID,
        vec![
            ("an empty id", vec![subscribe(&json!(""))]),
            ("an id that is a number", vec![subscribe(&json!(1))]),
            ("an id that is null", vec![subscribe(&Value::Null)]),
            ("an id of 129 bytes", vec![subscribe(&json!("x".repeat(129)))]),
            ("an end of 129 bytes", one(json!({ "type": "complete", "id": "x".repeat(129) }))),
            ("an end of a number", one(json!({ "type": "complete", "id": 7 }))),
            ("no request", one(json!({ "type": "subscribe", "id": "1" }))),
            ("a request that is a list", request(json!([]))),
            ("a request that is a text", request(json!("{ hello }"))),
            ("a request without a document", request(json!({ "variables": {} }))),
            ("a document that is a number", request(json!({ "query": 7 }))),
            ("not a message any more", vec![Say("{\"type\":".to_owned())]),
            ("the server's complete payload", one(json!({ "type": "next", "id": "live", "payload": {} }))),
        ],
    );
    all.extend(rows(
        4409,
        "Subscriber already exists",
        vec![
            ("an id that is live", vec![subscribe(&json!("live"))]),
            ("one id twice in a breath", vec![subscribe(&json!("2")), subscribe(&json!("2"))]),
            (
                "an id that is live, for what would be refused",
                one(json!({ "type": "subscribe", "id": "live", "payload": { "query": "{" } })),
            ),
        ],
    ));
    let again =
        json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {}", stage.token()) } });
    all.extend(rows(
        4429,
        "Too many initialisation requests",
        vec![
            ("a second init", vec![say(&again)]),
            ("a second init without a token", one(json!({ "type": "connection_init" }))),
        ],
    ));
    all.extend(rows(
        4403,
        FORBIDDEN,
        vec![(
            "a new token that is none",
            one(json!({ "type": "ping", "payload": { "Authorization": "Bearer x.y.z" } })),
        )],
    ));
    all
}

/// Frames that break the rules of WebSocket itself (RFC 6455), under the protocol on top of it.
fn on_the_wire() -> Vec<Broken> {
    let raw = |bytes: Vec<u8>| vec![Raw(bytes)];
    let large = vec![b' '; 256 * 1024 + 1];
    let half = vec![b' '; 200 * 1024];
    let unmasked = vec![TEXT, 2, b'{', b'}'];
    let mut endless = vec![TEXT, 0x80 | 127];
    endless.extend(u64::MAX.to_be_bytes());
    endless.extend([0; 4]);
    let mut all = rows(
        1009,
        "Message too large",
        vec![
            ("256 KiB and a byte", raw(frame(TEXT, &large))),
            ("as much in two fragments", raw([frame(TEXT_OPEN, &half), frame(CONTINUED_LAST, &half)].concat())),
            ("as much in binary", raw(frame(BINARY, &large))),
            ("a length without end", raw(endless)),
        ],
    );
    all.extend(rows(
        1002,
        "Protocol error",
        vec![
            ("no mask", raw(unmasked)),
            ("a reserved bit", raw(frame(TEXT | 0x40, b"{}"))),
            ("an unknown opcode", raw(frame(0x83, b"{}"))),
            ("an unknown control opcode", raw(frame(0x8b, b""))),
            ("a ping in fragments", raw(frame(PING & 0x7f, b""))),
            ("a ping of 126 bytes", raw(frame(PING, &[b'x'; 126]))),
            ("the end of what had no beginning", raw(frame(CONTINUED_LAST, b"{}"))),
            ("a beginning inside a message", raw([frame(TEXT_OPEN, b"{"), frame(TEXT, b"}")].concat())),
        ],
    ));
    all.extend(rows(
        1007,
        "Not UTF-8",
        vec![
            ("bytes that are no text", raw(frame(TEXT, &[0xff, 0xfe]))),
            ("half a letter", raw(frame(TEXT, &[b'"', 0xc3]))),
            (
                "a letter broken between fragments by another",
                raw([frame(TEXT_OPEN, &[b'"', 0xc3]), frame(CONTINUED_LAST, b"x\"")].concat()),
            ),
            ("a surrogate", raw(frame(TEXT, &[0xed, 0xa0, 0x80]))),
        ],
    ));
    all
}

async fn perform(client: &mut Client, steps: &[Step]) {
    for step in steps {
        match step {
            Say(text) => client.send_raw(&frame(TEXT, text.as_bytes())).await,
            Raw(bytes) => client.send_raw(bytes).await,
            Hear(kind) => assert_eq!(client.hear().await["type"], *kind),
        }
    }
}

#[tokio::test]
async fn each_broken_conversation_ends_with_its_code_and_words() {
    let stage = Stage::open().await;
    let mut seen = 0;
    for Broken { name, steps, code, reason } in by_strangers(&stage) {
        let mut client = Client::open(&stage).await;
        perform(&mut client, &steps).await;
        assert_eq!(client.closed_with_reason().await, (code, reason.to_owned()), "a stranger: {name}");
        seen += 1;
    }
    for Broken { name, steps, code, reason } in by_guests(&stage).into_iter().chain(on_the_wire()) {
        let mut client = Client::signed_in(&stage).await;
        client.subscribe("live", "subscription { ticks { number } }").await;
        assert_eq!(client.hear().await["type"], "next");
        perform(&mut client, &steps).await;
        assert_eq!(client.closed_with_reason().await, (code, reason.to_owned()), "a guest: {name}");
        seen += 1;
    }
    assert!(seen >= 60, "{seen}");
    // The stage has no socket left, and serves on.
    Client::signed_in(&stage).await;
}

#[tokio::test]
async fn a_token_that_is_malformed_in_the_handshake_is_no_token() {
    let stage = Stage::open().await;
    let bearer = format!("Bearer {}", stage.token());
    for headers in
        [vec![("authorization", "Basic eDp5")], vec![("authorization", &*bearer), ("authorization", &*bearer)]]
    {
        let headers: Vec<_> = headers.into_iter().chain([("sec-websocket-protocol", "graphql-transport-ws")]).collect();
        let mut client = shake(&stage, &headers).await.ok().unwrap();
        client.say(&json!({ "type": "connection_init" })).await;
        assert_eq!(client.closed().await, 4403);
    }
}

/// Odd, but within the rules: the conversation goes on.
fn awkward() -> Vec<(&'static str, Vec<Step>)> {
    let one = |message: Value| vec![say(&message)];
    let text = br#"{"type":"ping","payload":{"a":"\u00e9"}}"#;
    vec![
        ("an end of what never was", one(json!({ "type": "complete", "id": "never" }))),
        (
            "the same end twice",
            vec![say(&json!({ "type": "complete", "id": "live" })), say(&json!({ "type": "complete", "id": "live" }))],
        ),
        ("a pong that nobody asked for", one(json!({ "type": "pong" }))),
        ("a pong with something in it", one(json!({ "type": "pong", "payload": { "a": 1 } }))),
        ("a ping", vec![say(&json!({ "type": "ping" })), Hear("pong")]),
        ("a ping of null", vec![say(&json!({ "type": "ping", "payload": null })), Hear("pong")]),
        (
            "an id of 128 bytes",
            vec![
                say(&json!({ "type": "complete", "id": "x".repeat(128) })),
                subscribe(&json!("x".repeat(128))),
                Hear("next"),
            ],
        ),
        (
            "an id again as soon as it has ended",
            vec![say(&json!({ "type": "complete", "id": "live" })), subscribe(&json!("live")), Hear("next")],
        ),
        ("members nobody knows", one(json!({ "type": "pong", "more": [1, 2] }))),
        (
            "a request of odd shape, which is the request's own affair",
            vec![
                say(&json!({ "type": "subscribe", "id": "1", "payload": { "query": "{ hello }", "variables": [] } })),
                Hear("error"),
            ],
        ),
        (
            "a message in three fragments with a ping between them",
            vec![Raw([
                frame(TEXT_OPEN, &text[..10]),
                frame(PING, b"x"),
                frame(CONTINUED, &text[10..20]),
                frame(CONTINUED_LAST, &text[20..]),
            ]
            .concat())],
        ),
    ]
}

#[tokio::test]
async fn what_is_only_odd_does_not_end_the_conversation() {
    let stage = Stage::open().await;
    for (name, steps) in awkward() {
        let mut client = Client::signed_in(&stage).await;
        client.subscribe("live", "subscription { ticks { number } }").await;
        assert_eq!(client.hear().await["type"], "next");
        perform(&mut client, &steps).await;
        client.subscribe("after", "{ hello }").await;
        loop {
            let message = client.hear().await;
            if message["id"] == "after" {
                assert_eq!(
                    (&message["type"], &message["payload"]["data"]),
                    (&json!("next"), &json!({ "hello": "hello ana" })),
                    "{name}"
                );
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_close_frame_of_nonsense_is_answered_too() {
    let stage = Stage::open().await;
    for (payload, code) in [(&[0x03_u8][..], 1002), (&[0x03, 0xed], 1002), (&[0x03, 0xe8, 0xff], 1007)] {
        let mut client = Client::signed_in(&stage).await;
        client.send_raw(&frame(CLOSE, payload)).await;
        assert_eq!(client.closed().await, code, "{payload:?}");
    }
}
