//! Reading reports, their jobs and pay statements, for many at a time.

use std::collections::HashMap;

use sea_orm::sea_query::Order;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::{Employment, PayStatement, Report};
use crate::ids::{AgencyId, EmploymentId, OrderId, PayStatementId, ReportId};
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
        }
    }
}

fn heads(agency: AgencyId) -> Select<reports::Entity> {
    use reports::Column as C;
    reports::Entity::find()
        .select_only()
        .columns([C::Id, C::AgencyId, C::CaseId, C::OrderId, C::TruvReportId, C::GeneratedAt, C::MonthlyIncome])
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
