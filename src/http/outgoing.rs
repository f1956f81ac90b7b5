//! The writing half of a socket: one bounded queue, one task, a time limit on every write.
//!
//! A queue that is full holds back the operations that feed it, which read the log at the client's pace then. Closing
//! overtakes what is queued: after a token's end nothing more is sent.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::SinkExt as _;
use futures_util::stream::SplitSink;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::config::Socket;
use crate::http::protocol::Closing;

/// A last write gets this long, because nobody waits for its outcome.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The queue's entry.
#[derive(Clone)]
pub(crate) struct Outgoing {
    frames: mpsc::Sender<Frame>,
    bytes: Arc<Semaphore>,
    most: u32,
}

struct Frame {
    message: Message,
    _counted: Waiting,
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
    /// Queues a frame, waiting for room.
    pub(crate) async fn send(&self, text: String) -> Result<(), Stuck> {
        let share = self.share(text.len());
        let bytes = Arc::clone(&self.bytes).acquire_many_owned(share).await.map_err(|_| Stuck)?;
        self.frames
            .send(Frame { message: Message::Text(text.into()), _counted: Waiting::count(), _bytes: bytes })
            .await
            .map_err(|_| Stuck)
    }

    /// Queues a frame if there is room now: for answers to a client that must read before it asks on.
    pub(crate) fn offer(&self, message: Message) -> Result<(), Stuck> {
        let length = match &message {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
            Message::Close(_) => 0,
        };
        let bytes = Arc::clone(&self.bytes).try_acquire_many_owned(self.share(length)).map_err(|_| Stuck)?;
        self.frames.try_send(Frame { message, _counted: Waiting::count(), _bytes: bytes }).map_err(|_| Stuck)
    }

    /// A frame larger than the whole limit takes all of it, and so goes alone.
    fn share(&self, length: usize) -> u32 {
        u32::try_from(length).unwrap_or(u32::MAX).min(self.most)
    }
}

/// A queue and the future that writes what is queued. The future ends after the close frame that `closing` asks for, or
/// when a write fails or takes too long.
pub(crate) fn channel(
    sink: SplitSink<WebSocket, Message>,
    settings: &Socket,
    closing: watch::Receiver<Option<Closing>>,
) -> (Outgoing, impl Future<Output = ()> + Send + 'static) {
    let (frames, queued) = mpsc::channel(settings.queue.max(1));
    let most = settings.queue_bytes.max(1);
    let bytes = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(usize::MAX)));
    (Outgoing { frames, bytes, most }, write(sink, queued, closing, settings.write_timeout))
}

async fn write(
    mut sink: SplitSink<WebSocket, Message>,
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
        let Some(Frame { message, _counted, _bytes }) = frame else { return closed("none") };
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
    let Closing(code, words) = reason;
    closed(&code.to_string());
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(words) };
    // Whether the client still hears it is its own affair.
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, sink.send(Message::Close(Some(frame)))).await;
}

/// Counts a socket's end by the code it was closed with; `none` when the client went first.
fn closed(code: &str) {
    metrics::counter!("recert_socket_closes_total", "code" => code.to_owned()).increment(1);
}

/// Waits until somebody asks for the end. Losing the asker counts as a fault of the connection.
async fn asked(closing: &mut watch::Receiver<Option<Closing>>) -> Closing {
    closing.wait_for(Option::is_some).await.ok().and_then(|reason| *reason).unwrap_or(Closing::BUSY)
}
