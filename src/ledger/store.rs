//! Rows of the ledger.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, LockType, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Line;
use super::rules::{self, Outcome, Verdict};
use crate::ids::{AgencyId, CaseId, Ids, LinkId, OrderEmployerId, OrderId};
use crate::storage::entities::ledger_lines::{self, Column};
use crate::storage::entities::ledger_months;
use crate::storage::{Error, Tx};
use crate::words::{LedgerStatus, ProductType, Program};

/// What the program has committed in the month of `now`, in cents, with the row locked until the transaction ends. Take it
/// after every other lock: it is shared by all cases of the program.
pub(crate) async fn lock_month_in_tx(
    tx: &Tx,
    agency: AgencyId,
    program: Program,
    now: DateTime<Utc>,
) -> Result<i64, Error> {
    add_in_tx(tx, agency, program, &rules::month_of(now), 0).await
}

/// The same without a lock.
pub(crate) async fn committed<C: ConnectionTrait>(
    db: &C,
    agency: AgencyId,
    program: Program,
    now: DateTime<Utc>,
) -> Result<i64, Error> {
    let row = ledger_months::Entity::find_by_id((agency.0, program.word(), rules::month_of(now))).one(db).await?;
    Ok(row.map_or(0, |row| row.committed_cents))
}

/// Adds to what the month has committed, and answers what it then is. The row stays locked.
async fn add_in_tx(tx: &Tx, agency: AgencyId, program: Program, month: &str, cents: i64) -> Result<i64, Error> {
    let row = ledger_months::ActiveModel {
        agency_id: Set(agency.0),
        program: Set(program.word()),
        month: Set(month.to_owned()),
        committed_cents: Set(cents),
    };
    let old = Expr::col((ledger_months::Entity, ledger_months::Column::CommittedCents));
    let row = ledger_months::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([
                ledger_months::Column::AgencyId,
                ledger_months::Column::Program,
                ledger_months::Column::Month,
            ])
            .value(ledger_months::Column::CommittedCents, old.add(cents))
            .to_owned(),
        )
        .exec_with_returning(tx)
        .await?;
    Ok(row.committed_cents)
}

/// What is about to be ordered.
pub(crate) struct Attempt<'a> {
    pub(crate) agency: AgencyId,
    pub(crate) case: CaseId,
    pub(crate) order: OrderId,
    pub(crate) program: Program,
    pub(crate) product: ProductType,
    pub(crate) price_cents: Option<i64>,
    pub(crate) links: &'a [(OrderEmployerId, LinkId)],
}

/// Writes a line for each connection of an order that is about to be stored.
pub(crate) async fn attempt_in_tx(tx: &Tx, ids: &Ids, attempt: Attempt<'_>, now: DateTime<Utc>) -> Result<(), Error> {
    if attempt.links.is_empty() {
        return Ok(());
    }
    let month = rules::month_of(now);
    let rows = attempt.links.iter().map(|(employer, link)| ledger_lines::ActiveModel {
        id: Set(ids.next()),
        agency_id: Set(attempt.agency.0),
        case_id: Set(attempt.case.0),
        order_id: Set(attempt.order.0),
        order_employer_id: Set(employer.0),
        link_id: Set(link.0),
        month: Set(month.clone()),
        program: Set(attempt.program),
        product: Set(attempt.product),
        status: Set(LedgerStatus::Attempted),
        price_cents: Set(attempt.price_cents),
        attempted_at: Set(now),
        settled_at: Set(None),
        confirmed_at: Set(None),
        difference: Set(None),
        check_at: Set(None),
        checks: Set(0),
    });
    ledger_lines::Entity::insert_many(rows).exec_without_returning(tx).await?;
    let links = i64::try_from(attempt.links.len()).unwrap_or(i64::MAX);
    let cents = attempt.price_cents.unwrap_or(0).saturating_mul(links);
    if cents != 0 {
        add_in_tx(tx, attempt.agency, attempt.program, &month, cents).await?;
    }
    Ok(())
}

/// Moves the lines of an order as its connections have ended. Call it last: it locks the row of the month.
pub(crate) async fn settle_in_tx(
    tx: &Tx,
    order: OrderId,
    outcomes: &[(OrderEmployerId, Outcome)],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let of =
        |line: &Line| outcomes.iter().find(|(employer, _)| *employer == line.employer).map(|(_, outcome)| *outcome);
    for line in lines_in_tx(tx, order).await? {
        let Some(outcome) = of(&line) else { continue };
        let Some(status) = rules::next(line.status, outcome) else { continue };
        let row = ledger_lines::ActiveModel {
            status: Set(status),
            settled_at: Set(Some(now)),
            difference: Set(None),
            check_at: Set(rules::first_check(outcome, now)),
            ..Default::default()
        };
        ledger_lines::Entity::update_many().set(row).filter(Column::Id.eq(line.id.0)).exec(tx).await?;
        let change = i64::from(rules::is_committed(status)) - i64::from(rules::is_committed(line.status));
        let cents = line.price_cents.unwrap_or(0) * change;
        if cents != 0 {
            add_in_tx(tx, line.agency, line.program, &line.month, cents).await?;
        }
    }
    Ok(())
}

/// Truv has definitely not carried the order out: nothing of it will be billed.
pub(crate) async fn void_in_tx(tx: &Tx, order: OrderId, now: DateTime<Utc>) -> Result<(), Error> {
    let lines = lines_in_tx(tx, order).await?;
    let refused: Vec<_> = lines.iter().map(|line| (line.employer, Outcome::Refused)).collect();
    settle_in_tx(tx, order, &refused, now).await
}

/// The lines of an order, locked.
pub(super) async fn lines_in_tx(tx: &Tx, order: OrderId) -> Result<Vec<Line>, Error> {
    let query = ledger_lines::Entity::find()
        .filter(Column::OrderId.eq(order.0))
        .order_by_asc(Column::Id)
        .lock(LockType::Update);
    Ok(query.all(tx).await?.into_iter().map(Line::from).collect())
}

/// Agencies with lines whose invoice is to be asked for.
pub(super) async fn due_agencies<C: ConnectionTrait>(db: &C, now: DateTime<Utc>) -> Result<Vec<AgencyId>, Error> {
    let ids: Vec<uuid::Uuid> = ledger_lines::Entity::find()
        .select_only()
        .column(Column::AgencyId)
        .filter(Column::CheckAt.lte(now))
        .distinct()
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(AgencyId::from).collect())
}

/// Orders of the agency whose invoice is to be asked for, with Truv's id; the longest due first.
pub(super) async fn due_orders<C: ConnectionTrait>(
    db: &C,
    agency: AgencyId,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<(OrderId, Option<String>)>, Error> {
    use crate::storage::entities::orders;
    let ids: Vec<(uuid::Uuid, Option<DateTime<Utc>>)> = ledger_lines::Entity::find()
        .select_only()
        .column(Column::OrderId)
        .column_as(Column::CheckAt.min(), "first_check")
        .filter(Column::AgencyId.eq(agency.0))
        .filter(Column::CheckAt.lte(now))
        .group_by(Column::OrderId)
        .order_by_asc(Expr::cust("first_check"))
        .limit(limit)
        .into_tuple()
        .all(db)
        .await?;
    let ids: Vec<uuid::Uuid> = ids.into_iter().map(|(id, _)| id).collect();
    let known: Vec<(uuid::Uuid, Option<String>)> = orders::Entity::find()
        .select_only()
        .columns([orders::Column::Id, orders::Column::TruvOrderId])
        .filter(orders::Column::AgencyId.eq(agency.0))
        .filter(orders::Column::Id.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    Ok(known.into_iter().map(|(id, truv)| (id.into(), truv)).collect())
}

/// Writes what a look at the invoice has shown.
pub(super) async fn save_verdict_in_tx(
    tx: &Tx,
    line: &Line,
    verdict: &Verdict,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let confirmed_at = (verdict.status == LedgerStatus::Confirmed).then_some(line.confirmed_at.unwrap_or(now));
    let row = ledger_lines::ActiveModel {
        status: Set(verdict.status),
        difference: Set(verdict.difference),
        confirmed_at: Set(confirmed_at),
        check_at: Set(verdict.check_at),
        ..Default::default()
    };
    ledger_lines::Entity::update_many()
        .set(row)
        .col_expr(Column::Checks, Expr::col(Column::Checks).add(1))
        .filter(Column::Id.eq(line.id.0))
        .exec(tx)
        .await?;
    Ok(())
}

impl From<ledger_lines::Model> for Line {
    fn from(row: ledger_lines::Model) -> Self {
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            case: row.case_id.into(),
            order: row.order_id.into(),
            employer: row.order_employer_id.into(),
            link: row.link_id.into(),
            month: row.month,
            program: row.program,
            product: row.product,
            status: row.status,
            price_cents: row.price_cents,
            attempted_at: row.attempted_at,
            settled_at: row.settled_at,
            confirmed_at: row.confirmed_at,
            difference: row.difference,
        }
    }
}
