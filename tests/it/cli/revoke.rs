//! `recert revoke`.

use super::{VARIABLES, recert};

#[test]
fn what_is_revoked_is_listed_with_who_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| recert(folder.path(), &VARIABLES, args);
    let empty = run(&["revoke", "--list"]);
    assert_eq!((empty.code, empty.out.as_str()), (Some(0), ""), "{}", empty.err);
    let subject = run(&["revoke", "--subject", "kim", "--scope", "reports:read,admin", "--reason", "moved on"]);
    assert_eq!(subject.code, Some(0), "{}", subject.err);
    assert!(subject.out.starts_with("Revoked until "), "{}", subject.out);
    assert_eq!(run(&["revoke", "--token-id", "8f3", "--keep-for", "2d", "--reason", "lost"]).code, Some(0));
    let listed = run(&["revoke", "--list"]).out;
    let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(lines[0][1].starts_with("subject kim up to "), "{listed}");
    assert_eq!(
        (lines[0][2], lines[0][4], lines[0][5]),
        ("reports:read,admin", "system:command-line", "moved on"),
        "{listed}"
    );
    assert_eq!((lines[1][1], lines[1][2], lines[1][5]), ("token 8f3", "everything", "lost"), "{listed}");
}

#[test]
fn a_half_said_revocation_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in [
        &["revoke"][..],
        &["revoke", "--subject", "kim"],
        &["revoke", "--reason", "x"],
        &["revoke", "--subject", "kim", "--token-id", "8f3", "--reason", "x"],
        &["revoke", "--subject", "", "--reason", "x"],
        &["revoke", "--subject", "kim", "--reason", ""],
        &["revoke", "--subject", "kim", "--scope", "everything", "--reason", "x"],
        &["revoke", "--subject", "kim", "--keep-for", "367d", "--reason", "x"],
        &["revoke", "--list", "--reason", "x"],
    ] {
        let run = recert(folder.path(), &VARIABLES, wrong);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{wrong:?}: {}", run.err);
    }
}
