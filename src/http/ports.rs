//! What the edge needs from the rest of the gateway, as three small traits: somebody who runs operations, somebody who
//! knows the agencies, somebody who keeps webhook deliveries. The edge itself knows neither the schema nor the database.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use secrecy::SecretString;
use tokio::sync::watch;
use uuid::Uuid;

use crate::caller::{Caller, Scope, Standing};
use crate::http::token::Claims;
use crate::ids::AgencyId;

/// Who sent an operation, and the id that its answer and its log lines carry.
#[derive(Clone, Debug)]
pub struct Session {
    /// The caller that the token names. A socket's client may send a new token while the operation runs.
    pub caller: Standing,
    /// `extensions.requestId` of every error and the `X-Request-Id` header.
    pub request_id: Uuid,
    /// What is asked.
    pub operation: OperationInfo,
}

/// What an operation is, for whoever keeps a record of it.
#[derive(Clone, Debug)]
pub struct OperationInfo {
    /// Query, mutation or subscription.
    pub kind: OperationType,
    /// Its name in the document; `None` for one without.
    pub name: Option<String>,
    /// SHA-256 of the document, hexadecimal.
    pub document: Arc<str>,
}

/// Runs operations. The request is already parsed, measured and within the limits.
pub trait Executor: Send + Sync + 'static {
    /// Runs a query or a mutation to its end.
    fn execute(&self, request: async_graphql::Request, session: Session)
    -> BoxFuture<'static, async_graphql::Response>;

    /// Starts a subscription. Ending the stream ends the operation; dropping it stops the work behind it.
    fn subscribe(&self, request: async_graphql::Request, session: Session) -> BoxStream<'static, Streamed>;

    /// The schema as text, for `GET /schema.graphql`.
    fn sdl(&self) -> String;

    /// What the schema's fields cost; asked for once, at start.
    fn costs(&self) -> Costs;

    /// Whether this root field of a mutation costs money. One document may hold one of them.
    fn is_billed(&self, mutation: &str) -> bool;
}

/// What the gate knows of the schema: the cost of each field, by its type and name.
#[derive(Clone, Debug, Default)]
pub struct Costs(HashMap<String, HashMap<String, FieldCost>>);

/// What one field costs: its weight, and what is selected under it as often as it may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldCost {
    /// The type of its answers, whose fields are selected under it.
    pub returns: String,
    /// Units for the field itself.
    pub weight: u64,
    /// How many answers it has where its arguments do not say.
    pub items: u64,
    /// Arguments that say how many: a number of them, or a list of as many.
    pub sized_by: &'static [&'static str],
    /// Whether it is deprecated, so that its use is counted.
    pub is_deprecated: bool,
}

impl Costs {
    /// Declares a field of a type.
    pub fn declare(&mut self, parent: String, field: String, cost: FieldCost) {
        self.0.entry(parent).or_default().insert(field, cost);
    }

    /// A field's cost; `None` for one that the schema does not have, which validation will refuse.
    pub(crate) fn of(&self, parent: &str, field: &str) -> Option<&FieldCost> {
        self.0.get(parent)?.get(field)
    }
}

/// One result of a subscription. May be shared with everybody who is sent the same.
#[derive(Clone, Debug)]
pub enum Streamed {
    /// A result without errors.
    Written {
        /// The whole result as JSON.
        json: Arc<str>,
        /// The event's cursor, where the document asks for it; without line ends.
        cursor: Option<Arc<str>>,
        /// What is withheld in the result, which then ends with it: `,"extensions":{"withheld":[…]}}`.
        withheld: Option<async_graphql::Value>,
    },
    /// A result with errors, which are masked for each receiver.
    Raw(Arc<async_graphql::Response>),
}

/// Knows agencies, their staff, and which tokens have been revoked.
pub trait Directory: Send + Sync + 'static {
    /// The caller behind verified claims.
    ///
    /// # Errors
    /// [`ResolveError`].
    fn resolve(&self, claims: Claims) -> BoxFuture<'_, Result<Caller, ResolveError>>;

    /// Which of their scopes verified claims still carry, as [`Directory::resolve`] would find; `None` when the token has
    /// been revoked. Asked of every open stream after each change, so it is answered from memory.
    fn scopes(&self, agency: AgencyId, claims: &Claims) -> Option<Vec<Scope>>;

    /// Changes whenever answers of [`Directory::scopes`] may have changed.
    fn changes(&self) -> watch::Receiver<Option<i64>>;
}

/// Why claims did not become a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// No such agency. The answer is the same as to a bad token.
    #[error("the token names an agency that is not known")]
    UnknownAgency,
    /// The token has been revoked. The answer is the same.
    #[error("the token has been revoked")]
    Revoked,
    /// The directory cannot be read now.
    #[error("the directory cannot be read")]
    Unavailable,
}

/// Keeps webhook deliveries.
pub trait Intake: Send + Sync + 'static {
    /// The active access secrets of an agency, any of which may have signed; `None` for an unknown agency.
    fn secrets(&self, agency: &str) -> Option<Vec<SecretString>>;

    /// Commits one delivery. Only after `Ok` is the sender told that it has arrived.
    ///
    /// # Errors
    /// [`StoreError`], after which the sender is asked to try again.
    fn store(&self, delivery: RawDelivery) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// One verified webhook request as it arrived.
#[derive(Clone, Debug)]
pub struct RawDelivery {
    /// The agency of the path, whose secret signed it.
    pub agency: String,
    /// The body, byte for byte as it was signed.
    pub body: Bytes,
    /// The headers worth keeping for a later look: `content-type` and `user-agent`, where they were sent as text.
    pub headers: Vec<(&'static str, String)>,
    /// When the body was complete.
    pub received_at: DateTime<Utc>,
}

/// The delivery could not be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the delivery could not be stored")]
pub struct StoreError;
