//! Webhook deliveries, for operators.

use async_graphql::{Context, Object, SimpleObject};
use futures_util::future::BoxFuture;

use super::error::ApiError;
use super::ids;
use super::page::{Connection, Listed, PageArgs};
use super::scalars::DateTime;
use super::view::View;
use crate::deliveries;
use crate::ids::DeliveryId;
use crate::page::Page;
use crate::words::DeliveryStatus;

const PURPOSE: &str = "deliveries";

/// One webhook request as it arrived. Its body is not shown: it holds personal data.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Delivery {
    /// Names it in `replayDeliveries`; no `node`.
    id: async_graphql::ID,
    /// Truv's name for the event; null when the body has none.
    event_type: Option<String>,
    /// What became of it.
    status: DeliveryStatus,
    /// Why, where that needs saying; null otherwise.
    reason: Option<String>,
    /// How often it was looked at without an end.
    attempts: i32,
    /// When it came.
    received_at: DateTime,
    /// When nothing more was to be done with it; null while something is.
    settled_at: Option<DateTime>,
    /// Whether it was found in Truv's history instead of having come as a webhook.
    is_from_history: bool,
}

impl From<deliveries::Delivery> for Delivery {
    fn from(delivery: deliveries::Delivery) -> Self {
        Self {
            id: ids::seal(&delivery.id),
            event_type: delivery.event_type,
            status: delivery.status,
            reason: delivery.reason,
            attempts: i32::try_from(delivery.attempts).unwrap_or(i32::MAX),
            received_at: DateTime(delivery.received_at),
            settled_at: delivery.settled_at.map(DateTime),
            is_from_history: delivery.is_from_history,
        }
    }
}

impl Listed for Delivery {
    const CONNECTION: &'static str = "DeliveryConnection";
    const EDGE: &'static str = "DeliveryEdge";
}

#[derive(Default)]
pub(crate) struct DeliveryQuery;

#[Object]
impl DeliveryQuery {
    /// The agency's webhook deliveries, oldest first: also those that no case knows, and those that could not be used.
    /// Needs `audit:read`.
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Default 25.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only deliveries in these states; absent or empty means all.")] status: Option<
            Vec<DeliveryStatus>,
        >,
    ) -> Result<Connection<Delivery>, ApiError> {
        let view = ctx.data_unchecked::<View>().clone();
        view.oversees()?;
        let (kit, agency) = (view.kit().clone(), view.caller().agency);
        let status = status.unwrap_or_default();
        let open = |cursor: &str| {
            let id = kit.opaque.open(PURPOSE, agency, cursor)?;
            Some(DeliveryId(uuid::Uuid::from_slice(&id).ok()?))
        };
        let window = PageArgs { first, after, last, before }.window(open)?;
        let page = deliveries::page(&kit.db, agency, &status, &window).await?;
        let seal = |id: DeliveryId| kit.opaque.seal(PURPOSE, agency, id.0.as_bytes());
        let page = Page {
            items: page.items.into_iter().map(|delivery| (seal(delivery.id), delivery.into())).collect(),
            has_more: page.has_more,
        };
        let count = move || -> BoxFuture<'static, _> {
            let (view, status) = (view.clone(), status.clone());
            Box::pin(async move { Ok(deliveries::count(&view.kit().db, agency, &status).await?) })
        };
        Ok(Connection::new(page, &window, Box::new(count)))
    }
}
