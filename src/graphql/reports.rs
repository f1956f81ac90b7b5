//! Reports: income, jobs and pay statements. Whoever hands out a report has asked for the scope `reports:read` before.

use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject};
use futures_util::future::BoxFuture;

use super::arithmetic::IncomeArithmetic;
use super::error::ApiError;
use super::ids;
use super::orders::Order;
use super::page::{Connection, Listed, PageArgs};
use super::scalars::{Date, DateTime, Decimal};
use super::view::View;
use crate::caller::Scope;
use crate::ids::{OrderId, ReportId};
use crate::reports;
use crate::words::{AuditAccess, DataSource, IdentityMatch, PayFrequency};

/// The list's name in cursors.
const LIST: &str = "pay statements";

/// The income data that an order brought back.
#[derive(Clone)]
pub(crate) struct IncomeReport {
    row: Arc<reports::Report>,
    view: View,
}

impl IncomeReport {
    /// Whoever calls this has asked for the scope and whether the case is in sight.
    pub(super) fn new(row: Arc<reports::Report>, view: &View) -> Self {
        view.show(row.case, AuditAccess::Pay);
        Self { row, view: view.clone() }
    }

    /// The report behind an id, when its case is in the caller's sight.
    pub(crate) async fn find(view: &View, id: ReportId) -> Result<Option<Self>, ApiError> {
        view.require(Scope::ReportsRead)?;
        let Some(row) = view.load().reports.get(id).await? else { return Ok(None) };
        Ok(view.sees(row.case).await?.then(|| Self::new(row, view)))
    }

    /// The newest report of an order.
    pub(crate) async fn of_order(view: &View, order: OrderId) -> Result<Option<Self>, ApiError> {
        view.require(Scope::ReportsRead)?;
        Ok(view.load().report_of_order.get(order).await?.map(|row| Self::new(row, view)))
    }
}

/// The income data that an order brought back: a snapshot that never changes. Needs the scope `reports:read`.
#[Object]
impl IncomeReport {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        ids::seal(&self.row.id)
    }

    /// Truv's id; null when the data was read from the order itself, which carries none.
    async fn truv_report_id(&self) -> Option<&str> {
        self.row.truv_report_id.as_deref()
    }

    /// The order that brought it.
    async fn order(&self) -> Result<Order, ApiError> {
        let order = Order::find(&self.view, self.row.order).await?;
        order.ok_or_else(|| ApiError::internal("a report has no order"))
    }

    /// When Truv had put the data together.
    async fn generated_at(&self) -> DateTime {
        DateTime(self.row.generated_at)
    }

    /// Income of a month over all jobs that still run, US dollars; null when no job says enough.
    async fn monthly_income(&self) -> Option<Decimal> {
        self.row.monthly_income.map(Decimal)
    }

    /// The jobs, in the report's order.
    async fn employments(&self) -> Result<Vec<Employment>, ApiError> {
        let rows = self.view.load().employments_of_report.get(self.row.id).await?;
        Ok(rows.iter().map(|row| Employment { row: Arc::new(row.clone()), view: self.view.clone() }).collect())
    }
}

/// One job inside a report.
#[derive(Clone)]
pub(crate) struct Employment {
    row: Arc<reports::Employment>,
    view: View,
}

impl Employment {
    pub(crate) fn new(row: Arc<reports::Employment>, view: &View) -> Self {
        Self { row, view: view.clone() }
    }
}

/// One job inside a report. Payroll providers differ: whatever they do not say is null.
#[Object]
impl Employment {
    /// The same for the same job in every report of the case.
    async fn key(&self) -> &str {
        &self.row.key
    }

    /// The employer's name.
    async fn company_name(&self) -> Option<&str> {
        self.row.company_name.as_deref()
    }

    /// Whether the person still works there.
    async fn is_active(&self) -> Option<bool> {
        self.row.is_active
    }

    /// The title.
    async fn job_title(&self) -> Option<&str> {
        self.row.job_title.as_deref()
    }

    /// First day of the job.
    async fn start_date(&self) -> Option<Date> {
        self.row.start_date.map(Date)
    }

    /// Last day of the job; filled means that the person left.
    async fn end_date(&self) -> Option<Date> {
        self.row.end_date.map(Date)
    }

    /// Where the data comes from.
    async fn data_source(&self) -> DataSource {
        self.row.data_source
    }

    /// Fields that Truv derived rather than read, in Truv's words: weaker evidence.
    async fn derived_fields(&self) -> &[String] {
        &self.row.derived_fields
    }

    /// Fields that the payroll provider did not have, in Truv's words: weaker evidence.
    async fn missing_data_fields(&self) -> &[String] {
        &self.row.missing_fields
    }

    /// Truv's flag for suspected fraud or a mismatch; null when not reported.
    async fn is_suspicious(&self) -> Option<bool> {
        self.row.is_suspicious
    }

    /// Whether the employer knows the person as the client was known when the report came; null when there was nothing to
    /// compare.
    async fn identity(&self) -> Option<IdentityMatch> {
        self.row.identity
    }

    /// Income of a month, US dollars; null when too little is known.
    async fn monthly_income(&self) -> Option<Decimal> {
        self.row.monthly_income.map(Decimal)
    }

    /// How `monthlyIncome` was worked out; null when it is, and for a report that came before this was kept.
    async fn income_arithmetic(&self) -> Option<IncomeArithmetic> {
        IncomeArithmetic::of(&self.row, &self.view).into_iter().next()
    }

    /// Every way to a monthly income that the report allows, the one that counts first. Where another one is far from it,
    /// the stated income does not tell all: overtime, bonus, or hours that fell.
    async fn income_methods(&self) -> Vec<IncomeArithmetic> {
        IncomeArithmetic::of(&self.row, &self.view)
    }

    /// Base income per `incomeUnit`, US dollars.
    async fn income(&self) -> Option<Decimal> {
        self.row.income.map(Decimal)
    }

    /// What `income` is per, in Truv's word: `YEARLY`, `MONTHLY`, `WEEKLY`, `DAILY` or `HOURLY`.
    async fn income_unit(&self) -> Option<&str> {
        self.row.income_unit.as_deref()
    }

    /// Pay of one period, US dollars.
    async fn pay_rate(&self) -> Option<Decimal> {
        self.row.pay_rate.map(Decimal)
    }

    /// How often it pays.
    async fn pay_frequency(&self) -> PayFrequency {
        self.row.pay_frequency
    }

    /// The pay statements, newest pay date first.
    async fn pay_statements(
        &self,
        #[graphql(desc = "Number of items from the start, 1 to 100. Default 25.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<PayStatement>, ApiError> {
        let (view, job) = (&self.view, self.row.id);
        // A snapshot does not change, so a statement's position is its key.
        let args = PageArgs { first, after, last, before };
        let window = args.window(|cursor| view.open::<i32>(LIST, cursor))?;
        let page = view.load().statements_of.get((job, window.clone())).await?;
        let page = (*page).clone().map(|row| (view.seal(LIST, &row.position), PayStatement(row.into())));
        let view = view.clone();
        let count = move || -> BoxFuture<'static, _> {
            let view = view.clone();
            Box::pin(async move { view.load().statement_count.get(job).await })
        };
        Ok(Connection::new(page, &window, Box::new(count)))
    }
}

/// One pay statement inside a report.
#[derive(Clone)]
pub(crate) struct PayStatement(Arc<reports::PayStatement>);

impl PayStatement {
    pub(crate) fn new(row: Arc<reports::PayStatement>) -> Self {
        Self(row)
    }
}

impl Listed for PayStatement {
    const CONNECTION: &'static str = "PayStatementConnection";
    const EDGE: &'static str = "PayStatementEdge";
}

/// One line of a pay statement.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct PayLine {
    /// As printed.
    name: String,
    /// Truv's grouping; null when it gave none.
    category: Option<String>,
    /// US dollars; null when the statement does not say.
    amount: Option<Decimal>,
    /// US dollars for one unit; null when the statement does not say, and for deductions.
    rate: Option<Decimal>,
    /// Hours, or pieces; null when the statement does not say, and for deductions.
    units: Option<Decimal>,
}

fn lines(lines: &[reports::PayLine]) -> Vec<PayLine> {
    let line = |line: &reports::PayLine| PayLine {
        name: line.name.clone(),
        category: line.category.clone(),
        amount: line.amount.map(Decimal),
        rate: line.rate.map(Decimal),
        units: line.units.map(Decimal),
    };
    lines.iter().map(line).collect()
}

/// One pay statement inside a report. Amounts are US dollars; whatever the statement does not say is null.
#[Object]
impl PayStatement {
    /// Global id, of this snapshot alone.
    pub(crate) async fn id(&self) -> ID {
        ids::seal(&self.0.id)
    }

    /// Day of payment.
    async fn pay_date(&self) -> Option<Date> {
        self.0.pay_date.map(Date)
    }

    /// First day paid for.
    async fn period_start(&self) -> Option<Date> {
        self.0.period_start.map(Date)
    }

    /// Last day paid for.
    async fn period_end(&self) -> Option<Date> {
        self.0.period_end.map(Date)
    }

    /// Gross pay.
    async fn gross_pay(&self) -> Option<Decimal> {
        self.0.gross_pay.map(Decimal)
    }

    /// Net pay.
    async fn net_pay(&self) -> Option<Decimal> {
        self.0.net_pay.map(Decimal)
    }

    /// Gross pay since the start of the year.
    async fn gross_pay_ytd(&self) -> Option<Decimal> {
        self.0.gross_pay_ytd.map(Decimal)
    }

    /// Net pay since the start of the year.
    async fn net_pay_ytd(&self) -> Option<Decimal> {
        self.0.net_pay_ytd.map(Decimal)
    }

    /// Hours paid for.
    async fn hours(&self) -> Option<Decimal> {
        self.0.hours.map(Decimal)
    }

    /// What the gross pay is made of.
    async fn earnings(&self) -> Vec<PayLine> {
        lines(&self.0.earnings)
    }

    /// What was taken off.
    async fn deductions(&self) -> Vec<PayLine> {
        lines(&self.0.deductions)
    }

    /// Fields that Truv derived rather than read, in Truv's words: weaker evidence.
    async fn derived_fields(&self) -> &[String] {
        &self.0.derived_fields
    }

    /// Fields that the payroll provider did not have, in Truv's words: weaker evidence.
    async fn missing_data_fields(&self) -> &[String] {
        &self.0.missing_fields
    }

    /// Whether the report that was the baseline when this one came lacked it.
    async fn is_new_since_baseline(&self) -> bool {
        self.0.is_new
    }
}
