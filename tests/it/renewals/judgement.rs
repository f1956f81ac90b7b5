//! Is the evidence sufficient, and does anything speak against a renewal without contact? Every answer has its reason.

use recert::renewals::{Baseline, Check, Rules, fill};
use recert::words::ReviewCheckKey;
use serde_json::{Value, json};

use super::{RULES, all_links, jobs_of, side};
use crate::reports::{known_of, report_of};

/// Two fortnights of 40 hours at 20.00, paid last on 27 February; the report is of 4 March 2026.
fn job() -> Value {
    let stub = |id: &str, start: &str, end: &str, paid: &str| json!({"id": id, "pay_date": paid, "period_start": start, "period_end": end, "hours": "80", "gross_pay": "1600"});
    json!({"id": "e1", "is_active": true, "company": {"name": "Harbor"}, "income": "20.00", "income_unit": "HOURLY",
        "pay_frequency": "BW", "profile": {"full_name": "Rosa Quintero", "ssn": "900550142"},
        "statements": [stub("s2", "2026-02-08", "2026-02-21", "2026-02-27"), stub("s1", "2026-01-25", "2026-02-07", "2026-02-13")]})
}

fn but(changed: &Value) -> Value {
    let mut job = job();
    for (name, value) in changed.as_object().unwrap() {
        job[name] = value.clone();
    }
    job
}

const MONTH: Rules = Rules { window_days: 30, ..RULES };

/// The unmet answers about the evidence, and all about stability, of one report after another.
fn judged(before: Option<&Value>, after: &Value, unanswered: usize) -> (Vec<String>, Vec<String>, bool) {
    let baseline = before.map(|jobs| report_of(jobs, None));
    let known = baseline.as_ref().map(known_of);
    let current = jobs_of(&report_of(after, known.as_ref()));
    let (baseline, links) = (baseline.as_ref().map(jobs_of), all_links());
    let baseline = baseline.as_ref().map(|jobs| Baseline { side: side(jobs), asked: &links });
    let filled = fill(side(&current), baseline, unanswered, MONTH);
    let said = |check: &Check| format!("{} {}", check.key, check.sentence);
    let unmet = filled.evidence.iter().filter(|check| !check.is_met).map(said).collect::<Vec<_>>();
    assert_eq!(unmet.is_empty(), filled.is_sufficient());
    let against = filled.stability.iter().filter(|check| !check.is_met).map(said).collect();
    (unmet, against, filled.is_stable())
}

#[test]
fn a_job_with_all_its_statements_is_sufficient_and_stable() {
    let same = json!([job()]);
    assert_eq!(judged(Some(&same), &same, 0), (Vec::new(), Vec::new(), true));
}

#[test]
fn what_is_missing_is_said_line_by_line() {
    let stubs = job()["statements"].clone();
    for (changed, expected) in [
        (
            json!({"statements": [stubs[0]]}),
            "STATEMENTS_COVER_WINDOW Pay statements from Harbor for 1 of the 2 pay periods of the 30 days to 2026-02-21.",
        ),
        (json!({"is_suspicious": true}), "NOT_SUSPICIOUS Truv suspects fraud or a mismatch in the data from Harbor."),
        (json!({"profile": {"full_name": "Maria Vega"}}), "IDENTITY_MATCHES Harbor knows the person by another name."),
        (
            json!({"derived_fields": ["income"]}),
            "EVIDENCE_IS_DIRECT The income at Harbor stands on derived or missing data: income.",
        ),
        (json!({"is_active": false}), "END_IS_DATED The job at Harbor has ended; when is not said."),
    ] {
        let (unmet, _, is_stable) = judged(None, &json!([but(&changed)]), 0);
        assert_eq!((unmet.as_slice(), is_stable), ([expected.to_owned()].as_slice(), false), "{changed}");
    }
    let (unmet, ..) = judged(None, &json!([]), 0);
    assert_eq!(unmet, ["HAS_JOBS The report has no job."]);
}

#[test]
fn old_pay_gaps_and_unknown_income_are_said() {
    let nothing = but(&json!({"income": null, "statements": [], "pay_frequency": "?"}));
    let (unmet, ..) = judged(None, &json!([nothing]), 0);
    assert_eq!(
        unmet,
        [
            "STATEMENTS_COVER_WINDOW There is no dated pay statement from Harbor.",
            "PAY_IS_RECENT No pay date from Harbor is known.",
            "INCOME_IS_KNOWN No monthly income at Harbor can be worked out; missing: the base income, the pay rate, the pay \
             frequency, pay statements.",
        ]
    );
    let mut old = job();
    for stub in old["statements"].as_array_mut().unwrap() {
        for (name, from, to) in [("pay_date", "2026-02", "2025-12"), ("period_end", "2026-02", "2025-12")] {
            stub[name] = json!(stub[name].as_str().unwrap().replace(from, to));
        }
        stub["period_start"] = Value::Null;
    }
    let (unmet, ..) = judged(None, &json!([old]), 0);
    assert_eq!(unmet, ["PAY_IS_RECENT Harbor last paid on 2025-12-27, 67 days before the report; 45 are allowed."]);
    let mut gap = job();
    gap["statements"][1]["period_start"] = json!("2026-01-18");
    gap["statements"][1]["period_end"] = json!("2026-01-31");
    let (unmet, ..) = judged(None, &json!([gap]), 0);
    assert_eq!(unmet, ["PAY_HAS_NO_GAPS There is no pay statement from Harbor for 2026-02-01 to 2026-02-07."]);
}

#[test]
fn commission_must_cover_the_days_of_the_window() {
    let paid = |start: &str| {
        json!([{"id": "e1", "is_active": true, "company": {"name": "Harbor"}, "pay_frequency": "C", "statements":
            [{"id": "s1", "pay_date": "2026-02-28", "period_start": start, "period_end": "2026-02-28", "gross_pay": "900"}]}])
    };
    assert_eq!(judged(None, &paid("2026-01-30"), 0).0, [""; 0]);
    assert_eq!(
        judged(None, &paid("2026-02-01"), 0).0,
        [
            "STATEMENTS_COVER_WINDOW Pay from Harbor has no fixed rhythm; its statements cover 28 of the 30 days to 2026-02-28."
        ]
    );
}

#[test]
fn what_speaks_against_a_renewal_without_contact_is_said() {
    let same = json!([job()]);
    let (_, against, is_stable) = judged(None, &same, 0);
    assert_eq!(
        (against, is_stable),
        (vec!["HAS_BASELINE There is no earlier report to compare with.".to_owned()], false)
    );
    let (_, against, _) = judged(Some(&same), &same, 2);
    assert_eq!(against, ["EVERY_EMPLOYER_ANSWERED 2 connections that were asked have not answered."]);
    let raised = json!([but(&json!({"income": "21.20"}))]);
    let (_, against, _) = judged(Some(&same), &raised, 0);
    assert_eq!(
        against,
        ["INCOME_IS_STEADY The monthly income is $3,674.67 and was $3,466.67; a difference of 5 % is allowed."],
        "6 % is no material change, and not steady"
    );
    let second = json!({"id": "e2", "is_active": true, "company": {"name": "Blue Fern"}});
    let (_, against, _) = judged(Some(&same), &json!([job(), second]), 0);
    let keys: Vec<_> = against.iter().map(|line| line.split(' ').next().unwrap()).collect();
    let expected = [ReviewCheckKey::EvidenceIsSufficient, ReviewCheckKey::SameJobs, ReviewCheckKey::NoMaterialChange];
    assert_eq!(keys, expected.map(ReviewCheckKey::word));
    assert_eq!(against[1], "SAME_JOBS There is a new job at Blue Fern.");
}
