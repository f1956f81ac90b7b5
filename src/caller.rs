//! Who is asking. The edge turns a token into a [`Caller`]; everything inward takes `&Caller` first. What a caller may do
//! and see is decided in `policy`.
//!
//! Background work acts as a named system caller, never as nobody.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::ids::{AgencyId, CaseworkerId};

/// A permission in the token's `scope` claim, as the design page lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// `cases:read`: every case of the agency.
    CasesRead,
    /// `cases:read:assigned`: only the caller's own caseload.
    CasesReadAssigned,
    /// `cases:write`: import and assign.
    CasesWrite,
    /// `orders:refresh`: ask Truv for new data, which is billed.
    OrdersRefresh,
    /// `clients:contact`: send a link to the client, and see the contact data in clear.
    ClientsContact,
    /// `reports:read`: income and pay data.
    ReportsRead,
    /// `reviews:decide`: complete a review.
    ReviewsDecide,
    /// `renewals:run`: renewal batches.
    RenewalsRun,
    /// `audit:read`: the audit trail and the deliveries.
    AuditRead,
    /// `admin`: operator's acts inside the agency.
    Admin,
}

impl Scope {
    /// Every scope, in the order of the design page.
    pub const ALL: [Self; 10] = [
        Self::CasesRead,
        Self::CasesReadAssigned,
        Self::CasesWrite,
        Self::OrdersRefresh,
        Self::ClientsContact,
        Self::ReportsRead,
        Self::ReviewsDecide,
        Self::RenewalsRun,
        Self::AuditRead,
        Self::Admin,
    ];

    /// The word in the token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CasesRead => "cases:read",
            Self::CasesReadAssigned => "cases:read:assigned",
            Self::CasesWrite => "cases:write",
            Self::OrdersRefresh => "orders:refresh",
            Self::ClientsContact => "clients:contact",
            Self::ReportsRead => "reports:read",
            Self::ReviewsDecide => "reviews:decide",
            Self::RenewalsRun => "renewals:run",
            Self::AuditRead => "audit:read",
            Self::Admin => "admin",
        }
    }

    /// The scope behind a word; `None` for a word that is not ours (other services share the token).
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The caller lacks a scope. Carries no hint of whether the thing asked for exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this needs the scope {0}")]
pub struct Forbidden(pub Scope);

/// Somebody who has proved who they are, inside one agency.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant, from the token alone.
    pub agency: AgencyId,
    /// The token's `sub`, or `system:<part>` for background work.
    pub subject: String,
    /// The token's `name`, when it has one.
    pub display_name: Option<String>,
    /// What the token allows.
    pub scopes: Vec<Scope>,
    /// The member of staff behind the subject; `None` for integrations and background work.
    pub caseworker: Option<CaseworkerId>,
    /// The token's `jti`; `None` for tokens without one and for background work.
    pub token_id: Option<String>,
    /// When the token stops working; `None` for background work.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Which cases a finder may return: the agency always, and inside it perhaps one caseload.
///
/// Finders demand this value, so that a query without an owner cannot be written by accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseScope {
    /// The tenant.
    pub agency: AgencyId,
    /// The caseload.
    pub caseload: Caseload,
}

/// The part of an agency's cases that a caller may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caseload {
    /// Every case of the agency.
    All,
    /// The cases assigned to this member of staff.
    Of(CaseworkerId),
    /// No case at all: the token is limited to its own caseload and names nobody we know.
    Nobody,
}

impl Caller {
    /// Background work of one part of the gateway, which may do everything inside the agency.
    pub fn system(agency: AgencyId, part: &str) -> Self {
        Self {
            agency,
            subject: format!("system:{part}"),
            display_name: None,
            scopes: Scope::ALL.to_vec(),
            caseworker: None,
            token_id: None,
            expires_at: None,
        }
    }
}

/// The caller of an operation that runs on, as the newest token says: a stream outlives the token it began with, and a
/// new one may allow more or less. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Standing(watch::Receiver<Arc<Caller>>);

impl Standing {
    /// A caller for whom nothing can change any more.
    pub fn of(caller: Caller) -> Self {
        Self::changing(caller).1
    }

    /// A caller who may show new tokens: what is sent into the first half is what the second one answers from then on.
    pub fn changing(caller: Caller) -> (watch::Sender<Arc<Caller>>, Self) {
        let (newest, standing) = watch::channel(Arc::new(caller));
        (newest, Self(standing))
    }

    /// The caller as of now.
    pub fn now(&self) -> Arc<Caller> {
        Arc::clone(&self.0.borrow())
    }

    /// Waits until a token has come since the last time; for ever where none can come.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl From<Caller> for Standing {
    fn from(caller: Caller) -> Self {
        Self::of(caller)
    }
}
