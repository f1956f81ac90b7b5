//! One household: a person, a case, payroll connections and the orders of earlier years.

use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};

use super::County;
use super::draw::{Draw, upstream_id};
use super::employers::{EMPLOYERS, PROVIDERS};
use super::history::{self, Freshness};
use super::jobs::job;
use super::names;
use crate::simulator::Scenario;
use crate::simulator::payroll::Job;
use crate::words::{OrderKind, Program};

/// A person with a case and what is known upstream about both.
#[derive(Clone, Debug)]
pub struct Household {
    /// The person.
    pub resident: Resident,
    /// `SNAP-2026-000123`: program, year of the certification period, running number.
    pub case_number: String,
    /// The program.
    pub program: Program,
    /// Months of a certification period.
    pub cycle_months: u32,
    /// When the recertification is due.
    pub due_on: NaiveDate,
    /// The caseworker by place among [`County::staff`]; `None` for nobody's case.
    pub assignee: Option<usize>,
    /// The payroll connections, one to three.
    pub payrolls: Vec<Payroll>,
    /// The orders of earlier years, oldest first, one to three.
    pub orders: Vec<PastOrder>,
}

/// The person.
#[derive(Clone, Debug)]
pub struct Resident {
    /// The agency's own id of the person.
    pub external_user_id: String,
    /// Upstream's.
    pub truv_user_id: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// At `example.test`; `None` for people without.
    pub email: Option<String>,
    /// A 555-01xx number; `None` for people without.
    pub phone: Option<String>,
    /// Nine digits that are never issued: the area 9xx is no social security number's, and a middle pair below 50 is no
    /// taxpayer number's either.
    pub ssn: String,
}

/// A payroll connection with the jobs behind it.
#[derive(Clone, Debug)]
pub struct Payroll {
    /// Upstream's id.
    pub truv_link_id: String,
    /// Upstream's id of the employer.
    pub company_mapping_id: String,
    /// The employer.
    pub company_name: String,
    /// Upstream's id and the name of the payroll provider.
    pub provider: (&'static str, &'static str),
    /// The last login.
    pub connected_at: DateTime<Utc>,
    /// Whether the gateway has been told of that login.
    pub is_age_known: bool,
    /// What broke it; `None` while it works.
    pub trouble: Option<Trouble>,
    /// What the simulator does when it is refreshed.
    pub scenario: Scenario,
    /// The jobs.
    pub jobs: Vec<Job>,
}

/// A failed pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Truv's word for it.
    pub task_status: &'static str,
    /// When.
    pub at: DateTime<Utc>,
}

/// An order of earlier years.
#[derive(Clone, Debug)]
pub struct PastOrder {
    /// Upstream's id.
    pub truv_order_id: String,
    /// The agency's reference.
    pub number: String,
    /// How it came from the original.
    pub kind: OrderKind,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it completed or failed.
    pub ended_at: DateTime<Utc>,
    /// `None` when it brought data.
    pub trouble: Option<Trouble>,
    /// Its employers.
    pub entries: Vec<PastEntry>,
}

/// One employer of an order of earlier years.
#[derive(Clone, Debug)]
pub struct PastEntry {
    /// The connection by its place in the household.
    pub payroll: usize,
    /// Upstream's id of the entry.
    pub truv_suborder_id: String,
    /// The agency's reference.
    pub number: String,
    /// Upstream's id of the pull.
    pub truv_task_id: String,
}

impl County {
    /// The household in place `index`, counted from 0; the same whenever it is asked for.
    pub fn household(&self, index: u32) -> Household {
        let mut draw = Draw::of(self.seed, "household", index);
        let program = program(&mut draw);
        let cycle_months = match program {
            Program::Snap | Program::Tanf => 6,
            _ => 12,
        };
        let days_left = days_left(&mut draw, index);
        let due_on = self.today() + TimeDelta::days(days_left);
        let year = due_on.checked_sub_months(Months::new(cycle_months)).unwrap_or(due_on).year();
        let case_number = format!("{program}-{year}-{:06}", index + 1).replace('_', "-");
        let freshness = Freshness::of(index);
        let history = history::plan(&mut draw, self, days_left, freshness);
        let mut payrolls = self.payrolls(&mut draw, index, &history, freshness);
        let orders = self.past_orders(index, &case_number, &history, &mut payrolls);
        let resident = self.resident(&mut draw, index);
        // Drawn last: how many caseworkers there are depends on the county's size, and nothing else of a household does.
        let has_assignee = draw.happens(94);
        let assignee = usize::try_from(draw.between(0, i64::from(self.staff_count()) - 1)).unwrap_or(0);
        Household {
            resident,
            case_number,
            program,
            cycle_months,
            due_on,
            assignee: has_assignee.then_some(assignee),
            payrolls,
            orders,
        }
    }

    fn resident(&self, draw: &mut Draw, index: u32) -> Resident {
        let (first_name, last_name) = (names::given(draw).to_owned(), names::family(draw));
        let phone = format!("+150355501{:02}", draw.between(0, 99));
        let has_email = draw.happens(90);
        Resident {
            external_user_id: format!("client-{:06}", index + 1),
            truv_user_id: upstream_id(self.seed, "user", index, 0),
            // The number keeps namesakes apart; a name may hold letters that an address cannot.
            email: has_email.then(|| format!("client-{:06}@example.test", index + 1)),
            phone: (!has_email || draw.happens(85)).then_some(phone),
            ssn: format!("{}{:02}{:04}", draw.between(900, 999), draw.between(1, 49), draw.between(1, 9_999)),
            first_name,
            last_name,
        }
    }

    fn payrolls(&self, draw: &mut Draw, index: u32, history: &history::History, freshness: Freshness) -> Vec<Payroll> {
        let count = match draw.between(0, 99) {
            0..=54 => 1,
            55..=86 => 2,
            _ => 3,
        };
        let original_on = history.steps.first().map_or(self.today(), |step| step.created_at.date_naive());
        let mut payrolls: Vec<Payroll> = Vec::new();
        for place in 0..count {
            let mut employer = draw.pick(&EMPLOYERS);
            while payrolls.iter().any(|earlier| earlier.company_name == employer.name) {
                employer = draw.pick(&EMPLOYERS);
            }
            let jobs = vec![job(draw, employer, place > 0, original_on, self.today())];
            payrolls.push(Payroll {
                truv_link_id: upstream_id(self.seed, "link", index, place),
                company_mapping_id: company_mapping_id(employer.name),
                company_name: employer.name.to_owned(),
                provider: draw.pick(&PROVIDERS),
                connected_at: history.connected_at,
                is_age_known: freshness != Freshness::Unknown,
                trouble: None,
                scenario: scenario(draw),
                jobs,
            });
        }
        payrolls
    }

    /// The orders of the history; what failed last has broken the first connection.
    fn past_orders(
        &self,
        index: u32,
        case_number: &str,
        history: &history::History,
        payrolls: &mut [Payroll],
    ) -> Vec<PastOrder> {
        let mut orders = Vec::new();
        for (step, place) in history.steps.iter().zip(0..) {
            let trouble = step.has_failed.then(|| {
                let (task_status, scenario) = match index % 3 {
                    0 => ("login_error", Scenario::LoginError),
                    1 => ("mfa_error", Scenario::MfaError),
                    _ => ("account_locked", Scenario::AccountLocked),
                };
                (Trouble { task_status, at: step.ended_at }, scenario)
            });
            let is_partial = trouble.is_some() && payrolls.len() > 1;
            if let (Some((trouble, scenario)), Some(payroll)) = (trouble, payrolls.first_mut()) {
                payroll.trouble = Some(trouble);
                payroll.scenario = scenario;
            }
            let entries = if trouble.is_some() { 1 } else { payrolls.len() };
            orders.push(PastOrder {
                truv_order_id: upstream_id(self.seed, "order", index, place),
                number: case_number.to_owned(),
                kind: if is_partial { OrderKind::PartialRefresh } else { step.kind },
                created_at: step.created_at,
                ended_at: step.ended_at,
                trouble: trouble.map(|(trouble, _)| trouble),
                entries: (0..entries)
                    .map(|payroll| PastEntry {
                        payroll,
                        truv_suborder_id: upstream_id(self.seed, "suborder", index, place * 8 + payroll),
                        number: format!("{case_number}-{}", payroll + 1),
                        truv_task_id: upstream_id(self.seed, "task", index, place * 8 + payroll),
                    })
                    .collect(),
            });
        }
        orders
    }
}

impl Household {
    /// The newest order that brought data. There is one: the original did.
    pub fn newest_read(&self) -> Option<&PastOrder> {
        self.orders.iter().rev().find(|order| order.trouble.is_none())
    }
}

/// Some are overdue, half are due within thirty days, the others later in the year. Any twenty neighbours show all three.
fn days_left(draw: &mut Draw, index: u32) -> i64 {
    match index % 20 {
        0 | 7 => -draw.between(1, 20),
        1 => draw.between(0, 3),
        2..=10 => draw.between(2, 30),
        _ => draw.between(31, 330),
    }
}

fn program(draw: &mut Draw) -> Program {
    match draw.between(0, 99) {
        0..=44 => Program::Snap,
        45..=64 => Program::Medicaid,
        65..=76 => Program::Tanf,
        77..=87 => Program::ChildCare,
        88..=95 => Program::Housing,
        _ => Program::Liheap,
    }
}

/// Most refreshes succeed; the others show what a caseworker meets in a year.
fn scenario(draw: &mut Draw) -> Scenario {
    match draw.between(0, 99) {
        0..=54 => Scenario::Ok,
        55..=77 => Scenario::OkNewStub,
        78..=83 => Scenario::OkNoChange,
        84..=87 => Scenario::OkLeftJob,
        88..=89 => Scenario::LoginError,
        90..=91 => Scenario::MfaError,
        92..=94 => Scenario::UnavailableThenOk(1),
        95..=96 => Scenario::NoData,
        97 => Scenario::RecoverAfterLogin,
        98 => Scenario::ConfigError,
        _ => Scenario::Suspicious,
    }
}

/// The same employer has the same id in every household and every county.
fn company_mapping_id(company: &str) -> String {
    upstream_id(0, company, 0, 0)
}
