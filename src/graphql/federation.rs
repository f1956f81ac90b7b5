//! The gateway as a subgraph of Apollo Federation 2, where the setting asks for it: four entities with the key `id`.
//!
//! An entity is looked up exactly as `node` does it: with the caller's token, in the caller's agency, and null for what is
//! absent or out of sight. A router in front has to hand the client's `Authorization` on.

use async_graphql::{Context, ID, MergedObject, Object};

use super::cases::{self, Case};
use super::error::ApiError;
use super::links::EmployerLink;
use super::node::{self, Node};
use super::orders::{self, Order};
use super::people::Client;
use super::view::View;
use super::{deliveries, events, health, ledger, renewal_batches, revocations, upstream, viewer};

/// What can be read (the parts of [`super::Query`], which cannot be merged whole because of its name), with the look-up of
/// entities.
#[derive(Default, MergedObject)]
#[graphql(name = "Query")]
pub struct FederatedQuery(
    viewer::ViewerQuery,
    node::NodeQuery,
    cases::queue::CaseQuery,
    orders::query::OrderQuery,
    orders::refresh::PreviewQuery,
    events::log::EventQuery,
    deliveries::DeliveryQuery,
    revocations::RevocationQuery,
    upstream::UpstreamQuery,
    health::HealthQuery,
    renewal_batches::query::BatchQuery,
    renewal_batches::plan::PlanQuery,
    ledger::LedgerQuery,
    super::audit::AuditQuery,
    super::links::LifetimeQuery,
    EntityQuery,
);

#[derive(Default)]
pub(crate) struct EntityQuery;

/// The entity when it is of the kind asked for.
macro_rules! entity {
    ($ctx:ident, $id:ident, $kind:ident) => {
        match node::find($ctx.data_unchecked::<View>(), &$id).await {
            Ok(Some(Node::$kind(found))) => Some(Ok(found)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        }
    };
}

#[Object]
impl EntityQuery {
    #[graphql(entity)]
    async fn case_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Result<Case, ApiError>> {
        entity!(ctx, id, Case)
    }

    #[graphql(entity)]
    async fn client_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Result<Client, ApiError>> {
        entity!(ctx, id, Client)
    }

    #[graphql(entity)]
    async fn order_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Result<Order, ApiError>> {
        entity!(ctx, id, Order)
    }

    #[graphql(entity)]
    async fn employer_link_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Result<EmployerLink, ApiError>> {
        entity!(ctx, id, EmployerLink)
    }
}
