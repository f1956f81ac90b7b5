//! Requests over one connection that is kept.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub struct Http {
    tcp: TcpStream,
    host: String,
}

impl Http {
    pub async fn open(address: &str) -> Self {
        let tcp = TcpStream::connect(address).await.expect("the server answers");
        tcp.set_nodelay(true).expect("a TCP socket");
        Self { tcp, host: address.to_owned() }
    }

    /// Posts JSON and answers the body; the status must be 2xx.
    pub async fn post(&mut self, path: &str, token: &str, body: &str) -> String {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Accept: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.tcp.write_all(request.as_bytes()).await.expect("the server takes the request");
        let mut read = Vec::new();
        loop {
            let count = self.tcp.read_buf(&mut read).await.expect("the server answers");
            let text = String::from_utf8_lossy(&read).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
                if body.len() >= length.unwrap_or(0) {
                    assert!(head.starts_with("HTTP/1.1 2"), "{text}");
                    return body.to_owned();
                }
            }
            assert!(count > 0, "the server went away: {text}");
        }
    }
}
