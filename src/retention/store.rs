//! Rows that are removed, emptied and held.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, LockType, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use sea_orm::{QueryTrait, Select};
use uuid::Uuid;

use crate::caller::Caller;
use crate::ids::{AgencyId, CaseId};
use crate::storage::entities::{
    case_holds, case_redactions, cases, clients, deliveries, employer_links, employments, order_employers, orders,
    pay_statements, renewals, reports, review_decisions, review_edits,
};
use crate::storage::past;
use crate::storage::{Database, Error, Tx};
use crate::words::CaseStatus;

/// A case under hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The case's number.
    pub number: String,
    /// Why.
    pub reason: String,
    /// The subject who said so.
    pub placed_by: String,
    /// When.
    pub placed_at: DateTime<Utc>,
}

/// Takes the bodies out of deliveries that were settled before; what tells a repeat from news stays.
pub(super) async fn empty_deliveries(
    db: &Database,
    agency: AgencyId,
    before: DateTime<Utc>,
    only_count: bool,
) -> Result<u64, Error> {
    let old = deliveries::Column::AgencyId
        .eq(agency.0)
        .and(deliveries::Column::SettledAt.lt(before))
        .and(deliveries::Column::Body.ne(Vec::<u8>::new()));
    if only_count {
        return Ok(deliveries::Entity::find().filter(old).count(db.read()).await?);
    }
    let emptied = deliveries::Entity::update_many()
        .col_expr(deliveries::Column::Body, Expr::value(Vec::<u8>::new()))
        .filter(old)
        .exec(db.write())
        .await?;
    Ok(emptied.rows_affected)
}

/// Closed cases that have not changed since, and still hold personal data.
pub(super) async fn closed_before(
    db: &Database,
    agency: AgencyId,
    before: DateTime<Utc>,
) -> Result<Vec<CaseId>, Error> {
    let redacted = case_redactions::Entity::find()
        .select_only()
        .column(case_redactions::Column::CaseId)
        .filter(case_redactions::Column::AgencyId.eq(agency.0))
        .into_query();
    let ids: Vec<Uuid> = cases::Entity::find()
        .select_only()
        .column(cases::Column::Id)
        .filter(cases::Column::AgencyId.eq(agency.0))
        .filter(cases::Column::Status.eq(CaseStatus::Closed))
        .filter(cases::Column::UpdatedAt.lt(before))
        .filter(cases::Column::Id.not_in_subquery(redacted))
        .order_by_asc(cases::Column::Id)
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(ids.into_iter().map(CaseId::from).collect())
}

/// The agency's cases under hold.
pub(super) async fn held(db: &Database, agency: AgencyId) -> Result<HashSet<CaseId>, Error> {
    let rows = of_agency(agency).all(db.read()).await?;
    Ok(rows.into_iter().map(|row| row.case_id.into()).collect())
}

fn of_agency(agency: AgencyId) -> Select<case_holds::Entity> {
    case_holds::Entity::find().filter(case_holds::Column::AgencyId.eq(agency.0))
}

/// The agency's holds, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn holds(db: &Database, agency: AgencyId) -> Result<Vec<Hold>, Error> {
    let rows = of_agency(agency).order_by_asc(case_holds::Column::PlacedAt).all(db.read()).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.case_id).collect();
    let named = cases::Entity::find()
        .filter(cases::Column::AgencyId.eq(agency.0))
        .filter(cases::Column::Id.is_in(ids))
        .all(db.read())
        .await?;
    let number = |case: Uuid| named.iter().find(|row| row.id == case).map(|row| row.number.clone());
    let hold = |row: case_holds::Model| Hold {
        number: number(row.case_id).unwrap_or_default(),
        reason: row.reason,
        placed_by: row.placed_by,
        placed_at: row.placed_at,
    };
    Ok(rows.into_iter().map(hold).collect())
}

async fn numbered(tx: &Tx, agency: AgencyId, number: &str) -> Result<Option<Uuid>, Error> {
    // Locked, so that a hold and a redaction of the same case wait for each other.
    let query = cases::Entity::find()
        .filter(cases::Column::AgencyId.eq(agency.0))
        .filter(cases::Column::Number.eq(number))
        .lock(LockType::Update);
    Ok(query.one(tx).await?.map(|row| row.id))
}

pub(super) async fn hold(
    db: &Database,
    caller: &Caller,
    number: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let tx = db.begin().await?;
    let Some(case) = numbered(&tx, caller.agency, number).await? else { return Ok(false) };
    let row = case_holds::ActiveModel {
        case_id: Set(case),
        agency_id: Set(caller.agency.0),
        reason: Set(reason.to_owned()),
        placed_by: Set(caller.subject.clone()),
        placed_at: Set(now),
    };
    let unless_there = OnConflict::column(case_holds::Column::CaseId).do_nothing().to_owned();
    case_holds::Entity::insert(row).on_conflict(unless_there).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn release(db: &Database, agency: AgencyId, number: &str) -> Result<bool, Error> {
    let tx = db.begin().await?;
    let Some(case) = numbered(&tx, agency, number).await? else { return Ok(false) };
    let released = case_holds::Entity::delete_by_id(case).exec(&tx).await?.rows_affected;
    tx.commit().await?;
    Ok(released > 0)
}

/// Removes the personal data of one closed case; `false` when it is held or open by now.
pub(super) async fn redact(db: &Database, agency: AgencyId, case: CaseId, now: DateTime<Utc>) -> Result<bool, Error> {
    let tx = db.begin().await?;
    let query = cases::Entity::find_by_id(case.0).filter(cases::Column::AgencyId.eq(agency.0)).lock(LockType::Update);
    let Some(row) = query.one(&tx).await? else { return Ok(false) };
    let is_held = case_holds::Entity::find_by_id(case.0).one(&tx).await?.is_some();
    if is_held || row.status != CaseStatus::Closed {
        return Ok(false);
    }
    empty_reports_in_tx(&tx, case).await?;
    empty_orders_in_tx(&tx, case).await?;
    empty_decisions_in_tx(&tx, case).await?;
    // What rows said before names employers and providers, too.
    past::forget_in_tx(&tx, case.0).await?;
    renewals::Entity::update_many()
        .col_expr(renewals::Column::Note, Expr::value(None::<String>))
        .filter(renewals::Column::CaseId.eq(case.0))
        .exec(&tx)
        .await?;
    cases::Entity::update_many()
        .col_expr(cases::Column::ClientSort, Expr::value(""))
        .filter(cases::Column::Id.eq(case.0))
        .exec(&tx)
        .await?;
    let redaction =
        case_redactions::ActiveModel { case_id: Set(case.0), agency_id: Set(agency.0), redacted_at: Set(now) };
    case_redactions::Entity::insert(redaction).exec_without_returning(&tx).await?;
    forget_client_in_tx(&tx, row.client_id).await?;
    db.commit(tx).await?;
    Ok(true)
}

async fn empty_reports_in_tx(tx: &Tx, case: CaseId) -> Result<(), Error> {
    let of_case = || {
        reports::Entity::find()
            .select_only()
            .column(reports::Column::Id)
            .filter(reports::Column::CaseId.eq(case.0))
            .into_query()
    };
    let jobs = employments::Entity::find()
        .select_only()
        .column(employments::Column::Id)
        .filter(employments::Column::ReportId.in_subquery(of_case()))
        .into_query();
    pay_statements::Entity::delete_many()
        .filter(pay_statements::Column::EmploymentId.in_subquery(jobs))
        .exec(tx)
        .await?;
    employments::Entity::delete_many().filter(employments::Column::ReportId.in_subquery(of_case())).exec(tx).await?;
    reports::Entity::update_many()
        .set(reports::ActiveModel { monthly_income: Set(None), body: Set(None), ..Default::default() })
        .filter(reports::Column::CaseId.eq(case.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// That somebody decided what and when, stays; what was on the screen, and their words, go.
async fn empty_decisions_in_tx(tx: &Tx, case: CaseId) -> Result<(), Error> {
    let of_case = review_decisions::Entity::find()
        .select_only()
        .column(review_decisions::Column::Id)
        .filter(review_decisions::Column::CaseId.eq(case.0))
        .into_query();
    review_edits::Entity::delete_many().filter(review_edits::Column::DecisionId.in_subquery(of_case)).exec(tx).await?;
    review_decisions::Entity::update_many()
        .set(review_decisions::ActiveModel {
            note: Set(None),
            review: Set(serde_json::json!({})),
            ..Default::default()
        })
        .filter(review_decisions::Column::CaseId.eq(case.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// The orders stay: they are the lineage.
async fn empty_orders_in_tx(tx: &Tx, case: CaseId) -> Result<(), Error> {
    let of_case = orders::Entity::find()
        .select_only()
        .column(orders::Column::Id)
        .filter(orders::Column::CaseId.eq(case.0))
        .into_query();
    orders::Entity::update_many()
        .set(orders::ActiveModel { share_url: Set(None), failure_message: Set(None), ..Default::default() })
        .filter(orders::Column::CaseId.eq(case.0))
        .exec(tx)
        .await?;
    order_employers::Entity::update_many()
        .set(order_employers::ActiveModel { company_name: Set(None), message: Set(None), ..Default::default() })
        .filter(order_employers::Column::OrderId.in_subquery(of_case))
        .exec(tx)
        .await?;
    Ok(())
}

/// The person goes with the last of their cases.
async fn forget_client_in_tx(tx: &Tx, client: Uuid) -> Result<(), Error> {
    let redacted = case_redactions::Entity::find().select_only().column(case_redactions::Column::CaseId).into_query();
    let others = cases::Entity::find()
        .filter(cases::Column::ClientId.eq(client))
        .filter(cases::Column::Id.not_in_subquery(redacted))
        .count(tx)
        .await?;
    if others > 0 {
        return Ok(());
    }
    clients::Entity::update_many()
        .set(clients::ActiveModel {
            external_user_id: Set(format!("redacted-{client}")),
            first_name: Set(String::new()),
            last_name: Set(String::new()),
            email: Set(None),
            phone: Set(None),
            ssn_last4: Set(None),
            truv_user_id: Set(None),
            ..Default::default()
        })
        .filter(clients::Column::Id.eq(client))
        .exec(tx)
        .await?;
    past::forget_in_tx(tx, client).await?;
    employer_links::Entity::update_many()
        .set(employer_links::ActiveModel {
            company_name: Set(None),
            company_mapping_id: Set(None),
            provider_name: Set(None),
            ..Default::default()
        })
        .filter(employer_links::Column::ClientId.eq(client))
        .exec(tx)
        .await?;
    Ok(())
}
