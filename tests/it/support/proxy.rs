//! A way to a server that can be cut.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// Forwards connections while it is whole; cut, it ends them and lets none through.
pub(crate) struct Proxy {
    address: SocketAddr,
    is_whole: watch::Sender<bool>,
    _listens: AbortOnDropHandle<()>,
}

impl Proxy {
    pub(crate) async fn before(server: &url::Url) -> Self {
        let server = format!("{}:{}", server.host_str().unwrap(), server.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let is_whole = watch::Sender::new(true);
        let wholeness = is_whole.subscribe();
        let forward = tokio_util::task::TaskTracker::new().spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                if *wholeness.borrow() {
                    connections.spawn(forward(client, server.clone(), wholeness.clone()));
                }
            }
        });
        Self { address, is_whole, _listens: AbortOnDropHandle::new(forward) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn cut(&self) {
        self.is_whole.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.is_whole.send_replace(true);
    }
}

async fn forward(mut client: TcpStream, server: String, mut wholeness: watch::Receiver<bool>) {
    let mut server =
        TcpStream::connect(&server).await.unwrap_or_else(|error| panic!("{server} does not answer: {error}"));
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = wholeness.wait_for(|is_whole| !is_whole) => {}
    }
}
