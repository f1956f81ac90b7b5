//! Storing entries: whoever waits at the same time shares one statement.

use sea_orm::{ActiveValue::Set, EntityTrait};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Entry, written};
use crate::config::AuditReads;
use crate::storage::entities::audit_pending::{ActiveModel, Entity};
use crate::storage::{Database, Error};

/// Most entries of one statement.
const MOST: usize = 256;

/// The entry could not be stored: what it is about must not happen, or must not be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit trail cannot be written now")]
pub struct NotRecorded;

/// Stores entries. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    way: Way,
    reads: AuditReads,
}

#[derive(Clone, Debug)]
enum Way {
    /// One statement an entry.
    Alone(Database),
    /// Through the task that puts them together.
    Together(mpsc::Sender<Waiting>),
}

#[derive(Debug)]
struct Waiting {
    entry: Entry,
    stored: oneshot::Sender<()>,
}

impl Recorder {
    /// For commands, which are alone.
    pub fn alone(db: Database) -> Self {
        Self { way: Way::Alone(db), reads: AuditReads::All }
    }

    /// For a gateway: the second half has to run until nothing is recorded any more.
    pub fn together(
        db: Database,
        reads: AuditReads,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, receiver) = mpsc::channel(1_024);
        (Self { way: Way::Together(sender), reads }, run(db, receiver, stop))
    }

    /// Which reads are to be recorded.
    pub fn reads(&self) -> AuditReads {
        self.reads
    }

    /// Returns after the entry has been committed.
    ///
    /// # Errors
    /// [`NotRecorded`]; the cause is in the log.
    pub async fn record(&self, entry: Entry) -> Result<(), NotRecorded> {
        match &self.way {
            Way::Alone(db) => store(db, vec![entry]).await.map_err(|error| failed(&error)),
            Way::Together(queue) => {
                let (stored, told) = oneshot::channel();
                queue.send(Waiting { entry, stored }).await.map_err(|_| NotRecorded)?;
                told.await.map_err(|_| NotRecorded)
            }
        }
    }
}

async fn run(db: Database, mut queue: mpsc::Receiver<Waiting>, stop: CancellationToken) {
    let mut waiting = Vec::new();
    loop {
        let received = tokio::select! {
            biased;
            received = queue.recv_many(&mut waiting, MOST) => received,
            () = stop.cancelled() => {
                // What is in the queue is still stored; nothing more gets in.
                queue.close();
                queue.recv_many(&mut waiting, MOST).await
            }
        };
        if received == 0 {
            return;
        }
        let (entries, stored): (Vec<Entry>, Vec<_>) = waiting.drain(..).map(|one| (one.entry, one.stored)).unzip();
        match store(&db, entries).await {
            // Whoever does not wait any more has given up, and shows nothing.
            Ok(()) => {
                for stored in stored {
                    let _ = stored.send(());
                }
            }
            Err(error) => {
                failed(&error);
            }
        }
    }
}

fn failed(error: &Error) -> NotRecorded {
    tracing::error!(error = error as &dyn std::error::Error, "the audit trail could not be written");
    NotRecorded
}

async fn store(db: &Database, entries: Vec<Entry>) -> Result<(), Error> {
    let rows = entries.into_iter().map(|entry| ActiveModel {
        id: Set(entry.id),
        agency_id: Set(entry.agency.0),
        at: Set(entry.at),
        channel: Set(entry.channel),
        access: Set(entry.access.letters()),
        cases: Set(written(&entry.cases)),
        subject: Set(entry.subject),
        token_id: Set(entry.token_id),
        request_id: Set(entry.request_id),
        operation: Set(entry.operation),
        document: Set(entry.document),
        outcome: Set(entry.outcome),
    });
    Entity::insert_many(rows).exec_without_returning(db.write()).await?;
    Ok(())
}
