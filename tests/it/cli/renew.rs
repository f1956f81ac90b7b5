//! `recert renew`, with no gateway at work on the database.

use std::fs;
use std::path::Path;

use super::{Run, VARIABLES, recert};

const HEADER: &str = "case_number,program,due_date,period_start,period_end,external_user_id,first_name,last_name\n";
const DATABASE: [&str; 2] = ["--database-url", "sqlite://one.sqlite"];

fn renew(folder: &Path, args: &[&str]) -> Run {
    let args: Vec<&str> = ["renew"].iter().chain(args).chain(&DATABASE).copied().collect();
    recert(folder, &VARIABLES, &args)
}

/// A folder with a database of three cases, none of which is due.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let row = |n| format!("C-{n},SNAP,2099-0{n}-01,2098-01-01,2098-12-31,u-{n},Ada,Diaz\n");
    let rows = [1, 2, 3].map(row).concat();
    fs::write(folder.path().join("cases.csv"), format!("{HEADER}{rows}")).unwrap();
    let args: Vec<&str> = ["import", "cases.csv"].iter().chain(&DATABASE).copied().collect();
    let run = recert(folder.path(), &VARIABLES, &args);
    assert_eq!(run.code, Some(0), "{}", run.err);
    folder
}

#[test]
fn a_dry_run_says_what_is_to_be_done_and_starts_nothing() {
    let folder = folder();
    let run = renew(folder.path(), &["--dry-run", "--due-to", "2099-02-01", "--csv", "plan.csv"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.out.starts_with("harbor: 2 cases. Nothing was started.\n"), "{}", run.out);
    assert!(run.out.contains("2  ask the client\n") && run.out.contains("2  NO_CONNECTION\n"), "{}", run.out);
    let plan = fs::read_to_string(folder.path().join("plan.csv")).unwrap();
    assert_eq!(plan.lines().count(), 3, "{plan}");
    assert!(plan.contains("\nC-1,2099-01-01,ASK_CLIENT,"), "{plan}");
    let bound = renew(folder.path(), &["--dry-run", "--status", "not_due", "--max-cases", "2", "--csv", "two.csv"]);
    assert!(bound.out.starts_with("harbor: 2 cases."), "as many as a batch would take: {}", bound.out);
    assert_eq!(fs::read_to_string(folder.path().join("two.csv")).unwrap().lines().count(), 3);
    let open = renew(folder.path(), &["--dry-run", "--max-cases", "2"]);
    assert!(open.out.starts_with("harbor: 0 cases."), "no renewal is open: {}", open.out);
    assert_eq!(renew(folder.path(), &["list"]).out, "");
}

#[test]
fn a_batch_is_stored_steered_and_shown_without_a_gateway() {
    let folder = folder();
    let nothing = renew(folder.path(), &["--detach"]);
    assert_eq!(nothing.code, Some(1));
    assert!(nothing.err.contains("admits no case whose renewal is open"), "{}", nothing.err);

    let start = ["--status", "not_due", "--max-cases", "2", "--name", "Spring", "--key", "spring", "--detach"];
    let run = renew(folder.path(), &start);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let id = run.out.split_whitespace().next().unwrap().to_owned();
    assert_eq!(run.out, format!("{id} QUEUED \"Spring\": 2 wait\n"));
    assert_eq!(renew(folder.path(), &start).out, run.out, "the key finds the first one");
    assert_eq!(renew(folder.path(), &["list"]).out, run.out);

    assert_eq!(renew(folder.path(), &["pause", &id]).out, format!("{id} PAUSED \"Spring\": 2 wait\n"));
    assert_eq!(renew(folder.path(), &["resume", &id]).out, format!("{id} RUNNING \"Spring\": 2 wait\n"));
    assert_eq!(renew(folder.path(), &["cancel", &id]).out, format!("{id} CANCELED \"Spring\": 2 skipped\n"));
    let again = renew(folder.path(), &["resume", &id]);
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("was canceled"), "{}", again.err);

    let shown = renew(folder.path(), &["show", &id, "--csv", "-"]);
    let lines: Vec<&str> = shown.out.lines().collect();
    assert_eq!(lines[1], "case_number,status,skip_reason,attempts,truv_order_id,failure_reason,next_action,settled_at");
    assert!(lines[2].starts_with("C-1,SKIPPED,BATCH_CANCELED,0,,,,20"), "{}", shown.out);
    assert_eq!(lines.len(), 4, "{}", shown.out);
}

#[test]
fn what_makes_no_sense_ends_with_2() {
    let folder = folder();
    for args in [
        &["--status", "SLEEPING"][..],
        &["pause"],
        &["pause", "not-an-id"],
        &["--detach", "--csv", "x.csv"],
        &["--max-cases", "many"],
        &["--max-cases", "0"],
    ] {
        let run = renew(folder.path(), args);
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.err);
    }
}

#[cfg(unix)]
#[test]
fn whoever_interrupts_learns_what_goes_on() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_recert"))
        .env_clear()
        .envs(VARIABLES)
        .current_dir(folder.path())
        .args(["renew", "--status", "not_due"])
        .args(DATABASE)
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("is stored"));
    // The warning comes once no gateway has taken a case up.
    assert!(lines.any(|line| line.contains("No gateway seems to run")));
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let last = rest.last().unwrap();
    for part in ["the batch goes on", "recert renew watch ", "recert renew pause ", "recert renew cancel "] {
        assert!(last.contains(part), "{last}");
    }
    assert!(renew(folder.path(), &["list"]).out.contains("QUEUED"));
}
