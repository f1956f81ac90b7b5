//! The event log, live.

use std::sync::Arc;

use async_graphql::{Context, Subscription};
use futures_util::{Stream, stream};

use super::log::{CaseEventFilter, position};
use super::{CaseEvent, Resync, StreamOpened, Told, tell};
use crate::events::{Frame, Position};
use crate::graphql::error::ApiError;
use crate::graphql::follow::{Plan, Turn};
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
    async fn case_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which events; absent means all.")] filter: Option<CaseEventFilter>,
        #[graphql(desc = "The cursor of the last event that arrived; absent means from now on.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Result<CaseEvent, ApiError>> + use<>, ApiError> {
        let view = ctx.data_unchecked::<View>();
        let told = match ctx.data_unchecked::<Turn>() {
            Turn::Plan(plan) => {
                let scope = view.cases()?;
                let filter = filter.unwrap_or_default().read()?;
                let bad_cursor = || ApiError::bad_input("after is not a cursor of this log");
                let after = after.map(|cursor| position(view, &cursor).ok_or_else(bad_cursor)).transpose()?;
                let _ = plan.set(Plan { scope, filter, after });
                None
            }
            Turn::Tell(Frame::Opened(at)) => Some(Ok(StreamOpened(note(view, Kind::Opening, *at)).into())),
            Turn::Tell(Frame::Resync(at)) => Some(Ok(Resync(note(view, Kind::Gap, *at)).into())),
            Turn::Tell(Frame::Event(happening)) => tell(view, Arc::clone(&happening.event)).await.transpose(),
        };
        Ok(stream::iter(told))
    }
}

/// What the stream tells about itself.
fn note(view: &View, kind: Kind, at: Position) -> Told {
    let word = if kind == Kind::Gap { CaseEventKind::Resync } else { CaseEventKind::StreamOpened };
    let occurred_at = view.kit().clock.now();
    Told { id: ids::frame(kind, at), position: at, kind: word, occurred_at, case: None, view: view.clone() }
}
