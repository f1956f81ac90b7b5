//! Rows of cases and renewals, and the one way to change a case.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveValue::Set, ActiveValue::Unchanged, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::{Case, Renewal};
use crate::caller::{CaseScope, Caseload};
use crate::events::{self, Facts};
use crate::ids::{AgencyId, CaseId, CaseworkerId, ClientId, OrderId, RenewalId};
use crate::notices::{self, News};
use crate::storage::entities::{cases, renewals};
use crate::storage::past::{self, Was};
use crate::storage::{Error, Tx};
use crate::words::{Actor, CaseEventKind, CaseStatus, NextAction, RowKind};

/// Limits a query to the cases of a scope.
pub(crate) fn in_scope(query: sea_orm::Select<cases::Entity>, scope: CaseScope) -> sea_orm::Select<cases::Entity> {
    let query = query.filter(cases::Column::AgencyId.eq(scope.agency.0));
    match scope.caseload {
        Caseload::All => query,
        Caseload::Of(caseworker) => query.filter(cases::Column::AssigneeId.eq(caseworker.0)),
        Caseload::Nobody => query.filter(sea_orm::sea_query::Expr::value(false)),
    }
}

/// Case, as the scope may see it.
pub(crate) async fn find_in_tx<C: ConnectionTrait>(
    db: &C,
    scope: CaseScope,
    id: CaseId,
) -> Result<Option<Case>, Error> {
    let query = in_scope(cases::Entity::find_by_id(id.0), scope);
    Ok(query.one(db).await?.map(Case::from))
}

/// A case of the agency that must be there: something that was stored with it points to it.
pub(crate) async fn find_any<C: ConnectionTrait>(db: &C, agency: AgencyId, id: CaseId) -> Result<Case, Error> {
    let scope = CaseScope { agency, caseload: Caseload::All };
    find_in_tx(db, scope, id).await?.ok_or_else(|| Error::Corrupt(format!("case {id} is missing")))
}

/// Locks the case's row until the transaction ends, and answers the case as it is then. On SQLite the transaction holds
/// the only write lock already.
pub(crate) async fn lock_in_tx(tx: &Tx, scope: CaseScope, id: CaseId) -> Result<Option<Locked>, Error> {
    let query = in_scope(cases::Entity::find_by_id(id.0), scope).lock(LockType::Update);
    Ok(query.one(tx).await?.map(Case::from).map(Locked::new))
}

/// The cases of a client that have not ended, in the order of their ids, locked until the transaction ends.
pub(crate) async fn lock_open_of_client_in_tx(
    tx: &Tx,
    agency: AgencyId,
    client: ClientId,
) -> Result<Vec<Locked>, Error> {
    let rows = open_of_client(agency, client).lock(LockType::Update).all(tx).await?;
    Ok(rows.into_iter().map(|row| Locked::new(row.into())).collect())
}

/// The same without locks.
pub(crate) async fn list_open_of_client_in_tx(tx: &Tx, agency: AgencyId, client: ClientId) -> Result<Vec<Case>, Error> {
    Ok(open_of_client(agency, client).all(tx).await?.into_iter().map(Case::from).collect())
}

fn open_of_client(agency: AgencyId, client: ClientId) -> sea_orm::Select<cases::Entity> {
    cases::Entity::find()
        .filter(cases::Column::AgencyId.eq(agency.0))
        .filter(cases::Column::ClientId.eq(client.0))
        .filter(cases::Column::Status.ne(CaseStatus::Closed))
        .order_by_asc(cases::Column::Id)
}

/// Where a case stands: what the policies decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) status: CaseStatus,
    pub(crate) next_action: NextAction,
    pub(crate) next_actor: Option<Actor>,
}

impl Standing {
    pub(crate) const NOT_DUE: Self =
        Self { status: CaseStatus::NotDue, next_action: NextAction::None, next_actor: None };
    pub(crate) const DUE: Self = Self {
        status: CaseStatus::Due,
        next_action: NextAction::CreateRefreshOrder,
        next_actor: Some(Actor::Caseworker),
    };
    pub(crate) const READY: Self = Self {
        status: CaseStatus::ReadyForReview,
        next_action: NextAction::Review,
        next_actor: Some(Actor::Caseworker),
    };
}

/// A case whose row the open transaction has locked. Changes are collected and written by [`Locked::save_in_tx`]: one
/// update of the row, one event for each change, and one more when the case's own standing moved.
#[derive(Debug)]
pub(crate) struct Locked {
    case: Case,
    before: Case,
    changes: Vec<events::Change>,
}

impl Locked {
    fn new(case: Case) -> Self {
        Self { before: case.clone(), case, changes: Vec::new() }
    }

    /// The case with what has been changed so far.
    pub(crate) fn case(&self) -> &Case {
        &self.case
    }

    /// Notes an event to be appended.
    pub(crate) fn note(&mut self, change: events::Change) {
        self.changes.push(change);
    }

    pub(crate) fn stand(&mut self, standing: Standing) {
        self.case.status = standing.status;
        self.case.next_action = standing.next_action;
        self.case.next_actor = standing.next_actor;
    }

    pub(crate) fn assign(&mut self, assignee: Option<CaseworkerId>) {
        self.case.assignee = assignee;
    }

    pub(crate) fn due_on(&mut self, due_on: NaiveDate) {
        self.case.due_on = due_on;
    }

    pub(crate) fn renewal(&mut self, renewal: Option<RenewalId>) {
        self.case.renewal = renewal;
    }

    /// The case has a new newest order; the first one is also its original order.
    pub(crate) fn latest_order(&mut self, order: OrderId) {
        self.case.latest_order = Some(order);
        self.case.original_order.get_or_insert(order);
    }

    /// Writes row and events, and answers the case as it now is. Without any change nothing is written.
    pub(crate) async fn save_in_tx(mut self, tx: &Tx, now: DateTime<Utc>) -> Result<Case, Error> {
        let (case, before) = (&mut self.case, &self.before);
        let moved = case.status != before.status
            || case.next_action != before.next_action
            || case.next_actor != before.next_actor
            || case.assignee != before.assignee
            || case.due_on != before.due_on;
        if moved {
            let facts =
                Facts { previous_case_status: Some(before.status), case_status: Some(case.status), ..Facts::default() };
            self.changes.push(events::Change { facts, ..events::Change::of(CaseEventKind::CaseStatusChanged) });
        }
        if self.changes.is_empty() && case == before {
            return Ok(self.case);
        }
        let subject =
            events::Subject { agency: case.agency, case: case.id, assignee: case.assignee, version: case.version };
        let is_decision = self.changes.iter().any(|change| change.kind == CaseEventKind::ReviewCompleted);
        past::keep_in_tx(tx, was(RowKind::Case, before.agency, before.id.0, before.id), before, now).await?;
        case.version = events::append_in_tx(tx, &subject, self.changes, now).await?;
        case.updated_at = now;
        if needs_person(case) && !needs_person(before) && !is_decision {
            let news =
                News::NeedsPerson { status: case.status, next_action: case.next_action, next_actor: case.next_actor };
            notices::append_in_tx(tx, case.about(), news, now).await?;
        }
        let row = cases::ActiveModel {
            id: Unchanged(case.id.0),
            assignee_id: Set(case.assignee.map(|id| id.0)),
            status: Set(case.status),
            next_action: Set(case.next_action),
            next_actor: Set(case.next_actor),
            due_on: Set(case.due_on),
            original_order_id: Set(case.original_order.map(|id| id.0)),
            latest_order_id: Set(case.latest_order.map(|id| id.0)),
            renewal_id: Set(case.renewal.map(|id| id.0)),
            version: Set(case.version),
            updated_at: Set(now),
            ..Default::default()
        };
        cases::Entity::update_many().set(row).filter(cases::Column::Id.eq(case.id.0)).exec(tx).await?;
        Ok(self.case)
    }
}

/// Whether a person must do something because a refresh failed.
fn needs_person(case: &Case) -> bool {
    matches!(case.next_action, NextAction::SendVerificationLink | NextAction::ResolveByHand)
}

/// Renewal of the agency.
pub(crate) async fn find_renewal_in_tx(tx: &Tx, agency: AgencyId, id: RenewalId) -> Result<Option<Renewal>, Error> {
    let query = renewals::Entity::find_by_id(id.0).filter(renewals::Column::AgencyId.eq(agency.0));
    Ok(query.one(tx).await?.map(Renewal::from))
}

/// The renewal of the case that was decided last.
pub(crate) async fn find_last_decided_in_tx(tx: &Tx, case: &Case) -> Result<Option<Renewal>, Error> {
    let query = renewals::Entity::find()
        .filter(renewals::Column::CaseId.eq(case.id.0))
        .filter(renewals::Column::ClosedAt.is_not_null())
        .order_by_desc(renewals::Column::ClosedAt);
    Ok(query.one(tx).await?.map(Renewal::from))
}

/// Stores a new renewal.
pub(crate) async fn insert_renewal_in_tx(tx: &Tx, renewal: &Renewal, now: DateTime<Utc>) -> Result<(), Error> {
    let row = renewals::ActiveModel {
        agency_id: Set(renewal.agency.0),
        case_id: Set(renewal.case.0),
        due_on: Set(renewal.due_on),
        opened_on: Set(renewal.opened_on),
        created_at: Set(now),
        ..renewal_columns(renewal)
    };
    renewals::Entity::insert(renewals::ActiveModel { id: Set(renewal.id.0), ..row }).exec_without_returning(tx).await?;
    Ok(())
}

/// Writes what has changed on a renewal.
pub(crate) async fn save_renewal_in_tx(
    tx: &Tx,
    renewal: &Renewal,
    note: Option<String>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    keep_renewal_in_tx(tx, renewal.agency, renewal.id, now).await?;
    let mut row = renewal_columns(renewal);
    if note.is_some() {
        row.note = Set(note);
    }
    renewals::Entity::update_many().set(row).filter(renewals::Column::Id.eq(renewal.id.0)).exec(tx).await?;
    Ok(())
}

/// Keeps what the renewal says up to now.
pub(super) async fn keep_renewal_in_tx(
    tx: &Tx,
    agency: AgencyId,
    id: RenewalId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Some(before) = find_renewal_in_tx(tx, agency, id).await? else { return Ok(()) };
    past::keep_in_tx(tx, was(RowKind::Renewal, agency, id.0, before.case), &before, now).await
}

fn was(kind: RowKind, agency: AgencyId, row: uuid::Uuid, case: CaseId) -> Was {
    Was { agency, kind, row, owner: case.0 }
}

fn renewal_columns(renewal: &Renewal) -> renewals::ActiveModel {
    renewals::ActiveModel {
        baseline_report_id: Set(renewal.baseline.map(|id| id.0)),
        current_report_id: Set(renewal.current.map(|id| id.0)),
        prepared_at: Set(renewal.prepared_at),
        decision: Set(renewal.decision),
        decided_by: Set(renewal.decided_by.clone()),
        decided_at: Set(renewal.decided_at),
        closed_at: Set(renewal.closed_at),
        ..Default::default()
    }
}

impl From<cases::Model> for Case {
    fn from(row: cases::Model) -> Self {
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            number: row.number,
            program: row.program,
            client: row.client_id.into(),
            assignee: row.assignee_id.map(Into::into),
            status: row.status,
            next_action: row.next_action,
            next_actor: row.next_actor,
            due_on: row.due_on,
            cycle_months: u32::try_from(row.cycle_months).unwrap_or_default(),
            original_order: row.original_order_id.map(Into::into),
            latest_order: row.latest_order_id.map(Into::into),
            renewal: row.renewal_id.map(Into::into),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<renewals::Model> for Renewal {
    fn from(row: renewals::Model) -> Self {
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            case: row.case_id.into(),
            due_on: row.due_on,
            opened_on: row.opened_on,
            baseline: row.baseline_report_id.map(Into::into),
            current: row.current_report_id.map(Into::into),
            prepared_at: row.prepared_at,
            decision: row.decision,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            closed_at: row.closed_at,
        }
    }
}
