//! A screen that is open all the time: whenever its gateway dies, it goes on with another one after its last cursor.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::ACCEPT;
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use super::stage::{Stage, World};
use crate::support::client::operation_of;

/// What the screen has seen.
#[derive(Default)]
pub(super) struct Seen {
    /// Global ids of the events, in the order they came.
    pub(super) events: Vec<String>,
    /// The cursor to go on from.
    cursor: Option<String>,
    /// Where it began.
    opened_at: Option<String>,
    /// How often it went on after a cursor.
    pub(super) resumed: u32,
    pub(super) faults: Vec<String>,
    /// Events that came.
    pub(super) logged: usize,
}

pub(super) struct Watcher {
    seen: Arc<Mutex<Seen>>,
    task: tokio::task::JoinHandle<()>,
}

/// Opens the screen, and returns when it is open.
pub(super) async fn start(stage: &Stage) -> Watcher {
    let seen = Arc::<Mutex<Seen>>::default();
    let (world, noted) = (Arc::clone(&stage.world), Arc::clone(&seen));
    let task = TaskTracker::new().spawn(async move {
        loop {
            watch(&world, &noted).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    while seen.lock().unwrap().opened_at.is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Watcher { seen, task }
}

/// One connection, to its end.
async fn watch(world: &World, seen: &Mutex<Seen>) {
    let Some(address) = world.alive.lock().unwrap().iter().flatten().next_back().copied() else { return };
    let variables = json!({ "after": seen.lock().unwrap().cursor });
    let body = json!({ "query": operation_of("CaseEvents"), "variables": variables });
    // A stream has no end: the client that stories use would break it off.
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("http://{address}/graphql")).bearer_auth(&world.token);
    let Ok(mut answer) = request.header(ACCEPT, "text/event-stream").json(&body).send().await else { return };
    seen.lock().unwrap().resumed += u32::from(!variables["after"].is_null());
    let mut text = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        text.extend_from_slice(&chunk);
        while let Some(end) = text.windows(2).position(|two| two == b"\n\n") {
            let frame: Vec<u8> = text.drain(..end + 2).collect();
            let frame = String::from_utf8(frame).unwrap();
            if let Some(data) = frame.lines().find_map(|line| line.strip_prefix("data: ")) {
                note(&mut seen.lock().unwrap(), &serde_json::from_str(data).unwrap());
            }
        }
    }
}

fn note(seen: &mut Seen, result: &Value) {
    let event = &result["data"]["caseEvents"];
    let Some(kind) = event["kind"].as_str() else {
        seen.faults.push(format!("the stream said {result}"));
        return;
    };
    let cursor = event["cursor"].as_str().unwrap().to_owned();
    match kind {
        "STREAM_OPENED" => {
            seen.opened_at.get_or_insert_with(|| cursor.clone());
        }
        "RESYNC" => seen.faults.push("the screen was told to load again".to_owned()),
        _ => seen.events.push(event["id"].as_str().unwrap().to_owned()),
    }
    seen.cursor = Some(cursor);
}

impl Watcher {
    /// Reads the log in pages, and waits until the screen has seen its end.
    pub(super) async fn finish(self, stage: &Stage) -> Seen {
        let opened_at = self.seen.lock().unwrap().opened_at.clone();
        let mut logged = Vec::new();
        let mut after = opened_at;
        loop {
            let page = page(&stage.world, after.as_deref()).await;
            for event in page["nodes"].as_array().unwrap() {
                logged.push(event["id"].as_str().unwrap().to_owned());
            }
            if page["pageInfo"]["hasNextPage"] != true {
                break;
            }
            after = page["pageInfo"]["endCursor"].as_str().map(str::to_owned);
        }
        for _ in 0..600 {
            let has_all = self.seen.lock().unwrap().events.last() == logged.last();
            if has_all {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.task.abort();
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        let mut known = HashSet::new();
        let twice = seen.events.iter().filter(|event| !known.insert((*event).clone())).count();
        let mut once = seen.events.clone();
        let mut first = HashSet::new();
        once.retain(|event| first.insert(event.clone()));
        if once != logged {
            let lost = logged.iter().filter(|event| !known.contains(*event)).count();
            seen.faults.push(format!(
                "the screen saw {} events ({twice} twice) and the log has {}; {lost} were lost",
                once.len(),
                logged.len()
            ));
        }
        seen.logged = logged.len();
        seen
    }
}

async fn page(world: &World, after: Option<&str>) -> Value {
    let address = world.alive.lock().unwrap().iter().flatten().next().copied().unwrap();
    let body = json!({ "query": operation_of("CaseEventsPage"), "variables": { "after": after, "first": 100 } });
    loop {
        let request = world.http.post(format!("http://{address}/graphql")).bearer_auth(&world.token);
        let answer: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
        // On a machine that is busy with other things a gateway may ask to be asked again.
        if answer["errors"][0]["extensions"]["code"] != "SERVICE_UNAVAILABLE" {
            assert!(answer.get("errors").is_none(), "{answer}");
            return answer["data"]["caseEvents"].clone();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
