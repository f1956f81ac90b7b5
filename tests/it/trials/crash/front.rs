//! The one address that Truv knows: hands every connection to a replica that is alive.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use crate::trials::gateways::Alive;

/// Opens the address. It is gone when the returned task is.
pub(in crate::trials) async fn open(alive: Alive) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = TaskTracker::new().spawn(async move {
        for turn in 0_usize.. {
            let (mut from, _) = listener.accept().await.unwrap();
            let mut to: Vec<SocketAddr> = alive.lock().unwrap().iter().flatten().copied().collect();
            let count = to.len().max(1);
            to.rotate_left(turn % count);
            TaskTracker::new().spawn(async move {
                for address in to {
                    if let Ok(mut to) = TcpStream::connect(address).await {
                        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                        return;
                    }
                }
            });
        }
    });
    (address, serving)
}
