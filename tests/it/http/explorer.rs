//! The explorer: served where it was asked for, from this server alone.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::http::socket::shake;
use crate::http::stage::{Stage, answer, client, code};

async fn served() -> Stage {
    Stage::with(|config| config.graphql.explorer = true).await
}

async fn page(stage: &Stage, path: &str) -> (String, String) {
    let response = client().get(stage.url(path)).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
    let media = response.headers()["content-type"].to_str().unwrap().to_owned();
    (media, response.text().await.unwrap())
}

/// What a text names between this and the next quotation mark.
fn named<'a>(text: &'a str, before: &str) -> BTreeSet<&'a str> {
    text.split(before).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn without_the_setting_there_is_no_explorer() {
    let stage = Stage::open().await;
    for path in ["/graphiql", "/graphiql/app.js"] {
        assert_eq!(code(&answer(client().get(stage.url(path))).await), (404, "NOT_FOUND"), "{path}");
    }
}

#[tokio::test]
async fn the_page_and_all_it_loads_come_from_here() {
    let stage = served().await;
    let (media, html) = page(&stage, "/graphiql").await;
    assert_eq!(media, "text/html; charset=utf-8");
    // The policy forbids anything inline: scripts, styles and handlers are files.
    assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains(" on"), "{html}");
    let mut open: Vec<String> =
        named(&html, "href=\"").union(&named(&html, "src=\"")).map(|s| (*s).to_owned()).collect();
    let mut seen = BTreeSet::new();
    while let Some(path) = open.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let (media, text) = page(&stage, &path).await;
        let is_script = std::path::Path::new(&path).extension().is_some_and(|end| end == "js");
        assert_eq!(media, if is_script { "text/javascript; charset=utf-8" } else { "text/css; charset=utf-8" });
        assert!(!text.contains("http://") && !text.contains("https://"), "{path} names another server");
        open.extend(named(&text, "from \"./").into_iter().map(|name| format!("/graphiql/{name}")));
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
    let (media, examples) = page(&stage, "/graphiql/examples.json").await;
    let examples: Value = serde_json::from_str(&examples).unwrap();
    assert_eq!((media.as_str(), examples.as_array().map(Vec::len)), ("application/json", Some(6)));
}

#[tokio::test]
async fn other_files_and_methods_are_refused() {
    let stage = served().await;
    for path in ["/graphiql/mod.rs", "/graphiql/..%2fmod.rs", "/graphiql/a/b"] {
        assert_eq!(code(&answer(client().get(stage.url(path))).await), (404, "NOT_FOUND"), "{path}");
    }
    assert_eq!(answer(client().post(stage.url("/graphiql"))).await.0, 405);
}

#[tokio::test]
async fn its_own_page_may_open_a_socket_and_no_other_page_may() {
    let protocol = ("sec-websocket-protocol", "graphql-transport-ws");
    let stage = served().await;
    let own = format!("http://{}", stage.address);
    assert!(shake(&stage, &[protocol, ("origin", &own)]).await.is_ok());
    assert_eq!(shake(&stage, &[protocol, ("origin", "http://evil.test")]).await.err(), Some(403));
    let without = Stage::open().await;
    let own = format!("http://{}", without.address);
    assert_eq!(shake(&without, &[protocol, ("origin", &own)]).await.err(), Some(403));
}
