//! Rows of reports, employments and pay statements.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::snapshot::{Content, Known, KnownJob, KnownStatement, Snapshot};
use super::{Employment, PayLine, PayStatement, Report};
use crate::ids::{AgencyId, CaseId, EmploymentId, OrderId, ReportId};
use crate::seal::{Sealed, Sealer};
use crate::storage::entities::{employments, pay_statements, reports};
use crate::storage::{Database, Error, Tx};
use crate::words::{DataSource, PayFrequency};

/// Rows of one statement: PostgreSQL takes 65,535 bound values, SQLite 32,766; a job has 24, a pay statement 19.
const CHUNK: usize = 1_000;

fn amount(text: Option<String>) -> Option<Decimal> {
    text.and_then(|text| text.parse().ok())
}

fn text(amount: Option<Decimal>) -> Option<String> {
    amount.map(|amount| amount.to_string())
}

/// The report of an order that Truv put together at this time.
pub(crate) async fn find_of_order(tx: &Tx, order: OrderId, at: DateTime<Utc>) -> Result<Option<ReportId>, Error> {
    let query = reports::Entity::find()
        .select_only()
        .column(reports::Column::Id)
        .filter(reports::Column::OrderId.eq(order.0))
        .filter(reports::Column::GeneratedAt.eq(at));
    Ok(query.into_tuple::<Uuid>().one(tx).await?.map(Into::into))
}

/// The newest report of a case that another order brought.
pub(crate) async fn find_newest(tx: &Tx, case: CaseId, other_than: OrderId) -> Result<Option<ReportId>, Error> {
    let query = reports::Entity::find()
        .select_only()
        .column(reports::Column::Id)
        .filter(reports::Column::CaseId.eq(case.0))
        .filter(reports::Column::OrderId.ne(other_than.0))
        .order_by_desc(reports::Column::GeneratedAt)
        .order_by_desc(reports::Column::Id);
    Ok(query.into_tuple::<Uuid>().one(tx).await?.map(Into::into))
}

/// The newest report of a case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newest {
    pub(crate) report: ReportId,
    pub(crate) order: OrderId,
    pub(crate) generated_at: DateTime<Utc>,
}

pub(crate) async fn find_newest_of_case<C: ConnectionTrait>(db: &C, case: CaseId) -> Result<Option<Newest>, Error> {
    let query = reports::Entity::find()
        .select_only()
        .columns([reports::Column::Id, reports::Column::OrderId, reports::Column::GeneratedAt])
        .filter(reports::Column::CaseId.eq(case.0))
        .order_by_desc(reports::Column::GeneratedAt)
        .order_by_desc(reports::Column::Id);
    let row: Option<(Uuid, Uuid, DateTime<Utc>)> = query.into_tuple().one(db).await?;
    Ok(row.map(|(report, order, generated_at)| Newest { report: report.into(), order: order.into(), generated_at }))
}

/// A job as it is stored: with Truv's own words beside what we read from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEmployment {
    /// The job.
    pub employment: Employment,
    /// Truv's id, stable for one connection.
    pub truv_employment_id: Option<String>,
    /// Truv's word for where the data comes from.
    pub data_source: Option<String>,
    /// Truv's word for how often the job pays.
    pub pay_frequency: Option<String>,
    /// Newest pay date first, each with Truv's id.
    pub statements: Vec<(PayStatement, Option<String>)>,
}

/// Stores a snapshot: the report, its jobs and their statements.
/// `body` is the report as it was received, for [`Report::body_place`]; `None` where it is not kept.
pub(crate) async fn insert_in_tx(tx: &Tx, snapshot: Snapshot, body: Option<&Sealed>) -> Result<(), Error> {
    let row = report_row(&snapshot.report, body);
    reports::Entity::insert(row).exec_without_returning(tx).await?;
    let mut statements = Vec::new();
    let mut rows = Vec::with_capacity(snapshot.jobs.len());
    for job in snapshot.jobs {
        statements.extend(job.statements.iter().map(|(statement, id)| statement_row(statement, id.clone())));
        rows.push(employment_row(job));
    }
    for chunk in rows.chunks(CHUNK) {
        employments::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx).await?;
    }
    for chunk in statements.chunks(CHUNK) {
        pay_statements::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// What a later report is compared with, jobs that the report carries on included: three statements, and of the pay
/// statements only what they are recognised by. Empty when the agency has no such report.
pub(crate) async fn load_known_in_tx(tx: &Tx, agency: AgencyId, report: ReportId) -> Result<Known, Error> {
    type Row = (Uuid, Option<String>, Option<NaiveDate>, Option<NaiveDate>, Option<NaiveDate>, Option<String>);
    let head = reports::Entity::find_by_id(report.0)
        .filter(reports::Column::AgencyId.eq(agency.0))
        .select_only()
        .column(reports::Column::Carried)
        .into_tuple::<Option<serde_json::Value>>()
        .one(tx)
        .await?;
    let carried = ids_of(head.flatten());
    let jobs = employments::Entity::find()
        .filter(employments::Column::AgencyId.eq(agency.0))
        .filter(
            Condition::any()
                .add(employments::Column::ReportId.eq(report.0))
                .add(employments::Column::Id.is_in(carried.iter().map(|id| id.0))),
        )
        .order_by_asc(employments::Column::ReportId)
        .order_by_asc(employments::Column::Position)
        .all(tx)
        .await?;
    let rows: Vec<Row> = pay_statements::Entity::find()
        .select_only()
        .columns([
            pay_statements::Column::EmploymentId,
            pay_statements::Column::TruvStatementId,
            pay_statements::Column::PayDate,
            pay_statements::Column::PeriodStart,
            pay_statements::Column::PeriodEnd,
            pay_statements::Column::GrossPay,
        ])
        .filter(pay_statements::Column::AgencyId.eq(agency.0))
        .filter(pay_statements::Column::EmploymentId.is_in(jobs.iter().map(|job| job.id)))
        .into_tuple()
        .all(tx)
        .await?;
    let mut statements: HashMap<Uuid, Vec<KnownStatement>> = HashMap::new();
    for (job, truv_statement_id, pay_date, period_start, period_end, gross_pay) in rows {
        let content = Content { pay_date, period_start, period_end, gross_pay: amount(gross_pay) };
        statements.entry(job).or_default().push(KnownStatement { truv_statement_id, content });
    }
    let known = jobs.into_iter().map(|job| KnownJob {
        statements: statements.remove(&job.id).unwrap_or_default(),
        truv_employment_id: job.truv_employment_id.clone(),
        employment: job.into(),
    });
    Ok(Known { jobs: known.collect() })
}

/// The body of a report as it was received, tokens stripped and the social security number masked. `None` when it is not
/// kept, or not any more.
pub(crate) async fn load_body(
    db: &Database,
    sealer: &Sealer,
    report: &Report,
) -> Result<Option<serde_json::Value>, Error> {
    let query = reports::Entity::find_by_id(report.id.0).filter(reports::Column::AgencyId.eq(report.agency.0));
    let row: Option<Option<String>> =
        query.select_only().column(reports::Column::Body).into_tuple().one(db.read()).await?;
    let Some(stored) = row.flatten().map(Sealed::of_row) else { return Ok(None) };
    let body = sealer.open(&report.body_place(), &stored)?;
    let corrupt = |_| Error::Corrupt(format!("the body of report {} is not JSON", report.id));
    serde_json::from_str(body.expose_secret()).map(Some).map_err(corrupt)
}

/// The ids of a stored list.
pub(super) fn ids_of(list: Option<serde_json::Value>) -> Vec<EmploymentId> {
    list.and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default()
}

/// The texts of a stored list.
pub(super) fn texts(list: Option<serde_json::Value>) -> Vec<String> {
    list.and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default()
}

fn report_row(report: &Report, body: Option<&Sealed>) -> reports::ActiveModel {
    reports::ActiveModel {
        id: Set(report.id.0),
        agency_id: Set(report.agency.0),
        case_id: Set(report.case.0),
        order_id: Set(report.order.0),
        truv_report_id: Set(report.truv_report_id.clone()),
        generated_at: Set(report.generated_at),
        monthly_income: Set(text(report.monthly_income)),
        body: Set(body.map(|body| body.as_str().to_owned())),
        created_at: Set(report.created_at),
        carried: Set(Some(serde_json::to_value(&report.carried).unwrap_or_default())),
    }
}

pub(crate) fn employment_row(job: NewEmployment) -> employments::ActiveModel {
    let employment = job.employment;
    employments::ActiveModel {
        id: Set(employment.id.0),
        agency_id: Set(employment.agency.0),
        report_id: Set(employment.report.0),
        link_id: Set(employment.link.map(|id| id.0)),
        position: Set(employment.position),
        key: Set(employment.key),
        truv_employment_id: Set(job.truv_employment_id),
        company_name: Set(employment.company_name),
        company_ein: Set(employment.company_ein),
        is_active: Set(employment.is_active),
        job_title: Set(employment.job_title),
        start_date: Set(employment.start_date),
        end_date: Set(employment.end_date),
        data_source: Set(job.data_source),
        derived_fields: Set(serde_json::Value::from(employment.derived_fields)),
        income: Set(text(employment.income)),
        income_unit: Set(employment.income_unit),
        pay_rate: Set(text(employment.pay_rate)),
        pay_frequency: Set(job.pay_frequency),
        monthly_income: Set(text(employment.monthly_income)),
        missing_fields: Set(Some(serde_json::Value::from(employment.missing_fields))),
        is_suspicious: Set(employment.is_suspicious),
        identity: Set(employment.identity),
        arithmetic: Set(Some(serde_json::to_value(&employment.arithmetic).unwrap_or_default())),
    }
}

pub(crate) fn statement_row(
    statement: &PayStatement,
    truv_statement_id: Option<String>,
) -> pay_statements::ActiveModel {
    let lines = |lines: &Vec<PayLine>| serde_json::to_value(lines).unwrap_or_default();
    pay_statements::ActiveModel {
        id: Set(statement.id.0),
        agency_id: Set(statement.agency.0),
        employment_id: Set(statement.employment.0),
        position: Set(statement.position),
        truv_statement_id: Set(truv_statement_id),
        pay_date: Set(statement.pay_date),
        period_start: Set(statement.period_start),
        period_end: Set(statement.period_end),
        gross_pay: Set(text(statement.gross_pay)),
        net_pay: Set(text(statement.net_pay)),
        gross_pay_ytd: Set(text(statement.gross_pay_ytd)),
        net_pay_ytd: Set(text(statement.net_pay_ytd)),
        hours: Set(text(statement.hours)),
        earnings: Set(lines(&statement.earnings)),
        deductions: Set(lines(&statement.deductions)),
        is_new: Set(statement.is_new),
        derived_fields: Set(Some(serde_json::Value::from(statement.derived_fields.clone()))),
        missing_fields: Set(Some(serde_json::Value::from(statement.missing_fields.clone()))),
    }
}

impl From<reports::Model> for Report {
    fn from(row: reports::Model) -> Self {
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            case: row.case_id.into(),
            order: row.order_id.into(),
            truv_report_id: row.truv_report_id,
            generated_at: row.generated_at,
            monthly_income: amount(row.monthly_income),
            carried: ids_of(row.carried),
            created_at: row.created_at,
        }
    }
}

impl From<employments::Model> for Employment {
    fn from(row: employments::Model) -> Self {
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            report: row.report_id.into(),
            link: row.link_id.map(Into::into),
            position: row.position,
            key: row.key,
            company_name: row.company_name,
            company_ein: row.company_ein,
            is_active: row.is_active,
            job_title: row.job_title,
            start_date: row.start_date,
            end_date: row.end_date,
            data_source: row.data_source.as_deref().map_or(DataSource::Unknown, DataSource::parse),
            derived_fields: serde_json::from_value(row.derived_fields).unwrap_or_default(),
            income: amount(row.income),
            income_unit: row.income_unit,
            pay_rate: amount(row.pay_rate),
            pay_frequency: row.pay_frequency.as_deref().map_or(PayFrequency::Unknown, PayFrequency::parse),
            monthly_income: amount(row.monthly_income),
            missing_fields: texts(row.missing_fields),
            is_suspicious: row.is_suspicious,
            identity: row.identity,
            arithmetic: row.arithmetic.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default(),
        }
    }
}

impl From<pay_statements::Model> for PayStatement {
    fn from(row: pay_statements::Model) -> Self {
        let lines = |lines| serde_json::from_value(lines).unwrap_or_default();
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            employment: row.employment_id.into(),
            position: row.position,
            pay_date: row.pay_date,
            period_start: row.period_start,
            period_end: row.period_end,
            gross_pay: amount(row.gross_pay),
            net_pay: amount(row.net_pay),
            gross_pay_ytd: amount(row.gross_pay_ytd),
            net_pay_ytd: amount(row.net_pay_ytd),
            hours: amount(row.hours),
            earnings: lines(row.earnings),
            deductions: lines(row.deductions),
            derived_fields: texts(row.derived_fields),
            missing_fields: texts(row.missing_fields),
            is_new: row.is_new,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use sea_orm::ConnectionTrait;
    use secrecy::SecretString;
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::config;
    use crate::ids::{CaseId, Ids, LinkId, OrderId};
    use crate::reports::snapshot::{Parts, Snapshot, build};
    use crate::storage::Database;
    use crate::truv::wire::LinkReport;

    const AGENCY: AgencyId = AgencyId(Uuid::from_u128(1));

    /// A transaction on an empty SQLite that never commits: the owners of the rows need not exist until then.
    async fn open(folder: &tempfile::TempDir) -> Tx {
        let url = SecretString::from(format!("sqlite://{}/reports.sqlite", folder.path().display()));
        let db = Database::connect(&config::Database { url, ..config::Database::default() }).await.unwrap();
        db.migrate().await.unwrap();
        let tx = db.begin().await.unwrap();
        tx.execute_unprepared("PRAGMA defer_foreign_keys = ON").await.unwrap();
        tx
    }

    fn snapshot(body: &serde_json::Value, known: Option<&Known>) -> Snapshot {
        let report: LinkReport = serde_json::from_value(body.clone()).unwrap();
        build(Parts {
            ids: &Ids::new(Clock::system()),
            agency: AGENCY,
            case: CaseId(Uuid::from_u128(2)),
            order: OrderId(Uuid::from_u128(3)),
            truv_report_id: None,
            generated_at: Clock::system().now(),
            now: Clock::system().now(),
            links: &HashMap::from([("link-1".to_owned(), LinkId(Uuid::from_u128(4)))]),
            known,
            person: None,
            asked: &HashSet::new(),
            jobs: report.employments().collect(),
        })
    }

    #[tokio::test]
    async fn a_stored_report_is_recognised_in_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let tx = open(&folder).await;
        let body = json!({"link_id": "link-1", "employments": [
            {"id": "e1", "company": {"name": "Harbor", "ein": "12-3456789"}, "income": "18.40", "pay_frequency": "BW", "statements": [
                {"id": "s1", "pay_date": "2026-02-27", "gross_pay": "1103.90", "earnings": [{"name": "Regular", "amount": "0.10"}]},
                {"id": null, "pay_date": "2026-02-13", "period_start": "2026-01-25", "gross_pay": "0.10"}]},
            {"id": "e2", "company": {"name": "Blue Fern"}}]});
        let first = snapshot(&body, None);
        insert_in_tx(&tx, first.clone(), None).await.unwrap();

        let known = load_known_in_tx(&tx, AGENCY, first.report.id).await.unwrap();
        let jobs: Vec<_> = known.jobs.iter().map(|job| (&job.employment, job.truv_employment_id.as_deref())).collect();
        assert_eq!(jobs, [(&first.jobs[0].employment, Some("e1")), (&first.jobs[1].employment, Some("e2"))]);
        let again = snapshot(&body, Some(&known));
        let keys =
            |snapshot: &Snapshot| -> Vec<_> { snapshot.jobs.iter().map(|job| job.employment.key.clone()).collect() };
        assert_eq!(keys(&again), keys(&first));
        assert!(again.jobs.iter().flat_map(|job| &job.statements).all(|(statement, _)| !statement.is_new));

        let stranger = AgencyId(Uuid::from_u128(9));
        assert_eq!(load_known_in_tx(&tx, stranger, first.report.id).await.unwrap(), Known::default());
    }
}
