//! The log itself: appending inside a transaction, and reading in order.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait};
use sea_orm::{FromQueryResult, Order, QueryFilter, QueryOrder, QuerySelect};

use super::{Change, Event, Position, horizon};
use crate::caller::{CaseScope, Caseload};
use crate::ids::{AgencyId, CaseId, CaseworkerId};
use crate::storage::entities::{events, installation};
use crate::storage::{Database, Error, Tx};
use crate::telemetry;
use crate::words::CaseEventKind;

/// The case that the changes of one append belong to, as it stands before them.
pub(crate) struct Subject {
    pub(crate) agency: AgencyId,
    pub(crate) case: CaseId,
    pub(crate) assignee: Option<CaseworkerId>,
    /// The version that the last event of the case carries.
    pub(crate) version: i64,
}

/// Appends the changes of one case and answers its new version. The caller holds the lock of the case's row, which is
/// what keeps the versions in order.
///
/// On PostgreSQL a transaction may have had its number long before it came to this case, and another one with a higher
/// number have changed the case meanwhile. The events then take that higher number, so that the log has the order of the
/// versions, too. Readers lose nothing by it: as long as this transaction is open they do not read past its own number,
/// and these events stand further on.
pub(crate) async fn append_in_tx(
    tx: &Tx,
    subject: &Subject,
    changes: Vec<Change>,
    at: DateTime<Utc>,
) -> Result<i64, Error> {
    use events::Column as C;
    if changes.is_empty() {
        return Ok(subject.version);
    }
    let number = number(tx, subject.case);
    let mut insert = Query::insert();
    insert.into_table(events::Entity).columns([
        C::Tx,
        C::AgencyId,
        C::CaseId,
        C::CaseVersion,
        C::AssigneeId,
        C::Kind,
        C::OrderId,
        C::OrderEmployerId,
        C::TaskId,
        C::ReportId,
        C::Facts,
        C::OccurredAt,
        C::TraceParent,
    ]);
    let (mut version, trace_parent) = (subject.version, telemetry::here());
    for change in changes {
        version += 1;
        insert.values_panic([
            number.clone(),
            Expr::value(subject.agency.0),
            Expr::value(subject.case.0),
            Expr::value(version),
            Expr::value(subject.assignee.map(|id| id.0)),
            Expr::value(change.kind.word()),
            Expr::value(change.order.map(|id| id.0)),
            Expr::value(change.employer.map(|id| id.0)),
            Expr::value(change.task.map(|id| id.0)),
            Expr::value(change.report.map(|id| id.0)),
            Expr::value(serde_json::to_value(&change.facts).unwrap_or_default()),
            Expr::value(at),
            Expr::value(trace_parent.clone()),
        ]);
    }
    tx.execute(&insert).await?;
    Ok(version)
}

/// Under which number a transaction's events of a case stand: its own, or that of the case's last event.
fn number(tx: &Tx, case: CaseId) -> SimpleExpr {
    const NUMBER: &str = "GREATEST(pg_current_xact_id()::text::bigint, \
        (SELECT last.tx FROM events AS last WHERE last.case_id = $1 ORDER BY last.tx DESC, last.id DESC LIMIT 1))";
    match tx.get_database_backend() {
        DbBackend::Postgres => Expr::cust_with_values(NUMBER, [case.0]),
        _ => Expr::value(0_i64),
    }
}

/// Which events a reader wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only these cases; empty for all.
    pub cases: Vec<CaseId>,
    /// Only cases in this caseload at the time of the event.
    pub assignee: Option<CaseworkerId>,
    /// Only these kinds; empty for all.
    pub kinds: Vec<CaseEventKind>,
}

impl Filter {
    /// Whether an event passes; the scope is asked separately.
    pub fn admits(&self, event: &Event) -> bool {
        (self.cases.is_empty() || self.cases.contains(&event.case))
            && self.assignee.is_none_or(|assignee| event.assignee == Some(assignee))
            && (self.kinds.is_empty() || self.kinds.contains(&event.kind))
    }
}

/// Which part of the log to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Only events after this position.
    pub after: Option<Position>,
    /// Only events before this position.
    pub before: Option<Position>,
    /// Most events.
    pub limit: u64,
    /// The newest ones of the window instead of the oldest.
    pub from_end: bool,
}

/// A part of the log, oldest event first.
#[derive(Clone, Debug)]
pub struct Page {
    /// The events.
    pub events: Vec<Event>,
    /// Whether the window holds more, in the direction it was read.
    pub has_more: bool,
}

/// Reads a window of the events that the scope and the filter admit.
///
/// # Errors
/// When the database fails.
pub async fn page(db: &Database, scope: CaseScope, filter: &Filter, window: Window) -> Result<Page, Error> {
    match admitted(scope, filter) {
        Some(query) => read(db, query, window).await,
        None => Ok(Page { events: Vec::new(), has_more: false }),
    }
}

/// The same for what is after one position and up to another one that a reader has reached already, so that nothing can
/// get in front of it any more. A later look may prove less about the transactions of other databases than the one before
/// (`horizon`), and must not leave out again what was readable.
pub(super) async fn page_up_to(
    db: &Database,
    scope: CaseScope,
    filter: &Filter,
    (after, last): (Position, Position),
    limit: u64,
) -> Result<Page, Error> {
    let window =
        Window { after: Some(after), before: Some(Position { id: last.id + 1, ..last }), limit, from_end: false };
    match admitted(scope, filter) {
        Some(query) => collect(db, beyond(query, window.after, window.before), window).await,
        None => Ok(Page { events: Vec::new(), has_more: false }),
    }
}

/// The events that the scope and the filter admit; `None` when that can be none at all.
pub(super) fn admitted(scope: CaseScope, filter: &Filter) -> Option<sea_orm::Select<events::Entity>> {
    let mut query = events::Entity::find().filter(events::Column::AgencyId.eq(scope.agency.0));
    match scope.caseload {
        Caseload::All => {}
        Caseload::Of(caseworker) => query = query.filter(events::Column::AssigneeId.eq(caseworker.0)),
        Caseload::Nobody => return None,
    }
    if !filter.cases.is_empty() {
        query = query.filter(events::Column::CaseId.is_in(filter.cases.iter().map(|id| id.0)));
    }
    if let Some(assignee) = filter.assignee {
        query = query.filter(events::Column::AssigneeId.eq(assignee.0));
    }
    if !filter.kinds.is_empty() {
        query = query.filter(events::Column::Kind.is_in(filter.kinds.iter().copied()));
    }
    Some(query)
}

/// What the tail of the log finds.
pub(super) struct Tail {
    /// Events that can be read.
    pub(super) page: Page,
    /// The first event that is committed and cannot be read yet, because a transaction may still get in front of it.
    pub(super) held: Option<Position>,
    /// How many of those this look has met.
    pub(super) held_count: usize,
}

#[derive(FromQueryResult)]
struct Row {
    #[sea_orm(nested)]
    event: events::Model,
    is_settled: bool,
}

/// Reads every event after a position, for the tail of the log. The events that are held back come with the others, so
/// that the tail learns of them without another statement; being settled is a matter of the lowest numbers, so they come
/// last.
pub(super) async fn tail(db: &Database, after: Position, limit: u64) -> Result<Tail, Error> {
    let mut rows: Vec<Row> = beyond(events::Entity::find(), Some(after), None)
        .expr_as(horizon::settled(db), "is_settled")
        .order_by_asc(events::Column::Tx)
        .order_by_asc(events::Column::Id)
        .limit(limit + 1)
        .into_model()
        .all(db.read())
        .await?;
    let readable = rows.iter().take_while(|row| row.is_settled).count();
    let held: Vec<Row> = rows.split_off(readable);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Tail {
        page: Page { events: rows.into_iter().map(|row| Event::from(row.event)).collect(), has_more },
        held: held.first().map(|row| Position { tx: row.event.tx, id: row.event.id }),
        held_count: held.len(),
    })
}

/// The position after which nothing is committed yet: where a stream without a cursor starts.
pub(super) async fn head(db: &Database) -> Result<Position, Error> {
    let window = Window { after: None, before: None, limit: 1, from_end: true };
    let page = read(db, events::Entity::find(), window).await?;
    Ok(page.events.last().map_or(Position::START, |event| event.position))
}

/// The position of the last event that was pruned: a reader before it has lost something.
///
/// # Errors
/// When the database fails.
pub async fn pruned(db: &Database) -> Result<Position, Error> {
    let row = installation::Entity::find_by_id(1).one(db.read()).await?;
    Ok(row.map_or(Position::START, |row| Position { tx: row.pruned_tx, id: row.pruned_id }))
}

/// Limits a query to a part of the log. A row value is a bound of the index, on both databases.
pub(super) fn beyond(
    mut query: sea_orm::Select<events::Entity>,
    after: Option<Position>,
    before: Option<Position>,
) -> sea_orm::Select<events::Entity> {
    let place = || Expr::tuple([Expr::col(events::Column::Tx), Expr::col(events::Column::Id)]);
    let bound = |at: Position| Expr::tuple([Expr::value(at.tx), Expr::value(at.id)]);
    if let Some(after) = after {
        query = query.filter(place().gt(bound(after)));
    }
    if let Some(before) = before {
        query = query.filter(place().lt(bound(before)));
    }
    query
}

/// Limits a query to what no transaction can still get in front of.
pub(super) fn settled(db: &Database, query: sea_orm::Select<events::Entity>) -> sea_orm::Select<events::Entity> {
    query.filter(horizon::settled(db))
}

async fn read(db: &Database, query: sea_orm::Select<events::Entity>, window: Window) -> Result<Page, Error> {
    collect(db, settled(db, beyond(query, window.after, window.before)), window).await
}

async fn collect(db: &Database, query: sea_orm::Select<events::Entity>, window: Window) -> Result<Page, Error> {
    let order = if window.from_end { Order::Desc } else { Order::Asc };
    let mut rows = query
        .order_by(events::Column::Tx, order.clone())
        .order_by(events::Column::Id, order)
        .limit(window.limit + 1)
        .all(db.read())
        .await?;
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    if window.from_end {
        rows.reverse();
    }
    Ok(Page { events: rows.into_iter().map(Event::from).collect(), has_more })
}

impl From<events::Model> for Event {
    fn from(row: events::Model) -> Self {
        Self {
            position: Position { tx: row.tx, id: row.id },
            agency: row.agency_id.into(),
            case: row.case_id.into(),
            case_version: row.case_version,
            assignee: row.assignee_id.map(Into::into),
            kind: row.kind,
            order: row.order_id.map(Into::into),
            employer: row.order_employer_id.map(Into::into),
            task: row.task_id.map(Into::into),
            report: row.report_id.map(Into::into),
            facts: serde_json::from_value(row.facts).unwrap_or_default(),
            occurred_at: row.occurred_at,
            trace_parent: row.trace_parent,
        }
    }
}
