//! `recert serve --check`.

use std::fs;

use super::{VARIABLES, recert};

#[test]
fn usable_settings_end_with_0_and_name_the_agencies() {
    let folder = tempfile::tempdir().unwrap();
    let run = recert(folder.path(), &VARIABLES, &["serve", "--check"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "The settings are usable. Agencies: harbor.\n"), "{}", run.err);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a check creates nothing");
}

#[test]
fn problems_of_file_variable_and_flag_come_together_and_end_with_2() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("my.toml"), "[server]\nbody_timeout = 0\nlistn = \"x\"\n").unwrap();
    let mut variables = VARIABLES.to_vec();
    variables.extend([("RECERT_INTROSPECTION", "maybe"), ("API_SECRET", "prod-5f0e7c1d9b2a4e6f")]);
    let args = ["serve", "--check", "--config", "my.toml", "--listen", "nowhere"];
    let run = recert(folder.path(), &variables, &args);
    assert_eq!(run.code, Some(2));
    assert!(run.out.is_empty(), "{}", run.out);
    for part in [
        "5 settings need attention",
        "from: the flag --listen",
        "from: the file my.toml, key server.body_timeout",
        "from: the variable API_SECRET",
        "from: the variable RECERT_INTROSPECTION",
        "did you mean server.listen?",
    ] {
        assert!(run.err.contains(part), "{part} is missing from\n{}", run.err);
    }
    assert!(!run.err.contains("5f0e7c1d"), "a secret was shown:\n{}", run.err);
}

#[test]
fn a_named_file_that_is_missing_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let run = recert(folder.path(), &VARIABLES, &["serve", "--check", "--config", "gone.toml"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("gone.toml"), "{}", run.err);
}

#[test]
fn the_file_in_the_working_directory_is_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("recert.toml"), "[server]\nlisten = \"127.0.0.1:8081\"\n").unwrap();
    let run = recert(folder.path(), &VARIABLES, &["serve", "--check"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("server.admin_listen: is the same address"), "{}", run.err);
}
