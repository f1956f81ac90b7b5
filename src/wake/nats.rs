//! NATS: one subject for each database, plain messages without content, no streams and nothing stored.

use std::time::Duration;

use async_nats::{ConnectOptions, Event, ServerAddr};
use futures_util::StreamExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{ECHO, Lost, PATIENCE, Pauses, Teller, heard, reached};
use crate::storage::Database;

/// How often the server is asked whether it lives; two answers may be missing.
const PING: Duration = Duration::from_secs(15);

/// Stays on the bus until it is lost or the token is cancelled.
pub(super) async fn attend(
    db: &Database,
    url: &SecretString,
    stop: &CancellationToken,
    pauses: &mut Pauses,
) -> Result<(), Lost> {
    let failed = |error: &dyn std::fmt::Display| Lost::Nats(error.to_string());
    // Databases that share a server do not wake each other. A number that two of them have drawn does no harm.
    let epoch = db.opaque().await.map_err(|error| failed(&error))?.epoch();
    let subject = format!("recert.wake.{epoch}");
    let (events, mut event) = mpsc::unbounded_channel();
    let (address, options) = options(url)?;
    let options = options.no_echo().event_callback(move |event| {
        // Nobody listens any more when the bus has been left.
        let _ = events.send(event);
        std::future::ready(())
    });
    let Some(client) = stop.run_until_cancelled(timeout(PATIENCE, options.connect(address))).await else {
        return Ok(());
    };
    let client = client?.map_err(|error| failed(&error))?;
    let mut messages = client.subscribe(subject.clone()).await.map_err(|error| failed(&error))?;
    client.flush().await.map_err(|error| failed(&error))?;
    let mut teller = Teller::new(db);
    reached(db, pauses);
    loop {
        tokio::select! {
            message = messages.next() => {
                message.ok_or(Lost::Closed)?;
                heard(db);
            }
            () = teller.due() => {
                teller.told();
                let sent = timeout(PATIENCE, client.publish(subject.clone(), bytes::Bytes::new())).await?;
                sent.map_err(|error| failed(&error))?;
            }
            event = event.recv() => match event {
                // The library would connect again by itself; a new connection of ours is as good, and wakes everybody.
                None | Some(Event::Disconnected | Event::Closed | Event::LameDuckMode) => return Err(Lost::Closed),
                Some(_) => {}
            },
            () = stop.cancelled() => {
                if teller.owes() {
                    teller.told();
                    let last = async {
                        client.publish(subject.clone(), bytes::Bytes::new()).await.map_err(|error| failed(&error))?;
                        client.flush().await.map_err(|error| failed(&error))
                    };
                    timeout(PATIENCE, last).await??;
                }
                return Ok(());
            }
        }
    }
}

/// Where the server is, and how it is spoken to.
fn options(url: &SecretString) -> Result<(ServerAddr, ConnectOptions), Lost> {
    // The address may hold a password, so what the parser says about it is not repeated.
    let address: ServerAddr =
        url.expose_secret().parse().map_err(|_| Lost::Nats("the address of RECERT_WAKE is not one".to_owned()))?;
    let mut options = ConnectOptions::new().name("recert").ping_interval(PING).connection_timeout(PATIENCE);
    if let Some(user) = address.username() {
        options = options.user_and_password(user.to_owned(), address.password().unwrap_or_default().to_owned());
    }
    Ok((address, options))
}

/// One message to ourselves, there and back.
pub(super) async fn echo(url: &SecretString, subject: String) -> Result<(), Lost> {
    let failed = |error: &dyn std::fmt::Display| Lost::Nats(error.to_string());
    let (address, options) = options(url)?;
    let client = timeout(PATIENCE, options.connect(address)).await?.map_err(|error| failed(&error))?;
    let mut messages = client.subscribe(subject.clone()).await.map_err(|error| failed(&error))?;
    client.publish(subject, bytes::Bytes::new()).await.map_err(|error| failed(&error))?;
    timeout(ECHO, messages.next()).await?.map(drop).ok_or(Lost::Closed)
}
