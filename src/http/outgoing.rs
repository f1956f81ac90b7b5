//! The writing half of a socket: one bounded queue, one task, a time limit on every write.
//!
//! A queue that is full holds back the operations that feed it, which read the log at the client's pace then. Each
//! operation has a lane of a few frames, so that a busy one cannot fill the queue before a quiet one has its turn; who waits
//! for room gets it in the order of asking. Closing overtakes what is queued: after a token's end nothing more is sent.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use futures_util::{Sink, SinkExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::config::Socket;
use crate::http::protocol::Closing;

/// A last write gets this long, because nobody waits for its outcome.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Frames that one operation may have in the queue.
const LANE: usize = 8;

/// How long a client that has not read in time may take to read on and be told so. It holds nothing but its connection
/// by then.
fn linger(write_timeout: Duration) -> Duration {
    write_timeout / 3
}

/// The queue's entry.
#[derive(Clone)]
pub(crate) struct Outgoing {
    frames: mpsc::Sender<Frame>,
    bytes: Arc<Semaphore>,
    most: u32,
}

/// One operation's way into the queue.
#[derive(Clone)]
pub(crate) struct Lane {
    out: Outgoing,
    room: Arc<Semaphore>,
}

struct Frame {
    message: Message,
    _counted: Waiting,
    /// The frame's place in its lane; what the socket itself says has none.
    _place: Option<OwnedSemaphorePermit>,
    /// The frame's share of the byte limit, given back when it is written.
    _bytes: OwnedSemaphorePermit,
}

/// Counts a frame for as long as it waits to be written.
struct Waiting;

impl Waiting {
    fn count() -> Self {
        metrics::gauge!("recert_socket_queued_frames").increment(1.0);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        metrics::gauge!("recert_socket_queued_frames").decrement(1.0);
    }
}

/// The client is gone, or reads too slowly for what it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stuck;

impl Outgoing {
    /// A lane for one operation.
    pub(crate) fn lane(&self) -> Lane {
        Lane { out: self.clone(), room: Arc::new(Semaphore::new(LANE)) }
    }

    /// Queues a frame if there is room now: for answers to a client that must read before it asks on.
    pub(crate) fn offer(&self, message: Message) -> Result<(), Stuck> {
        let length = match &message {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
            Message::Close(_) => 0,
        };
        let bytes = Arc::clone(&self.bytes).try_acquire_many_owned(self.share(length)).map_err(|_| Stuck)?;
        let frame = Frame { message, _counted: Waiting::count(), _place: None, _bytes: bytes };
        self.frames.try_send(frame).map_err(|_| Stuck)
    }

    /// A frame larger than the whole limit takes all of it, and so goes alone.
    fn share(&self, length: usize) -> u32 {
        u32::try_from(length).unwrap_or(u32::MAX).min(self.most)
    }
}

impl Lane {
    /// Queues a frame, waiting for room.
    pub(crate) async fn send(&self, text: String) -> Result<(), Stuck> {
        let Outgoing { frames, bytes, .. } = &self.out;
        let place = Arc::clone(&self.room).acquire_owned().await.map_err(|_| Stuck)?;
        let share = self.out.share(text.len());
        let bytes = Arc::clone(bytes).acquire_many_owned(share).await.map_err(|_| Stuck)?;
        let message = Message::Text(text.into());
        let frame = Frame { message, _counted: Waiting::count(), _place: Some(place), _bytes: bytes };
        frames.send(frame).await.map_err(|_| Stuck)
    }
}

/// A queue and the future that writes what is queued. The future ends after the close frame that `closing` asks for, or
/// when a write fails or takes too long.
pub(crate) fn channel<S: Sink<Message> + Unpin + Send + 'static>(
    sink: S,
    settings: &Socket,
    closing: watch::Receiver<Option<Closing>>,
) -> (Outgoing, impl Future<Output = ()> + Send + 'static) {
    let (frames, queued) = mpsc::channel(settings.queue.max(1));
    let most = settings.queue_bytes.max(1);
    let bytes = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(usize::MAX)));
    (Outgoing { frames, bytes, most }, write(sink, queued, closing, settings.write_timeout))
}

async fn write<S: Sink<Message> + Unpin>(
    mut sink: S,
    mut queued: mpsc::Receiver<Frame>,
    mut closing: watch::Receiver<Option<Closing>>,
    time: Duration,
) {
    let reason = loop {
        let frame = tokio::select! {
            biased;
            reason = asked(&mut closing) => break reason,
            frame = queued.recv() => frame,
        };
        let Some(Frame { message, _counted, _place, _bytes }) = frame else { return closed("none") };
        tokio::select! {
            biased;
            reason = asked(&mut closing) => break reason,
            written = tokio::time::timeout(time, sink.send(message)) => match written {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return closed("none"),
                Err(_) => break Closing::SLOW,
            },
        }
    };
    // Whoever feeds the queue ends with it.
    drop(queued);
    let patience = if reason == Closing::SLOW { linger(time).max(CLOSE_TIMEOUT) } else { CLOSE_TIMEOUT };
    let Closing(code, words) = reason;
    closed(&code.to_string());
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(words) };
    // Whether the client still hears it is its own affair.
    let _ = tokio::time::timeout(patience, sink.send(Message::Close(Some(frame)))).await;
}

/// Counts a socket's end by the code it was closed with; `none` when the client went first.
fn closed(code: &str) {
    metrics::counter!("recert_socket_closes_total", "code" => code.to_owned()).increment(1);
}

/// Waits until somebody asks for the end. Losing the asker counts as a fault of the connection.
async fn asked(closing: &mut watch::Receiver<Option<Closing>>) -> Closing {
    closing.wait_for(Option::is_some).await.ok().and_then(|reason| *reason).unwrap_or(Closing::BUSY)
}

#[cfg(test)]
mod tests {
    use futures_util::stream::FuturesUnordered;
    use futures_util::{FutureExt as _, StreamExt as _, sink};

    use super::*;

    #[tokio::test]
    async fn a_quiet_operation_does_not_wait_for_a_busy_ones_backlog() {
        let (taken, mut client) = mpsc::channel(1);
        let sink = Box::pin(sink::unfold(taken, |taken: mpsc::Sender<Message>, message| async move {
            taken.send(message).await.map(|()| taken)
        }));
        let (_closing, asked) = watch::channel(None);
        let (out, write) = channel(sink, &Socket::default(), asked);
        let busy = out.lane();
        let flood = async move { while busy.send("busy".to_owned()).await.is_ok() {} };
        let mut all: FuturesUnordered<_> = [write.boxed(), flood.boxed()].into_iter().collect();
        // The client takes nothing yet, and the busy operation has queued whatever it may.
        assert!(all.next().now_or_never().is_none());
        let sent = out.lane().send("quiet".to_owned()).now_or_never();
        assert_eq!(sent, Some(Ok(())), "there is room");
        let mut before = 0;
        loop {
            assert!(all.next().now_or_never().is_none());
            match client.try_recv() {
                Ok(Message::Text(text)) if text == "quiet" => break,
                Ok(_) => before += 1,
                Err(_) => {}
            }
        }
        assert!((1..=LANE + 2).contains(&before), "{before} frames came first");
    }
}
