//! What holds for any two reports.

use std::collections::HashSet;

use proptest::prelude::*;
use recert::renewals::{Field, Job, fill};
use recert::words::{ChangeKind, ReviewCheckKey};
use serde_json::{Value, json};

use super::{RULES, all_links, jobs_of, opposite, side};
use crate::reports::{known_of, report_of};

fn money() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        (-5_000..500_000_i64).prop_map(|cents| json!(format!("{}.{:02}", cents / 100, cents.abs() % 100))),
        Just(json!("79228162514264337593543950335")),
        Just(json!("-0.004")),
    ]
}

fn day() -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), (1..13, 1..29).prop_map(|(month, day)| json!(format!("2025-{month:02}-{day:02}")))]
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), proptest::sample::select(words).prop_map(|word| json!(word))]
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    let statement = (day(), day(), money(), money()).prop_map(|(start, end, hours, gross)| {
        json!({"pay_date": end, "period_start": start, "period_end": end, "hours": hours, "gross_pay": gross})
    });
    proptest::collection::vec(statement, 0..5).prop_map(|mut statements| {
        // Of several on one day the first listed counts as the newest: one a day.
        let mut days = HashSet::new();
        statements.retain(|statement| days.insert(statement["pay_date"].clone()));
        for (number, statement) in statements.iter_mut().enumerate() {
            statement["id"] = json!(format!("s{number}"));
        }
        statements
    })
}

prop_compose! {
    fn employment()(
        link in word(&["link-1", "link-2", "elsewhere"]),
        company in word(&["Harbor Grocery Co", "HARBOR GROCERY", "Blue Fern LLC", ""]),
        ein in word(&["12-3456789", "123456789", "98-7654321", "0"]),
        title in word(&["Cashier", "Deli clerk"]),
        is_active in proptest::option::of(any::<bool>()),
        start in day(), end in day(),
        income in money(), unit in word(&["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "FORTNIGHTLY"]),
        pay_rate in money(), frequency in word(&["M", "SM", "W", "BW", "A", "SA", "C", "?"]),
        statements in statements(),
        (suspicious, full_name, derived) in (
            proptest::option::of(any::<bool>()),
            word(&["Rosa Quintero", "R Quintero", "Maria Vega"]),
            word(&["pay_rate", "income", "pay_frequency"]),
        ),
    ) -> Value {
        json!({"link": link, "company": {"name": company, "ein": ein}, "job_title": title, "is_active": is_active,
            "start_date": start, "end_date": end, "income": income, "income_unit": unit, "pay_rate": pay_rate,
            "pay_frequency": frequency, "statements": statements, "is_suspicious": suspicious,
            "profile": {"full_name": full_name}, "derived_fields": [derived.as_str().unwrap_or("x")]})
    }
}

/// Jobs with ids of their own, which also occur in the other report of a pair.
fn employments() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(employment(), 0..4).prop_map(|mut jobs| {
        for (number, job) in jobs.iter_mut().enumerate() {
            job["id"] = json!(format!("e{number}"));
        }
        jobs
    })
}

fn against(current: &[Job], baseline: &[Job]) -> Vec<Field> {
    super::against(current, baseline, &all_links())
}

fn turned_over(mut jobs: Vec<Value>) -> Vec<Value> {
    for job in &mut jobs {
        job["statements"].as_array_mut().unwrap().reverse();
    }
    jobs
}

/// Every job reachable over a connection that was asked, so that what is gone is gone.
fn on_known_links(mut jobs: Vec<Job>) -> Vec<Job> {
    let link = all_links().into_iter().min();
    for job in &mut jobs {
        job.employment.link = link;
    }
    jobs
}

/// The lines in an order of their own. Ids of rows are as new as the report, so of the evidence only the extent stays.
fn by_line(mut fields: Vec<Field>) -> Vec<(Field, [usize; 2])> {
    fields.sort_by_key(|field| (field.employment_key.clone(), field.key));
    let bare = |mut field: Field| {
        field.employment = None;
        let now = std::mem::take(&mut field.evidence).len();
        let before = std::mem::take(&mut field.previous_evidence).len();
        (field, [now, before])
    };
    fields.into_iter().map(bare).collect()
}

proptest! {
    #[test]
    fn a_report_against_itself_has_no_change(jobs in employments()) {
        let baseline = report_of(&json!(jobs), None);
        let current = report_of(&json!(jobs), Some(&known_of(&baseline)));
        let is_new = current.jobs.iter().flat_map(|job| &job.statements).any(|(statement, _)| statement.is_new);
        prop_assert!(!is_new, "no statement is new");
        let fields = against(&jobs_of(&current), &jobs_of(&baseline));
        prop_assert!(fields.iter().all(|field| field.change == ChangeKind::Unchanged && !field.is_material));
        prop_assert!(fields.iter().all(|field| field.value == field.previous_value));
    }

    #[test]
    fn the_other_way_round_gives_the_opposite_changes(before in employments(), after in employments()) {
        let before = report_of(&json!(before), None);
        let after = on_known_links(jobs_of(&report_of(&json!(after), Some(&known_of(&before)))));
        let before = on_known_links(jobs_of(&before));
        let (there, back) = (by_line(against(&after, &before)), by_line(against(&before, &after)));
        prop_assert_eq!(there.len(), back.len());
        for ((there, [now, before]), (back, [back_now, back_before])) in there.iter().zip(&back) {
            prop_assert_eq!([now, before], [back_before, back_now], "the evidence changes sides");
            prop_assert_eq!((&there.employment_key, there.key), (&back.employment_key, back.key));
            prop_assert_eq!(there.change, opposite(back.change));
            prop_assert_eq!((&there.value, &there.previous_value), (&back.previous_value, &back.value));
        }
    }

    #[test]
    fn a_report_against_itself_is_steady_and_judged_the_same(jobs in employments()) {
        let baseline = report_of(&json!(jobs), None);
        let current = report_of(&json!(jobs), Some(&known_of(&baseline)));
        let (now, before, links) = (jobs_of(&current), jobs_of(&baseline), all_links());
        let pair = recert::renewals::Baseline { side: side(&before), asked: &links };
        let filled = fill(side(&now), Some(pair), 0, RULES);
        let first = fill(side(&before), None, 0, RULES);
        prop_assert_eq!(filled.is_sufficient(), first.is_sufficient());
        let met = |key| filled.stability.iter().find(|check| check.key == key).unwrap().is_met;
        prop_assert!(met(ReviewCheckKey::SameJobs) && met(ReviewCheckKey::NoMaterialChange));
        let total = current.report.monthly_income;
        prop_assert_eq!(met(ReviewCheckKey::IncomeIsSteady), total.is_some(), "{:?}", total);
        prop_assert_eq!(filled.is_stable(), filled.is_sufficient() && total.is_some());
    }

    #[test]
    fn every_figure_can_be_worked_out_again_from_what_is_kept(jobs in employments()) {
        let report = report_of(&json!(jobs), None);
        for job in &report.jobs {
            for way in &job.employment.arithmetic {
                prop_assert_eq!(way.method.amount(), Some(way.amount));
                prop_assert_eq!(way.steps().last().map(|step| step.value), Some(way.amount));
                let kept: recert::reports::arithmetic::Arithmetic =
                    serde_json::from_value(serde_json::to_value(way).unwrap()).unwrap();
                prop_assert_eq!(&kept, way);
                let ids: Vec<_> = job.statements.iter().map(|(statement, _)| statement.id).collect();
                prop_assert!(way.method.parts().iter().all(|part| ids.contains(&part.statement)));
            }
        }
    }

    #[test]
    fn the_order_of_jobs_and_statements_does_not_matter(
        before in employments(),
        (after, shuffled) in employments().prop_flat_map(|jobs| (Just(jobs.clone()), Just(jobs).prop_shuffle())),
    ) {
        let baseline = report_of(&json!(before), None);
        let known = known_of(&baseline);
        let mut turned = known.clone();
        turned.jobs.reverse();
        let one = jobs_of(&report_of(&json!(after), Some(&known)));
        let other = jobs_of(&report_of(&json!(turned_over(shuffled)), Some(&turned)));
        let baseline = jobs_of(&baseline);
        let reversed: Vec<Job> = baseline.iter().rev().cloned().collect();
        prop_assert_eq!(by_line(against(&one, &baseline)), by_line(against(&other, &reversed)));
    }
}
