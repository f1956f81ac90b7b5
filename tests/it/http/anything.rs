//! Whatever is sent, the real gateway answers or refuses it in JSON, and never with a fault of its own.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use recert::caller::Scope;
use recert::truv::signature::sign;
use reqwest::header::CONTENT_TYPE;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::hostile::documents::documents;
use crate::support::world::{COUNTY, World};
use crate::trials::asked;

/// Requests of each kind; `RECERT_TEST_REQUESTS` asks for more.
const REQUESTS: u64 = 250;

/// Pieces that a parser takes notice of.
const PIECES: [&str; 24] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "!",
    "$",
    "@",
    "...",
    "\"",
    "\"\"\"",
    "\\u0000",
    "#",
    "null",
    "fragment f on Case ",
    "query",
    "subscription",
    "on",
    "-1e999",
    "9223372036854775808",
    "\u{fffd}",
    "__typename",
];

/// One change to a text: the piece, and the part of the text that it takes the place of.
type Edit = (Index, Index, Option<Index>);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec((any::<Index>(), any::<Index>(), any::<Option<Index>>()), 0..6)
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for (from, to, piece) in edits {
        let (from, to) = (from.index(text.len() + 1), to.index(text.len() + 1));
        // Mostly a small part, so that most of the text stays what it was.
        let part = from.min(to)..from.max(to).min(from.min(to) + 12);
        let piece = piece.map_or("", |piece| PIECES[piece.index(PIECES.len())]);
        text.splice(part, piece.chars());
    }
    text.into_iter().collect()
}

/// The documents of the contract and hostile ones.
fn written() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/operations");
    let contract =
        std::fs::read_dir(folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    contract.chain(documents().iter().map(|hostile| hostile.document.clone())).collect()
}

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-zA-Z_]{1,12}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Runs a property whose test is a conversation.
fn check<S: Strategy>(strategy: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    // What failed is told with its values, which is enough to write a test of its own.
    let cases = u32::try_from(asked("RECERT_TEST_REQUESTS", REQUESTS)).unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    tokio::task::block_in_place(|| TestRunner::new(config).run(strategy, test)).unwrap();
}

/// An answer that is nobody's fault but the sender's: no server error, JSON, and only codes that a client can act on.
fn is_clean(world: &World, body: Vec<u8>) -> Result<Value, TestCaseError> {
    let url = format!("http://{}/graphql", world.app.public_addr());
    let request =
        world.http.post(url).bearer_auth(world.token(COUNTY, &Scope::ALL)).header(CONTENT_TYPE, "application/json");
    let (status, text) = Handle::current().block_on(async {
        let answer = request.body(body).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    });
    let answer: Result<Value, _> = serde_json::from_str(&text);
    prop_assert!(!status.is_server_error(), "{status} {text}");
    let answer = answer.map_err(|_| TestCaseError::fail(format!("{status} {text}")))?;
    for error in answer["errors"].as_array().into_iter().flatten() {
        prop_assert_ne!(&error["extensions"]["code"], "INTERNAL_SERVER_ERROR", "{}", answer);
        prop_assert!(error["extensions"]["code"].is_string(), "{}", answer);
    }
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_body_and_no_document_is_a_fault_of_the_gateway() {
    let world = World::start().await;
    let documents = written();
    let request = (any::<Index>(), edits(), json_values());
    check(&request, |(document, edits, variables)| {
        let document = edited(&documents[document.index(documents.len())], &edits);
        is_clean(&world, json!({ "query": document, "variables": variables }).to_string().into_bytes()).map(|_| ())
    });
    check(&prop::collection::vec(any::<u8>(), 0..600), |bytes| is_clean(&world, bytes).map(|_| ()));
    check(&json_values(), |value| is_clean(&world, value.to_string().into_bytes()).map(|_| ()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_id_and_no_cursor_finds_anything_but_what_it_was_made_for() {
    let world = World::start().await;
    let case = world.case("A-1", &[recert::simulator::Scenario::Ok]).await;
    let page = "{ cases(first: 1) { pageInfo { endCursor } } }";
    let cursor =
        world.query(page, json!({})).await["data"]["cases"]["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
    let events = "{ caseEvents(first: 1) { pageInfo { endCursor } } }";
    let position = world.query(events, json!({})).await["data"]["caseEvents"]["pageInfo"]["endCursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let known = [case.id.clone(), cursor, position, case.number.clone()];
    let document = "query($id: ID!, $text: String!) {
        node(id: $id) { id } nodes(ids: [$id]) { id } case(by: { number: $text }) { id }
        cases(first: 1, after: $text) { nodes { id } } caseEvents(first: 1, after: $text) { nodes { id } } }";
    let text = prop_oneof![
        any::<String>(),
        "[A-Za-z0-9_-]{0,60}",
        (any::<Index>(), edits()).prop_map({
            let known = known.clone();
            move |(text, edits)| edited(&known[text.index(known.len())], &edits)
        })
    ];
    check(&text, |text| {
        let answer = is_clean(
            &world,
            json!({ "query": document, "variables": { "id": text, "text": text } }).to_string().into_bytes(),
        )?;
        let found = answer["data"]["node"]["id"].as_str();
        prop_assert!(found.is_none() || found == Some(text.as_str()), "{} finds {}", text, answer);
        Ok(())
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_signed_delivery_is_refused_or_stops_the_next_one() {
    let world = World::start().await;
    let case = world.case("A-1", &[recert::simulator::Scenario::Ok]).await;
    let secret = world.config.agencies[0].secrets[0].expose_secret().to_owned();
    let url = format!("http://{}/webhooks/truv/{COUNTY}", world.app.public_addr());
    let event = json!({
        "webhook_id": "0123456789abcdef0123456789abcdef", "event_type": "order-status-updated",
        "event_created_at": "2026-03-04T15:00:00Z", "order_id": case.truv_order, "status": "completed",
        "link_id": case.links[0], "task_id": "5f0e7c1d9b2a4e6f5f0e7c1d9b2a4e6f", "updated_at": "2026-03-04T15:00:00Z",
    });
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        json_values().prop_map(|value| value.to_string().into_bytes()),
        edits().prop_map(move |edits| edited(&event.to_string(), &edits).into_bytes()),
    ];
    check(&body, |body| {
        let request = world.http.post(&url).header("x-webhook-sign", sign(&secret, &body)).body(body);
        let status = Handle::current().block_on(async { request.send().await.unwrap().status() });
        prop_assert!(status.is_success(), "{status}");
        Ok(())
    });
    world.quiet().await;
    // What came after all of it is taken in as ever.
    world.refresh(&case, "after").await;
    world.until_case_is(&case, "READY_FOR_REVIEW").await;
}
