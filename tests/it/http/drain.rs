//! The operators' listener, and the end of the public one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use recert::http::health;
use recert::http::serve::serve;
use recert::telemetry::collector;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::stage::{Stage, answer, client};

#[tokio::test]
async fn readiness_follows_its_check_and_liveness_does_not() {
    let ready = Arc::new(AtomicBool::new(true));
    let check = Arc::clone(&ready);
    let readiness: health::Readiness = Arc::new(move || {
        let is_ready = check.load(Ordering::SeqCst);
        async move { if is_ready { Ok(()) } else { Err("the database does not answer".to_owned()) } }.boxed()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let router = health::router(readiness, collector());
    tasks.spawn(serve(listener, router, Duration::from_secs(10), tasks.clone(), shutdown.clone()));
    let get = |path: &str| answer(client().get(format!("{url}{path}")));
    assert_eq!(get("/readyz").await, (200, json!({ "status": "ready" })));
    ready.store(false, Ordering::SeqCst);
    let reason = json!({ "status": "not ready", "reason": "the database does not answer" });
    assert_eq!(get("/readyz").await, (503, reason));
    assert_eq!(get("/livez").await, (200, json!({ "status": "alive" })));
    assert_eq!(get("/graphql").await.0, 404);
}

#[tokio::test]
async fn a_drain_stops_accepting_and_lets_idle_connections_go() {
    let stage = Stage::open().await;
    let client = client();
    let (status, _) = answer(client.get(stage.url("/"))).await;
    assert_eq!(status, 404);
    stage.shutdown.cancel();
    stage.tasks.close();
    // The kept-alive connection of the client does not hold the gateway back.
    stage.tasks.wait().await;
    assert!(TcpStream::connect(stage.address).await.is_err());
}
