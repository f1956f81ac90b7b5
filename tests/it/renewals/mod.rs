//! The review: what changed between two reports.

mod pairs;
mod properties;
mod review;

use std::collections::HashSet;

use recert::ids::LinkId;
use recert::renewals::{Baseline, Field, Job, Rules, changes, compare};
use recert::reports::snapshot::Snapshot;
use recert::words::ChangeKind;
use serde_json::Value;

use crate::reports::{known_of, links, report_of};

pub(crate) const RULES: Rules = Rules { material_percent: 10 };

pub(crate) fn jobs_of(snapshot: &Snapshot) -> Vec<Job> {
    let job = |job: &recert::reports::NewEmployment| Job {
        employment: job.employment.clone(),
        latest: job.statements.first().map(|(statement, _)| statement.clone()),
    };
    snapshot.jobs.iter().map(job).collect()
}

pub(crate) fn all_links() -> HashSet<LinkId> {
    links().into_values().collect()
}

/// The review of two lists of Truv's employments, every connection having been asked.
pub(crate) fn review_of(before: &Value, after: &Value) -> Vec<Field> {
    let baseline = report_of(before, None);
    let current = report_of(after, Some(&known_of(&baseline)));
    compare(&jobs_of(&current), Some(Baseline { jobs: &jobs_of(&baseline), asked: &all_links() }), RULES)
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
