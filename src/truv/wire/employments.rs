//! Jobs, pay statements and yearly figures (Truv, "Income and employment"). Every amount is a decimal in US dollars.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::scalars;

/// One job, the same shape in orders, link reports and reports about a person.
#[derive(Clone, Debug, Deserialize)]
pub struct Employment {
    /// Stable for one connection.
    pub id: Option<String>,
    /// Still employed; may be derived.
    pub is_active: Option<bool>,
    /// For people.
    pub job_title: Option<String>,
    /// `F` full time, `P` part time, `S` seasonal, `D` daily, `C` contract.
    pub job_type: Option<String>,
    /// First day.
    #[serde(default, deserialize_with = "scalars::date")]
    pub start_date: Option<NaiveDate>,
    /// First day of the first time with this employer.
    #[serde(default, deserialize_with = "scalars::date")]
    pub original_hire_date: Option<NaiveDate>,
    /// Last day; set once the person has left.
    #[serde(default, deserialize_with = "scalars::date")]
    pub end_date: Option<NaiveDate>,
    /// When the provider last changed its record.
    #[serde(default, deserialize_with = "scalars::date")]
    pub external_last_updated: Option<NaiveDate>,
    /// The dates were guessed from statements.
    pub dates_from_statements: Option<bool>,
    /// Base amount per `income_unit`, without bonus and commission.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub income: Option<Decimal>,
    /// `YEARLY`, `MONTHLY`, `WEEKLY`, `DAILY`, `HOURLY`.
    pub income_unit: Option<String>,
    /// Amount per pay cycle.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub pay_rate: Option<Decimal>,
    /// `M` monthly, `SM` twice a month, `W` weekly, `BW` every two weeks, `A` yearly, `SA` twice a year, `C` commission.
    pub pay_frequency: Option<String>,
    /// Names of values that the vendor computed: weaker evidence.
    #[serde(default, deserialize_with = "scalars::list")]
    pub derived_fields: Vec<String>,
    /// Names of values that the provider did not have.
    #[serde(default, deserialize_with = "scalars::list")]
    pub missing_data_fields: Vec<String>,
    /// The person as the employer knows them.
    pub profile: Option<Profile>,
    /// The employer.
    pub company: Option<Company>,
    /// Totals by year.
    #[serde(default, deserialize_with = "scalars::list")]
    pub annual_income_summary: Vec<AnnualIncome>,
    /// Pay statements.
    #[serde(default, deserialize_with = "scalars::list")]
    pub statements: Vec<Statement>,
    /// Yearly tax forms.
    #[serde(default, deserialize_with = "scalars::list")]
    pub w2s: Vec<W2>,
}

/// The person as the employer knows them. Date of birth and the whole social security number are left out on purpose.
#[derive(Clone, Debug, Deserialize)]
pub struct Profile {
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// As one text.
    pub full_name: Option<String>,
    /// Between the two.
    pub middle_initials: Option<String>,
    /// Address on file.
    pub email: Option<String>,
    /// The last four digits of the social security number, which is as much of it as is ever looked at.
    #[serde(default, rename = "ssn", deserialize_with = "scalars::last_four")]
    pub ssn_last4: Option<String>,
    /// Where the person lives.
    pub home_address: Option<Address>,
}

/// The employer.
#[derive(Clone, Debug, Deserialize)]
pub struct Company {
    /// For people.
    pub name: Option<String>,
    /// Where it is.
    pub address: Option<Address>,
    /// Digits.
    #[serde(default, deserialize_with = "scalars::text")]
    pub phone: Option<String>,
    /// Employer identification number.
    #[serde(default, deserialize_with = "scalars::text")]
    pub ein: Option<String>,
}

/// A postal address.
#[derive(Clone, Debug, Deserialize)]
pub struct Address {
    /// Street and number.
    pub street: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Two letters.
    pub state: Option<String>,
    /// Five or nine digits.
    #[serde(default, deserialize_with = "scalars::text")]
    pub zip: Option<String>,
    /// Two letters.
    pub country: Option<String>,
}

/// Totals of one year.
#[derive(Clone, Debug, Deserialize)]
pub struct AnnualIncome {
    /// The calendar year.
    #[serde(default, deserialize_with = "scalars::integer")]
    pub year: Option<i64>,
    /// Before deductions.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub gross_pay: Option<Decimal>,
    /// After deductions.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub net_pay: Option<Decimal>,
    /// Regular pay.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub regular: Option<Decimal>,
    /// Overtime.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub overtime: Option<Decimal>,
    /// Bonus.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub bonus: Option<Decimal>,
    /// Commission.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub commission: Option<Decimal>,
    /// Everything else.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub other_pay: Option<Decimal>,
}

/// One pay statement.
#[derive(Clone, Debug, Deserialize)]
pub struct Statement {
    /// Stable for one connection.
    pub id: Option<String>,
    /// As printed.
    #[serde(default, deserialize_with = "scalars::text")]
    pub check_number: Option<String>,
    /// When it was paid.
    #[serde(default, deserialize_with = "scalars::date")]
    pub pay_date: Option<NaiveDate>,
    /// First day paid for.
    #[serde(default, deserialize_with = "scalars::date")]
    pub period_start: Option<NaiveDate>,
    /// Last day paid for.
    #[serde(default, deserialize_with = "scalars::date")]
    pub period_end: Option<NaiveDate>,
    /// `S` salary, `H` hourly, `D` daily, `W` weekly, `M` monthly, `C` commission.
    pub basis_of_pay: Option<String>,
    /// Hours paid.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub hours: Option<Decimal>,
    /// Before deductions.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub gross_pay: Option<Decimal>,
    /// Before deductions, since the start of the year.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub gross_pay_ytd: Option<Decimal>,
    /// After deductions.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub net_pay: Option<Decimal>,
    /// After deductions, since the start of the year.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub net_pay_ytd: Option<Decimal>,
    /// Regular pay.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub regular: Option<Decimal>,
    /// Regular pay, since the start of the year.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub regular_ytd: Option<Decimal>,
    /// Overtime.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub overtime: Option<Decimal>,
    /// Overtime, since the start of the year.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub overtime_ytd: Option<Decimal>,
    /// Bonus.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub bonus: Option<Decimal>,
    /// Bonus, since the start of the year.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub bonus_ytd: Option<Decimal>,
    /// Commission.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub commission: Option<Decimal>,
    /// Commission, since the start of the year.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub commission_ytd: Option<Decimal>,
    /// Everything else.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub other_pay: Option<Decimal>,
    /// Everything else, since the start of the year.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub other_pay_ytd: Option<Decimal>,
    /// What the gross is made of.
    #[serde(default, deserialize_with = "scalars::list")]
    pub earnings: Vec<Earning>,
    /// The same since the start of the year.
    #[serde(default, deserialize_with = "scalars::list")]
    pub earnings_ytd: Vec<Earning>,
    /// What was taken off.
    #[serde(default, deserialize_with = "scalars::list")]
    pub deductions: Vec<Deduction>,
    /// The same since the start of the year.
    #[serde(default, deserialize_with = "scalars::list")]
    pub deductions_ytd: Vec<Deduction>,
    /// Of the file, so that a corrected statement shows.
    pub md5sum: Option<String>,
    /// Where the file can be fetched, for a limited time.
    pub file: Option<String>,
    /// Names of values that the vendor computed.
    #[serde(default, deserialize_with = "scalars::list")]
    pub derived_fields: Vec<String>,
    /// Names of values that the provider did not have.
    #[serde(default, deserialize_with = "scalars::list")]
    pub missing_data_fields: Vec<String>,
}

/// One line of earnings.
#[derive(Clone, Debug, Deserialize)]
pub struct Earning {
    /// As printed.
    pub name: Option<String>,
    /// The line's amount; negative in corrections.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub amount: Option<Decimal>,
    /// The vendor's word for the kind of pay.
    pub category: Option<String>,
    /// Per unit.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub rate: Option<Decimal>,
    /// Hours, or pieces.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub units: Option<Decimal>,
}

/// One line of deductions.
#[derive(Clone, Debug, Deserialize)]
pub struct Deduction {
    /// As printed.
    pub name: Option<String>,
    /// The line's amount.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub amount: Option<Decimal>,
    /// The vendor's word for the kind of deduction.
    pub category: Option<String>,
}

/// One yearly tax form.
#[derive(Clone, Debug, Deserialize)]
pub struct W2 {
    /// The tax year.
    #[serde(default, deserialize_with = "scalars::integer")]
    pub year: Option<i64>,
    /// Wages, tips, other compensation.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub wages: Option<Decimal>,
    /// Federal income tax withheld.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub federal_tax: Option<Decimal>,
    /// Social security tax withheld.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub social_security_tax: Option<Decimal>,
    /// Medicare tax withheld.
    #[serde(default, deserialize_with = "scalars::decimal")]
    pub medicare_tax: Option<Decimal>,
    /// Where the file can be fetched, for a limited time.
    pub file: Option<String>,
}
