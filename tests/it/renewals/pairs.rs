//! The golden set: pairs of reports as Truv writes them, with the changes and the monthly income worked out by hand.

use serde_json::{Map, Value, json};

use super::{read_out, review_of};
use crate::reports::report_of;

/// 60 hours in two weeks at 18.40: 18.40 × 60 × 26 ÷ 12 = 2392.00 a month.
pub(super) fn deli_clerk() -> Value {
    json!({
        "id": "e1", "is_active": true, "job_title": "Deli clerk", "company": {"name": "Harbor Grocery Co"},
        "start_date": "2023-05-15", "end_date": null,
        "income": "18.40", "income_unit": "HOURLY", "pay_rate": "1103.9", "pay_frequency": "BW",
        "statements": [{"id": "s1", "pay_date": "2026-02-27", "period_start": "2026-02-08", "period_end": "2026-02-21",
            "hours": "60.00", "gross_pay": "1103.9"}],
    })
}

/// The deli clerk's job with some fields replaced.
pub(super) fn but(changed: Value) -> Value {
    let mut job = deli_clerk();
    job.as_object_mut().unwrap().extend(fields(changed));
    job
}

/// A job at Blue Fern that says this and no more.
pub(super) fn fern(said: Value) -> Value {
    let mut job = json!({"id": "f1", "is_active": true, "company": {"name": "Blue Fern LLC"}});
    job.as_object_mut().unwrap().extend(fields(said));
    job
}

fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(fields) => fields,
        other => panic!("{other} has no fields"),
    }
}

pub(super) fn stub(id: &str, start: &str, end: &str, gross: &str) -> Value {
    json!({"id": id, "pay_date": end, "period_start": start, "period_end": end, "gross_pay": gross})
}

fn newest(hours: &str) -> Value {
    json!({"id": "s2", "pay_date": "2026-03-13", "period_start": "2026-02-22", "period_end": "2026-03-07",
        "hours": hours, "gross_pay": "1104.00"})
}

/// Monthly income before and after, and every changed line in order.
pub(super) fn check(before: Value, after: Value, monthly: [Option<&str>; 2], changes: &[&str]) {
    let pair = [before, after];
    for (report, monthly) in pair.iter().zip(monthly) {
        let found = report_of(report, None).report.monthly_income.map(|amount| amount.to_string());
        assert_eq!(found.as_deref(), monthly, "{report:#}");
    }
    assert_eq!(read_out(&review_of(&pair[0], &pair[1])), changes);
}

pub(super) const CLERK: Option<&str> = Some("2392.00");

#[test]
fn a_newer_statement_of_the_same_kind_only_moves_the_pay_date() {
    let stubs = json!([newest("60"), deli_clerk()["statements"][0]]);
    check(
        json!([deli_clerk()]),
        json!([but(json!({"statements": stubs}))]),
        [CLERK, CLERK],
        &["Newest pay date at Harbor Grocery Co: 2026-02-27 -> 2026-03-13 (INCREASED)"],
    );
}

#[test]
fn overtime_raises_the_average_of_the_hours() {
    // 18.40 × (60 + 70.5) ÷ 2 × 26 ÷ 12 = 2601.30, which is 8.75 % more.
    let stubs = json!([deli_clerk()["statements"][0], newest("70.5")]);
    check(
        json!([deli_clerk()]),
        json!([but(json!({"statements": stubs}))]),
        [CLERK, Some("2601.30")],
        &[
            "Monthly income from all jobs: 2392.00 -> 2601.30 (INCREASED 8.75%)",
            "Monthly income at Harbor Grocery Co: 2392.00 -> 2601.30 (INCREASED 8.75%)",
            "Hours on the newest pay statement at Harbor Grocery Co: 60 -> 70.5 (INCREASED 17.50%)",
            "Newest pay date at Harbor Grocery Co: 2026-02-27 -> 2026-03-13 (INCREASED)",
        ],
    );
}

#[test]
fn a_raise_of_a_yearly_salary_counts_by_the_month() {
    let before = fern(json!({"income": "45500.0", "income_unit": "YEARLY"}));
    let after = fern(json!({"income": "50050.00", "income_unit": "YEARLY"}));
    check(
        json!([before]),
        json!([after]),
        [Some("3791.67"), Some("4170.83")],
        &[
            "Monthly income from all jobs: 3791.67 -> 4170.83 (INCREASED 10.00%, material)",
            "Monthly income at Blue Fern LLC: 3791.67 -> 4170.83 (INCREASED 10.00%, material)",
        ],
    );
}

#[test]
fn another_rhythm_of_pay_leaves_the_month_as_it_was() {
    let before = json!({"income": "800", "income_unit": "WEEKLY", "pay_rate": "800.00", "pay_frequency": "W"});
    let after = json!({"income": "41600", "income_unit": "YEARLY", "pay_rate": "1733.33", "pay_frequency": "SM"});
    check(
        json!([fern(before)]),
        json!([fern(after)]),
        [Some("3466.67"), Some("3466.67")],
        &[
            "Pay for one period at Blue Fern LLC: 800.00 -> 1733.33 (INCREASED 116.67%, material)",
            "Pay frequency at Blue Fern LLC: Every week -> Twice a month (CHANGED, material)",
        ],
    );
}

#[test]
fn a_month_and_260_working_days_a_year_are_comparable() {
    let before = fern(json!({"income": "3000", "income_unit": "MONTHLY"}));
    let after = fern(json!({"income": "150", "income_unit": "DAILY"}));
    check(
        json!([before]),
        json!([after]),
        [Some("3000.00"), Some("3250.00")],
        &[
            "Monthly income from all jobs: 3000.00 -> 3250.00 (INCREASED 8.33%)",
            "Monthly income at Blue Fern LLC: 3000.00 -> 3250.00 (INCREASED 8.33%)",
        ],
    );
}

#[test]
fn without_a_base_income_the_pay_of_a_period_counts() {
    let before = fern(json!({"pay_rate": "1250.50", "pay_frequency": "SM"}));
    let after = fern(json!({"pay_rate": "1100.45", "pay_frequency": "SM"}));
    check(
        json!([before]),
        json!([after]),
        [Some("2501.00"), Some("2200.90")],
        &[
            "Monthly income from all jobs: 2501.00 -> 2200.90 (DECREASED -12.00%, material)",
            "Pay for one period at Blue Fern LLC: 1250.50 -> 1100.45 (DECREASED -12.00%, material)",
            "Monthly income at Blue Fern LLC: 2501.00 -> 2200.90 (DECREASED -12.00%, material)",
        ],
    );
}

#[test]
fn pay_once_a_year_and_twice_a_year_are_comparable() {
    let before = fern(json!({"pay_rate": "36000", "pay_frequency": "A"}));
    let after = fern(json!({"pay_rate": 18000.0, "pay_frequency": "SA"}));
    check(
        json!([before]),
        json!([after]),
        [Some("3000.00"), Some("3000.00")],
        &[
            "Pay for one period at Blue Fern LLC: 36000.00 -> 18000.00 (DECREASED -50.00%, material)",
            "Pay frequency at Blue Fern LLC: Every year -> Every six months (CHANGED, material)",
        ],
    );
}

#[test]
fn commission_is_averaged_over_the_days_it_was_paid_for() {
    // 1000 in 31 days, then 3000 in 59: × 365 ÷ 12.
    let january = stub("s1", "2026-01-01", "2026-01-31", "1000");
    let february = stub("s2", "2026-02-01", "2026-02-28", "2000.00");
    let before = fern(json!({"pay_frequency": "C", "statements": [january]}));
    let after = fern(json!({"pay_frequency": "C", "statements": [january, february]}));
    check(
        json!([before]),
        json!([after]),
        [Some("981.18"), Some("1546.61")],
        &[
            "Monthly income from all jobs: 981.18 -> 1546.61 (INCREASED 57.63%, material)",
            "Monthly income at Blue Fern LLC: 981.18 -> 1546.61 (INCREASED 57.63%, material)",
            "Newest pay date at Blue Fern LLC: 2026-01-31 -> 2026-02-28 (INCREASED)",
        ],
    );
}

#[test]
fn a_negative_correction_takes_off_its_period() {
    // Two weeks of 500, then 900 for the same two weeks: ÷ 2 × 52 ÷ 12.
    let weeks = [stub("s1", "2026-02-01", "2026-02-07", "500"), stub("s2", "2026-02-08", "2026-02-14", "500")];
    let correction = stub("s3", "2026-02-08", "2026-02-14", "-100.00");
    let before = fern(json!({"pay_frequency": "W", "statements": weeks}));
    let after = fern(json!({"pay_frequency": "W", "statements": [weeks[0], weeks[1], correction]}));
    check(
        json!([before]),
        json!([after]),
        [Some("2166.67"), Some("1950.00")],
        &[
            "Monthly income from all jobs: 2166.67 -> 1950.00 (DECREASED -10.00%, material)",
            "Monthly income at Blue Fern LLC: 2166.67 -> 1950.00 (DECREASED -10.00%, material)",
        ],
    );
}

#[test]
fn a_job_that_ended_adds_nothing() {
    let ended = but(json!({"is_active": false, "end_date": "2026-03-01"}));
    check(
        json!([deli_clerk()]),
        json!([ended]),
        [CLERK, Some("0.00")],
        &[
            "Monthly income from all jobs: 2392.00 -> 0.00 (DECREASED -100.00%, material)",
            "Employment status at Harbor Grocery Co: Active -> Ended (CHANGED, material)",
            "Monthly income at Harbor Grocery Co: 2392.00 -> 0.00 (DECREASED -100.00%, material)",
            "Last day at Harbor Grocery Co: - -> 2026-03-01 (ADDED, material)",
        ],
    );
}

#[test]
fn a_last_day_ends_a_job_that_is_still_called_active() {
    let ended = but(json!({"end_date": "2026-03-01T00:00:00.000Z"}));
    check(
        json!([deli_clerk()]),
        json!([ended]),
        [CLERK, Some("0.00")],
        &[
            "Monthly income from all jobs: 2392.00 -> 0.00 (DECREASED -100.00%, material)",
            "Employment status at Harbor Grocery Co: Active -> Ended (CHANGED, material)",
            "Monthly income at Harbor Grocery Co: 2392.00 -> 0.00 (DECREASED -100.00%, material)",
            "Last day at Harbor Grocery Co: - -> 2026-03-01 (ADDED, material)",
        ],
    );
}

#[test]
fn who_was_hired_again_works_again() {
    let ended = but(json!({"is_active": false, "end_date": "2025-12-31"}));
    let again = but(json!({"id": "e9", "start_date": "2026-02-01", "end_date": "2025-12-31"}));
    check(
        json!([ended]),
        json!([again]),
        [Some("0.00"), CLERK],
        &[
            "Monthly income from all jobs: 0.00 -> 2392.00 (INCREASED, material)",
            "Employment status at Harbor Grocery Co: Ended -> Active (CHANGED, material)",
            "Monthly income at Harbor Grocery Co: 0.00 -> 2392.00 (INCREASED, material)",
            "First day at Harbor Grocery Co: 2023-05-15 -> 2026-02-01 (INCREASED)",
        ],
    );
}

#[test]
fn a_new_job_adds_what_it_says() {
    let second = fern(json!({"income": "24000", "income_unit": "YEARLY", "start_date": "2026-01-05"}));
    check(
        json!([deli_clerk()]),
        json!([deli_clerk(), second]),
        [CLERK, Some("4392.00")],
        &[
            "Monthly income from all jobs: 2392.00 -> 4392.00 (INCREASED 83.61%, material)",
            "Job at Blue Fern LLC: - -> Blue Fern LLC (ADDED, material)",
            "Employment status at Blue Fern LLC: - -> Active (ADDED, material)",
            "Monthly income at Blue Fern LLC: - -> 2000.00 (ADDED, material)",
            "First day at Blue Fern LLC: - -> 2026-01-05 (ADDED, material)",
        ],
    );
}

#[test]
fn a_vanished_job_removes_what_it_said() {
    let second = fern(json!({"income": "24000", "income_unit": "YEARLY", "start_date": "2026-01-05"}));
    check(
        json!([second, deli_clerk()]),
        json!([deli_clerk()]),
        [Some("4392.00"), CLERK],
        &[
            "Monthly income from all jobs: 4392.00 -> 2392.00 (DECREASED -45.54%, material)",
            "Job at Blue Fern LLC: Blue Fern LLC -> - (REMOVED, material)",
            "Employment status at Blue Fern LLC: Active -> - (REMOVED, material)",
            "Monthly income at Blue Fern LLC: 2000.00 -> - (REMOVED, material)",
            "First day at Blue Fern LLC: 2026-01-05 -> - (REMOVED, material)",
        ],
    );
}

#[test]
fn two_jobs_at_one_employer_stay_two() {
    let cashier = |active| but(json!({"id": "e2", "job_title": "Cashier", "is_active": active}));
    let (before, after) = (json!([deli_clerk(), cashier(true)]), json!([cashier(false), deli_clerk()]));
    check(
        before,
        after,
        [Some("4784.00"), CLERK],
        &[
            "Monthly income from all jobs: 4784.00 -> 2392.00 (DECREASED -50.00%, material)",
            "Employment status at Harbor Grocery Co (Cashier): Active -> Ended (CHANGED, material)",
            "Monthly income at Harbor Grocery Co (Cashier): 2392.00 -> 0.00 (DECREASED -100.00%, material)",
        ],
    );
}

#[test]
fn a_new_connection_with_new_ids_is_seen_through_by_the_federal_number_and_the_title() {
    let job = |id: &str, link: &str, title: &str, ein: Value| {
        but(json!({"id": id, "link": link, "job_title": title,
            "company": {"name": "Harbor Grocery Co", "ein": ein}}))
    };
    let dashed = json!("12-3456789");
    let before = json!([job("e1", "link-1", "Deli clerk", dashed.clone()), job("e2", "link-1", "Cashier", dashed)]);
    let number = json!(123_456_789);
    let after = json!([job("x1", "link-2", "Cashier", number.clone()), job("x2", "link-2", "Deli Clerk", number)]);
    check(before, after, [Some("4784.00"), Some("4784.00")], &[]);
}

#[test]
fn a_new_name_under_the_same_id_is_a_new_name_and_no_lost_job() {
    let renamed = but(json!({"company": {"name": "Harbor Market"}}));
    check(
        json!([deli_clerk()]),
        json!([renamed]),
        [CLERK, CLERK],
        &["Job at Harbor Market: Harbor Grocery Co -> Harbor Market (CHANGED, material)"],
    );
}

#[test]
fn the_same_name_written_differently_is_no_change() {
    let shouted = but(json!({"id": "x1", "link": "link-3", "company": {"name": "HARBOR GROCERY, INC."}}));
    check(json!([deli_clerk()]), json!([shouted]), [CLERK, CLERK], &[]);
}

#[test]
fn one_name_with_two_federal_numbers_is_two_employers() {
    let job = |id, ein| fern(json!({"id": id, "company": {"name": "Blue Fern LLC", "ein": ein}}));
    check(
        json!([job("f1", "12-3456789")]),
        json!([job("f2", "98-7654321")]),
        [None, None],
        &[
            "Job at Blue Fern LLC: - -> Blue Fern LLC (ADDED, material)",
            "Employment status at Blue Fern LLC: - -> Active (ADDED, material)",
            "Job at Blue Fern LLC: Blue Fern LLC -> - (REMOVED, material)",
            "Employment status at Blue Fern LLC: Active -> - (REMOVED, material)",
        ],
    );
}

#[test]
fn nulls_everywhere_say_nothing() {
    let nothing = json!({"id": null, "is_active": null, "company": null, "income": null, "income_unit": null,
        "pay_rate": null, "pay_frequency": null, "statements": null, "derived_fields": null});
    check(json!([]), json!([]), [None, None], &[]);
    check(json!([]), json!([nothing]), [None, None], &["Job at an unnamed employer: - -> - (ADDED, material)"]);
    let blank = fern(json!({"is_active": null, "statements": [{"id": null, "hours": null, "gross_pay": null}]}));
    check(json!([blank]), json!([blank]), [None, None], &[]);
}

#[test]
fn what_was_unknown_and_is_known_now_is_added() {
    let unknown = but(json!({"is_active": null, "income": null, "pay_rate": null, "pay_frequency": "?",
        "statements": []}));
    check(
        json!([unknown]),
        json!([deli_clerk()]),
        [None, CLERK],
        &[
            "Monthly income from all jobs: - -> 2392.00 (ADDED, material)",
            "Employment status at Harbor Grocery Co: - -> Active (ADDED, material)",
            "Pay for one period at Harbor Grocery Co: - -> 1103.90 (ADDED, material)",
            "Pay frequency at Harbor Grocery Co: - -> Every two weeks (ADDED, material)",
            "Monthly income at Harbor Grocery Co: - -> 2392.00 (ADDED, material)",
            "Hours on the newest pay statement at Harbor Grocery Co: - -> 60 (ADDED)",
            "Newest pay date at Harbor Grocery Co: - -> 2026-02-27 (ADDED)",
        ],
    );
}

#[test]
fn all_forms_of_money_and_days_are_one() {
    for (income, pay_rate, hours, day) in [
        (json!("18.4"), json!("1103.90"), json!(60), "2023-05-15T00:00:00.000Z"),
        (json!(18.4), json!(1103.9), json!("60"), "2023-05-15 00:00:00+00:00"),
        (json!("18.400"), json!("1.1039e3"), json!(60.0), "2023-05-15"),
    ] {
        let mut other = but(json!({"income": income, "pay_rate": pay_rate, "start_date": day}));
        other["statements"][0]["hours"] = hours;
        check(json!([deli_clerk()]), json!([other]), [CLERK, CLERK], &[]);
    }
}

#[test]
fn statements_that_are_not_there_any_more_move_the_pay_date_back() {
    let stubs = json!([newest("60"), deli_clerk()["statements"][0]]);
    check(
        json!([but(json!({"statements": stubs}))]),
        json!([deli_clerk()]),
        [CLERK, CLERK],
        &["Newest pay date at Harbor Grocery Co: 2026-03-13 -> 2026-02-27 (DECREASED)"],
    );
}
