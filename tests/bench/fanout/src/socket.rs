//! One subscriber: `graphql-transport-ws` by hand on TCP, so that ten thousand of them cost this process little.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub struct Socket {
    tcp: TcpStream,
    read: Vec<u8>,
}

/// A frame with a mask of zeros, which leaves the payload as it is.
fn frame(code: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | code];
    match u16::try_from(payload.len()) {
        Ok(length) if length < 126 => frame.push(0x80 | u8::try_from(length).unwrap_or(0)),
        Ok(length) => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => panic!("a message of this driver is short"),
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

impl Socket {
    /// Connects, introduces itself and sends the messages that subscribe. `None` when the server does not want it.
    pub async fn open(address: &str, init: &str, subscribe: &[String]) -> Option<Self> {
        let tcp = TcpStream::connect(address).await.ok()?;
        tcp.set_nodelay(true).ok()?;
        let mut socket = Self { tcp, read: Vec::with_capacity(1_024) };
        let request = format!(
            "GET /graphql HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        );
        socket.tcp.write_all(request.as_bytes()).await.ok()?;
        let head = loop {
            if let Some(end) = socket.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break socket.read.drain(..end + 4).collect::<Vec<u8>>();
            }
            if socket.tcp.read_buf(&mut socket.read).await.ok()? == 0 {
                return None;
            }
        };
        if !head.starts_with(b"HTTP/1.1 101") {
            return None;
        }
        socket.tcp.write_all(&frame(1, init.as_bytes())).await.ok()?;
        socket.text(|text| has(text, b"connection_ack")).await?;
        for message in subscribe {
            socket.tcp.write_all(&frame(1, message.as_bytes())).await.ok()?;
        }
        Some(socket)
    }

    /// The next event; the opening and everything else are passed over. `None` at the end.
    pub async fn event(&mut self) -> Option<()> {
        self.text(|text| has(text, b"\"next\"") && !has(text, b"STREAM_OPENED")).await
    }

    /// The opening of the stream, or the answer to the ping that was sent behind the subscription.
    pub async fn opened(&mut self) -> Option<()> {
        self.text(|text| has(text, b"STREAM_OPENED") || has(text, b"\"pong\"")).await
    }

    /// Reads on until a text that is meant.
    async fn text(&mut self, is_meant: impl Fn(&[u8]) -> bool) -> Option<()> {
        loop {
            let (code, from, to) = self.frame().await?;
            let payload = &self.read[from..to];
            let (is_found, pong) = match code {
                1 if has(payload, b"\"ping\"") && to - from < 64 => (false, Some(frame(1, br#"{"type":"pong"}"#))),
                1 => (is_meant(payload), None),
                9 => (false, Some(frame(10, payload))),
                8 => return None,
                _ => (false, None),
            };
            self.read.drain(..to);
            if let Some(pong) = pong {
                self.tcp.write_all(&pong).await.ok()?;
            }
            if is_found {
                return Some(());
            }
        }
    }

    /// The code of the next frame, and where its payload lies in the buffer.
    async fn frame(&mut self) -> Option<(u8, usize, usize)> {
        loop {
            if let [first, second, rest @ ..] = self.read.as_slice() {
                let place = match (second & 0x7f, rest) {
                    (126, [high, low, ..]) => Some((4, usize::from(u16::from_be_bytes([*high, *low])))),
                    (126 | 127, _) => None,
                    (short, _) => Some((2, usize::from(short))),
                };
                if let Some((from, length)) = place
                    && self.read.len() >= from + length
                {
                    return Some((first & 0x0f, from, from + length));
                }
            }
            if self.tcp.read_buf(&mut self.read).await.ok()? == 0 {
                return None;
            }
        }
    }
}
