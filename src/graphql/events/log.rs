//! The event log in pages: of every case in sight, and of one case.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};
use futures_util::future::{BoxFuture, try_join_all};

use super::{CaseEvent, tell};
use crate::events::{self, Cursor, Event, Position};
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::page::{Connection, PageArgs};
use crate::graphql::view::View;
use crate::ids::CaseId;
use crate::page::{Page, Window};
use crate::words::CaseEventKind;

/// Most cases in a filter.
const MOST_CASES: usize = 500;

/// Which events. A list means any of it and an empty list any at all; several fields mean all of them.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct CaseEventFilter {
    /// Only events of these cases, at most 500. A case out of sight has no events.
    case_ids: Option<Vec<ID>>,
    /// Only events of cases that were in this caseload at the time.
    assignee_id: Option<ID>,
    /// Only these kinds. `STREAM_OPENED` and `RESYNC` are sent whether they are named or not.
    kinds: Option<Vec<CaseEventKind>>,
}

impl CaseEventFilter {
    pub(crate) fn read(self) -> Result<events::Filter, ApiError> {
        let cases = self.case_ids.unwrap_or_default();
        if cases.len() > MOST_CASES {
            return Err(ApiError::bad_input(format!("caseIds has more than {MOST_CASES} ids")));
        }
        Ok(events::Filter {
            cases: cases.iter().map(|id| ids::parse(id, "caseIds")).collect::<Result<_, _>>()?,
            assignee: self.assignee_id.map(|id| ids::parse(&id, "assigneeId")).transpose()?,
            kinds: self.kinds.unwrap_or_default(),
        })
    }
}

/// The position behind a client's cursor; `None` when it was not made here for this agency.
pub(crate) fn position(view: &View, cursor: &str) -> Option<Position> {
    Cursor::open(&view.kit().opaque, view.caller().agency, cursor).map(|cursor| cursor.0)
}

async fn window(view: &View, args: &PageArgs) -> Result<Window<Position>, ApiError> {
    let window = args.window(|cursor| position(view, cursor))?;
    if let Some(after) = window.after
        && after < events::pruned(&view.kit().db).await?
    {
        return Err(ApiError::cursor_expired());
    }
    Ok(window)
}

/// The events of a page as their kinds, each with its cursor.
async fn told(view: &View, page: Page<Event>) -> Result<Page<(String, CaseEvent)>, ApiError> {
    let items = try_join_all(page.items.into_iter().map(|event| async move {
        let cursor = Cursor(event.position).seal(&view.kit().opaque, view.caller().agency);
        Ok::<_, ApiError>(tell(view, Arc::new(event)).await?.map(|event| (cursor, event)))
    }));
    Ok(Page { items: items.await?.into_iter().flatten().collect(), has_more: page.has_more })
}

/// A page of one case's events.
pub(crate) async fn timeline(view: &View, case: CaseId, args: &PageArgs) -> Result<Connection<CaseEvent>, ApiError> {
    let window = window(view, args).await?;
    let page = view.load().timeline.get((case, window.clone())).await?;
    let page = told(view, (*page).clone()).await?;
    let view = view.clone();
    let count = move || -> BoxFuture<'static, _> {
        let view = view.clone();
        Box::pin(async move { view.load().event_count.get(case).await })
    };
    Ok(Connection::new(page, &window, Box::new(count)))
}

#[derive(Default)]
pub(crate) struct EventQuery;

#[Object]
impl EventQuery {
    /// The event log, oldest first: the same events that the subscription streams, for those who poll. An event about an
    /// order whose case has left the caller's sight since is left out. Needs `cases:read` or `cases:read:assigned`.
    async fn case_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Default 25.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which events; absent means all.")] filter: Option<CaseEventFilter>,
    ) -> Result<Connection<CaseEvent>, ApiError> {
        let view = ctx.data_unchecked::<View>();
        let scope = view.cases()?;
        let filter = filter.unwrap_or_default().read()?;
        let window = window(view, &PageArgs { first, after, last, before }).await?;
        let bounds = events::Window {
            after: window.after,
            before: window.before,
            limit: window.limit,
            from_end: window.from_end,
        };
        let page = events::page(&view.kit().db, scope, &filter, bounds).await?;
        let page = told(view, Page { items: page.events, has_more: page.has_more }).await?;
        let kit = view.kit().clone();
        let count = move || -> BoxFuture<'static, _> {
            let (kit, filter) = (kit.clone(), filter.clone());
            Box::pin(async move { Ok(events::count(&kit.db, scope, &filter).await?) })
        };
        Ok(Connection::new(page, &window, Box::new(count)))
    }
}
