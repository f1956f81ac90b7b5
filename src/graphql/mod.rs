//! The public schema. This file only merges; each word of the domain has its own.
//!
//! A request carries a [`View`]: who asks, the database, and the loaders of this one answer ([`request_data`]). Every
//! object hands the view on to what is reached through it. Who may see what is asked here, where a thing enters an answer:
//! cases through the loaders, which know the caller's scope; what hangs on a case through the case; reports by their own
//! scope. Nothing here decides what happens to a case: mutations parse their input, call a verb, and say what became of it.

mod arithmetic;
mod audit;
mod batch;
mod cases;
mod cost;
mod deliveries;
mod error;
mod events;
mod federation;
mod follow;
mod health;
mod history;
mod ids;
mod ledger;
mod lineage;
mod links;
mod loaders;
mod loaders_past;
mod node;
mod orders;
mod packet;
mod page;
mod people;
mod refresh_errors;
mod renewal_batches;
mod replay;
mod reports;
mod review;
mod revocations;
pub mod scalars;
mod text;
mod upstream;
mod user_errors;
mod view;
mod viewer;

use std::sync::Arc;

use async_graphql::{MergedObject, MergedSubscription, ObjectType, SDLExportOptions, SchemaBuilder};

use crate::batches;
use crate::caller::Standing;
use crate::ids::BatchId;
use crate::kit::Kit;

pub use self::cost::FieldCost;
pub use self::federation::FederatedQuery;
pub use self::follow::{Follow, Told, Written};
pub use self::view::{View, withheld};

/// What can be read.
#[derive(Default, MergedObject)]
pub struct Query(
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
    audit::AuditQuery,
    links::LifetimeQuery,
);

/// What can be done. With a user error in the answer nothing has changed.
#[derive(Default, MergedObject)]
pub struct Mutation(
    orders::refresh::RefreshMutation,
    orders::contact::ContactMutation,
    orders::bridge::BridgeMutation,
    cases::decide::DecideMutation,
    cases::assign::AssignMutation,
    cases::import::ImportMutation,
    replay::ReplayMutation,
    revocations::RevokeMutation,
    renewal_batches::start::StartMutation,
    renewal_batches::steer::SteerMutation,
);

/// What can be followed.
#[derive(Default, MergedSubscription)]
pub struct Subscription(events::stream::EventSubscription, renewal_batches::progress::BatchSubscription);

/// The schema, ready to run requests that carry [`request_data`].
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// The same schema as a subgraph of a federated graph.
pub type Subgraph = async_graphql::Schema<FederatedQuery, Mutation, Subscription>;

fn builder<Q: ObjectType + Default + 'static>() -> SchemaBuilder<Q, Mutation, Subscription> {
    // Suggestions name fields even where introspection is off.
    async_graphql::Schema::build(Q::default(), Mutation::default(), Subscription::default())
        .register_output_type::<user_errors::UserError>()
        .data(batches::Watch::default())
        .disable_suggestions()
}

/// The schema, ready to run. Subscriptions are run by [`Follow`].
pub fn schema() -> Schema {
    builder().finish()
}

/// The schema as a subgraph, ready to run. Subscriptions are run by [`Follow`].
pub fn subgraph() -> Subgraph {
    builder().finish()
}

/// What a request must carry in its data: put it there with `Request::data`, fresh for every request.
pub fn request_data(kit: &Arc<Kit>, caller: impl Into<Standing>) -> View {
    View::new(kit, caller.into())
}

/// Whether a root field of a mutation costs money. One document may hold one of them.
pub fn is_billed(mutation: &str) -> bool {
    matches!(mutation, "createRefreshOrder" | "sendVerificationLink" | "startRenewalBatch")
}

/// The global id of a renewal batch, as the API shows it.
pub fn batch_id(id: BatchId) -> String {
    ids::seal(&id).0
}

/// The renewal batch behind a global id; `None` for any other text.
pub fn find_batch_id(text: &str) -> Option<BatchId> {
    ids::find(&async_graphql::ID(text.to_owned()))
}

/// What every field costs.
pub fn costs() -> Vec<FieldCost> {
    cost::of(&sdl())
}

/// The schema as text, the same for the same code. Needs no service.
pub fn sdl() -> String {
    builder::<Query>().finish().sdl_with_options(SDLExportOptions::new().include_specified_by())
}

/// The subgraph as text, with the keys of its entities and the link to the Federation 2 specification.
pub fn federated_sdl() -> String {
    builder::<FederatedQuery>().finish().sdl_with_options(SDLExportOptions::new().federation().include_specified_by())
}
