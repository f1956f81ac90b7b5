//! Reports, built from bodies as Truv writes them.

mod snapshot;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use recert::clock::Clock;
use recert::ids::{AgencyId, CaseId, Ids, LinkId, OrderId};
use recert::reports::Person;
use recert::reports::snapshot::{Content, Known, KnownJob, KnownStatement, Parts, Snapshot, build};
use recert::truv::wire::{ReportedJob, UserReport};
use serde_json::{Value, json};
use uuid::Uuid;

/// Our links, by Truv's ids `link-1` to `link-3`.
pub(crate) fn links() -> HashMap<String, LinkId> {
    (1..=3).map(|number| (format!("link-{number}"), LinkId(Uuid::from_u128(number)))).collect()
}

pub(crate) fn generated_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_636_851, 0).unwrap()
}

/// The report of jobs that came over `link-1`, unless a job names another `link`.
pub(crate) fn report_of(employments: &Value, known: Option<&Known>) -> Snapshot {
    partial_report_of(employments, known, &links().into_values().collect())
}

/// The same when only some connections were asked.
pub(crate) fn partial_report_of(employments: &Value, known: Option<&Known>, asked: &HashSet<LinkId>) -> Snapshot {
    let link_of = |job: &Value| job.get("link").cloned().unwrap_or(json!("link-1"));
    let links: Vec<_> = employments
        .as_array()
        .unwrap()
        .iter()
        .map(|job| json!({"link_id": link_of(job), "data_source": "payroll", "is_suspicious": job["is_suspicious"], "employments": [job]}))
        .collect();
    let report: UserReport = serde_json::from_value(json!({"report_id": "r", "links": links})).unwrap();
    snapshot_asked(report.employments().collect(), known, asked)
}

pub(crate) fn snapshot_of(jobs: Vec<ReportedJob<'_>>, known: Option<&Known>) -> Snapshot {
    snapshot_asked(jobs, known, &links().into_values().collect())
}

fn snapshot_asked(jobs: Vec<ReportedJob<'_>>, known: Option<&Known>, asked: &HashSet<LinkId>) -> Snapshot {
    build(Parts {
        ids: &Ids::seeded(Clock::still(generated_at()), 7),
        agency: AgencyId(Uuid::nil()),
        case: CaseId(Uuid::nil()),
        order: OrderId(Uuid::nil()),
        truv_report_id: None,
        generated_at: generated_at(),
        now: generated_at(),
        links: &links(),
        known,
        person: Some(Person { first_name: "Rosa", last_name: "Quintero", ssn_last4: Some("0142") }),
        asked,
        jobs,
    })
}

/// What a later report knows of this one.
pub(crate) fn known_of(snapshot: &Snapshot) -> Known {
    let statement = |(statement, id): &(recert::reports::PayStatement, Option<String>)| KnownStatement {
        truv_statement_id: id.clone(),
        content: Content {
            pay_date: statement.pay_date,
            period_start: statement.period_start,
            period_end: statement.period_end,
            gross_pay: statement.gross_pay,
        },
    };
    let jobs = snapshot.jobs.iter().map(|job| KnownJob {
        employment: job.employment.clone(),
        truv_employment_id: job.truv_employment_id.clone(),
        statements: job.statements.iter().map(statement).collect(),
    });
    Known { jobs: jobs.collect() }
}
