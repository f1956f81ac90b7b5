//! A client's end of a subscription, over a WebSocket or as server-sent events.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};

/// What a subscription asks.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) gateway: SocketAddr,
    pub(super) token: String,
    pub(super) document: String,
    pub(super) variables: Value,
    /// Takes little at once, so that a client that does not read is soon noticed.
    pub(super) is_narrow: bool,
}

pub(super) enum Wire {
    Socket(Box<WebSocketStream<TcpStream>>),
    Events { answer: reqwest::Response, text: Vec<u8> },
}

pub(super) enum Heard {
    Result(Value),
    /// The connection has ended, with this close code if there was one.
    End(Option<u16>),
}

/// `None` when the gateway is gone.
pub(super) async fn socket(ask: &Ask) -> Option<Wire> {
    let tcp = TcpSocket::new_v4().unwrap();
    if ask.is_narrow {
        tcp.set_recv_buffer_size(4_096).unwrap();
    }
    let tcp = tcp.connect(ask.gateway).await.ok()?;
    let mut request = format!("ws://{}/graphql", ask.gateway).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let mut socket = client_async(request, tcp).await.ok()?.0;
    let init = json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {}", ask.token) } });
    let payload = json!({ "query": ask.document, "variables": ask.variables });
    let subscribe = json!({ "id": "1", "type": "subscribe", "payload": payload });
    socket.send(Message::text(init.to_string())).await.ok()?;
    let ack = socket.next().await?.ok()?;
    if !ack.into_text().ok()?.contains("connection_ack") {
        return None;
    }
    socket.send(Message::text(subscribe.to_string())).await.ok()?;
    Some(Wire::Socket(Box::new(socket)))
}

/// `None` when the gateway is gone.
pub(super) async fn events(http: &reqwest::Client, ask: &Ask) -> Option<Wire> {
    let request = http.post(format!("http://{}/graphql", ask.gateway)).bearer_auth(&ask.token);
    let request = request.header("accept", "text/event-stream");
    let answer = request.json(&json!({ "query": ask.document, "variables": ask.variables })).send().await.ok()?;
    (answer.status() == 200).then(|| Wire::Events { answer, text: Vec::new() })
}

impl Wire {
    /// The next result. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Heard {
        match self {
            Self::Socket(socket) => loop {
                match socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let message: Value = serde_json::from_str(&text).unwrap();
                        match message["type"].as_str() {
                            Some("next") => return Heard::Result(message["payload"].clone()),
                            Some("error") => return Heard::Result(json!({ "errors": message["payload"] })),
                            Some("complete") => return Heard::End(None),
                            _ => {}
                        }
                    }
                    Some(Ok(Message::Close(frame))) => return Heard::End(frame.map(|frame| frame.code.into())),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Heard::End(None),
                }
            },
            Self::Events { answer, text } => loop {
                if let Some(end) = text.windows(2).position(|two| two == b"\n\n") {
                    let frame: Vec<u8> = text.drain(..end + 2).collect();
                    let frame = String::from_utf8(frame).unwrap();
                    if let Some(data) = frame.lines().find_map(|line| line.strip_prefix("data: ")) {
                        return Heard::Result(serde_json::from_str(data).unwrap());
                    }
                    continue;
                }
                match answer.chunk().await {
                    Ok(Some(chunk)) => text.extend_from_slice(&chunk),
                    Ok(None) | Err(_) => return Heard::End(None),
                }
            },
        }
    }
}
