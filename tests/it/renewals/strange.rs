//! The rest of the golden set: what speaks against the data, every rhythm and form of pay, jobs that come and go. Worked out
//! by hand. The reports are of 2026-03-04.

use serde_json::{Value, json};

use super::pairs::{CLERK, but, check, deli_clerk, fern, stub};

/// Weeks of 40 hours at 20.00: 20 × 40 × 52 ÷ 12 = 3466.67 a month.
fn weekly(stubs: &Value) -> Value {
    fern(json!({"income": "20.00", "income_unit": "HOURLY", "pay_frequency": "W", "statements": stubs}))
}

fn week(id: &str, start: &str, end: &str, hours: &str) -> Value {
    json!({"id": id, "pay_date": end, "period_start": start, "period_end": end, "hours": hours, "gross_pay": "800.00"})
}

const WEEKLY: Option<&str> = Some("3466.67");

#[test]
fn a_week_without_a_statement_is_a_gap() {
    let first = week("s1", "2026-02-01", "2026-02-07", "40");
    let (second, third) = (week("s2", "2026-02-08", "2026-02-14", "40"), week("s3", "2026-02-15", "2026-02-21", "40"));
    check(
        json!([weekly(&json!([first, second, third]))]),
        json!([weekly(&json!([first, third]))]),
        [WEEKLY, WEEKLY],
        &["Days without a pay statement at Blue Fern LLC: - -> 2026-02-08 to 2026-02-14 (ADDED, material)"],
    );
    check(
        json!([weekly(&json!([first, third]))]),
        json!([weekly(&json!([first, second, third]))]),
        [WEEKLY, WEEKLY],
        &["Days without a pay statement at Blue Fern LLC: 2026-02-08 to 2026-02-14 -> - (REMOVED)"],
    );
}

#[test]
fn two_gaps_are_both_told() {
    let weeks = [
        week("s1", "2026-01-04", "2026-01-10", "40"),
        week("s2", "2026-01-18", "2026-01-24", "40"),
        week("s3", "2026-02-15", "2026-02-21", "40"),
    ];
    // Of the last three periods those count that ended less than 21 days before the newest: one.
    check(
        json!([weekly(&json!([weeks[2]]))]),
        json!([weekly(&json!(weeks))]),
        [WEEKLY, WEEKLY],
        &["Days without a pay statement at Blue Fern LLC: - -> 2026-01-11 to 2026-01-17, 2026-01-25 to 2026-02-14 \
           (ADDED, material)"],
    );
}

#[test]
fn a_pay_date_of_two_months_ago_is_too_old() {
    let january = fern(json!({"income": "3000", "income_unit": "MONTHLY", "pay_frequency": "M",
        "statements": [stub("s1", "2025-12-01", "2025-12-31", "3000")]}));
    let february = fern(json!({"income": "3000", "income_unit": "MONTHLY", "pay_frequency": "M",
        "statements": [stub("s1", "2026-01-01", "2026-01-31", "3000")]}));
    check(
        json!([february]),
        json!([january]),
        [Some("3000.00"), Some("3000.00")],
        &[
            "Age of the newest pay date at Blue Fern LLC: - -> 63 days (ADDED, material)",
            "Newest pay date at Blue Fern LLC: 2026-01-31 -> 2025-12-31 (DECREASED)",
        ],
    );
}

#[test]
fn a_job_that_ended_need_not_have_paid_lately() {
    let paid = json!([stub("s1", "2025-12-01", "2025-12-31", "3000")]);
    let job = json!({"income": "3000", "income_unit": "MONTHLY", "pay_frequency": "M", "statements": paid});
    let ended = {
        let mut job = job.clone();
        job["end_date"] = json!("2025-12-31");
        job
    };
    check(
        json!([fern(job)]),
        json!([fern(ended)]),
        [Some("3000.00"), Some("0.00")],
        &[
            "Monthly income from all jobs: 3000.00 -> 0.00 (DECREASED -100.00%, material)",
            "Employment status at Blue Fern LLC: Active -> Ended (CHANGED, material)",
            "Monthly income at Blue Fern LLC: 3000.00 -> 0.00 (DECREASED -100.00%, material)",
            "Last day at Blue Fern LLC: - -> 2025-12-31 (ADDED, material)",
            "Age of the newest pay date at Blue Fern LLC: 63 days -> - (REMOVED)",
        ],
    );
}

#[test]
fn another_person_in_the_record_is_told() {
    let known = |name: &str, ssn: &str| but(json!({"profile": {"full_name": name, "ssn": ssn}}));
    let rosa = known("Rosa Quintero", "900550142");
    for (other, what) in [
        (known("Maria Vega", "900550142"), "The name differs"),
        (known("R. Quintero-Diaz", "900550143"), "The social security number differs"),
        (known("Maria Vega", "*****9999"), "Name and social security number differ"),
    ] {
        let line = format!("Identity in the record at Harbor Grocery Co: - -> {what} (ADDED, material)");
        check(json!([rosa]), json!([other]), [CLERK, CLERK], &[&line]);
    }
    check(json!([rosa]), json!([known("ROSA M QUINTERO", "")]), [CLERK, CLERK], &[]);
    check(json!([deli_clerk()]), json!([rosa]), [CLERK, CLERK], &[]);
}

#[test]
fn a_suspicion_is_told_and_so_is_its_end() {
    let flagged = |is_suspicious: Value| but(json!({"is_suspicious": is_suspicious}));
    check(
        json!([flagged(json!(false))]),
        json!([flagged(json!(true))]),
        [CLERK, CLERK],
        &["Truv's suspicion flag at Harbor Grocery Co: - -> Flagged (ADDED, material)"],
    );
    check(
        json!([flagged(json!(true))]),
        json!([flagged(Value::Null)]),
        [CLERK, CLERK],
        &["Truv's suspicion flag at Harbor Grocery Co: Flagged -> - (REMOVED)"],
    );
}

#[test]
fn every_rhythm_comes_to_a_month() {
    // Each pays 36,000 a year; what a period pays differs.
    let rhythms = [
        ("W", "692.31", "3000.01", "Every week"),
        ("BW", "1384.62", "3000.01", "Every two weeks"),
        ("SM", "1500.00", "3000.00", "Twice a month"),
        ("M", "3000.00", "3000.00", "Every month"),
        ("Q", "9000.00", "3000.00", "Every three months"),
        ("SA", "18000.00", "3000.00", "Every six months"),
        ("A", "36000.00", "3000.00", "Every year"),
    ];
    for (first, second) in [(0, 1), (0, 2), (2, 3), (3, 4), (4, 5), (5, 6)] {
        let (one, paid, month, every) = rhythms[first];
        let (other, paid_then, month_then, then) = rhythms[second];
        let before = fern(json!({"pay_rate": paid, "pay_frequency": one}));
        let after = fern(json!({"pay_rate": paid_then, "pay_frequency": other}));
        let percent = |now: &str, before: &str| {
            let [now, before] = [now, before].map(|text| text.parse::<rust_decimal::Decimal>().unwrap());
            recert::reports::income::cents((now - before) * rust_decimal::Decimal::ONE_HUNDRED / before)
        };
        let rate = format!(
            "Pay for one period at Blue Fern LLC: {paid} -> {paid_then} (INCREASED {}%, material)",
            percent(paid_then, paid)
        );
        let rhythm = format!("Pay frequency at Blue Fern LLC: {every} -> {then} (CHANGED, material)");
        let mut lines = vec![rate, rhythm];
        if month != month_then {
            for whose in ["from all jobs", "at Blue Fern LLC"] {
                lines.push(format!("Monthly income {whose}: {month} -> {month_then} (DECREASED 0.00%)"));
            }
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        check(json!([before]), json!([after]), [Some(month), Some(month_then)], &lines);
    }
}

#[test]
fn overtime_shows_in_the_gross_where_no_base_income_hides_it() {
    // (800 + 1100) ÷ 2 × 52 ÷ 12 = 4116.67; before 800 × 52 ÷ 12 = 3466.67.
    let [usual, long] =
        [stub("s1", "2026-02-08", "2026-02-14", "800"), stub("s2", "2026-02-15", "2026-02-21", "1100.00")];
    check(
        json!([fern(json!({"pay_frequency": "W", "statements": [usual]}))]),
        json!([fern(json!({"pay_frequency": "W", "statements": [usual, long]}))]),
        [Some("3466.67"), Some("4116.67")],
        &[
            "Monthly income from all jobs: 3466.67 -> 4116.67 (INCREASED 18.75%, material)",
            "Monthly income at Blue Fern LLC: 3466.67 -> 4116.67 (INCREASED 18.75%, material)",
            "Newest pay date at Blue Fern LLC: 2026-02-14 -> 2026-02-21 (INCREASED)",
        ],
    );
}

#[test]
fn a_bonus_beside_the_pay_of_a_period_belongs_to_it() {
    // (500 + 500 + 200) ÷ 2 × 26 ÷ 12 = 1300.00; before 500 × 26 ÷ 12 = 1083.33.
    let [first, second] =
        [stub("s1", "2026-01-25", "2026-02-07", "500"), stub("s2", "2026-02-08", "2026-02-21", "500")];
    let bonus = stub("s3", "2026-02-08", "2026-02-21", "200.00");
    check(
        json!([fern(json!({"pay_frequency": "BW", "statements": [first, second]}))]),
        json!([fern(json!({"pay_frequency": "BW", "statements": [first, second, bonus]}))]),
        [Some("1083.33"), Some("1300.00")],
        &[
            "Monthly income from all jobs: 1083.33 -> 1300.00 (INCREASED 20.00%, material)",
            "Monthly income at Blue Fern LLC: 1083.33 -> 1300.00 (INCREASED 20.00%, material)",
        ],
    );
}

#[test]
fn fewer_hours_at_the_same_rate_are_less_a_month() {
    // 20 × (40 + 40 + 25) ÷ 3 × 52 ÷ 12 = 3033.33.
    let [one, two] = [week("s1", "2026-02-01", "2026-02-07", "40"), week("s2", "2026-02-08", "2026-02-14", "40")];
    let short = week("s3", "2026-02-15", "2026-02-21", "25");
    check(
        json!([weekly(&json!([one, two]))]),
        json!([weekly(&json!([one, two, short]))]),
        [WEEKLY, Some("3033.33")],
        &[
            "Monthly income from all jobs: 3466.67 -> 3033.33 (DECREASED -12.50%, material)",
            "Monthly income at Blue Fern LLC: 3466.67 -> 3033.33 (DECREASED -12.50%, material)",
            "Hours on the newest pay statement at Blue Fern LLC: 40 -> 25 (DECREASED -37.50%)",
            "Newest pay date at Blue Fern LLC: 2026-02-14 -> 2026-02-21 (INCREASED)",
        ],
    );
}

#[test]
fn a_correction_of_hours_takes_them_off_their_period() {
    // 20 × (40 − 8) × 52 ÷ 12 = 2773.33.
    let [paid, taken] = [week("s1", "2026-02-15", "2026-02-21", "40"), week("s2", "2026-02-15", "2026-02-21", "-8")];
    check(
        json!([weekly(&json!([paid]))]),
        json!([weekly(&json!([paid, taken]))]),
        [WEEKLY, Some("2773.33")],
        &[
            "Monthly income from all jobs: 3466.67 -> 2773.33 (DECREASED -20.00%, material)",
            "Monthly income at Blue Fern LLC: 3466.67 -> 2773.33 (DECREASED -20.00%, material)",
        ],
    );
}

#[test]
fn a_raise_below_the_threshold_is_told_and_not_material() {
    let paying = |rate: &str| fern(json!({"pay_rate": rate, "pay_frequency": "M"}));
    check(
        json!([paying("2000")]),
        json!([paying("2199.99")]),
        [Some("2000.00"), Some("2199.99")],
        &[
            "Monthly income from all jobs: 2000.00 -> 2199.99 (INCREASED 10.00%, material)",
            "Pay for one period at Blue Fern LLC: 2000.00 -> 2199.99 (INCREASED 10.00%, material)",
            "Monthly income at Blue Fern LLC: 2000.00 -> 2199.99 (INCREASED 10.00%, material)",
        ],
    );
    check(
        json!([paying("2000")]),
        json!([paying("2199.89")]),
        [Some("2000.00"), Some("2199.89")],
        &[
            "Monthly income from all jobs: 2000.00 -> 2199.89 (INCREASED 9.99%)",
            "Pay for one period at Blue Fern LLC: 2000.00 -> 2199.89 (INCREASED 9.99%)",
            "Monthly income at Blue Fern LLC: 2000.00 -> 2199.89 (INCREASED 9.99%)",
        ],
    );
}

#[test]
fn half_a_cent_is_rounded_away_from_zero() {
    check(
        json!([fern(json!({"income": "0.06", "income_unit": "YEARLY"}))]),
        json!([fern(json!({"income": "0.18", "income_unit": "YEARLY"}))]),
        [Some("0.01"), Some("0.02")],
        &[
            "Monthly income from all jobs: 0.01 -> 0.02 (INCREASED 100.00%, material)",
            "Monthly income at Blue Fern LLC: 0.01 -> 0.02 (INCREASED 100.00%, material)",
        ],
    );
}

#[test]
fn one_job_ends_and_another_begins() {
    let ended = but(json!({"is_active": false, "end_date": "2026-02-21"}));
    let second = fern(json!({"income": "2500", "income_unit": "MONTHLY", "start_date": "2026-02-23"}));
    check(
        json!([deli_clerk()]),
        json!([ended, second]),
        [CLERK, Some("2500.00")],
        &[
            "Employment status at Harbor Grocery Co: Active -> Ended (CHANGED, material)",
            "Monthly income at Harbor Grocery Co: 2392.00 -> 0.00 (DECREASED -100.00%, material)",
            "Last day at Harbor Grocery Co: - -> 2026-02-21 (ADDED, material)",
            "Job at Blue Fern LLC: - -> Blue Fern LLC (ADDED, material)",
            "Employment status at Blue Fern LLC: - -> Active (ADDED, material)",
            "Monthly income at Blue Fern LLC: - -> 2500.00 (ADDED, material)",
            "First day at Blue Fern LLC: - -> 2026-02-23 (ADDED, material)",
            "Monthly income from all jobs: 2392.00 -> 2500.00 (INCREASED 4.52%)",
        ],
    );
}

#[test]
fn a_job_whose_dates_came_from_statements_says_the_same() {
    check(
        json!([deli_clerk()]),
        json!([but(
            json!({"dates_from_statements": true, "derived_fields": ["is_active"], "missing_data_fields": ["email"]})
        )]),
        [CLERK, CLERK],
        &[],
    );
}

#[test]
fn an_unknown_status_is_no_end() {
    check(
        json!([deli_clerk()]),
        json!([but(json!({"is_active": null}))]),
        [CLERK, CLERK],
        &["Employment status at Harbor Grocery Co: Active -> - (REMOVED, material)"],
    );
}

#[test]
fn a_rehire_after_a_gap_has_a_gap() {
    let [old, new] = [stub("s1", "2026-01-01", "2026-01-14", "900"), stub("s2", "2026-02-12", "2026-02-25", "900")];
    let job = |stubs: Value, end: Value, start: &str| {
        fern(json!({"pay_frequency": "BW", "statements": stubs, "start_date": start, "end_date": end,
            "is_active": end.is_null()}))
    };
    // 900 × 26 ÷ 12, whether one period or two.
    check(
        json!([job(json!([old]), json!("2026-01-14"), "2024-05-01")]),
        json!([job(json!([new, old]), Value::Null, "2026-02-12")]),
        [Some("0.00"), Some("1950.00")],
        &[
            "Monthly income from all jobs: 0.00 -> 1950.00 (INCREASED, material)",
            "Employment status at Blue Fern LLC: Ended -> Active (CHANGED, material)",
            "Monthly income at Blue Fern LLC: 0.00 -> 1950.00 (INCREASED, material)",
            "Last day at Blue Fern LLC: 2026-01-14 -> - (REMOVED, material)",
            "Days without a pay statement at Blue Fern LLC: - -> 2026-01-15 to 2026-02-11 (ADDED, material)",
            "Newest pay date at Blue Fern LLC: 2026-01-14 -> 2026-02-25 (INCREASED)",
            "First day at Blue Fern LLC: 2024-05-01 -> 2026-02-12 (INCREASED)",
        ],
    );
}

#[test]
fn daily_pay_counts_260_days_and_weekends_are_no_gap() {
    let day = |id: &str, day: &str| stub(id, day, day, "120");
    // 120 × 260 ÷ 12 = 2600.00.
    let [friday, monday] = [day("s1", "2026-02-20"), day("s2", "2026-02-23")];
    check(
        json!([fern(json!({"pay_frequency": "D", "statements": [friday]}))]),
        json!([fern(json!({"pay_frequency": "D", "statements": [monday, friday]}))]),
        [Some("2600.00"), Some("2600.00")],
        &["Newest pay date at Blue Fern LLC: 2026-02-20 -> 2026-02-23 (INCREASED)"],
    );
}

#[test]
fn two_jobs_at_two_employers_of_one_name_are_told_apart_by_their_numbers() {
    let job = |id: &str, ein: &str, rate: &str| {
        fern(json!({"id": id, "job_title": ein, "company": {"name": "Blue Fern LLC", "ein": ein}, "pay_rate": rate,
            "pay_frequency": "M"}))
    };
    check(
        json!([job("f1", "12-3456789", "1000"), job("f2", "98-7654321", "2000")]),
        json!([job("x1", "98-7654321", "2000"), job("x2", "12-3456789", "1500")]),
        [Some("3000.00"), Some("3500.00")],
        &[
            "Monthly income from all jobs: 3000.00 -> 3500.00 (INCREASED 16.67%, material)",
            "Pay for one period at Blue Fern LLC (12-3456789): 1000.00 -> 1500.00 (INCREASED 50.00%, material)",
            "Monthly income at Blue Fern LLC (12-3456789): 1000.00 -> 1500.00 (INCREASED 50.00%, material)",
        ],
    );
}
