//! From Truv's bodies to reports of ours.

use std::collections::HashSet;

use proptest::prelude::*;
use recert::reports::PayLine;
use recert::reports::snapshot::{MAX_JOBS, MAX_LINES, MAX_STATEMENTS, MAX_TEXT, Snapshot};
use recert::truv::wire::{LinkReport, Order, UserReport};
use recert::words::{DataSource, PayFrequency};
use serde_json::{Value, json};

use super::{generated_at, known_of, links, report_of, snapshot_of};

fn keys(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.jobs.iter().map(|job| job.employment.key.as_str()).collect()
}

/// Truv's ids of the first job's statements, `*` before those that are new.
fn statements(snapshot: &Snapshot) -> Vec<String> {
    let text = |(statement, id): &(recert::reports::PayStatement, Option<String>)| {
        format!("{}{}", if statement.is_new { "*" } else { "" }, id.as_deref().unwrap_or("-"))
    };
    snapshot.jobs[0].statements.iter().map(text).collect()
}

#[test]
fn a_report_of_truv_becomes_rows_of_ours() {
    let body = json!({"report_id": "r1", "links": [{"link_id": "link-2", "data_source": "payroll", "employments": [{
        "id": "e1", "is_active": true, "job_title": " Deli clerk ", "start_date": "2023-05-15", "end_date": null,
        "income": "18.40", "income_unit": "HOURLY", "pay_rate": "1103.9", "pay_frequency": "BW",
        "derived_fields": ["is_active"], "company": {"name": "Harbor Grocery Co", "ein": 123_456_789},
        "statements": [{"id": "s1", "pay_date": "2026-02-27", "period_start": "2026-02-08", "period_end": "2026-02-21",
            "hours": "60.00", "gross_pay": "1103.9", "gross_pay_ytd": "4199.1", "net_pay": "890.41", "net_pay_ytd": null,
            "earnings": [{"name": "Regular", "amount": "1103.90", "category": "regular", "rate": "18.40", "units": "60"}],
            "deductions": [{"name": null, "amount": "16.01", "category": "medicare"}, {"amount": 1}]}]}]}]});
    let report: UserReport = serde_json::from_value(body).unwrap();
    let built = snapshot_of(report.employments().collect(), None);
    assert_eq!(built.report.generated_at, generated_at());
    assert_eq!(built.report.monthly_income.unwrap().to_string(), "2392.00");
    let job = &built.jobs[0];
    assert_eq!((job.truv_employment_id.as_deref(), job.pay_frequency.as_deref()), (Some("e1"), Some("BW")));
    assert_eq!(job.data_source.as_deref(), Some("payroll"));
    let employment = &job.employment;
    assert_eq!((employment.report, employment.link), (built.report.id, Some(links()["link-2"])));
    assert_eq!((employment.data_source, employment.pay_frequency), (DataSource::Payroll, PayFrequency::Biweekly));
    assert_eq!(employment.job_title.as_deref(), Some("Deli clerk"));
    assert_eq!(employment.company_ein.as_deref(), Some("123456789"));
    assert_eq!(employment.monthly_income, built.report.monthly_income);
    assert!(employment.key.len() == 16 && employment.key.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let (statement, _) = &job.statements[0];
    assert_eq!(statement.employment, employment.id);
    let line = |name: &str, category: Option<&str>, amount: &str| PayLine {
        name: name.to_owned(),
        category: category.map(str::to_owned),
        amount: Some(amount.parse().unwrap()),
        rate: None,
        units: None,
    };
    let regular = PayLine {
        rate: Some("18.40".parse().unwrap()),
        units: Some("60".parse().unwrap()),
        ..line("Regular", Some("regular"), "1103.90")
    };
    assert_eq!(statement.earnings, [regular]);
    assert_eq!(statement.deductions, [line("medicare", Some("medicare"), "16.01"), line("Unnamed", None, "1")]);
}

#[test]
fn statements_stand_newest_first_and_once() {
    let listed = json!([{"id": "old", "pay_date": "2026-01-02"}, {"id": "never"}, {"id": "b", "pay_date": "2026-02-02"},
        {"id": "a", "pay_date": "2026-02-02"}, {"id": "b", "pay_date": "2026-03-03"}, {"id": null}]);
    let built = report_of(&json!([{"id": "e1", "statements": listed}]), None);
    assert_eq!(statements(&built), ["b", "a", "old", "never", "-"]);
    let positions: Vec<_> = built.jobs[0].statements.iter().map(|(statement, _)| statement.position).collect();
    assert_eq!(positions, [0, 1, 2, 3, 4]);
}

#[test]
fn a_statement_is_new_when_neither_its_id_nor_its_content_is_in_the_baseline() {
    let paid = |id: Value, day: &str, gross: &str| json!({"id": id, "pay_date": day, "gross_pay": gross});
    let job = |id: &str, link: &str, statements: Value| json!([{"id": id, "link": link, "company": {"name": "Acme"}, "statements": statements}]);
    let first = report_of(
        &job("e1", "link-1", json!([paid(json!("s1"), "2026-01-09", "500"), paid(json!(null), "2026-01-02", "400")])),
        None,
    );
    assert_eq!(statements(&first), ["s1", "-"], "a first report has nothing to be new against");
    let known = known_of(&first);

    let corrected = json!([
        paid(json!("s1"), "2026-01-09", "510"),
        paid(json!("s2"), "2026-01-16", "500"),
        paid(json!(null), "2026-01-02", "400.00"),
        paid(json!(null), "2026-01-02", "400")
    ]);
    assert_eq!(statements(&report_of(&job("e1", "link-1", corrected), Some(&known))), ["*s2", "s1", "-", "*-"]);

    let reconnected = json!([paid(json!("x1"), "2026-01-09", "500.0"), paid(json!("x2"), "2026-01-16", "500")]);
    assert_eq!(statements(&report_of(&job("x", "link-2", reconnected), Some(&known))), ["*x2", "x1"]);

    let second_check = json!([paid(json!("s1"), "2026-01-09", "500"), paid(json!("s2"), "2026-01-09", "500")]);
    assert_eq!(statements(&report_of(&job("e1", "link-1", second_check), Some(&known))), ["s1", "*s2"]);

    let elsewhere = json!([paid(json!("s1"), "2026-01-09", "500")]);
    let other = json!([{"id": "e9", "company": {"name": "Other"}, "statements": elsewhere}]);
    assert_eq!(statements(&report_of(&other, Some(&known))), ["*s1"], "statements of another job do not count");
}

#[test]
fn a_job_keeps_its_key_over_reports_connections_and_names() {
    let first = report_of(&json!([{"id": "e1", "company": {"name": "Harbor", "ein": "12-3456789"}}]), None);
    let renamed = json!([{"id": "e1", "company": {"name": "Pier Market", "ein": "12-3456789"}}]);
    let second = report_of(&renamed, Some(&known_of(&first)));
    assert_eq!(keys(&second), keys(&first));
    let reconnected = json!([{"id": "e7", "link": "link-2", "company": {"name": "Pier Market Inc", "ein": null}}]);
    let third = report_of(&reconnected, Some(&known_of(&second)));
    assert_eq!(keys(&third), keys(&first));
    assert_eq!(keys(&report_of(&renamed, None)), keys(&first), "without a baseline the ids alone give the same key");
}

#[test]
fn jobs_without_any_name_or_id_still_get_keys_of_their_own() {
    let first = report_of(&json!([{}, {}, {"link": null}, {"link": null}]), None);
    let distinct: HashSet<_> = keys(&first).into_iter().collect();
    assert_eq!(distinct.len(), 4);
    let known = known_of(&first);
    let second = report_of(&json!([{}, {"id": "e1"}]), Some(&known));
    assert!(
        keys(&second).iter().all(|key| !distinct.contains(key)),
        "what nothing recognises is not taken for another"
    );
}

#[test]
fn a_job_listed_by_two_sources_is_taken_once_with_the_more_statements() {
    let order: Order = serde_json::from_value(json!({"id": "o1", "employers": [
        {"id": "sub-1", "link_id": "link-1", "employments": [{"id": "e1", "income": "1000", "income_unit": "MONTHLY"}]},
        {"id": "sub-2", "link_id": "link-1", "employments": [{"id": "e1", "income": "1000", "income_unit": "MONTHLY"},
            {"id": "e2", "income": "10", "income_unit": "MONTHLY"}]},
    ]}))
    .unwrap();
    let link: LinkReport = serde_json::from_value(json!({"link_id": "link-1", "employments": [
        {"id": "e1", "income": "1000", "income_unit": "MONTHLY", "statements": [{"id": "s1"}]}]}))
    .unwrap();
    let built = snapshot_of(order.employments().chain(link.employments()).collect(), None);
    assert_eq!(built.report.monthly_income.unwrap().to_string(), "1010.00");
    assert_eq!(built.jobs.len(), 2);
    assert_eq!(statements(&built), ["s1"]);
}

#[test]
fn hostile_bodies_are_cut_and_cleaned() {
    let slips = json!({"id": "e", "income": "999999999999.99", "pay_rate": "1000000000000", "pay_frequency": "M",
        "statements": [{"gross_pay": "-1000000000000", "net_pay": "79228162514264337593543950335", "hours": "-12.5"}]});
    let built = report_of(&json!([slips]), None);
    let (employment, (statement, _)) = (&built.jobs[0].employment, &built.jobs[0].statements[0]);
    assert_eq!(employment.income.unwrap().to_string(), "999999999999.99");
    assert_eq!((employment.pay_rate, statement.gross_pay, statement.net_pay), (None, None, None));
    assert_eq!(statement.hours.unwrap().to_string(), "-12.5");

    let line = json!({"name": "x"});
    let statements: Vec<_> = (0..MAX_STATEMENTS + 5).map(|_| json!({})).collect();
    let large = json!({"id": "e", "job_title": "t\u{0}\n".repeat(MAX_TEXT), "company": {"name": "\u{0} ", "ein": ""},
        "derived_fields": vec!["f"; MAX_LINES + 1],
        "statements": [{"pay_date": "2026-01-01", "earnings": vec![line.clone(); MAX_LINES + 1], "deductions": vec![line; MAX_LINES + 1]}]});
    let mut jobs = vec![large, json!({"statements": statements})];
    jobs.resize(MAX_JOBS + 5, json!({}));
    let built = report_of(&json!(jobs), None);
    assert_eq!(built.jobs.len(), MAX_JOBS);
    let employment = &built.jobs[0].employment;
    assert_eq!(employment.job_title.as_deref(), Some("t".repeat(MAX_TEXT).as_str()));
    assert_eq!((&employment.company_name, &employment.company_ein), (&None, &None));
    assert_eq!(employment.derived_fields.len(), MAX_LINES);
    let (statement, _) = &built.jobs[0].statements[0];
    assert_eq!((statement.earnings.len(), statement.deductions.len()), (MAX_LINES, MAX_LINES));
    assert_eq!(built.jobs[1].statements.len(), MAX_STATEMENTS);
}

/// Any JSON value that may stand where a scalar is expected, biased to what has a meaning here.
fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "-?[0-9]{1,29}(\\.[0-9]{1,10})?".prop_map(Value::from),
        "[0-9]{4}-[01][0-9]-[0-3][0-9]".prop_map(Value::from),
        Just(json!("-262143-01-01")),
        Just(json!("0001-01-01")),
    ]
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    proptest::sample::select(words).prop_map(Value::from)
}

proptest! {
    #[test]
    fn nothing_panics_and_no_statement_is_lost(
        jobs in proptest::collection::vec((
            (anything(), anything(), anything()),
            word(&["YEARLY", "HOURLY", "DAILY", "x"]),
            word(&["W", "D", "BW", "A", "C", "x"]),
            proptest::collection::vec(
                (proptest::option::of(0..9_u8), anything(), anything(), anything(), anything(), anything()), 0..12,
            ),
        ), 0..6),
    ) {
        let mut expected = Vec::new();
        let bodies: Vec<Value> = (0..).zip(&jobs).map(|(number, ((income, rate, ein), unit, frequency, listed))| {
            let ids: Vec<_> = listed.iter().map(|one| one.0).collect();
            let named: HashSet<_> = ids.iter().flatten().collect();
            expected.push(named.len() + ids.iter().filter(|id| id.is_none()).count());
            let statements: Vec<_> = listed.iter().map(|(id, paid, start, end, hours, gross)| json!({
                "id": id.map(|id| format!("s{id}")), "pay_date": paid, "period_start": start, "period_end": end,
                "hours": hours, "gross_pay": gross,
            })).collect();
            json!({"id": format!("e{number}"), "income": income, "pay_rate": rate, "income_unit": unit,
                "pay_frequency": frequency, "company": {"name": null, "ein": ein}, "statements": statements})
        }).collect();
        let first = report_of(&json!(bodies), None);
        let again = report_of(&json!(bodies), Some(&known_of(&first)));
        for built in [&first, &again] {
            let counts: Vec<_> = built.jobs.iter().map(|job| job.statements.len()).collect();
            prop_assert_eq!(&counts, &expected);
            let sorted = |job: &recert::reports::NewEmployment| {
                job.statements.is_sorted_by(|(one, _), (next, _)| one.pay_date >= next.pay_date)
            };
            prop_assert!(built.jobs.iter().all(sorted));
            prop_assert_eq!(keys(built).into_iter().collect::<HashSet<_>>().len(), built.jobs.len());
        }
        prop_assert_eq!(keys(&first), keys(&again));
    }
}
