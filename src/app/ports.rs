//! What the edge asks for, over the schema and the database.

use std::sync::Arc;

use async_graphql::{Request, Response};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};
use secrecy::SecretString;
use tokio::sync::watch;

use super::trail::{self, Trail};
use crate::audit::NotRecorded;
use crate::caller::{Caller, Scope};
use crate::events::Hub;
use crate::graphql::{self, Follow, Schema, Subgraph};
use crate::http::ports::{
    Costs, Directory, Executor, FieldCost, Intake, RawDelivery, ResolveError, Session, StoreError, Streamed,
};
use crate::http::token::Claims;
use crate::ids::AgencyId;
use crate::kit::Kit;
use crate::people;
use crate::revocations;
use crate::webhooks;

/// Runs operations on the schema.
pub(super) struct Operations {
    kit: Arc<Kit>,
    schema: Running,
    follow: Follow,
}

/// The schema, alone or as a subgraph of a federated graph.
#[derive(Clone)]
enum Running {
    Alone(Schema),
    Federated(Subgraph),
}

impl Operations {
    pub(super) fn new(kit: Kit, hub: Hub, is_federated: bool) -> Self {
        let kit = Arc::new(kit);
        let (schema, follow) = if is_federated {
            let schema = graphql::subgraph();
            (Running::Federated(schema.clone()), Follow::new(Arc::clone(&kit), hub, schema))
        } else {
            let schema = graphql::schema();
            (Running::Alone(schema.clone()), Follow::new(Arc::clone(&kit), hub, schema))
        };
        Self { kit, schema, follow }
    }
}

impl Executor for Operations {
    fn execute(&self, request: Request, session: Session) -> BoxFuture<'static, Response> {
        let view = graphql::request_data(&self.kit, session.caller.clone());
        let notes = view.notes().clone();
        let (schema, request) = (self.schema.clone(), request.data(view));
        let trail = Trail::new(&self.kit, session);
        Box::pin(async move {
            if trail.begin().await.is_err() {
                return trail::unwritten();
            }
            let mut response = match schema {
                Running::Alone(schema) => schema.execute(request).await,
                Running::Federated(schema) => schema.execute(request).await,
            };
            if trail.end(&notes, &response).await.is_err() {
                return trail::unwritten();
            }
            response.extensions = graphql::withheld(&notes).map(|it| ("withheld".to_owned(), it)).into_iter().collect();
            response
        })
    }

    fn subscribe(&self, request: Request, session: Session) -> BoxStream<'static, Streamed> {
        let told = self.follow.start(request, session.caller.clone());
        let trail = Arc::new(Trail::new(&self.kit, session));
        let start = async move {
            match trail.begin().await {
                Ok(()) => trail::passed(told, trail),
                Err(NotRecorded) => stream::once(async { Streamed::Raw(Arc::new(trail::unwritten())) }).boxed(),
            }
        };
        start.flatten_stream().boxed()
    }

    fn sdl(&self) -> String {
        graphql::sdl()
    }

    fn costs(&self) -> Costs {
        let mut costs = Costs::default();
        for graphql::FieldCost { parent, field, returns, weight, items, sized_by, is_deprecated } in graphql::costs() {
            costs.declare(parent, field, FieldCost { returns, weight, items, sized_by, is_deprecated });
        }
        costs
    }

    fn is_billed(&self, mutation: &str) -> bool {
        graphql::is_billed(mutation)
    }
}

/// Finds the person behind a token, and what the token still counts for.
pub(super) struct Staff {
    kit: Kit,
    revocations: revocations::Watch,
}

impl Staff {
    pub(super) fn new(kit: Kit, revocations: revocations::Watch) -> Self {
        Self { kit, revocations }
    }
}

impl Directory for Staff {
    fn resolve(&self, claims: Claims) -> BoxFuture<'_, Result<Caller, ResolveError>> {
        Box::pin(async move {
            let (agency, _) = self.kit.account_named(&claims.agency).ok_or(ResolveError::UnknownAgency)?;
            let scopes = self.scopes(agency, &claims).ok_or(ResolveError::Revoked)?;
            // Only a token that is limited to a caseload depends on whose it is: the others cost no look-up.
            let is_limited = scopes.contains(&Scope::CasesReadAssigned) && !scopes.contains(&Scope::CasesRead);
            let caseworker = if is_limited {
                let found = people::find_caseworker(&self.kit.db.of(agency), agency, &claims.subject).await;
                let found = found.map_err(|error| {
                    tracing::error!(%error, "the caseworker behind a token could not be looked up");
                    ResolveError::Unavailable
                })?;
                found.map(|caseworker| caseworker.id)
            } else {
                None
            };
            Ok(Caller {
                agency,
                subject: claims.subject,
                display_name: claims.name,
                scopes,
                caseworker,
                token_id: claims.token_id,
                expires_at: Some(claims.expires_at),
            })
        })
    }

    fn scopes(&self, agency: AgencyId, claims: &Claims) -> Option<Vec<Scope>> {
        let bearer = revocations::Bearer {
            agency,
            subject: &claims.subject,
            token_id: claims.token_id.as_deref(),
            issued_at: claims.issued_at,
            scopes: &claims.scopes,
        };
        let left = self.revocations.scopes(&bearer, self.kit.clock.now());
        if left.is_none() {
            metrics::counter!("recert_revoked_total").increment(1);
        }
        left
    }

    fn changes(&self) -> watch::Receiver<Option<i64>> {
        self.revocations.changes()
    }
}

/// Keeps deliveries.
pub(super) struct Inbox {
    kit: Kit,
}

impl Inbox {
    pub(super) fn new(kit: Kit) -> Self {
        Self { kit }
    }
}

impl Intake for Inbox {
    fn secrets(&self, agency: &str) -> Option<Vec<SecretString>> {
        self.kit.account_named(agency).map(|(_, account)| account.secrets.clone())
    }

    fn store(&self, delivery: RawDelivery) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let (agency, _) = self.kit.account_named(&delivery.agency).ok_or(StoreError)?;
            webhooks::receive(&self.kit.of(agency), agency, &delivery.body).await.map_err(|error| {
                tracing::error!(%error, "a delivery could not be stored; Truv is asked to send it again");
                StoreError
            })
        })
    }
}
