//! The operators' listener, and the end of the public one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use recert::http::health;
use recert::http::serve::{Bounds, serve};
use recert::telemetry::collector;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::stage::{Stage, answer, client};

fn bounds(connections: usize) -> Bounds {
    Bounds { header_timeout: Duration::from_secs(10), connections }
}

#[tokio::test]
async fn whoever_comes_when_all_places_are_taken_waits_for_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let readiness: health::Readiness = Arc::new(|| async { Ok(()) }.boxed());
    let router = health::router(readiness, collector());
    tasks.spawn(serve(listener, router, bounds(2), tasks.clone(), shutdown.clone()));
    let ask = async |peer: &mut TcpStream| {
        peer.write_all(b"GET /livez HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    };
    let hears = async |peer: &mut TcpStream| peer.read(&mut [0; 512]).await.unwrap() > 0;
    let mut first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    for peer in [&mut first, &mut second] {
        ask(peer).await;
        assert!(hears(peer).await);
    }
    let mut third = TcpStream::connect(address).await.unwrap();
    ask(&mut third).await;
    // Both are served still, and the third is not.
    for peer in [&mut first, &mut second] {
        ask(peer).await;
        assert!(hears(peer).await);
    }
    let early = tokio::time::timeout(Duration::from_millis(50), hears(&mut third)).await;
    assert!(early.is_err(), "there is no place for a third one");
    drop(first);
    assert!(hears(&mut third).await, "the place has become free");
}

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
    tasks.spawn(serve(listener, router, bounds(16), tasks.clone(), shutdown.clone()));
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
