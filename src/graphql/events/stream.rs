//! The event log, live.

use async_graphql::{Context, Subscription};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _};

use super::log::{CaseEventFilter, position};
use super::{CaseEvent, Resync, StreamOpened, Told, tell};
use crate::caller::{CaseScope, Standing};
use crate::events::{self, Filter, Frame, Hub, Position};
use crate::graphql::error::ApiError;
use crate::graphql::ids::{self, Kind};
use crate::graphql::view::View;
use crate::storage;
use crate::words::CaseEventKind;

#[derive(Default)]
pub(crate) struct EventSubscription;

#[Subscription]
impl EventSubscription {
    /// Every change of the cases in the caller's sight: what follows `after`, then live. The first frame is
    /// `STREAM_OPENED`; `RESYNC` says that events may be missing. An event about an order whose case has left the caller's
    /// sight since is left out. Needs `cases:read` or `cases:read:assigned`.
    #[expect(clippy::unused_async, reason = "the library asks for it")]
    async fn case_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which events; absent means all.")] filter: Option<CaseEventFilter>,
        #[graphql(desc = "The cursor of the last event that arrived; absent means from now on.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Result<CaseEvent, ApiError>> + use<>, ApiError> {
        let view = ctx.data_unchecked::<View>().clone();
        let hub = ctx.data_unchecked::<Hub>().clone();
        let scope = view.cases()?;
        let filter = filter.unwrap_or_default().read()?;
        let after = match after {
            None => None,
            Some(cursor) => match position(&view, &cursor) {
                Some(position) => Some(position),
                None => return Err(ApiError::bad_input("after is not a cursor of this log")),
            },
        };
        let standing = view.standing();
        let frames = events::stream(view.kit().clone(), hub.clone(), scope, filter.clone(), after).boxed();
        let follow = Follow { view, hub, standing, scope, filter, after, is_open: false, frames };
        Ok(stream::unfold(Some(follow), |follow| async move {
            let mut follow = follow?;
            match follow.next().await {
                Ok(event) => event.map(|event| (event, Some(follow))),
                // The new token allows no case at all: that is the last word.
                Err(error) => Some((Err(error), None)),
            }
        }))
    }
}

/// A stream and the caller who follows it, whose token may change meanwhile.
struct Follow {
    view: View,
    hub: Hub,
    standing: Standing,
    /// Which cases the frames are read for.
    scope: CaseScope,
    filter: Filter,
    /// Where the stream would go on: after the last frame, or where it was asked to begin.
    after: Option<Position>,
    is_open: bool,
    frames: BoxStream<'static, Result<Frame, storage::Error>>,
}

impl Follow {
    /// The next event; `None` at the stream's end.
    ///
    /// # Errors
    /// When the caller's newest token ends the stream.
    async fn next(&mut self) -> Result<Option<Result<CaseEvent, ApiError>>, ApiError> {
        loop {
            let frame = tokio::select! {
                biased;
                () = self.standing.changed() => {
                    self.adjust()?;
                    continue;
                }
                frame = self.frames.next() => frame,
            };
            // Each event reads fresh rows; the request's own loaders would answer with the first event's for ever.
            let view = self.view.renewed();
            let event = match frame {
                None => return Ok(None),
                Some(Err(error)) => Some(Err(error.into())),
                Some(Ok(Frame::Opened(at))) => {
                    self.after = Some(at);
                    // A stream that goes on under a new token was opened before.
                    let is_first = !std::mem::replace(&mut self.is_open, true);
                    is_first.then(|| Ok(StreamOpened(note(view, Kind::Opening, at)).into()))
                }
                Some(Ok(Frame::Resync(at))) => {
                    self.after = Some(at);
                    Some(Ok(Resync(note(view, Kind::Gap, at)).into()))
                }
                Some(Ok(Frame::Event(event))) => {
                    self.after = Some(event.position);
                    tell(&view, event).await.transpose()
                }
            };
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    /// Goes on under the newest token. Where that one shows other cases, the log is read on from where the stream stands,
    /// so that nothing is missing in between.
    fn adjust(&mut self) -> Result<(), ApiError> {
        let scope = self.view.renewed().cases()?;
        if scope != self.scope {
            self.scope = scope;
            let (kit, hub, filter) = (self.view.kit().clone(), self.hub.clone(), self.filter.clone());
            self.frames = events::stream(kit, hub, scope, filter, self.after).boxed();
        }
        Ok(())
    }
}

/// What the stream tells about itself.
fn note(view: View, kind: Kind, at: Position) -> Told {
    let word = if kind == Kind::Gap { CaseEventKind::Resync } else { CaseEventKind::StreamOpened };
    let occurred_at = view.kit().clock.now();
    Told { id: ids::frame(kind, at), position: at, kind: word, occurred_at, case: None, view }
}
