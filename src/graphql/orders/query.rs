//! The look-up of one order, and the orders of a case in pages.

use async_graphql::{Context, ID, InputObject, Object, OneofObject};
use futures_util::future::BoxFuture;

use super::Order;
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::page::{Connection, PageArgs};
use crate::graphql::scalars::DateTime;
use crate::graphql::text;
use crate::graphql::view::View;
use crate::ids::{CaseId, OrderId};
use crate::orders;
use crate::words::{OrderKind, OrderStatus};

/// The list's name in cursors.
const LIST: &str = "orders";

/// One of an order's natural keys.
#[derive(Clone, Debug, OneofObject)]
pub(crate) enum OrderBy {
    /// Its global id.
    Id(ID),
    /// Truv's id.
    TruvOrderId(String),
}

/// Which orders. A list means any of it, several fields mean all of them, an absent field means no condition.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct OrderFilter {
    /// How they came from their parents.
    kind: Option<Vec<OrderKind>>,
    /// Where they stand.
    status: Option<Vec<OrderStatus>>,
    /// Only orders stored at or after this instant.
    created_after: Option<DateTime>,
}

/// A page of a case's orders.
pub(crate) async fn page(
    view: &View,
    case: CaseId,
    filter: OrderFilter,
    args: &PageArgs,
) -> Result<Connection<Order>, ApiError> {
    let window = args.window(|cursor| view.open::<OrderId>(LIST, cursor))?;
    let filter = orders::pages::Filter {
        kind: filter.kind.unwrap_or_default(),
        status: filter.status.unwrap_or_default(),
        created_after: filter.created_after.map(|at| at.0),
    };
    let page = view.load().orders_of_case.get((case, (filter.clone(), window.clone()))).await?;
    let page = (*page).clone().map(|row| (view.seal(LIST, &row.id), Order::new(row.into(), view)));
    let view = view.clone();
    let count = move || -> BoxFuture<'static, _> {
        let (view, key) = (view.clone(), (case, filter.clone()));
        Box::pin(async move { view.load().order_count.get(key).await })
    };
    Ok(Connection::new(page, &window, Box::new(count)))
}

#[derive(Default)]
pub(crate) struct OrderQuery;

#[Object]
impl OrderQuery {
    /// One order; null when it is absent or its case is out of the caller's sight. Needs `cases:read` or
    /// `cases:read:assigned`.
    async fn order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] by: OrderBy,
    ) -> Option<Result<Order, ApiError>> {
        let view = ctx.data_unchecked::<View>();
        find(view, by).await.transpose()
    }
}

async fn find(view: &View, by: OrderBy) -> Result<Option<Order>, ApiError> {
    view.cases()?;
    let row = match by {
        OrderBy::Id(id) => view.load().orders.get(ids::parse(&id, "id")?).await?,
        OrderBy::TruvOrderId(truv_order_id) => {
            text::check(&truv_order_id, "truvOrderId", 200)?;
            orders::find_truv(&view.kit().db, view.caller().agency, &truv_order_id).await?.map(Into::into)
        }
    };
    let Some(row) = row else { return Ok(None) };
    Ok(view.sees(row.case).await?.then(|| Order::new(row, view)))
}
