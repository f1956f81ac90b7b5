//! `recert audit`.

use super::{VARIABLES, recert};

#[test]
fn what_commands_did_is_exported_and_verified_and_a_rewritten_trail_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| recert(folder.path(), &VARIABLES, args);
    assert_eq!(run(&["deliveries", "replay", "--status", "dead", "--reason", "once more"]).code, Some(0));
    let exported = run(&["audit", "export"]);
    assert_eq!(exported.code, Some(0), "{}", exported.err);
    let lines: Vec<serde_json::Value> = exported.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "the export's own entry comes after it");
    assert_eq!((&lines[0]["seq"], &lines[0]["operation"]), (&1.into(), &"deliveries replay".into()));
    assert_eq!((&lines[0]["access"], &lines[0]["channel"]), (&serde_json::json!(["CHANGE"]), &"COMMAND".into()));
    let whole = run(&["audit", "verify"]);
    assert_eq!(whole.code, Some(0), "{}", whole.err);
    assert!(whole.out.starts_with("2 entries, whole. The end: 2:"), "{}", whole.out);
    let end = whole.out.trim().rsplit(' ').next().unwrap();
    assert_eq!(run(&["audit", "verify", "--known", end]).code, Some(0));
    let other = run(&["audit", "verify", "--known", "2:0000"]);
    assert_eq!(other.code, Some(1));
    assert!(other.err.contains("broken at entry 2"), "{}", other.err);
    assert_eq!(run(&["audit", "verify", "--known", "9:00"]).code, Some(1), "a chain that was cut short");
    assert_eq!(run(&["audit", "verify", "--known", "nothing"]).code, Some(2));
}
