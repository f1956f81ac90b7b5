//! Jobs and pay statements, computed on demand.
//!
//! Two years of pay stubs for ten thousand people are not stored: a job is a handful of parameters, and everything a
//! report shows is a pure function of those parameters and a day. The same parameters and an earlier day give exactly
//! the report that would have been read on that day, ids included, which is how the demonstration fills the gateway with
//! earlier reports.

mod calendar;
mod employment;
mod statement;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

pub use self::employment::{Employment, employments};

/// A job, as parameters.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Decides ids, hours, and the small variations between employers.
    #[serde(default)]
    pub seed: u64,
    /// The employer; the link's company when absent.
    #[serde(default)]
    pub company_name: Option<String>,
    /// The job's title.
    #[serde(default)]
    pub title: Option<String>,
    /// `F` full time, `P` part time, `S` seasonal, `D` daily, `C` contract.
    #[serde(default)]
    pub job_type: Option<String>,
    /// What is paid.
    pub pay: Pay,
    /// How often it is paid.
    #[serde(default)]
    pub pay_frequency: PayFrequency,
    /// The first day.
    pub start_date: NaiveDate,
    /// The last day; reports as of an earlier day do not know it.
    #[serde(default)]
    pub end_date: Option<NaiveDate>,
    /// Raises and cuts, in any order.
    #[serde(default)]
    pub pay_changes: Vec<PayChange>,
    /// Days on which an extra bonus statement was paid.
    #[serde(default)]
    pub off_cycle: Vec<NaiveDate>,
}

/// What a job pays. Money in whole cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pay {
    /// By the hour.
    Hourly {
        /// Cents an hour.
        rate_cents: i64,
        /// Usual hours a week; single periods vary by a few hours.
        hours_per_week: u32,
    },
    /// A yearly salary.
    Salary {
        /// Cents a year.
        annual_cents: i64,
    },
}

/// From a day on, another hourly rate or salary.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayChange {
    /// The first day of the new pay.
    pub from: NaiveDate,
    /// What is paid from then on.
    pub pay: Pay,
}

/// How often a job pays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PayFrequency {
    /// Every week.
    #[serde(rename = "W")]
    Weekly,
    /// Every other week.
    #[default]
    #[serde(rename = "BW")]
    Biweekly,
    /// Twice a month.
    #[serde(rename = "SM")]
    Semimonthly,
    /// Once a month.
    #[serde(rename = "M")]
    Monthly,
}

impl PayFrequency {
    /// Truv's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weekly => "W",
            Self::Biweekly => "BW",
            Self::Semimonthly => "SM",
            Self::Monthly => "M",
        }
    }

    fn periods_per_year(self) -> i64 {
        match self {
            Self::Weekly => 52,
            Self::Biweekly => 26,
            Self::Semimonthly => 24,
            Self::Monthly => 12,
        }
    }
}

/// Whose jobs they are.
#[derive(Clone, Debug)]
pub struct Person {
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// As the provider knows it.
    pub email: Option<String>,
    /// Nine digits in clear, as Truv sends them.
    pub ssn: Option<String>,
    /// When the connection was first made: the profile's `created_at`.
    pub connected_at: DateTime<Utc>,
}

/// How much of a job a product shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Everything: the product `income`.
    Income,
    /// No money: the product `employment`.
    Employment,
    /// No money but the newest statement: `employment` with `include_recent_paystub`.
    EmploymentWithRecentStatement,
}

/// What one connection held at one moment. It keeps parameters only, so that a copy costs a pointer.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) jobs: Arc<[Job]>,
    pub(crate) as_of: DateTime<Utc>,
}

/// The facts of a job that decide whether Truv reports a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobFacts {
    pub(crate) employment_id: String,
    pub(crate) profile_id: String,
    pub(crate) statements: usize,
    pub(crate) ended_on: Option<NaiveDate>,
    pub(crate) pay: Pay,
}

impl Snapshot {
    /// The facts of every job, in order.
    pub(crate) fn facts(&self) -> Vec<JobFacts> {
        let today = self.as_of.date_naive();
        self.jobs
            .iter()
            .map(|job| JobFacts {
                employment_id: job.employment_id(),
                profile_id: job.profile_id(),
                statements: job.paid_until(today).count(),
                ended_on: job.ended_by(today),
                pay: job.pay_on(today),
            })
            .collect()
    }
}

impl Job {
    /// The id in reports; it never changes.
    pub fn employment_id(&self) -> String {
        id(self.seed, "employment", 0)
    }

    fn profile_id(&self) -> String {
        id(self.seed, "profile", 0)
    }

    fn ended_by(&self, today: NaiveDate) -> Option<NaiveDate> {
        self.end_date.filter(|end| *end <= today)
    }

    fn pay_on(&self, day: NaiveDate) -> Pay {
        self.pay_changes
            .iter()
            .filter(|change| change.from <= day)
            .max_by_key(|change| change.from)
            .map_or(self.pay, |change| change.pay)
    }
}

/// Scatters a number (the finaliser of splitmix64): cheap enough to be drawn a dozen times a statement.
fn mix(seed: u64, salt: u64) -> u64 {
    let mut z = seed ^ salt.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number below `limit` that belongs to a purpose and a position.
fn draw(seed: u64, purpose: &str, position: u64, limit: u64) -> u64 {
    mix(mix(seed, text_number(purpose)), position) % limit.max(1)
}

/// An id in upstream's form, 32 hex digits.
fn id(seed: u64, purpose: &str, position: u64) -> String {
    let high = mix(mix(seed, text_number(purpose)), position);
    format!("{high:016x}{:016x}", mix(high, seed))
}

fn text_number(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use serde_json::Value;

    use super::*;

    fn job() -> Job {
        Job {
            seed: 7,
            company_name: Some("Harbor Grocery Co".to_owned()),
            title: Some("Deli clerk".to_owned()),
            job_type: Some("P".to_owned()),
            pay: Pay::Hourly { rate_cents: 1_840, hours_per_week: 30 },
            pay_frequency: PayFrequency::Biweekly,
            start_date: NaiveDate::from_ymd_opt(2023, 5, 15).unwrap(),
            end_date: None,
            pay_changes: Vec::new(),
            off_cycle: Vec::new(),
        }
    }

    fn read(job: &Job, year: i32, month: u32, day: u32) -> Value {
        let person = Person {
            first_name: "Rosa".to_owned(),
            last_name: "Quintero".to_owned(),
            email: None,
            ssn: Some("900550142".to_owned()),
            connected_at: Utc.with_ymd_and_hms(2025, 9, 2, 16, 20, 0).unwrap(),
        };
        let as_of = Utc.with_ymd_and_hms(year, month, day, 12, 0, 0).unwrap();
        let all = employments(&person, std::slice::from_ref(job), as_of, Detail::Income);
        serde_json::to_value(all).unwrap()
    }

    fn cents(value: &Value) -> i64 {
        let text = value.as_str().unwrap();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}{fraction:0<2}").parse().unwrap()
    }

    #[test]
    fn a_later_report_begins_with_the_statements_of_the_earlier_one() {
        let earlier = read(&job(), 2026, 1, 10);
        let later = read(&job(), 2026, 3, 4);
        let earlier = earlier[0]["statements"].as_array().unwrap();
        let later = later[0]["statements"].as_array().unwrap();
        let newer = later.iter().position(|s| s["id"] == earlier[0]["id"]).unwrap();
        assert!((3..=4).contains(&newer), "four weeks bring {newer} biweekly statements");
        assert_eq!(later[newer], earlier[0]);
        assert_eq!(read(&job(), 2026, 1, 10), read(&job(), 2026, 1, 10));
    }

    #[test]
    fn two_years_of_statements_add_up() {
        let report = read(&job(), 2026, 3, 4);
        let statements = report[0]["statements"].as_array().unwrap();
        assert!((51..=53).contains(&statements.len()), "{}", statements.len());
        let this_year: i64 = statements
            .iter()
            .filter(|s| s["pay_date"].as_str().unwrap().starts_with("2026"))
            .map(|s| cents(&s["gross_pay"]))
            .sum();
        assert_eq!(cents(&statements[0]["gross_pay_ytd"]), this_year);
        assert_eq!(cents(&report[0]["annual_income_summary"][0]["gross_pay"]), this_year);
        let newest = &statements[0];
        let deducted: i64 = newest["deductions"].as_array().unwrap().iter().map(|d| cents(&d["amount"])).sum();
        assert_eq!(cents(&newest["gross_pay"]) - deducted, cents(&newest["net_pay"]));
    }

    #[test]
    fn the_end_of_a_job_is_unknown_before_it_comes() {
        let mut job = job();
        job.end_date = NaiveDate::from_ymd_opt(2026, 2, 10);
        let before = read(&job, 2026, 2, 1);
        assert_eq!(before[0]["is_active"], true);
        assert_eq!(before[0]["end_date"], Value::Null);
        let after = read(&job, 2026, 6, 1);
        assert_eq!(after[0]["is_active"], false);
        assert!(after[0]["end_date"].as_str().unwrap().starts_with("2026-02-10"));
        assert!(after[0]["statements"][0]["pay_date"].as_str().unwrap() < "2026-03-15");
    }

    #[test]
    fn a_raise_shows_from_its_day_on() {
        let mut job = job();
        job.pay_changes = vec![PayChange {
            from: NaiveDate::from_ymd_opt(2026, 1, 1).unwrap(),
            pay: Pay::Hourly { rate_cents: 2_000, hours_per_week: 30 },
        }];
        assert_eq!(cents(&read(&job, 2025, 12, 31)[0]["income"]), 1_840);
        assert_eq!(cents(&read(&job, 2026, 1, 31)[0]["income"]), 2_000);
    }

    #[test]
    fn employment_only_shows_no_money() {
        let person = Person {
            first_name: "Rosa".to_owned(),
            last_name: "Quintero".to_owned(),
            email: None,
            ssn: None,
            connected_at: Utc.with_ymd_and_hms(2025, 9, 2, 16, 20, 0).unwrap(),
        };
        let as_of = Utc.with_ymd_and_hms(2026, 3, 4, 12, 0, 0).unwrap();
        let read = |detail| serde_json::to_value(employments(&person, &[job()], as_of, detail)).unwrap();
        let plain = read(Detail::Employment);
        assert_eq!(plain[0]["income"], Value::Null);
        assert_eq!(plain[0]["statements"], serde_json::json!([]));
        let with_stub = read(Detail::EmploymentWithRecentStatement);
        assert_eq!(with_stub[0]["statements"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn every_frequency_pays_as_often_as_it_says() {
        for (frequency, least, most) in [
            (PayFrequency::Weekly, 103, 106),
            (PayFrequency::Biweekly, 51, 53),
            (PayFrequency::Semimonthly, 47, 49),
            (PayFrequency::Monthly, 23, 25),
        ] {
            let job = Job { pay_frequency: frequency, ..job() };
            let count = read(&job, 2026, 3, 4)[0]["statements"].as_array().unwrap().len();
            assert!((least..=most).contains(&count), "{frequency:?}: {count}");
        }
    }
}
