//! The live operations of one socket: each is a task of its own, so that a panic or a slow stream costs only itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::OperationType;
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::http::answer::Answer;
use crate::http::operation::{Event, Operation};
use crate::http::outgoing::{Lane, Outgoing, Stuck};
use crate::http::protocol;

/// What runs on a socket, by the client's ids. All of it ends when this is dropped.
pub(crate) struct Operations {
    live: Live,
    tasks: TaskTracker,
    out: Outgoing,
    most: usize,
    started: u64,
    all: CancellationToken,
}

/// Ids with the number of the operation that holds them: an id may be in new hands when an old task lets go of it.
#[derive(Clone, Default)]
struct Live(Arc<Mutex<HashMap<String, (u64, CancellationToken)>>>);

/// Why an operation cannot begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// The id is live.
    Duplicate,
    /// The socket has as many operations as it may.
    Full,
}

impl Operations {
    pub(crate) fn new(tasks: TaskTracker, out: Outgoing, most: usize) -> Self {
        Self { live: Live::default(), tasks, out, most, started: 0, all: CancellationToken::new() }
    }

    /// Whether an operation with this id could begin now.
    pub(crate) fn check(&self, id: &str) -> Result<(), NoPlace> {
        let live = self.live.lock();
        if live.contains_key(id) {
            Err(NoPlace::Duplicate)
        } else if live.len() >= self.most {
            Err(NoPlace::Full)
        } else {
            Ok(())
        }
    }

    /// Starts an operation under an id that [`Operations::check`] has found free.
    pub(crate) fn start(&mut self, id: String, operation: Operation) {
        self.started += 1;
        let number = self.started;
        let stop = self.all.child_token();
        self.live.lock().insert(id.clone(), (number, stop.clone()));
        let (live, out) = (self.live.clone(), self.out.lane());
        self.tasks.spawn(async move {
            let run = run(id, number, operation, live, out);
            // A client that cannot be written to is noticed by the writing task, which ends the socket.
            let _ = stop.run_until_cancelled(run).await;
        });
    }

    /// Ends an operation at the client's wish. An unknown id is one that has just ended, and is no mistake.
    pub(crate) fn stop(&self, id: &str) {
        if let Some((_, stop)) = self.live.lock().remove(id) {
            stop.cancel();
        }
    }
}

impl Drop for Operations {
    fn drop(&mut self) {
        self.all.cancel();
    }
}

impl Live {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (u64, CancellationToken)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Frees the id; `false` when it is not this operation's any more.
    fn free(&self, id: &str, number: u64) -> bool {
        let mut live = self.lock();
        let is_ours = live.get(id).is_some_and(|(holder, _)| *holder == number);
        if is_ours {
            live.remove(id);
        }
        is_ours
    }
}

async fn run(id: String, number: u64, operation: Operation, live: Live, out: Lane) -> Result<(), Stuck> {
    let request_id = operation.request_id();
    let last = match operation.kind() {
        OperationType::Subscription => stream(&id, operation, &out).await?,
        _ => once(&id, operation, request_id, &out).await?,
    };
    // The id is free before its last frame leaves, so that a client may use it again at once.
    if live.free(&id, number) { out.send(last).await } else { Ok(()) }
}

/// Runs a query or a mutation; the answer is the last frame.
async fn once(id: &str, operation: Operation, request_id: Uuid, out: &Lane) -> Result<String, Stuck> {
    let answer = operation.run().await.unwrap_or_else(|refusal| Answer::refused(&refusal, request_id));
    let Event { json, failure, .. } = Event::said(&answer);
    if let Some(errors) = failure {
        return Ok(protocol::error(id, &errors));
    }
    out.send(protocol::next(id, &json)).await?;
    Ok(protocol::complete(id))
}

/// Passes events on at the pace at which the queue takes them; the last frame says how the stream ended.
async fn stream(id: &str, operation: Operation, out: &Lane) -> Result<String, Stuck> {
    let mut events = operation.stream();
    while let Some(event) = events.next().await {
        if let Some(errors) = event.failure {
            return Ok(protocol::error(id, &errors));
        }
        out.send(protocol::next(id, &event.json)).await?;
        // One frame a turn: a stream that always has the next one ready would take all the room there is.
        tokio::task::yield_now().await;
    }
    Ok(protocol::complete(id))
}
