//! Documents named by their SHA-256: those that clients send once, and those that are registered at start.

use std::path::Path;

use recert::config::DocumentsMode;
use rstest::rstest;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::http::socket::Client;
use crate::http::stage::{Stage, answer, client, code};

const HELLO: &str = "query Hello { hello }\n";
const TICKS: &str = "subscription Ticks($after: String) { ticks(after: $after, to: 3) { cursor } }";

fn id(text: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(text)))
}

/// A folder with the two documents.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("screens")).unwrap();
    std::fs::write(folder.path().join("screens/Hello.graphql"), HELLO).unwrap();
    std::fs::write(folder.path().join("Ticks.gql"), TICKS).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not a document").unwrap();
    folder
}

async fn registered(mode: DocumentsMode) -> (TempDir, Stage) {
    let folder = folder();
    let stage = Stage::with(|config| {
        config.graphql.documents = Some(folder.path().to_owned());
        config.graphql.documents_mode = mode;
        config.graphql.get = true;
    });
    let stage = stage.await;
    (folder, stage)
}

async fn send(stage: &Stage, body: Value) -> (u16, Value) {
    answer(stage.post().body(body.to_string())).await
}

#[tokio::test]
async fn a_document_may_be_named_by_its_hash_after_it_was_sent_once() {
    let stage = Stage::open().await;
    let query = "{ hello }";
    let hash = hex::encode(Sha256::digest(query));
    let persisted = |query: Option<&str>, hash: &str| {
        let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
        answer(stage.post().body(json!({ "query": query, "extensions": extensions }).to_string()))
    };
    assert_eq!(code(&persisted(None, &hash).await), (400, "PERSISTED_QUERY_NOT_FOUND"));
    assert_eq!(code(&persisted(Some("{ add(a: 1, b: 1) }"), &hash).await), (400, "BAD_REQUEST"));
    assert_eq!(code(&persisted(None, &hash).await), (400, "PERSISTED_QUERY_NOT_FOUND"));
    assert_eq!(persisted(Some(query), &hash).await.0, 200);
    assert_eq!(persisted(None, &hash).await.0, 200);
    let by_id = stage.post().body(json!({ "documentId": format!("sha256:{hash}") }).to_string());
    assert_eq!(answer(by_id).await.0, 200);
}

#[rstest]
#[case(DocumentsMode::Open)]
#[case(DocumentsMode::Prefer)]
#[case(DocumentsMode::Only)]
#[tokio::test]
async fn a_registered_document_runs_by_its_id_over_every_transport(#[case] mode: DocumentsMode) {
    let (_folder, stage) = registered(mode).await;
    let hello = json!({ "hello": "hello ana" });
    let by_post = send(&stage, json!({ "documentId": id(HELLO) })).await;
    assert_eq!((by_post.0, &by_post.1["data"]), (200, &hello));
    // Written out it is the same document.
    assert_eq!(send(&stage, json!({ "query": HELLO })).await.1["data"], hello);
    let hash = json!({ "persistedQuery": { "version": 1, "sha256Hash": id(HELLO)[7..] } });
    assert_eq!(send(&stage, json!({ "extensions": hash })).await.1["data"], hello);
    let get = client().get(stage.url("/graphql")).query(&[("documentId", id(HELLO))]);
    assert_eq!(answer(get.bearer_auth(stage.token())).await.1["data"], hello);

    let body = json!({ "documentId": id(TICKS), "variables": { "after": "c2" } }).to_string();
    for accept in ["text/event-stream", "multipart/mixed;subscriptionSpec=1.0"] {
        let response = stage.post().header("accept", accept).body(body.clone()).send().await.unwrap();
        assert!(response.text().await.unwrap().contains(r#""data":{"ticks":{"cursor":"c3"}}"#), "{accept}");
    }
    let mut socket = Client::signed_in(&stage).await;
    let payload = json!({ "documentId": id(TICKS), "variables": { "after": "c2" } });
    socket.say(&json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    assert_eq!(socket.hear().await["payload"]["data"], json!({ "ticks": { "cursor": "c3" } }));
}

#[tokio::test]
async fn a_locked_gateway_runs_nothing_else_and_learns_nothing() {
    let (_folder, stage) = registered(DocumentsMode::Only).await;
    let other = "{ add(a: 1, b: 1) }";
    let hash = json!({ "persistedQuery": { "version": 1, "sha256Hash": id(other)[7..] } });
    let refused = (400, "PERSISTED_QUERY_NOT_FOUND");
    for body in [
        json!({ "query": other }),
        json!({ "documentId": id(other) }),
        json!({ "query": other, "extensions": hash }),
        json!({ "extensions": hash }),
        // One blank more is another document.
        json!({ "query": format!("{HELLO} ") }),
    ] {
        assert_eq!(code(&send(&stage, body.clone()).await), refused, "{body}");
    }
    let mut socket = Client::signed_in(&stage).await;
    socket.subscribe("1", other).await;
    assert_eq!(socket.hear().await["payload"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
}

#[tokio::test]
async fn a_gateway_that_prefers_registered_documents_runs_the_others_too() {
    let (_folder, stage) = registered(DocumentsMode::Prefer).await;
    let other = "{ add(a: 1, b: 1) }";
    assert_eq!(send(&stage, json!({ "query": other })).await.1["data"], json!({ "add": 2 }));
    assert_eq!(
        code(&send(&stage, json!({ "documentId": id(other) })).await),
        (400, "PERSISTED_QUERY_NOT_FOUND"),
        "it was not sent with its hash"
    );
}

#[tokio::test]
async fn the_variables_of_a_document_that_is_known_are_checked_each_time() {
    let document =
        "query Items($first: Int!, $n: Int = 1) { a: items(first: $first) { nodes { id ...I } } add(a: $n, b: 1) }
        fragment I on Item { name b: name c: name d: name e: name f: name }";
    let stage = with_manifest(&json!({ id(document): document }), |limits| limits.complexity = 300).await.unwrap();
    // Registered, and sent for the first time and again.
    for (name, value) in [("documentId", id(document)), ("query", document.into()), ("query", document.into())] {
        let ask = |variables: Value| send(&stage, json!({ name: value, "variables": variables }));
        assert_eq!(ask(json!({ "first": 3 })).await.0, 200);
        assert_eq!(code(&ask(json!({ "first": 100 })).await), (400, "QUERY_TOO_COMPLEX"));
        assert_eq!(code(&ask(json!({})).await), (400, "BAD_USER_INPUT"));
        assert_eq!(code(&ask(json!({ "first": 3, "n": "\u{0}" })).await), (400, "BAD_USER_INPUT"));
    }
}

async fn with_manifest(
    manifest: &Value,
    tighten: impl FnOnce(&mut recert::config::DocumentLimits),
) -> Result<Stage, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("persisted-documents.json");
    std::fs::write(&path, manifest.to_string()).unwrap();
    try_path(&path, tighten).await
}

/// A gateway, or the words with which it refuses to start.
async fn try_path(path: &Path, tighten: impl FnOnce(&mut recert::config::DocumentLimits)) -> Result<Stage, String> {
    let stage = Stage::try_with(|config| {
        config.graphql.documents = Some(path.to_owned());
        config.graphql.documents_mode = DocumentsMode::Only;
        tighten(&mut config.graphql.limits);
    });
    stage.await.map_err(|error| std::error::Error::source(&error).unwrap().to_string())
}

#[tokio::test]
async fn a_manifest_that_cannot_be_served_keeps_the_gateway_from_starting() {
    let (hello, add) = ("{ hello }", "{ add(a: 1, b: 1) }");
    let wrong = with_manifest(&json!({ id(hello): add, id(add): add }), |_| {}).await.err().unwrap();
    assert_eq!(
        wrong,
        format!(
            "RECERT_GRAPHQL_DOCUMENTS: {} is not the SHA-256 of its document, which is {}",
            id(hello),
            &id(add)[7..]
        )
    );
    let large =
        with_manifest(&json!({ id(hello): hello, id(add): add }), |limits| limits.tokens = 5).await.err().unwrap();
    assert_eq!(
        large,
        format!(
            "RECERT_GRAPHQL_DOCUMENTS: {} would always be refused: the document exceeds the limit of 5 tokens",
            id(add)
        )
    );
    let absent = try_path(Path::new("no/such/folder"), |_| {}).await.err().unwrap();
    assert!(absent.starts_with("RECERT_GRAPHQL_DOCUMENTS: no/such/folder cannot be read: "), "{absent}");
    let empty = TempDir::new().unwrap();
    let none = try_path(empty.path(), |_| {}).await.err().unwrap();
    assert!(none.ends_with("holds no documents; name a folder of .graphql files or a manifest"), "{none}");
}
