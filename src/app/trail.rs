//! The audit trail of what the edge runs: an answer leaves only after it is stored who is shown what.
//!
//! A query has one entry, after it has run and before it is answered; one that shows nothing of a case has none. A mutation
//! has one before it begins, too: what it did may be durable when the second cannot be stored. A subscription has one when
//! it is opened, which names the document; the log of events says what came meanwhile. An event whose result holds contact
//! data, a client's link or pay data has an entry of its own, before it is sent.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Pos, Response, ServerError, Value};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use crate::audit::{Access, Cases, Entry, NotRecorded, Notes, Recorder};
use crate::clock::Clock;
use crate::config::AuditReads;
use crate::failure::Code;
use crate::graphql::{Told, Written};
use crate::http::ports::{Session, Streamed};
use crate::ids::Ids;
use crate::kit::Kit;
use crate::words::{AuditAccess, AuditChannel, AuditOutcome};

/// Names are cut to this length.
const MOST_NAME: usize = 100;

/// What is to be recorded of one operation.
pub(super) struct Trail {
    audit: Recorder,
    ids: Ids,
    clock: Clock,
    session: Session,
}

impl Trail {
    pub(super) fn new(kit: &Kit, session: Session) -> Self {
        Self { audit: kit.audit.clone(), ids: kit.ids.clone(), clock: kit.clock.clone(), session }
    }

    fn kind(&self) -> OperationType {
        self.session.operation.kind
    }

    fn entry(&self, outcome: AuditOutcome, access: Access, cases: Cases) -> Entry {
        let channel = match self.kind() {
            OperationType::Subscription => AuditChannel::Stream,
            OperationType::Query | OperationType::Mutation => AuditChannel::Graphql,
        };
        let name = self.session.operation.name.as_ref();
        Entry {
            request_id: Some(self.session.request_id),
            operation: name.map(|name| name.chars().take(MOST_NAME).collect()),
            document: Some(self.session.operation.document.to_string()),
            outcome,
            access,
            cases,
            ..Entry::of(&self.session.caller.now(), self.ids.next(), self.clock.now(), channel)
        }
    }

    /// Before anything happens.
    pub(super) async fn begin(&self) -> Result<(), NotRecorded> {
        let access = match self.kind() {
            OperationType::Query => return Ok(()),
            OperationType::Mutation => AuditAccess::Change,
            OperationType::Subscription => AuditAccess::Read,
        };
        self.audit.record(self.entry(AuditOutcome::Begun, Access::of(access), Cases::new())).await
    }

    /// Before the answer of a query or a mutation leaves.
    pub(super) async fn end(&self, notes: &Notes, response: &Response) -> Result<(), NotRecorded> {
        let (mut access, mut cases) = notes.shown();
        if self.kind() == OperationType::Query && self.audit.reads() == AuditReads::Personal {
            cases.retain(|_, access| is_personal(*access));
        }
        let is_refused = response.errors.iter().any(|error| has_code(error, Code::Forbidden));
        if self.kind() == OperationType::Mutation {
            let change = Access::of(AuditAccess::Change);
            access = access.and(change);
            for access in cases.values_mut() {
                *access = access.and(change);
            }
        } else if access.is_empty() && cases.is_empty() && !is_refused {
            return Ok(());
        }
        let outcome = match response.data {
            _ if is_refused => AuditOutcome::Refused,
            Value::Null if !response.errors.is_empty() => AuditOutcome::Failed,
            _ => AuditOutcome::Done,
        };
        self.audit.record(self.entry(outcome, access, cases)).await
    }

    /// Before an event is sent.
    async fn told(&self, notes: &Notes) -> Result<(), NotRecorded> {
        let (access, mut cases) = notes.shown();
        cases.retain(|_, access| is_personal(*access));
        if cases.is_empty() {
            return Ok(());
        }
        self.audit.record(self.entry(AuditOutcome::Done, access, cases)).await
    }
}

/// Whether something is shown that not everybody may see who sees the case.
fn is_personal(access: Access) -> bool {
    [AuditAccess::Contact, AuditAccess::Link, AuditAccess::Pay].into_iter().any(|kind| access.has(kind))
}

/// Passes on what a subscription tells, each result after its entry.
pub(super) fn passed(told: BoxStream<'static, Told>, trail: Arc<Trail>) -> BoxStream<'static, Streamed> {
    told.then(move |told| {
        let trail = Arc::clone(&trail);
        async move {
            if trail.told(told.notes()).await.is_err() {
                return Streamed::Raw(Arc::new(unwritten()));
            }
            match told {
                Told::Written(Written { json, cursor, withheld, .. }) => Streamed::Written { json, cursor, withheld },
                Told::Raw(response, _) => Streamed::Raw(response),
            }
        }
    })
    .boxed()
}

fn has_code(error: &ServerError, code: Code) -> bool {
    let said = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
    said == Some(&Value::String(code.as_str().to_owned()))
}

/// No row, no data.
pub(super) fn unwritten() -> Response {
    let mut error = async_graphql::Error::new("the gateway cannot serve this now");
    error.extensions.get_or_insert_default().set("code", Code::ServiceUnavailable.as_str());
    Response::from_errors(vec![error.into_server_error(Pos::default())])
}
