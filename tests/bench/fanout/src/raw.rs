//! The limit: no schema, no database, no access, no resuming. A POST to `/push` names a case; its frame is built once and
//! written to every socket that subscribed to the case, or to none in particular.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

type Sockets = Rc<RefCell<HashMap<String, Vec<Rc<TcpStream>>>>>;

pub async fn serve(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
    let sockets = Sockets::default();
    while let Ok((tcp, _)) = listener.accept().await {
        tcp.set_nodelay(true).expect("a TCP socket");
        tokio::task::spawn_local(attend(tcp, Rc::clone(&sockets)));
    }
}

fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    if payload.len() < 126 {
        frame.push(u8::try_from(payload.len()).unwrap_or(0));
    } else {
        frame.push(126);
        frame.extend_from_slice(&u16::try_from(payload.len()).expect("a short message").to_be_bytes());
    }
    frame.extend_from_slice(payload);
    frame
}

async fn attend(mut tcp: TcpStream, sockets: Sockets) -> Option<()> {
    let mut read = Vec::with_capacity(2_048);
    let mut is_socket = false;
    loop {
        if tcp.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&read).into_owned();
        if !is_socket && text.starts_with("GET") && text.ends_with("\r\n\r\n") {
            // The key of the driver is always the same, and so is what answers it (RFC 6455, 1.3).
            let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
                          Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n";
            tcp.write_all(answer.as_bytes()).await.ok()?;
            is_socket = true;
            read.clear();
        } else if is_socket && text.contains("connection_init") {
            tcp.write_all(&frame(br#"{"type":"connection_ack"}"#)).await.ok()?;
            read.clear();
        } else if is_socket && text.contains("subscribe") {
            let case = text.split("\"caseId\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
            // To the ping that comes behind it.
            tcp.write_all(&frame(br#"{"type":"pong"}"#)).await.ok()?;
            // Nothing more is read: whoever pushes writes to the socket.
            sockets.borrow_mut().entry(case.to_owned()).or_default().push(Rc::new(tcp));
            return Some(());
        } else if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                push(&sockets, body);
                tcp.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.ok()?;
                read.clear();
            }
        }
    }
}

fn push(sockets: &Sockets, body: &str) {
    let told: Value = serde_json::from_str(body).expect("JSON");
    let text = format!(r#"{{"type":"next","id":"1","payload":{{"data":{{"event":{told}}}}}}}"#);
    let frame = frame(text.as_bytes());
    let sockets = sockets.borrow();
    let of = |case: &str| sockets.get(case).into_iter().flatten();
    for socket in of(told["caseId"].as_str().unwrap_or_default()).chain(of("")) {
        let _ = socket.try_write(&frame);
    }
}
