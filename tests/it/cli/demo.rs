//! `recert demo` from outside: a process, its ready block, its `demo.json`, a refresh, and the way it ends.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::recert;

/// A running demonstration.
pub(super) struct Demo {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    pub(super) ready: Value,
    /// What it has printed.
    block: String,
}

impl Demo {
    /// Starts it and reads until it says how to stop it.
    pub(super) async fn start(folder: &Path, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_recert"))
            .env_clear()
            .current_dir(folder)
            .args(["demo", "--port", "0", "--simulator-port", "0", "--cases", "20"])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.join("demo.log")).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut block = String::new();
        while !block.ends_with("Stop with Ctrl-C.\n") {
            block += &out.next_line().await.unwrap().expect("the ready block comes");
            block.push('\n');
        }
        let ready = serde_json::from_str(&fs::read_to_string(folder.join("demo-data/demo.json")).unwrap()).unwrap();
        Self { child, out, ready, block }
    }

    pub(super) async fn ask(&self, role: &str, document: &str) -> Value {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.post(self.ready["graphql"].as_str().unwrap());
        let request = request.bearer_auth(self.ready["tokens"][role].as_str().unwrap());
        let answer: Value = request.json(&json!({ "query": document })).send().await.unwrap().json().await.unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].clone()
    }

    /// Interrupts it as Ctrl-C does, and expects an orderly end.
    pub(super) async fn stop(mut self) {
        let id = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let ended = tokio::time::timeout(Duration::from_secs(90), self.child.wait()).await;
        assert!(ended.expect("it ends").unwrap().success());
        assert_eq!(self.out.next_line().await.unwrap(), None);
    }
}

const QUEUE: &str = "{ cases(first: 100) { totalCount nodes { number status } } }";

#[tokio::test]
async fn it_serves_a_county_to_its_four_roles_and_ends_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path(), &[]).await;
    for role in ["caseworker", "supervisor", "integration", "operator"] {
        let queue = demo.ask(role, QUEUE).await;
        assert_eq!(queue["cases"]["nodes"].as_array().unwrap().len(), 20, "{role}");
    }
    let viewer = "{ viewer { subject caseworker { displayName } } }";
    assert!(demo.ask("caseworker", viewer).await["viewer"]["caseworker"]["displayName"].is_string());
    assert!(demo.ask("supervisor", viewer).await["viewer"]["caseworker"].is_null());
    for key in
        ["portal", "websocket", "webhooks", "simulator_api", "simulator_control", "admin", "client_id", "access_secret"]
    {
        assert!(demo.ready[key].is_string(), "{key}");
    }
    let link = format!(
        "{}#token={}",
        demo.ready["portal"].as_str().unwrap(),
        demo.ready["tokens"]["caseworker"].as_str().unwrap()
    );
    assert!(demo.block.contains(&link), "{}", demo.block);
    let portal = reqwest::Client::builder().no_proxy().build().unwrap().get(link).send().await.unwrap();
    assert!(portal.status().is_success() && portal.text().await.unwrap().contains("/portal/main.js"));
    let mode = |file: &str| fs::metadata(folder.path().join("demo-data").join(file)).unwrap().permissions().mode();
    assert_eq!((mode("demo.json") & 0o777, mode("demo.secret") & 0o777), (0o600, 0o600));

    let second = recert(folder.path(), &[], &["demo", "--port", "0", "--simulator-port", "0"]);
    assert_eq!(second.code, Some(1));
    assert!(second.err.contains("in use by another demonstration"), "{}", second.err);
    let port =
        demo.ready["graphql"].as_str().unwrap().rsplit_once(':').unwrap().1.trim_end_matches("/graphql").to_owned();
    let taken = recert(folder.path(), &[], &["demo", "--port", &port, "--data-dir", "other"]);
    assert_eq!(taken.code, Some(1));
    assert!(taken.err.contains(&port) && taken.err.contains("--port"), "{}", taken.err);
    demo.stop().await;
}

#[tokio::test]
async fn kept_it_goes_on_with_the_county_and_otherwise_it_founds_it_anew() {
    let folder = tempfile::tempdir().unwrap();
    let first = Demo::start(folder.path(), &[]).await;
    let queue = first.ask("caseworker", QUEUE).await;
    let case = "{ case(by: { number: \"%\" }) { id version } }"
        .replace('%', queue["cases"]["nodes"][0]["number"].as_str().unwrap());
    let known = first.ask("caseworker", &case).await;
    first.stop().await;

    let kept = Demo::start(folder.path(), &["--keep"]).await;
    assert_eq!(kept.ask("caseworker", &case).await, known);
    kept.stop().await;
    let other = recert(folder.path(), &[], &["demo", "--port", "0", "--simulator-port", "0", "--keep", "--seed", "2"]);
    assert_eq!(other.code, Some(1));
    assert!(other.err.contains("another seed"), "{}", other.err);

    let anew = Demo::start(folder.path(), &[]).await;
    assert_ne!(anew.ask("caseworker", &case).await["case"]["id"], known["case"]["id"]);
    anew.stop().await;
}
