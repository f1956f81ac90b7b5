//! A screen: one subscription over `graphql-transport-ws`.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::client::operation_of;
use super::world::World;

/// How long a screen waits for the next message.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Screen(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Screen {
    /// Opens `CaseEvents` with these variables.
    pub(crate) async fn open(world: &World, token: &str, variables: Value) -> Self {
        Self::at(world.app.public_addr(), token, variables).await
    }

    /// The same on another gateway.
    pub(crate) async fn at(gateway: SocketAddr, token: &str, variables: Value) -> Self {
        let address = format!("ws://{gateway}/graphql");
        let mut request = address.into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let mut screen = Self(connect_async(request).await.unwrap().0);
        let payload = json!({ "Authorization": format!("Bearer {token}") });
        screen.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(screen.hear().await["type"], "connection_ack");
        let payload = json!({ "query": operation_of("CaseEvents"), "variables": variables });
        screen.say(json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
        screen
    }

    /// Reads to the end, and answers the close code.
    pub(crate) async fn closed(mut self) -> u16 {
        let close = async {
            loop {
                if let Message::Close(frame) = self.0.next().await.expect("a close frame").unwrap() {
                    return frame.expect("a code").code.into();
                }
            }
        };
        tokio::time::timeout(PATIENCE, close).await.expect("the end in time")
    }

    /// The next message, whatever it is.
    pub(crate) async fn message(&mut self) -> Value {
        self.hear().await
    }

    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        let text = async {
            loop {
                match self.0.next().await.unwrap().unwrap() {
                    Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                    Message::Ping(_) | Message::Pong(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, text).await.expect("a message in time")
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> Value {
        let message = self.hear().await;
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"].get("errors").is_none(), "{message}");
        message["payload"]["data"]["caseEvents"].clone()
    }

    /// Events up to and including the first one that `is_last` knows.
    pub(crate) async fn events_until(&mut self, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.event().await;
            let ends = is_last(&event);
            events.push(event);
            if ends {
                return events;
            }
        }
    }
}
