//! From a starting point to a stream: first what the log already holds, then live events, without a gap or a repeat at
//! the seam, and without losing anything when the reader is slow.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::Stream;
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Event, Filter, Hub, Position, Window, log};
use crate::caller::CaseScope;
use crate::kit::Kit;
use crate::storage::Error;

/// Events read by one statement while a stream replays.
const BATCH: u64 = 256;

/// What a stream tells its reader.
#[derive(Clone, Debug)]
pub enum Frame {
    /// The stream stands here; everything after this position follows.
    Opened(Position),
    /// The log does not reach back to where the reader wanted to go on: events before this position may be missing.
    Resync(Position),
    /// A change.
    Event(Arc<Event>),
}

enum Phase {
    Start,
    /// Reading the log up to where the live events begin.
    Replay,
    Live,
}

struct Reader {
    kit: Kit,
    hub: Hub,
    scope: CaseScope,
    filter: Filter,
    after: Option<Position>,
    /// Everything up to here has been looked at.
    position: Position,
    live: Option<broadcast::Receiver<Arc<Event>>>,
    phase: Phase,
    ready: VecDeque<Frame>,
    _counted: Counted,
}

/// Counts a stream for as long as it is open.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!("recert_streams").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("recert_streams").decrement(1.0);
    }
}

/// Streams the events that the scope and the filter admit: after the given position, or from now on.
///
/// The stream ends only when the database fails; a reader then comes back with its last cursor.
pub fn stream(
    kit: Kit,
    hub: Hub,
    scope: CaseScope,
    filter: Filter,
    after: Option<Position>,
) -> impl Stream<Item = Result<Frame, Error>> + Send + 'static {
    let reader = Reader {
        kit,
        hub,
        scope,
        filter,
        after,
        position: Position::START,
        live: None,
        phase: Phase::Start,
        ready: VecDeque::new(),
        _counted: Counted::new(),
    };
    futures_util::stream::try_unfold(reader, |mut reader| async move {
        let frame = reader.next().await?;
        Ok(frame.map(|frame| (frame, reader)))
    })
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Frame>, Error> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Ok(Some(frame));
            }
            match self.phase {
                Phase::Start => self.start().await?,
                Phase::Replay => self.replay().await?,
                Phase::Live => {
                    let Some(live) = self.live.as_mut() else { return Ok(None) };
                    match live.recv().await {
                        Ok(event) => self.take(event),
                        // Too slow for the channel: the log has it all.
                        Err(RecvError::Lagged(_)) => {
                            metrics::counter!("recert_stream_falls_total").increment(1);
                            self.live = None;
                            self.phase = Phase::Replay;
                        }
                        Err(RecvError::Closed) => return Ok(None),
                    }
                }
            }
        }
    }

    async fn start(&mut self) -> Result<(), Error> {
        // Listening comes first: what commits from here on is live, what committed before is in the log.
        let (live, head) = self.hub.subscribe().await;
        match self.after {
            None => {
                self.position = head;
                self.live = Some(live);
                self.phase = Phase::Live;
                self.ready.push_back(Frame::Opened(head));
            }
            Some(after) => {
                let lost = after < log::pruned(&self.kit.db).await?;
                self.position = after;
                self.phase = Phase::Replay;
                self.ready.push_back(Frame::Opened(after));
                if lost {
                    metrics::counter!("recert_resyncs_total", "reason" => "retention").increment(1);
                    self.ready.push_back(Frame::Resync(after));
                }
            }
        }
        Ok(())
    }

    async fn replay(&mut self) -> Result<(), Error> {
        if self.live.is_none() {
            let (live, _) = self.hub.subscribe().await;
            self.live = Some(live);
        }
        let window = Window { after: Some(self.position), before: None, limit: BATCH, from_end: false };
        let page = log::page(&self.kit.db, self.scope, &self.filter, window).await?;
        for event in page.events {
            self.position = event.position;
            self.ready.push_back(Frame::Event(Arc::new(event)));
        }
        if !page.has_more {
            // The log has been read past the moment of listening; `take` drops what the channel repeats.
            self.phase = Phase::Live;
        }
        Ok(())
    }

    fn take(&mut self, event: Arc<Event>) {
        if event.position <= self.position {
            return;
        }
        self.position = event.position;
        if self.scope.admits(event.agency, event.assignee) && self.filter.admits(&event) {
            self.ready.push_back(Frame::Event(event));
        }
    }
}
