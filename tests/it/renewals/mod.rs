//! The review: what changed between two reports.

mod judgement;
mod pairs;
mod properties;
mod review;
mod strange;

use std::collections::HashSet;

use chrono::NaiveDate;
use recert::ids::LinkId;
use recert::renewals::{Baseline, Field, Job, Rules, Side, changes, compare};
use recert::reports::snapshot::Snapshot;
use recert::words::ChangeKind;
use serde_json::Value;

use crate::reports::{generated_at, known_of, links, report_of};

pub(crate) const RULES: Rules =
    Rules { material_percent: 10, gap_days: 5, stale_days: 45, window_days: 60, stable_percent: 5 };

/// The day of both reports.
pub(crate) fn on() -> NaiveDate {
    generated_at().date_naive()
}

pub(crate) fn jobs_of(snapshot: &Snapshot) -> Vec<Job> {
    let job = |job: &recert::reports::NewEmployment| Job {
        employment: job.employment.clone(),
        stubs: job.statements.iter().map(|(statement, _)| statement.into()).collect(),
    };
    snapshot.jobs.iter().map(job).collect()
}

pub(crate) fn side(jobs: &[Job]) -> Side<'_> {
    Side { jobs, on: on() }
}

pub(crate) fn against(current: &[Job], baseline: &[Job], asked: &HashSet<LinkId>) -> Vec<Field> {
    compare(side(current), Some(Baseline { side: side(baseline), asked }), RULES)
}

pub(crate) fn all_links() -> HashSet<LinkId> {
    links().into_values().collect()
}

/// The review of two lists of Truv's employments, every connection having been asked.
pub(crate) fn review_of(before: &Value, after: &Value) -> Vec<Field> {
    let baseline = report_of(before, None);
    let current = report_of(after, Some(&known_of(&baseline)));
    against(&jobs_of(&current), &jobs_of(&baseline), &all_links())
}

/// The changed lines as they would be read out: `Label: before -> after (KIND percent, material)`.
pub(crate) fn read_out(fields: &[Field]) -> Vec<String> {
    let read = |field: &Field| {
        let side = |value: &Option<String>| value.clone().unwrap_or("-".to_owned());
        let percent = field.percent_change.map(|percent| format!(" {percent}%")).unwrap_or_default();
        let material = if field.is_material { ", material" } else { "" };
        let (before, after) = (side(&field.previous_value), side(&field.value));
        format!("{}: {before} -> {after} ({}{percent}{material})", field.label, field.change)
    };
    changes(fields).iter().map(read).collect()
}

pub(crate) fn opposite(change: ChangeKind) -> ChangeKind {
    match change {
        ChangeKind::Added => ChangeKind::Removed,
        ChangeKind::Removed => ChangeKind::Added,
        ChangeKind::Increased => ChangeKind::Decreased,
        ChangeKind::Decreased => ChangeKind::Increased,
        ChangeKind::Unchanged | ChangeKind::Changed => change,
    }
}
