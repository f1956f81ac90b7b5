//! What a review has besides its changes: every line, a first report, and what was not asked for.

use std::collections::HashSet;

use recert::renewals::{Baseline, Rules, changes, compare};
use recert::words::{ChangeKind, DataSource, ReviewFieldKey};
use serde_json::{Value, json};

use super::{RULES, against, all_links, jobs_of, read_out, side};
use crate::reports::{known_of, links, partial_report_of, report_of};

fn job(id: &str, link: &str, income: &str) -> Value {
    json!({"id": id, "link": link, "is_active": true, "company": {"name": id}, "income": income,
        "income_unit": "MONTHLY", "pay_frequency": "M", "start_date": "2024-01-01"})
}

#[test]
fn a_first_report_has_every_line_and_no_change() {
    let current = jobs_of(&report_of(&json!([job("A", "link-1", "1000"), job("B", "link-2", "500.5")]), None));
    let fields = compare(side(&current), None, RULES);
    let keys = |key: Option<&str>| -> Vec<_> {
        fields.iter().filter(|field| field.employment_key.as_deref() == key).map(|field| field.key).collect()
    };
    assert_eq!(keys(None), [ReviewFieldKey::MonthlyIncome]);
    for job in &current {
        assert_eq!(keys(Some(&job.employment.key)), ReviewFieldKey::ALL);
    }
    assert!(fields.iter().all(|field| field.change == ChangeKind::Unchanged && !field.is_material));
    assert!(fields.iter().all(|field| field.previous_value.is_none() && field.source == DataSource::Payroll));
    assert_eq!(fields[0].value.as_deref(), Some("1500.50"));
    assert_eq!(changes(&fields), []);
}

#[test]
fn a_baseline_without_jobs_is_not_the_same_as_none() {
    let current = jobs_of(&report_of(&json!([job("A", "link-1", "1000")]), None));
    let fields = against(&current, &[], &all_links());
    assert_eq!(fields[0].change, ChangeKind::Added);
}

#[test]
fn a_job_whose_connection_was_not_asked_keeps_its_last_evidence() {
    let baseline = jobs_of(&report_of(&json!([job("A", "link-1", "1000"), job("B", "link-2", "500")]), None));
    let current = jobs_of(&report_of(&json!([job("A", "link-1", "1200")]), None));
    let asked = HashSet::from([links()["link-1"]]);
    let fields = against(&current, &baseline, &asked);
    assert_eq!(
        read_out(&fields),
        [
            "Monthly income from all jobs: 1500.00 -> 1700.00 (INCREASED 13.33%, material)",
            "Monthly income at A: 1000.00 -> 1200.00 (INCREASED 20.00%, material)",
        ]
    );
    let kept: Vec<_> = fields.iter().filter(|field| field.label.ends_with(" at B")).collect();
    assert_eq!(kept.len(), ReviewFieldKey::ALL.len());
    assert!(kept.iter().all(|field| field.value == field.previous_value));

    let fields = against(&current, &baseline, &all_links());
    assert!(fields.iter().any(|field| field.label == "Job at B" && field.change == ChangeKind::Removed));
}

#[test]
fn a_report_carries_on_the_jobs_that_nobody_asked_about() {
    let both = json!([job("A", "link-1", "1000"), job("B", "link-2", "500")]);
    let baseline = report_of(&both, None);
    assert_eq!(baseline.report.carried, []);
    let known = known_of(&baseline);
    let asked = HashSet::from([links()["link-1"]]);
    let only_a = json!([job("A", "link-1", "1200")]);
    let partial = partial_report_of(&only_a, Some(&known), &asked);
    assert_eq!(partial.report.carried, [baseline.jobs[1].employment.id], "B's last evidence stands");
    assert_eq!(report_of(&only_a, Some(&known)).report.carried, [], "B was asked about, and is gone");

    // The next one is compared with A as it is now and B as it was then, and knows both again.
    let mut after = known_of(&partial);
    after.jobs.push(known.jobs[1].clone());
    let next = report_of(&both, Some(&after));
    let keys: Vec<_> = next.jobs.iter().map(|job| &job.employment.key).collect();
    assert_eq!(keys, baseline.jobs.iter().map(|job| &job.employment.key).collect::<Vec<_>>());
}

#[test]
fn a_job_that_came_over_no_known_connection_is_not_missed() {
    let baseline = jobs_of(&report_of(&json!([job("A", "a link of nobody", "1000")]), None));
    let fields = against(&[], &baseline, &all_links());
    assert_eq!(changes(&fields), []);
}

#[test]
fn the_agencys_percent_decides_what_is_material() {
    let report = |income| jobs_of(&report_of(&json!([job("A", "link-1", income)]), None));
    for (percent, is_material) in [(0, true), (5, true), (6, false), (100, false)] {
        let baseline = report("1000");
        let (links, current) = (all_links(), report("950"));
        let baseline = Baseline { side: side(&baseline), asked: &links };
        let fields = compare(side(&current), Some(baseline), Rules { material_percent: percent, ..RULES });
        assert_eq!(changes(&fields).len(), 2, "the report's line and the job's");
        assert!(changes(&fields).iter().all(|field| field.is_material == is_material), "{percent}");
    }
}

#[test]
fn the_income_of_the_report_names_a_source_only_when_it_is_one() {
    let mut jobs = jobs_of(&report_of(&json!([job("A", "link-1", "1000"), job("B", "link-2", "500")]), None));
    jobs[1].employment.data_source = DataSource::Docs;
    let fields = compare(side(&jobs), None, RULES);
    assert_eq!(fields[0].source, DataSource::Unknown);
    assert_eq!(fields.last().unwrap().source, DataSource::Docs);
}
