//! `recert migrate`.

use super::recert;
use crate::support::database::{fresh, server};

#[test]
fn it_needs_the_database_alone_and_says_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let url = ["--database-url", "sqlite://one.sqlite"];
    let status = recert(folder.path(), &[], &[&["migrate", "--status"], &url[..]].concat());
    assert_eq!(status.code, Some(0), "{}", status.err);
    assert!(status.out.lines().count() >= 7 && status.out.lines().all(|line| line.starts_with("missing  ")));
    let first = recert(folder.path(), &[], &[&["migrate"], &url[..]].concat());
    assert_eq!(first.code, Some(0), "{}", first.err);
    assert!(first.out.lines().all(|line| line.starts_with("applied  ")), "{}", first.out);
    let again = recert(folder.path(), &[], &[&["migrate"], &url[..]].concat());
    assert_eq!(again.out, "The database is up to date.\n");
    let status = recert(folder.path(), &[], &[&["migrate", "--status"], &url[..]].concat());
    assert!(status.out.lines().all(|line| line.starts_with("applied  ")), "{}", status.out);
}

#[test]
fn a_new_epoch_is_begun_only_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let url = ["--database-url", "sqlite://one.sqlite"];
    let first = recert(folder.path(), &[], &[&["migrate", "--new-epoch"], &url[..]].concat());
    assert_eq!(first.code, Some(0), "{}", first.err);
    let epoch = |run: &super::Run| run.out.lines().last().unwrap().split(' ').nth(1).unwrap().parse::<u32>().unwrap();
    let second = recert(folder.path(), &[], &[&["migrate", "--new-epoch"], &url[..]].concat());
    assert_ne!(epoch(&first), epoch(&second), "{} {}", first.out, second.out);
    let refused = recert(folder.path(), &[], &[&["migrate", "--new-epoch", "--status"], &url[..]].concat());
    assert_eq!(refused.code, Some(2));
}

#[test]
fn a_misspelt_database_is_not_taken_for_the_default_one() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("RECERT_DATABSE_URL", "sqlite://one.sqlite"), ("RECERT_WORKERS", "none")];
    let run = recert(folder.path(), &variables, &["migrate"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("did you mean RECERT_DATABASE_URL?"), "{}", run.err);
    assert!(!run.err.contains("RECERT_WORKERS"), "other sections are of no concern: {}", run.err);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_security_is_put_up_for_a_role_and_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let (scratch, _, _) = fresh().await;
    let url = scratch.owner_url();
    let migrate =
        |args: &[&str]| recert(folder.path(), &[("RECERT_DATABASE_URL", &url)], &[&["migrate"], args].concat());
    if server().is_none() {
        let refused = migrate(&["--row-security", "gateway"]);
        assert_eq!(refused.code, Some(1));
        assert!(refused.err.contains("needs PostgreSQL"), "{}", refused.err);
        let variables = [("RECERT_DATABASE_URL", url.as_str()), ("RECERT_DATABASE_ROW_SECURITY", "true")];
        let refused = recert(folder.path(), &variables, &["migrate"]);
        assert_eq!(refused.code, Some(2));
        assert!(refused.err.contains("SQLite has no row-level security"), "{}", refused.err);
        return;
    }
    let unknown = migrate(&["--row-security", "no \"such\" role"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("no \"such\" role"), "{}", unknown.err);
    let up = migrate(&["--row-security", "postgres"]);
    assert_eq!(up.code, Some(0), "{}", up.err);
    assert!(up.out.contains("stands on") && up.out.contains("postgres may use them"), "{}", up.out);
    assert_eq!(migrate(&["--row-security", "postgres"]).out, up.out, "again, as after an upgrade");
    let down = migrate(&["--no-row-security"]);
    assert!(down.out.contains("off on"), "{} {}", down.out, down.err);
    assert_eq!(migrate(&["--no-row-security", "--row-security", "postgres"]).code, Some(2));
}
