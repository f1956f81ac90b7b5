//! Reading reports, their jobs and pay statements, for many at a time.

use std::collections::HashMap;

use sea_orm::sea_query::Order;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::store::{ids_of, texts};
use super::{Employment, PayStatement, Report, Stub};
use crate::ids::{AgencyId, CaseId, EmploymentId, OrderId, PayStatementId, ReportId};
use crate::page::{Page, Window};
use crate::storage::entities::{employments, pay_statements, reports};
use crate::storage::ranked::{direction, first_of_each, grouped, pages};
use crate::storage::{Database, Error};

/// The reports of the agency among `ids`.
///
/// # Errors
/// When the database fails.
pub async fn load(db: &Database, agency: AgencyId, ids: &[ReportId]) -> Result<HashMap<ReportId, Report>, Error> {
    let query = heads(agency).filter(reports::Column::Id.is_in(ids.iter().map(|id| id.0)));
    Ok(query.into_model::<Head>().all(db.read()).await?.into_iter().map(|row| (row.id.into(), row.into())).collect())
}

/// The newest report that each order brought.
///
/// # Errors
/// When the database fails.
pub async fn load_of_orders(
    db: &Database,
    agency: AgencyId,
    orders: &[OrderId],
) -> Result<HashMap<OrderId, Report>, Error> {
    let query = heads(agency)
        .filter(reports::Column::OrderId.is_in(orders.iter().map(|id| id.0)))
        .order_by_asc(reports::Column::Id);
    let rows = query.into_model::<Head>().all(db.read()).await?;
    // A later report of the same order replaces the earlier one in the map.
    Ok(rows.into_iter().map(|row| (row.order_id.into(), row.into())).collect())
}

/// The newest report of each case, if it is no older than `since`.
///
/// # Errors
/// When the database fails.
pub async fn load_newest(
    db: &Database,
    agency: AgencyId,
    cases: &[CaseId],
    since: chrono::DateTime<chrono::Utc>,
) -> Result<HashMap<CaseId, Report>, Error> {
    let query = heads(agency)
        .filter(reports::Column::CaseId.is_in(cases.iter().map(|id| id.0)))
        .filter(reports::Column::GeneratedAt.gte(since))
        .order_by_asc(reports::Column::GeneratedAt)
        .order_by_asc(reports::Column::Id);
    let rows = query.into_model::<Head>().all(db.read()).await?;
    // A later one replaces the earlier ones in the map.
    Ok(rows.into_iter().map(|row| (row.case_id.into(), row.into())).collect())
}

/// A report without the raw body, which is large and which nobody reads with the head.
#[derive(Debug, sea_orm::FromQueryResult)]
struct Head {
    id: uuid::Uuid,
    agency_id: uuid::Uuid,
    case_id: uuid::Uuid,
    order_id: uuid::Uuid,
    truv_report_id: Option<String>,
    generated_at: chrono::DateTime<chrono::Utc>,
    monthly_income: Option<String>,
    carried: Option<serde_json::Value>,
    created_at: chrono::DateTime<chrono::Utc>,
}

impl From<Head> for Report {
    fn from(row: Head) -> Self {
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            case: row.case_id.into(),
            order: row.order_id.into(),
            truv_report_id: row.truv_report_id,
            generated_at: row.generated_at,
            monthly_income: row.monthly_income.and_then(|text| text.parse().ok()),
            carried: ids_of(row.carried),
            created_at: row.created_at,
        }
    }
}

fn heads(agency: AgencyId) -> Select<reports::Entity> {
    use reports::Column as C;
    reports::Entity::find()
        .select_only()
        .columns([C::Id, C::AgencyId, C::CaseId, C::OrderId, C::TruvReportId, C::GeneratedAt, C::MonthlyIncome])
        .columns([C::Carried, C::CreatedAt])
        .filter(C::AgencyId.eq(agency.0))
}

/// The jobs of each report, in its order.
///
/// # Errors
/// When the database fails.
pub async fn load_employments_of(
    db: &Database,
    agency: AgencyId,
    reports: &[ReportId],
) -> Result<HashMap<ReportId, Vec<Employment>>, Error> {
    let query = employments::Entity::find()
        .filter(employments::Column::AgencyId.eq(agency.0))
        .filter(employments::Column::ReportId.is_in(reports.iter().map(|id| id.0)))
        .order_by_asc(employments::Column::Position);
    Ok(grouped(query.all(db.read()).await?.into_iter().map(Employment::from), |job| job.report))
}

/// Every report that each order brought, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn load_all_of_orders(
    db: &Database,
    agency: AgencyId,
    orders: &[OrderId],
) -> Result<HashMap<OrderId, Vec<Report>>, Error> {
    let query = heads(agency)
        .filter(reports::Column::OrderId.is_in(orders.iter().map(|id| id.0)))
        .order_by_asc(reports::Column::Id);
    let rows = query.into_model::<Head>().all(db.read()).await?;
    Ok(grouped(rows.into_iter().map(Report::from), |report| report.order))
}

/// What the pay statements of each job say about time, newest pay date first.
///
/// # Errors
/// When the database fails.
pub async fn load_stubs(
    db: &Database,
    agency: AgencyId,
    employments: &[EmploymentId],
) -> Result<HashMap<EmploymentId, Vec<Stub>>, Error> {
    use pay_statements::Column as C;
    let rows: Vec<StubRow> = statements_of(agency, employments)
        .select_only()
        .columns([C::Id, C::EmploymentId, C::PayDate, C::PeriodStart, C::PeriodEnd, C::Hours])
        .columns([C::DerivedFields, C::MissingFields])
        .order_by_asc(C::EmploymentId)
        .order_by_asc(C::Position)
        .into_model()
        .all(db.read())
        .await?;
    let mut found: HashMap<EmploymentId, Vec<Stub>> = HashMap::new();
    for row in rows {
        let mut weak = texts(row.derived_fields);
        weak.extend(texts(row.missing_fields));
        found.entry(row.employment_id.into()).or_default().push(Stub {
            id: row.id.into(),
            pay_date: row.pay_date,
            period_start: row.period_start,
            period_end: row.period_end,
            hours: row.hours.and_then(|text| text.parse().ok()),
            weak,
        });
    }
    Ok(found)
}

#[derive(Debug, sea_orm::FromQueryResult)]
struct StubRow {
    id: uuid::Uuid,
    employment_id: uuid::Uuid,
    pay_date: Option<chrono::NaiveDate>,
    period_start: Option<chrono::NaiveDate>,
    period_end: Option<chrono::NaiveDate>,
    hours: Option<String>,
    derived_fields: Option<serde_json::Value>,
    missing_fields: Option<serde_json::Value>,
}

/// The jobs of the agency among `ids`.
///
/// # Errors
/// When the database fails.
pub async fn load_employments(
    db: &Database,
    agency: AgencyId,
    ids: &[EmploymentId],
) -> Result<HashMap<EmploymentId, Employment>, Error> {
    let query = employments::Entity::find()
        .filter(employments::Column::AgencyId.eq(agency.0))
        .filter(employments::Column::Id.is_in(ids.iter().map(|id| id.0)));
    Ok(query.all(db.read()).await?.into_iter().map(|row| (row.id.into(), row.into())).collect())
}

/// The pay statements of the agency among `ids`.
///
/// # Errors
/// When the database fails.
pub async fn load_statements(
    db: &Database,
    agency: AgencyId,
    ids: &[PayStatementId],
) -> Result<HashMap<PayStatementId, PayStatement>, Error> {
    let query = pay_statements::Entity::find()
        .filter(pay_statements::Column::AgencyId.eq(agency.0))
        .filter(pay_statements::Column::Id.is_in(ids.iter().map(|id| id.0)));
    Ok(query.all(db.read()).await?.into_iter().map(|row| (row.id.into(), row.into())).collect())
}

fn statements_of(agency: AgencyId, employments: &[EmploymentId]) -> Select<pay_statements::Entity> {
    pay_statements::Entity::find()
        .filter(pay_statements::Column::AgencyId.eq(agency.0))
        .filter(pay_statements::Column::EmploymentId.is_in(employments.iter().map(|id| id.0)))
}

/// A page of each job's pay statements, newest pay date first; the key is a statement's position.
///
/// # Errors
/// When the database fails.
pub async fn page_statements(
    db: &Database,
    agency: AgencyId,
    employments: &[EmploymentId],
    window: &Window<i32>,
) -> Result<HashMap<EmploymentId, Page<PayStatement>>, Error> {
    use pay_statements::Column as C;
    let mut query = statements_of(agency, employments);
    if let Some(after) = window.after {
        query = query.filter(C::Position.gt(after));
    }
    if let Some(before) = window.before {
        query = query.filter(C::Position.lt(before));
    }
    let order: Order = direction(window);
    let limit = window.limit.saturating_add(1);
    let ids = first_of_each(query, (C::Id, C::EmploymentId), &[C::Position], &order, limit);
    let query = pay_statements::Entity::find().filter(C::Id.in_subquery(ids)).order_by(C::Position, order);
    let rows = query.all(db.read()).await?;
    Ok(pages(rows.into_iter().map(PayStatement::from), window, |statement| statement.employment))
}

/// How many pay statements each job has.
///
/// # Errors
/// When the database fails.
pub async fn count_statements(
    db: &Database,
    agency: AgencyId,
    employments: &[EmploymentId],
) -> Result<HashMap<EmploymentId, u64>, Error> {
    let rows: Vec<(uuid::Uuid, i64)> = statements_of(agency, employments)
        .select_only()
        .column(pay_statements::Column::EmploymentId)
        .column_as(pay_statements::Column::Id.count(), "amount")
        .group_by(pay_statements::Column::EmploymentId)
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(rows.into_iter().map(|(job, count)| (job.into(), u64::try_from(count).unwrap_or(0))).collect())
}
