//! Renewals.

use std::sync::Arc;

use async_graphql::{ID, Object};

use super::Case;
use crate::cases;
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::orders::Order;
use crate::graphql::packet::EvidencePacket;
use crate::graphql::page::{Connection, Listed, PageArgs};
use crate::graphql::review::decisions::RecordedDecision;
use crate::graphql::review::{self, ReviewPrefill};
use crate::graphql::scalars::{Date, DateTime};
use crate::graphql::view::View;
use crate::ids::{CaseId, RenewalId};
use crate::policy;
use crate::words::{AuditAccess, ReviewDecision};

/// The list's name in cursors.
const LIST: &str = "renewals";

/// One recertification of a case.
#[derive(Clone)]
pub(crate) struct Renewal {
    row: Arc<cases::Renewal>,
    view: View,
}

impl Renewal {
    pub(crate) fn new(row: Arc<cases::Renewal>, view: &View) -> Self {
        view.show(row.case, AuditAccess::Read);
        Self { row, view: view.clone() }
    }

    /// The renewal behind an id. Whether the caller may see its case is for whoever got the id from outside to ask.
    pub(crate) async fn find(view: &View, id: RenewalId) -> Result<Option<Self>, ApiError> {
        Ok(view.load().renewals.get(id).await?.map(|row| Self::new(row, view)))
    }
}

impl Listed for Renewal {
    const CONNECTION: &'static str = "RenewalConnection";
    const EDGE: &'static str = "RenewalEdge";
}

/// A page of a case's renewals.
pub(super) async fn page(view: &View, case: CaseId, args: &PageArgs) -> Result<Connection<Renewal>, ApiError> {
    let window = args.window(|cursor| view.open::<RenewalId>(LIST, cursor))?;
    let page = view.load().renewals_of_case.get((case, window.clone())).await?;
    let page = (*page).clone().map(|row| (view.seal(LIST, &row.id), Renewal::new(row.into(), view)));
    let view = view.clone();
    let count = move || -> futures_util::future::BoxFuture<'static, _> {
        let view = view.clone();
        Box::pin(async move { view.load().renewal_count.get(case).await })
    };
    Ok(Connection::new(page, &window, Box::new(count)))
}

/// One recertification of a case: opened for a due date, ended by a decision.
#[Object]
impl Renewal {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        ids::seal(&self.row.id)
    }

    /// The case.
    async fn case(&self) -> Result<Case, ApiError> {
        Case::find(&self.view, self.row.case).await?.ok_or_else(|| ApiError::internal("a renewal has no case in sight"))
    }

    /// The due date it was opened for.
    async fn due_on(&self) -> Date {
        Date(self.row.due_on)
    }

    /// The day it was opened.
    async fn opened_on(&self) -> Date {
        Date(self.row.opened_on)
    }

    /// The orders made for it, oldest first.
    async fn orders(&self) -> Result<Vec<Order>, ApiError> {
        let rows = self.view.load().orders_of_renewal.get(self.row.id).await?;
        Ok(rows.iter().map(|row| Order::new(row.clone().into(), &self.view)).collect())
    }

    /// Its pre-filled screen. Null until a report has come, and withheld without the scope `reports:read`.
    async fn review(&self) -> Option<Result<ReviewPrefill, ApiError>> {
        if !self.view.reveals(&policy::RENEWAL_REVIEW) {
            return None;
        }
        review::of_renewal(&self.view, &self.row).transpose()
    }

    /// Every decision with its corrections, oldest first: all but the last one asked for documents. Needs the scope
    /// `reports:read`.
    async fn decisions(&self) -> Result<Vec<RecordedDecision>, ApiError> {
        review::decisions_of(&self.view, &self.row).await
    }

    /// Everything that a decision on this renewal stands on, as one file that shows every later change. Needs the scopes
    /// `audit:read` and `reports:read`; null and FORBIDDEN without them.
    async fn evidence_packet(&self) -> Option<Result<EvidencePacket, ApiError>> {
        EvidencePacket::of(&self.view, &self.row).await.transpose()
    }

    /// The decision; null until somebody has decided. After `NEEDS_DOCUMENTS` the renewal stays open.
    async fn decision(&self) -> Option<ReviewDecision> {
        self.row.decision
    }

    /// The subject who decided; null until then.
    async fn decided_by(&self) -> Option<&str> {
        self.row.decided_by.as_deref()
    }

    /// When; null until then.
    async fn decided_at(&self) -> Option<DateTime> {
        self.row.decided_at.map(DateTime)
    }
}
