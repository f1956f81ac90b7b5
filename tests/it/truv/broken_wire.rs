//! Transport faults, and what is known after each about a billed call.

use std::time::Duration;

use recert::config;
use recert::truv::wire::{Order, RefreshRequest};
use recert::truv::{Client, Error, Outcome};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use super::server::{Act, Server};
use super::{SECRET, client, client_that_waits};

/// Long enough to connect in, even where the machine is busy.
const SHORT: Duration = Duration::from_millis(700);

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"id\":\"o1\"}";

fn refresh() -> RefreshRequest {
    RefreshRequest { products: ["income".to_owned()], ..RefreshRequest::default() }
}

async fn refused(url: &str) -> Error {
    client(url).refresh_order("o1", &refresh()).await.unwrap_err()
}

async fn timed_out(server: &Server) -> Result<Order, Error> {
    client_that_waits(&server.url, SHORT).refresh_order("o1", &refresh()).await
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = refused(&url).await;
    assert!(matches!(&error, Error::Unreachable { cause } if cause.contains("refused")), "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(!error.to_string().contains("o1"), "the address stays out of the text: {error}");
}

#[tokio::test]
async fn a_failed_handshake_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let peer = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        connection.read_buf(&mut seen).await.unwrap();
        connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        drop(connection.read_to_end(&mut seen).await);
        seen
    };
    let (error, seen) = tokio::join!(refused(&url), peer);
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(!String::from_utf8_lossy(&seen).contains("POST"));
}

#[tokio::test]
async fn a_handshake_that_hangs_sent_nothing() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let section = config::Truv {
        url: Url::parse(&format!("https://{}/", server.local_addr().unwrap())).unwrap(),
        connect_timeout: SHORT,
        ..config::Truv::default()
    };
    let client = Client::try_new(&section, "client-1", &SecretString::from(SECRET)).unwrap();
    let error = client.refresh_order("o1", &refresh()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error:?}");
}

#[tokio::test]
async fn an_answer_that_never_comes_is_a_time_out_of_unknown_outcome() {
    let server = Server::start(&[Act::SendAndHang("")]).await;
    let error = timed_out(&server).await.unwrap_err();
    assert_eq!(error, Error::TimedOut);
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_body_that_stops_half_way_is_a_time_out_too() {
    let server = Server::start(&[Act::SendAndHang("HTTP/1.1 201 Created\r\ncontent-length: 40\r\n\r\n{\"id\":")]).await;
    assert_eq!(timed_out(&server).await.unwrap_err(), Error::TimedOut);
}

#[tokio::test]
async fn a_connection_dropped_after_the_request_is_of_unknown_outcome() {
    for acts in [
        &[Act::SendAndClose("")],
        &[Act::SendAndClose("HTTP/1.1 201 Cre")],
        &[Act::SendAndClose("HTTP/1.1 201 Created\r\ncontent-length: 40\r\n\r\n{\"id\":")],
        &[Act::SendAndClose("not HTTP at all\r\n\r\n")],
    ] {
        let server = Server::start(acts).await;
        let error = refused(&server.url).await;
        assert!(matches!(error, Error::Broken { .. }), "{error:?}");
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn a_refresh_is_not_sent_again_when_a_connection_in_use_dies() {
    let server = Server::start(&[Act::Send(ANSWER), Act::SendAndClose(""), Act::Send(ANSWER)]).await;
    let client = client(&server.url);
    client.order("o1").await.unwrap();
    let error = client.refresh_order("o1", &refresh()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(server.requests(), 2, "a read and one refresh");
    assert_eq!(client.order("o1").await.unwrap().value.id, "o1", "the client goes on over a new connection");
}

#[tokio::test]
async fn a_refusal_whose_reason_breaks_off_had_no_effect_and_is_worth_sending_again() {
    for acts in [
        &[Act::SendAndClose("HTTP/1.1 400 Bad Request\r\ncontent-length: 900\r\n\r\n{\"error\":{\"code\":\"incor")],
        &[Act::SendAndClose("HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{\"")],
    ] {
        let server = Server::start(acts).await;
        let error = refused(&server.url).await;
        assert_eq!(error, Error::Unexplained { status: 400 });
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(&[Act::Send(ANSWER)]).await;
    let head = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url);
    let server = Server::start(Box::leak(Box::new([Act::Send(Box::leak(head.into_boxed_str()))]))).await;
    let error = refused(&server.url).await;
    assert_eq!(error, Error::Upstream { status: 307 });
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(client(&server.url).order("o1").await.unwrap_err(), Error::Upstream { status: 307 });
    assert_eq!(elsewhere.requests(), 0, "the secret went nowhere else");
}
