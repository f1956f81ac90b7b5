//! From a starting point to a stream: first what the log already holds, then live events, without a gap or a repeat at
//! the seam, and without losing anything when the reader is slow.
//!
//! A reader that does not keep up loses its place at the hub. It goes back to the log at its own position and its own
//! pace, and listens again when it has come to the log's end.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::Stream;

use super::hub::Listening;
use super::{Filter, Happening, Hub, Position, Window, log};
use crate::caller::CaseScope;
use crate::storage::{Database, Error};

/// Events read by one statement while a stream replays; they wait in memory until the reader takes them.
const BATCH: u64 = 128;

/// What a stream tells its reader.
#[derive(Clone, Debug)]
pub enum Frame {
    /// The stream stands here; everything after this position follows.
    Opened(Position),
    /// The log does not reach back to where the reader wanted to go on: events after this position may be missing.
    Resync(Position),
    /// A change.
    Event(Arc<Happening>),
}

enum Phase {
    Start,
    /// Reading the log; with a place at the hub only the rest of it, up to where the live events begin.
    Replay,
    Live,
}

struct Reader {
    db: Database,
    hub: Hub,
    scope: CaseScope,
    filter: Filter,
    after: Option<Position>,
    /// Everything up to here has been looked at.
    position: Position,
    listening: Option<Listening>,
    /// Where the live events begin, once there is a place at the hub: the log has to be read up to here.
    head: Position,
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
    db: Database,
    hub: Hub,
    scope: CaseScope,
    filter: Filter,
    after: Option<Position>,
) -> impl Stream<Item = Result<Frame, Error>> + Send + 'static {
    let reader = Reader {
        db,
        hub,
        scope,
        filter,
        after,
        position: Position::START,
        listening: None,
        head: Position::START,
        phase: Phase::Start,
        ready: VecDeque::new(),
        _counted: Counted::new(),
    };
    futures_util::stream::try_unfold(reader, |mut reader| async move {
        let frame = reader.next().await?;
        Ok(Some((frame, reader)))
    })
}

impl Reader {
    async fn next(&mut self) -> Result<Frame, Error> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Ok(frame);
            }
            match self.phase {
                Phase::Start => self.start().await?,
                Phase::Replay => self.replay().await?,
                Phase::Live => self.hear().await,
            }
        }
    }

    async fn start(&mut self) -> Result<(), Error> {
        let Some(after) = self.after else {
            // What commits from here on is live, what committed before is in any snapshot that is read from here on.
            self.position = self.listen().await;
            self.phase = Phase::Live;
            self.ready.push_back(Frame::Opened(self.position));
            return Ok(());
        };
        self.position = after;
        self.phase = Phase::Replay;
        self.ready.push_back(Frame::Opened(after));
        Ok(())
    }

    async fn listen(&mut self) -> Position {
        let (listening, head) = self.hub.listen(self.scope, self.filter.clone()).await;
        self.listening = Some(listening);
        self.head = head;
        head
    }

    async fn replay(&mut self) -> Result<(), Error> {
        let from = self.position;
        let (db, scope, filter) = (&self.db, self.scope, &self.filter);
        let page = if self.listening.is_some() {
            log::page_up_to(db, scope, filter, (from, self.head), BATCH).await?
        } else {
            let window = Window { after: Some(from), before: None, limit: BATCH, from_end: false };
            log::page(db, scope, filter, window).await?
        };
        // Asked after the page was read: what was pruned until then may be missing from it.
        let pruned = log::pruned(&self.db).await?;
        if from < pruned {
            metrics::counter!("recert_resyncs_total", "reason" => "retention").increment(1);
            self.ready.push_back(Frame::Resync(from));
            self.position = pruned;
        }
        for event in page.events {
            self.position = self.position.max(event.position);
            self.ready.push_back(Frame::Event(Arc::new(Happening::new(event))));
        }
        if page.has_more {
            return Ok(());
        }
        if self.listening.is_some() {
            // The log has been read up to where the live events begin; `hear` drops what the queue repeats.
            self.phase = Phase::Live;
        } else {
            // One look more, for what came in between.
            self.listen().await;
        }
        Ok(())
    }

    async fn hear(&mut self) {
        let heard = match &mut self.listening {
            Some(listening) => listening.queue.recv().await,
            None => None,
        };
        match heard {
            Some(happening) if happening.event.position > self.position => {
                self.position = happening.event.position;
                self.ready.push_back(Frame::Event(happening));
            }
            Some(_) => {}
            // Too slow for the queue: the log has it all.
            None => {
                metrics::counter!("recert_stream_falls_total").increment(1);
                self.listening = None;
                self.phase = Phase::Replay;
            }
        }
    }
}
