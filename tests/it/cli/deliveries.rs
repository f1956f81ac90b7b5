//! `recert deliveries`.

use super::{VARIABLES, recert};

#[test]
fn deliveries_are_listed_and_what_is_not_there_cannot_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| recert(folder.path(), &VARIABLES, args);
    let listed = run(&["deliveries", "list"]);
    assert_eq!((listed.code, listed.out.as_str()), (Some(0), ""), "{}", listed.err);
    let all = run(&["deliveries", "replay", "--status", "dead", "--reason", "a new version reads more"]);
    assert_eq!((all.code, all.out.as_str()), (Some(0), "0 deliveries are applied once more.\n"), "{}", all.err);
    let absent = "01a208b3-8c08-7ebd-877f-b52f9846016b";
    let one = run(&["deliveries", "replay", absent, "--reason", "x"]);
    assert_eq!(one.code, Some(1));
    assert!(one.err.contains("there is no such delivery"), "{}", one.err);
    for wrong in [&["deliveries", "replay", absent][..], &["deliveries", "replay", "--reason", "x"], &["deliveries"]] {
        assert_eq!(run(wrong).code, Some(2), "{wrong:?}");
    }
}
