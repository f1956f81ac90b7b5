//! A server for answers that no HTTP library would send.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the server does with one request.
#[derive(Clone, Copy)]
pub(super) enum Act {
    /// Sends these bytes and keeps the connection.
    Send(&'static str),
    /// Sends these bytes and ends the connection.
    SendAndClose(&'static str),
    /// Sends these bytes and then nothing more, ever.
    SendAndHang(&'static str),
}

/// Takes requests one after the other, on one or several connections, and acts as listed; the last act repeats. Ends when
/// dropped.
pub(super) struct Server {
    pub(super) url: String,
    served: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

impl Server {
    pub(super) async fn start(acts: &'static [Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let served = Arc::new(AtomicUsize::new(0));
        let mut task = JoinSet::new();
        let count = Arc::clone(&served);
        task.spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                serve(connection, acts, &count).await;
            }
        });
        Self { url, served, _task: task }
    }

    /// How many whole requests have arrived.
    pub(super) fn requests(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

async fn serve(mut connection: TcpStream, acts: &[Act], served: &AtomicUsize) {
    while whole_request(&mut connection).await {
        let nth = served.fetch_add(1, Ordering::SeqCst);
        let act = acts.get(nth).or(acts.last()).copied().unwrap();
        let (Act::Send(bytes) | Act::SendAndClose(bytes) | Act::SendAndHang(bytes)) = act;
        connection.write_all(bytes.as_bytes()).await.unwrap();
        match act {
            Act::Send(_) => {}
            Act::SendAndClose(_) => return,
            Act::SendAndHang(_) => std::future::pending().await,
        }
    }
}

/// Reads up to the end of one request; false when the peer has gone.
async fn whole_request(connection: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
            if body.len() >= length {
                return true;
            }
        }
        if connection.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return false;
        }
    }
}
