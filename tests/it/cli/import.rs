//! `recert import --dry-run`.

use std::fs;

use super::{VARIABLES, recert};

const HEADER: &str =
    "case_number,program,due_date,period_start,period_end,external_user_id,first_name,last_name,ssn_last4\n";
const GOOD: &str = "C-1,SNAP,2026-12-31,2026-01-01,2026-12-31,u-1,Ada,Diaz,1234\n";

#[test]
fn a_clean_file_ends_with_0() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cases.csv"), format!("{HEADER}{GOOD}")).unwrap();
    let run = recert(folder.path(), &VARIABLES, &["import", "cases.csv", "--dry-run"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert_eq!(
        run.out,
        "harbor: 1 rows are well-formed, 0 are refused; nothing was stored, and the database was not asked.\n"
    );
}

#[test]
fn a_dry_run_finds_rows_that_contradict_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let other = GOOD.replace("C-1", "C-2").replace("Diaz", "Diez");
    fs::write(folder.path().join("cases.csv"), format!("{HEADER}{GOOD}{GOOD}{other}")).unwrap();
    let args = ["import", "cases.csv", "--dry-run", "--errors", "refused.csv"];
    let run = recert(folder.path(), &VARIABLES, &args);
    assert!(run.out.contains("2 rows are well-formed, 1 are refused"), "{}", run.out);
    let report = fs::read_to_string(folder.path().join("refused.csv")).unwrap();
    assert!(report.contains("\n4,external_user_id,is a person whom the row at 2 describes otherwise\n"), "{report}");
}

#[test]
fn refused_rows_are_reported_with_line_column_and_reason_and_end_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let whole = GOOD.replace("1234", "991-91-9991");
    fs::write(folder.path().join("cases.csv"), format!("{HEADER}{GOOD}{whole}{GOOD}")).unwrap();
    let args = ["import", "cases.csv", "--dry-run", "--errors", "refused.csv"];
    let run = recert(folder.path(), &VARIABLES, &args);
    assert_eq!(run.code, Some(1));
    assert!(run.out.contains("2 rows are well-formed, 1 are refused"), "{}", run.out);
    let report = fs::read_to_string(folder.path().join("refused.csv")).unwrap();
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[0], "line,column,reason");
    assert!(lines[1].starts_with("3,ssn_last4,"), "{report}");
    assert!(!report.contains("9991") && !run.err.contains("9991"), "{report}");
}

#[test]
fn a_file_without_its_header_or_without_a_known_name_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cases.csv"), GOOD).unwrap();
    fs::write(folder.path().join("cases.txt"), format!("{HEADER}{GOOD}")).unwrap();
    let headless = recert(folder.path(), &VARIABLES, &["import", "cases.csv", "--dry-run"]);
    assert_eq!(headless.code, Some(1));
    assert!(headless.err.contains("case_number is missing") && !headless.err.contains("Diaz"), "{}", headless.err);
    let unnamed = recert(folder.path(), &VARIABLES, &["import", "cases.txt", "--dry-run"]);
    assert_eq!(unnamed.code, Some(2));
    let named = recert(folder.path(), &VARIABLES, &["import", "cases.txt", "--dry-run", "--format", "csv"]);
    assert_eq!(named.code, Some(0), "{}", named.err);
}

#[test]
fn a_file_is_stored_once_however_often_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let bad = GOOD.replace("SNAP", "SOUP");
    let other = GOOD.replace("C-1", "C-2").replace("u-1", "u-2");
    fs::write(folder.path().join("cases.csv"), format!("{HEADER}{GOOD}{bad}{other}")).unwrap();
    let args = ["import", "cases.csv", "--errors", "refused.csv", "--database-url", "sqlite://one.sqlite"];
    let first = recert(folder.path(), &VARIABLES, &args);
    assert_eq!(first.code, Some(1), "{}", first.err);
    assert_eq!(first.out, "harbor: 2 cases created, 0 updated, 0 unchanged; 1 rows refused.\n");
    assert!(fs::read_to_string(folder.path().join("refused.csv")).unwrap().contains("\n3,program,"));
    assert!(first.err.contains("rows were imported") && !first.err.contains("Diaz"), "{}", first.err);
    let again = recert(folder.path(), &VARIABLES, &args);
    assert_eq!(again.out, "harbor: 0 cases created, 0 updated, 2 unchanged; 1 rows refused.\n");
}
