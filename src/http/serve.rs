//! Accepts connections and serves them, with the deadlines that the framework's own helper lacks.
//!
//! HTTP/1.1 only: the gateway stands behind a proxy that speaks it, WebSocket upgrades need it, and a connection whose
//! version is guessed from its first bytes may say nothing for ever without meeting a deadline.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::linger::Lingering;
use crate::http::stall::Stalling;

/// Room for the header limit of the router, so that what exceeds it a little is refused in JSON; beyond this, hyper
/// answers a bare 431.
const READ_BUFFER: usize = 128 * 1024;
/// How long a peer may take nothing of what is written to it. Longer than the time that a socket allows for a write and
/// for reading on after that: the socket says why it closes.
const STALLED: Duration = Duration::from_secs(45);
/// A connection that is closed is still read, so that the last answer is not lost on a peer that is sending: until it has
/// sent nothing for this long,
const SILENCE: Duration = Duration::from_secs(1);
/// and never for longer than this.
const LINGERING: Duration = Duration::from_secs(10);
/// Pause after the system refused a connection, which is nearly always for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What connections may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// From the first moment of a connection until the header of a request is complete, and again between requests.
    pub header_timeout: Duration,
    /// Connections at one time; whoever comes then waits until one ends. A connection that has become a WebSocket counts
    /// among those instead.
    pub connections: usize,
}

/// Serves until `shutdown`, then lets requests in hand finish. Connections are tasks of `tasks`, which the caller waits
/// for as long as it likes.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    tasks: TaskTracker,
    shutdown: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(bounds.connections.min(Semaphore::MAX_PERMITS)));
    loop {
        let accept = async {
            // It is never closed.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            listener.accept().await.map(|(connection, _)| (connection, place))
        };
        let accepted = tokio::select! {
            accepted = accept => accepted,
            () = shutdown.cancelled() => return,
        };
        match accepted {
            Ok((connection, place)) => {
                let conversation = converse(connection, router.clone(), bounds.header_timeout, shutdown.clone());
                tasks.spawn(async move {
                    conversation.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn converse(connection: TcpStream, router: Router, header_timeout: Duration, shutdown: CancellationToken) {
    // Small frames to open sockets must not wait for each other; without it they only arrive later.
    let _ = connection.set_nodelay(true);
    let connection = Stalling::new(Lingering::new(connection, SILENCE, LINGERING), STALLED);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(connection), TowerToHyperService::new(router))
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
