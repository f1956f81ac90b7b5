//! The gateways: children that are started, killed and started again.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::task::TaskTracker;

use super::binary;

/// Where the replicas listen; `None` while one is down.
pub(super) type Alive = Arc<Mutex<Vec<Option<SocketAddr>>>>;

/// How long a start may take on a machine that is busy with other things.
const START: Duration = Duration::from_mins(2);

pub(super) struct Gateways {
    variables: Vec<(String, String)>,
    alive: Alive,
    children: Vec<Option<Child>>,
    logs: PathBuf,
    starts: u32,
}

impl Gateways {
    pub(super) fn new(replicas: usize, variables: Vec<(String, String)>, alive: Alive, logs: &Path) -> Self {
        alive.lock().unwrap().resize(replicas, None);
        let children = (0..replicas).map(|_| None).collect();
        Self { variables, alive, children, logs: logs.to_owned(), starts: 0 }
    }

    pub(super) fn count(&self) -> usize {
        self.children.len()
    }

    /// Starts every replica that is down, and returns when they answer.
    pub(super) async fn start_missing(&mut self) {
        let mut starting = Vec::new();
        for replica in 0..self.children.len() {
            if self.children[replica].is_none() {
                self.starts += 1;
                let log = self.logs.join(format!("gateway-{replica}-{:04}.log", self.starts));
                let (child, address) = spawn(&self.variables, &log);
                self.children[replica] = Some(child);
                starting.push((replica, address, log));
            }
        }
        for (replica, address, log) in starting {
            let address = tokio::time::timeout(START, address).await;
            let Ok(Ok(address)) = address else {
                panic!("a gateway does not start:\n{}", std::fs::read_to_string(&log).unwrap_or_default())
            };
            self.alive.lock().unwrap()[replica] = Some(address);
        }
    }

    /// The process behind a replica; `None` while it is down.
    pub(super) fn pid(&self, replica: usize) -> Option<u32> {
        self.children[replica].as_ref().and_then(Child::id)
    }

    /// SIGKILL: nothing is finished, nothing is said.
    pub(super) async fn kill(&mut self, replica: usize) {
        let Some(mut child) = self.children[replica].take() else { return };
        child.start_kill().unwrap();
        self.alive.lock().unwrap()[replica] = None;
        let ended = child.wait().await.unwrap();
        assert!(!ended.success(), "a gateway ended by itself");
    }

    pub(super) async fn kill_all(&mut self) {
        for replica in 0..self.children.len() {
            self.kill(replica).await;
        }
    }
}

/// Starts one; its address comes with its first line of log.
fn spawn(variables: &[(String, String)], log: &Path) -> (Child, tokio::sync::oneshot::Receiver<SocketAddr>) {
    let mut child = Command::new(binary())
        .env_clear()
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .current_dir(log.parent().unwrap())
        .arg("serve")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut file = File::create(log).unwrap();
    let (tell, told) = tokio::sync::oneshot::channel();
    TaskTracker::new().spawn(async move {
        let mut tell = Some(tell);
        while let Ok(Some(line)) = lines.next_line().await {
            writeln!(file, "{line}").unwrap();
            if tell.is_some()
                && let Ok(line) = serde_json::from_str::<Value>(&line)
                && let Some(address) = find(&line, "public")
            {
                let _ = tell.take().unwrap().send(address.parse().unwrap());
            }
        }
    });
    (child, told)
}

/// The field of a line of log, wherever the format puts it.
fn find<'a>(line: &'a Value, name: &str) -> Option<&'a str> {
    line.get(name).or_else(|| line.get("fields")?.get(name))?.as_str()
}
