//! `recert config show` and `recert completions`.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::{VARIABLES, recert};

#[test]
fn every_setting_is_shown_with_its_origin_and_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[server]\nlisten = \"127.0.0.1:9999\"\n[work]\nwake = \"nats://t0ken@bus.example:4222\"\n";
    fs::write(folder.path().join("recert.toml"), text).unwrap();
    let mut variables = VARIABLES.to_vec();
    variables.push(("RECERT_DATABASE_URL", "postgres://recert:pa55@db.example/recert?sslmode=require"));
    let flags = ["config", "show", "--json", "--database-url", "postgres://me:pa55@db.example/mine"];
    let run = recert(folder.path(), &variables, &flags);
    assert_eq!(run.code, Some(0), "{}", run.err);
    for secret in ["pa55", "t0ken", "5f0e7c1d", "thirty-two"] {
        assert!(!run.out.contains(secret), "{secret} was shown:\n{}", run.out);
    }
    let rows: Vec<Value> = serde_json::from_str(&run.out).unwrap();
    let row = |key: &str| {
        let row = rows.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("{key} is missing: {}", run.out));
        (row["value"].as_str().unwrap().to_owned(), row["origin"].as_str().unwrap().to_owned())
    };
    let is =
        |key: &str, value: &str, origin: &str| assert_eq!(row(key), (value.to_owned(), origin.to_owned()), "{key}");
    is("server.listen", "127.0.0.1:9999", "recert.toml");
    is("server.admin_listen", "127.0.0.1:8081", "default");
    is("server.public_url", "(not set)", "default");
    is("database.url", "postgres://me:***@db.example/mine", "--database-url");
    is("work.wake", "nats://***@bus.example:4222", "recert.toml");
    is("work.poll_interval", "1 s", "default");
    is("work.event_retention", "30 d", "default");
    is("agencies[0].slug", "harbor", "RECERT_AGENCY");
    is("agencies[0].name", "harbor", "default");
    is("agencies[0].secrets", "(hidden)", "API_SECRET");
    is("auth.hmac_secret", "(hidden)", "RECERT_AUTH_HMAC_SECRET");
    is("graphql.limits.depth", "10", "default");
    is("truv.url", "https://prod.truv.com/", "default");
    // Whatever the page for operators lists is shown.
    let page = include_str!("../../../docs/operator.md");
    let keys: BTreeSet<&str> = rows.iter().map(|row| row["key"].as_str().unwrap()).collect();
    let rows = page.lines().filter(|line| line.contains("| `RECERT_"));
    let listed = rows.filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    // The fields of the only agency are looked at above.
    let listed: Vec<&str> = listed.filter(|key| !key.contains("[]")).collect();
    assert!(listed.len() > 40, "{listed:?}");
    for key in listed {
        assert!(keys.contains(key), "{key} is not shown");
    }
}

#[test]
fn a_person_reads_a_table_and_what_was_changed_alone() {
    let folder = tempfile::tempdir().unwrap();
    let run = recert(folder.path(), &VARIABLES, &["config", "show", "--changed"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert_eq!(run.out.lines().count(), VARIABLES.len(), "{}", run.out);
    assert!(run.out.lines().any(|line| line.starts_with("agencies[0].slug ") && line.ends_with("RECERT_AGENCY")));
}

#[test]
fn settings_that_cannot_be_used_are_shown_as_far_as_they_go() {
    let folder = tempfile::tempdir().unwrap();
    let run = recert(folder.path(), &[("RECERT_LISTEN", "nowhere"), ("RECERT_WORKERS", "9")], &["config", "show"]);
    assert_eq!(run.code, Some(2));
    assert!(run.out.contains("(refused)") && run.out.contains("RECERT_WORKERS"), "{}", run.out);
    assert!(run.err.contains("is not a listener's address") && run.err.contains("there is no agency"), "{}", run.err);
}

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = recert(folder.path(), &[], &["completions", shell]);
        assert_eq!(run.code, Some(0), "{}", run.err);
        for word in ["doctor", "webhook", "before-start"] {
            assert!(run.out.contains(word), "{shell} does not know {word}");
        }
    }
    let script = folder.path().join("recert.bash");
    fs::write(&script, recert(folder.path(), &[], &["completions", "bash"]).out).unwrap();
    let checked = std::process::Command::new("bash").arg("-n").arg(&script).status();
    assert!(checked.is_ok_and(|status| status.success()), "bash cannot read its script");
    assert_eq!(recert(folder.path(), &[], &["completions", "cmd"]).code, Some(2));
}
