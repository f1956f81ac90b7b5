//! The event log, live.

use async_graphql::{Context, Subscription};
use futures_util::{Stream, StreamExt};

use super::log::{CaseEventFilter, position};
use super::{CaseEvent, Resync, StreamOpened, Told, tell};
use crate::events::{self, Frame, Hub, Position};
use crate::graphql::error::ApiError;
use crate::graphql::ids::{self, Kind};
use crate::graphql::view::View;
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
        let frames = events::stream(view.kit().clone(), hub, scope, filter, after);
        Ok(frames.filter_map(move |frame| {
            // Each event reads fresh rows; the request's own loaders would answer with the first event's for ever.
            let view = view.renewed();
            async move {
                match frame {
                    Ok(Frame::Opened(at)) => Some(Ok(StreamOpened(note(view, Kind::Opening, at)).into())),
                    Ok(Frame::Resync(at)) => Some(Ok(Resync(note(view, Kind::Gap, at)).into())),
                    Ok(Frame::Event(event)) => tell(&view, event).await.transpose(),
                    Err(error) => Some(Err(error.into())),
                }
            }
        }))
    }
}

/// What the stream tells about itself.
fn note(view: View, kind: Kind, at: Position) -> Told {
    let word = if kind == Kind::Gap { CaseEventKind::Resync } else { CaseEventKind::StreamOpened };
    let occurred_at = view.kit().clock.now();
    Told { id: ids::frame(kind, at), position: at, kind: word, occurred_at, case: None, view }
}
