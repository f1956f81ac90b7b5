//! Documents that mean harm, over HTTP and over a WebSocket: refused with their code, never with a 5xx, and the gateway
//! serves on. How fast the gate is with them is timed where no network is in the way (`http/guard`), and what they cost a
//! whole process where there is one (`cli/under_fire`).

use serde_json::{Value, json};

use crate::http::socket::Client;
use crate::http::stage::{Stage, code};

#[path = "../../../src/http/guard/hostile.rs"]
pub(crate) mod documents;

#[tokio::test]
async fn every_hostile_document_is_refused_with_its_code_over_both_transports() {
    let stage = Stage::with(|config| config.graphql.socket.messages_per_second = 100_000).await;
    let mut socket = Client::signed_in(&stage).await;
    let all = documents::documents();
    assert!(all.len() >= 100, "{}", all.len());
    let mut faults = Vec::new();
    for hostile in all {
        let variables: Value = serde_json::from_str(hostile.variables).unwrap();
        let answered = stage.ask(&hostile.document, variables.clone()).await;
        let body = &answered.1;
        let is_sound = |error: &Value| {
            let message = error["message"].as_str().unwrap_or_default();
            !message.contains("Did you mean")
                && (1..=200).contains(&message.chars().count())
                && error["extensions"]["requestId"].is_string()
        };
        if code(&answered) != (400, hostile.code)
            || body.get("data").is_some()
            || body.to_string().len() > 8 * 1024
            || !body["errors"].as_array().unwrap().iter().all(is_sound)
        {
            faults.push(format!("{} over HTTP: {} {body}", hostile.name, answered.0));
        }
        let payload = json!({ "query": hostile.document, "variables": variables });
        socket.say(&json!({ "id": hostile.name, "type": "subscribe", "payload": payload })).await;
        let refused = socket.hear().await;
        if (&refused["type"], &refused["id"]) != (&json!("error"), &json!(hostile.name))
            || refused["payload"][0]["extensions"]["code"] != hostile.code
        {
            faults.push(format!("{} over a socket: {refused}", hostile.name));
            if refused["type"] == "next" {
                socket.hear().await;
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(stage.seen.touched.lock().unwrap().is_empty());
    assert_eq!(stage.ask("{ hello }", Value::Null).await.0, 200);
    socket.subscribe("after", "{ hello }").await;
    assert_eq!(socket.hear().await["type"], "next");
}
