//! The edge: everything that speaks HTTP with the outside.
//!
//! Actors: portals and batch jobs on `/graphql` (POST, GET when enabled, WebSocket, event streams), Truv on
//! `/webhooks/truv/{agency}`, operators on a listener of their own ([`health`]). The edge decides who is asking
//! ([`token`]), whether the request may be looked at (`guard`), and in which words the answer leaves (`answer`); what
//! is asked is run by an [`ports::Executor`], which it does not know.
//!
//! Nothing is durable here: a webhook is acknowledged after [`ports::Intake`] has stored it, and a subscription resumes
//! by its cursor. The edge does not decide what a caller may see; that is asked inside, with the `Caller` it passes.

mod answer;
mod auth;
mod body;
mod documents;
mod explorer;
mod graphql;
mod guard;
pub mod health;
mod json;
pub mod keys;
mod linger;
mod negotiation;
mod operation;
mod operations;
mod origin;
mod outgoing;
mod pace;
mod pages;
pub mod ports;
mod protocol;
mod rates;
mod refusal;
mod request;
mod seats;
pub mod serve;
mod socket;
mod stall;
mod stream;
pub mod token;
mod truv_hook;
mod wrap;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::{Graphql, Server, Webhooks};
use crate::ids::{AgencyId, Ids};

pub use documents::DocumentsError;
pub use origin::OriginError;

/// Why the edge cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EdgeError {
    /// An entry of the CORS allow-list is not an origin.
    #[error("the list of CORS origins is wrong")]
    Origins(#[from] OriginError),
    /// A registered document cannot be served.
    #[error("the registered documents are wrong")]
    Documents(#[from] DocumentsError),
}

/// What the edge is built from.
pub struct Parts {
    /// Runs operations.
    pub executor: Arc<dyn ports::Executor>,
    /// Knows agencies and staff.
    pub directory: Arc<dyn ports::Directory>,
    /// Keeps deliveries.
    pub intake: Arc<dyn ports::Intake>,
    /// Checks tokens.
    pub verifier: Arc<token::Verifier>,
    /// Time, for expiry.
    pub clock: Clock,
    /// Request ids.
    pub ids: Ids,
    /// Where sockets and their operations run.
    pub tasks: TaskTracker,
    /// Ends streams and closes sockets (1012), so that their clients go to another replica: each at a moment of chance
    /// within `server.drain_spread`.
    pub shutdown: CancellationToken,
    /// Ends what `shutdown` has left open for a moment more.
    pub at_once: CancellationToken,
}

/// A subject in its agency, or the whole agency.
type Subject = (AgencyId, Option<String>);
pub(crate) type SubjectSeat = seats::Seat<Subject>;

/// The state behind the routes.
pub(crate) struct Edge {
    parts: Parts,
    graphql: Graphql,
    body_timeout: Duration,
    drain_spread: Duration,
    /// Whether pages from here may open a socket.
    has_pages: bool,
    webhook_max_body_bytes: usize,
    guard: guard::Guard,
    documents: documents::Documents,
    origins: origin::Origins,
    in_hand: seats::Seats<Subject>,
    rates: rates::Rates<Subject>,
    sockets: seats::Seats<Subject>,
    all_sockets: seats::Seats<()>,
}

impl Edge {
    /// Waits until a drain reaches one stream. The streams go one after the other in an order of chance, so that their
    /// clients do not all come to another replica in the same moment.
    pub(crate) fn leave(&self) -> impl Future<Output = ()> + Send + 'static {
        let (shutdown, at_once) = (self.parts.shutdown.clone(), self.parts.at_once.clone());
        let moment = self.drain_spread.mul_f64(rand::random_range(0.0..=1.0));
        async move {
            shutdown.cancelled().await;
            tokio::select! {
                () = tokio::time::sleep(moment) => {}
                () = at_once.cancelled() => {}
            }
        }
    }
}

/// The id of one request, in its log lines, its errors and its `X-Request-Id`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId(pub(crate) Uuid);

/// The routes of the public listener.
///
/// # Errors
/// [`EdgeError`]: an origin is none, or a registered document cannot be served.
pub fn router(parts: Parts, server: &Server, graphql: &Graphql, webhooks: &Webhooks) -> Result<Router, EdgeError> {
    let origins = origin::Origins::parse(&server.cors_origins)?;
    let guard = guard::Guard::new(graphql.limits.clone(), graphql.introspection, parts.executor.costs());
    let own = if server.portal { pages::documents() } else { Vec::new() };
    let documents = documents::Documents::load(graphql, own, &guard, &|name| parts.executor.is_billed(name))?;
    let edge = Arc::new(Edge {
        graphql: graphql.clone(),
        body_timeout: server.body_timeout,
        drain_spread: server.drain_spread,
        has_pages: graphql.explorer || server.portal,
        webhook_max_body_bytes: webhooks.max_body_bytes,
        guard,
        documents,
        origins: origins.clone(),
        in_hand: seats::Seats::default(),
        rates: rates::Rates::new(graphql.requests_per_second),
        sockets: seats::Seats::default(),
        all_sockets: seats::Seats::default(),
        parts,
    });
    let explorer = if graphql.explorer { explorer::routes() } else { Router::new() };
    let portal = if server.portal { pages::portal() } else { Router::new() };
    let routes = Router::new()
        .route("/graphql", any(graphql::handle))
        .route("/schema.graphql", get(graphql::schema).fallback(wrap::only_get))
        .layer(wrap::cors(origins))
        .merge(explorer)
        .merge(portal)
        .route("/webhooks/truv/{agency}", any(truv_hook::handle))
        .fallback(wrap::not_found)
        .with_state(Arc::clone(&edge));
    Ok(wrap::around(routes, &edge))
}
