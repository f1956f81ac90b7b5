//! Reports: the income data that an order brought back. Snapshots, written once and never changed.
//!
//! Amounts are exact decimals, kept as text in the database because SQLite would make floats of them.
//!
//! [`snapshot`] turns what Truv reported into a report, without touching the database; `matching` finds a job again in an
//! earlier report; [`income`] says what a job pays in a month and [`arithmetic`] how that was worked out; [`gaps`] finds days
//! without a pay statement. Nothing here decides whether somebody is eligible.

pub mod arithmetic;
pub mod gaps;
mod identity;
pub mod income;
mod matching;
mod pay_periods;
pub mod snapshot;
mod load;
mod store;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::ids::{AgencyId, CaseId, EmploymentId, LinkId, OrderId, PayStatementId, ReportId};
use crate::seal::{Place, column};
use crate::words::{DataSource, IdentityMatch, PayFrequency};

use self::arithmetic::Arithmetic;
pub use self::identity::Person;
pub use self::load::{
    count_statements, load, load_all_of_orders, load_employments, load_employments_of, load_newest, load_of_orders,
    load_statements, load_stubs, page_statements,
};
pub use self::matching::is_same_company;
pub use self::store::NewEmployment;
pub(crate) use self::store::{
    find_newest, find_newest_of_case, find_of_order, insert_in_tx, load_body, load_known_in_tx,
};

/// The head of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Our id.
    pub id: ReportId,
    /// The tenant.
    pub agency: AgencyId,
    /// The case.
    pub case: CaseId,
    /// The order that brought it.
    pub order: OrderId,
    /// Truv's id; `None` when the data was read from the order itself, which carries none.
    pub truv_report_id: Option<String>,
    /// When Truv had put the data together.
    pub generated_at: DateTime<Utc>,
    /// Income of a month over all jobs that still run, US dollars; `None` when no job says enough.
    pub monthly_income: Option<Decimal>,
    /// Jobs of earlier reports that nobody asked about when this one came: their last evidence stands.
    pub carried: Vec<EmploymentId>,
    /// When it was stored here.
    pub created_at: DateTime<Utc>,
}

impl Report {
    /// Where the report lies as it was received.
    pub(crate) fn body_place(&self) -> Place {
        Place { agency: self.agency, column: column::REPORT_BODY, row: self.id.0 }
    }
}

/// One job inside a report. Every scalar may be missing: payroll providers differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Employment {
    /// Our id, of this snapshot alone.
    pub id: EmploymentId,
    /// The tenant.
    pub agency: AgencyId,
    /// The report.
    pub report: ReportId,
    /// The connection it was read through.
    pub link: Option<LinkId>,
    /// Its place in the report, from 0.
    pub position: i32,
    /// The same for the same job in every report of the case.
    pub key: String,
    /// The employer.
    pub company_name: Option<String>,
    /// The employer's federal number.
    pub company_ein: Option<String>,
    /// Whether the person still works there.
    pub is_active: Option<bool>,
    /// The title.
    pub job_title: Option<String>,
    /// First day.
    pub start_date: Option<NaiveDate>,
    /// Last day; filled means that the person left.
    pub end_date: Option<NaiveDate>,
    /// Where the data comes from.
    pub data_source: DataSource,
    /// Fields that Truv derived rather than read: weaker evidence.
    pub derived_fields: Vec<String>,
    /// Fields that the provider did not have.
    pub missing_fields: Vec<String>,
    /// Base income per `income_unit`, US dollars.
    pub income: Option<Decimal>,
    /// Truv's word for what `income` is per (`YEARLY MONTHLY WEEKLY DAILY HOURLY`).
    pub income_unit: Option<String>,
    /// Pay of one period, US dollars.
    pub pay_rate: Option<Decimal>,
    /// How often it pays.
    pub pay_frequency: PayFrequency,
    /// Income of a month, US dollars; `None` when too little is known.
    pub monthly_income: Option<Decimal>,
    /// Truv's flag for suspected fraud or a mismatch; `None` when not reported.
    pub is_suspicious: Option<bool>,
    /// Whether the employer knows the person as the client is known; `None` when there was nothing to compare.
    pub identity: Option<IdentityMatch>,
    /// Every way to an income of a month that the report allows. The first one gave `monthly_income`; empty when there
    /// was none, and in snapshots from before it was kept.
    pub arithmetic: Vec<Arithmetic>,
}

impl Employment {
    /// Whether the person has left; `None` when the report does not say.
    ///
    /// A last day means that they left, whatever `is_active` says, which Truv may have derived. A last day before the first
    /// one is of an earlier time with the same employer: the person was hired again.
    pub fn has_ended(&self) -> Option<bool> {
        let left = self.end_date.is_some_and(|end| self.start_date.is_none_or(|start| start <= end));
        if left { Some(true) } else { self.is_active.map(|active| !active) }
    }
}

/// One pay statement inside a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayStatement {
    /// Our id, of this snapshot alone.
    pub id: PayStatementId,
    /// The tenant.
    pub agency: AgencyId,
    /// The job.
    pub employment: EmploymentId,
    /// Its place, newest pay date first, from 0.
    pub position: i32,
    /// Day of payment.
    pub pay_date: Option<NaiveDate>,
    /// First day paid for.
    pub period_start: Option<NaiveDate>,
    /// Last day paid for.
    pub period_end: Option<NaiveDate>,
    /// Gross pay, US dollars.
    pub gross_pay: Option<Decimal>,
    /// Net pay, US dollars.
    pub net_pay: Option<Decimal>,
    /// Gross pay since the start of the year, US dollars.
    pub gross_pay_ytd: Option<Decimal>,
    /// Net pay since the start of the year, US dollars.
    pub net_pay_ytd: Option<Decimal>,
    /// Hours paid for.
    pub hours: Option<Decimal>,
    /// What the gross pay is made of.
    pub earnings: Vec<PayLine>,
    /// What was taken off.
    pub deductions: Vec<PayLine>,
    /// Fields that Truv derived rather than read: weaker evidence.
    pub derived_fields: Vec<String>,
    /// Fields that the provider did not have.
    pub missing_fields: Vec<String>,
    /// Whether the report that was the baseline when this one came lacked it.
    pub is_new: bool,
}

/// One line of a pay statement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PayLine {
    /// As printed.
    pub name: String,
    /// Truv's grouping.
    pub category: Option<String>,
    /// US dollars.
    pub amount: Option<Decimal>,
    /// US dollars for one unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Decimal>,
    /// Hours, or pieces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Decimal>,
}

/// What a pay statement says about time: enough to look for gaps, without the money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stub {
    /// The statement.
    pub id: PayStatementId,
    /// Day of payment.
    pub pay_date: Option<NaiveDate>,
    /// First day paid for.
    pub period_start: Option<NaiveDate>,
    /// Last day paid for.
    pub period_end: Option<NaiveDate>,
    /// Hours paid for.
    pub hours: Option<Decimal>,
    /// Fields that were derived or missing.
    pub weak: Vec<String>,
}

impl From<&PayStatement> for Stub {
    fn from(statement: &PayStatement) -> Self {
        Self {
            id: statement.id,
            pay_date: statement.pay_date,
            period_start: statement.period_start,
            period_end: statement.period_end,
            hours: statement.hours,
            weak: statement.derived_fields.iter().chain(&statement.missing_fields).cloned().collect(),
        }
    }
}
