//! The reference portal: at `/` where it was asked for, from this server alone, and with documents of its own.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::http::socket::shake;
use crate::http::stage::{Stage, answer, client, code};

async fn served() -> Stage {
    Stage::with(|config| config.server.portal = true).await
}

async fn page(stage: &Stage, path: &str) -> (String, String) {
    let response = client().get(stage.url(path)).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
    let media = response.headers()["content-type"].to_str().unwrap().to_owned();
    (media, response.text().await.unwrap())
}

#[tokio::test]
async fn without_the_setting_there_is_no_portal() {
    let stage = Stage::open().await;
    for path in ["/", "/portal/main.js", "/portal/operations.json"] {
        assert_eq!(code(&answer(client().get(stage.url(path))).await), (404, "NOT_FOUND"), "{path}");
    }
    let own = format!("http://{}", stage.address);
    let protocol = ("sec-websocket-protocol", "graphql-transport-ws");
    assert_eq!(shake(&stage, &[protocol, ("origin", &own)]).await.err(), Some(403));
}

#[tokio::test]
async fn the_page_and_all_it_loads_come_from_here() {
    let stage = served().await;
    let (media, html) = page(&stage, "/").await;
    assert_eq!(media, "text/html; charset=utf-8");
    let is_handler = |rest: &str| rest.trim_start_matches(|c: char| c.is_ascii_lowercase()).starts_with('=');
    assert!(!html.contains("<style") && !html.contains(" style="), "{html}");
    assert!(!html.split(" on").skip(1).any(is_handler), "{html}");
    let mut open: Vec<String> =
        html.split("\"/portal/").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let (media, text) = page(&stage, &format!("/portal/{name}")).await;
        match name.rsplit('.').next().unwrap() {
            "js" => assert_eq!(media, "text/javascript; charset=utf-8"),
            "css" => assert_eq!(media, "text/css; charset=utf-8"),
            _ => assert_eq!(media, "image/svg+xml"),
        }
        // The names of namespaces are no addresses that anybody asks.
        let elsewhere = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!elsewhere.contains("http://") && !elsewhere.contains("https://"), "{name} names another server");
        let imported = text.split("'./").skip(1).map(|rest| rest.split('\'').next().unwrap().to_owned());
        open.extend(imported.filter(|name| name.rsplit('.').next() == Some("js")));
    }
    assert!(seen.contains("case.js") && seen.contains("batch.js"), "{seen:?}");
    let (media, operations) = page(&stage, "/portal/operations.json").await;
    let operations: Value = serde_json::from_str(&operations).unwrap();
    assert_eq!(media, "application/json");
    assert!(operations["PortalQueue"].as_str().unwrap().contains("fragment PortalRow"), "{operations}");
}

#[tokio::test]
async fn other_files_and_methods_are_refused() {
    let stage = served().await;
    for path in ["/portal/mod.rs", "/portal/..%2fmod.rs", "/portal/operations/PortalQueue.graphql", "/queue"] {
        assert_eq!(code(&answer(client().get(stage.url(path))).await), (404, "NOT_FOUND"), "{path}");
    }
    assert_eq!(answer(client().post(stage.url("/"))).await.0, 405);
}

#[tokio::test]
async fn its_own_page_may_open_a_socket_and_no_other_page_may() {
    let protocol = ("sec-websocket-protocol", "graphql-transport-ws");
    let stage = served().await;
    let own = format!("http://{}", stage.address);
    assert!(shake(&stage, &[protocol, ("origin", &own)]).await.is_ok());
    assert_eq!(shake(&stage, &[protocol, ("origin", "http://evil.test")]).await.err(), Some(403));
}
