//! `recert simulator`.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::recert;

#[tokio::test]
async fn it_says_where_it_listens_and_knows_the_county() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_recert"))
        .env_clear()
        .current_dir(folder.path())
        .args(["simulator", "--port", "0", "--control-port", "0", "--cases", "12"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(out.next_line().await.unwrap().unwrap().contains("with 12 people"));
    let api = loop {
        let line = out.next_line().await.unwrap().expect("the API's address comes");
        if let Some(address) = line.trim().strip_prefix("API ") {
            break address.trim().to_owned();
        }
    };
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.get(format!("{api}/v1/users/"));
    let request = request.header("X-Access-Client-Id", "simulator-client");
    let answer = request.header("X-Access-Secret", "sandbox-simulator-secret").send().await.unwrap();
    let users: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(users["count"], 12, "{users}");
}

#[test]
fn a_secret_without_an_environment_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["simulator", "--port", "0", "--control-port", "0", "--secret", "hush"];
    let run = recert(folder.path(), &[], &flags);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("must begin with sandbox-") && !run.err.contains("hush"), "{}", run.err);
}
