//! `graphql-transport-ws`, message by message. Here is the client that speaks it; what it says stands in the files below.

mod broken;
mod conversation;
mod turns;

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::http::stage::Stage;

/// How long a client waits for the next message.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

pub(crate) async fn shake(stage: &Stage, headers: &[(&'static str, &str)]) -> Result<Client, u16> {
    let mut request = format!("ws://{}/graphql", stage.address).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(Client(socket)),
        Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => unreachable!("{error}"),
    }
}

impl Client {
    pub(crate) async fn open(stage: &Stage) -> Self {
        shake(stage, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.ok().unwrap()
    }

    pub(crate) async fn signed_in(stage: &Stage) -> Self {
        let mut client = Self::open(stage).await;
        client.init(&stage.token()).await;
        assert_eq!(client.hear().await, json!({ "type": "connection_ack" }));
        client
    }

    pub(crate) async fn init(&mut self, token: &str) {
        self.say(&json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } }))
            .await;
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub(crate) async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(&json!({ "id": id, "type": "subscribe", "payload": { "query": query } })).await;
    }

    /// The next message that is not a ping.
    pub(crate) async fn hear(&mut self) -> Value {
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a message in time").unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => unreachable!("{other:?}"),
            }
        }
    }

    /// Sends bytes as they are, past everything that the client's own library would mend.
    async fn send_raw(&mut self, bytes: &[u8]) {
        // The gateway may hang up before it has read them all.
        let _ = self.0.get_mut().write_all(bytes).await;
    }

    /// Reads on to the close frame, and answers its code.
    pub(crate) async fn closed(self) -> u16 {
        self.closed_with_reason().await.0
    }

    async fn closed_with_reason(mut self) -> (u16, String) {
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a close frame in time") {
                Some(Ok(Message::Close(Some(frame)))) => {
                    assert!(frame.reason.len() <= 123);
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(_)) => {}
                other => unreachable!("no close frame: {other:?}"),
            }
        }
    }
}
