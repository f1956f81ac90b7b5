//! `LISTEN`/`NOTIFY` over one connection of its own: one of the pool would be lost to it, and a pooler in between that
//! shares connections by transaction forgets who listens.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::Executor as _;
use sqlx::postgres::PgListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{ECHO, Lost, PATIENCE, Pauses, Teller, heard, reached};
use crate::storage::{self, Database};

/// Channels belong to one database, so the name needs nothing of ours in it.
const CHANNEL: &str = "recert_wake";
const NOTIFY: &str = "NOTIFY recert_wake";
/// A connection that has said nothing for this long is asked whether it lives: a cut cable is not heard otherwise.
const QUIET: Duration = Duration::from_secs(30);

/// Stays on the bus until it is lost or the token is cancelled.
pub(super) async fn attend(
    db: &Database,
    url: &SecretString,
    stop: &CancellationToken,
    pauses: &mut Pauses,
) -> Result<(), Lost> {
    let Some(connected) = stop.run_until_cancelled(timeout(PATIENCE, connect(url))).await else { return Ok(()) };
    let (mut listener, own) = connected??;
    let mut teller = Teller::new(db);
    reached(db, pauses);
    loop {
        tokio::select! {
            // sqlx documents that a wait for a message may be dropped.
            received = listener.try_recv() => match received? {
                None => return Err(Lost::Closed),
                Some(first) => {
                    let mut others = first.process_id() != own;
                    while let Some(more) = listener.next_buffered() {
                        others |= more.process_id() != own;
                    }
                    // What this process has sent comes back to it, too.
                    if others {
                        heard(db);
                    }
                }
            },
            () = teller.due() => {
                teller.told();
                timeout(PATIENCE, listener.execute(NOTIFY)).await??;
            }
            () = tokio::time::sleep(QUIET) => {
                timeout(PATIENCE, listener.execute("SELECT 1")).await??;
            }
            () = stop.cancelled() => {
                if teller.owes() {
                    teller.told();
                    timeout(PATIENCE, listener.execute(NOTIFY)).await??;
                }
                return Ok(());
            }
        }
    }
}

/// Listens at `url` for what is sent through the database's own connections: at the other end of a pooler, or in another
/// database, it does not arrive.
pub(super) async fn echo(db: &Database, url: &SecretString, channel: &str) -> Result<(), Lost> {
    let mut listener = timeout(PATIENCE, PgListener::connect(&storage::postgres_url(url.expose_secret()))).await??;
    listener.listen(channel).await?;
    db.notify(channel).await.map_err(|_| Lost::Closed)?;
    timeout(ECHO, listener.recv()).await.map_err(|_| Lost::Deaf)??;
    Ok(())
}

/// A listening connection and the number of its server process.
async fn connect(url: &SecretString) -> Result<(PgListener, u32), Lost> {
    let mut listener = PgListener::connect(&storage::postgres_url(url.expose_secret())).await?;
    // A new connection is made here, with a pause before it, and not by the listener.
    listener.eager_reconnect(false);
    listener.execute("SET application_name TO 'recert wake-ups'").await?;
    let own: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut listener).await?;
    listener.listen(CHANNEL).await?;
    Ok((listener, own.unsigned_abs()))
}
