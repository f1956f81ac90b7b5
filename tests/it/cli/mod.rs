//! Tests of `cli`: the binary itself, without any variable of this process.

mod audit;
mod config;
mod deliveries;
mod demo;
mod doctor;
mod import;
mod keys;
mod logging;
mod migrate;
mod packets;
mod renew;
mod revoke;
mod secrets;
mod serve;
mod serving;
mod simulator;
mod token;
#[cfg(target_os = "linux")]
mod under_fire;
mod webhook;

use std::path::Path;
use std::process::{Command, Output};

const SECRET: &str = "sandbox-5f0e7c1d9b2a4e6f8a7b3c2d1e0f9a8b7c6d5e4f";
const HMAC: &str = "thirty-two bytes or more of a test secret";

/// What one run of the binary left behind.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

/// The binary in a folder of its own, so that no `recert.toml` is found by chance.
fn recert(folder: &Path, variables: &[(&str, &str)], args: &[&str]) -> Run {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_recert"))
        .env_clear()
        .envs(variables.iter().copied())
        .current_dir(folder)
        .args(args)
        .output()
        .unwrap();
    Run { code: status.code(), out: String::from_utf8(stdout).unwrap(), err: String::from_utf8(stderr).unwrap() }
}

/// Variables with which every command starts.
const VARIABLES: [(&str, &str); 5] = [
    ("RECERT_AGENCY", "harbor"),
    ("RECERT_TRUV_ENVIRONMENT", "sandbox"),
    ("API_CLIENT_ID", "client"),
    ("API_SECRET", SECRET),
    ("RECERT_AUTH_HMAC_SECRET", HMAC),
];

#[test]
fn every_command_explains_itself() {
    let folder = tempfile::tempdir().unwrap();
    let all = recert(folder.path(), &[], &["--help"]);
    assert_eq!(all.code, Some(0));
    assert!(all.out.contains("Exit codes: 0 done, 1 failed, 2"), "{}", all.out);
    let commands = [
        "demo",
        "serve",
        "migrate",
        "import",
        "renew",
        "deliveries",
        "notices",
        "export",
        "verify",
        "ledger",
        "keys",
        "audit",
        "purge",
        "hold",
        "simulator",
        "token",
        "revoke",
        "schema",
        "doctor",
        "config",
        "webhook",
        "completions",
    ];
    for command in commands {
        assert!(all.out.contains(&format!("\n  {command} ")), "{command} is not listed");
        let one = recert(folder.path(), &[], &[command, "--help"]);
        assert_eq!(one.code, Some(0), "{}", one.err);
        assert!(one.out.contains(&format!("Usage: recert {command}")), "{}", one.out);
    }
}

#[test]
fn an_unknown_flag_and_no_command_end_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["serve", "--chek"][..], &["nothing"], &[], &["demo", "--cases", "0"], &["demo", "--port", "65536"]] {
        let run = recert(folder.path(), &[], args);
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.err);
        assert!(run.out.is_empty(), "answers alone go to standard output");
    }
}
