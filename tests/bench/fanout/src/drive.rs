//! Subscribers, events, figures.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::spawn_local;

use crate::http::Http;
use crate::process;
use crate::socket::Socket;

/// Connections that are opened at once.
const AT_ONCE: usize = 64;

/// What is noted while it runs. Events of one topic come one after the other, so that the n-th one that a subscriber gets
/// is the n-th one that was sent.
#[derive(Default)]
struct Notes {
    sent: RefCell<HashMap<usize, Vec<Instant>>>,
    taken: RefCell<Vec<Duration>>,
    last: Cell<Option<Instant>>,
    open: Cell<usize>,
    lost: Cell<usize>,
}

pub async fn run(keys: &HashMap<String, String>) {
    let key = |name: &str| keys.get(name).map(String::as_str);
    let number = |name: &str, usual: usize| key(name).map_or(usual, |value| value.parse().expect("a number"));
    let (subscribers, topics, rate) = (number("subscribers", 1_000), number("topics", 0), number("rate", 1));
    let events = rate * number("seconds", 10);
    let pid = u32::try_from(number("pid", 0)).expect("a process id");
    let address = key("address").expect("address=HOST:PORT").to_owned();
    let token = key("token").unwrap_or_default().to_owned();
    let source = if key("target") == Some("push") {
        Source::Push(key("inject").unwrap_or(&address).to_owned())
    } else {
        Source::recert(&address, &token, topics.max(1)).await
    };

    let notes = Rc::new(Notes::default());
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let (memory, begun) = (process::memory(pid), Instant::now());
    for n in 0..subscribers {
        let topic = if topics == 0 { 0 } else { n % topics };
        let subscribe = source.subscribe((topics > 0).then_some(topic));
        let init = json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } });
        let (notes, gate, address) = (Rc::clone(&notes), Arc::clone(&gate), address.clone());
        spawn_local(async move {
            let permit = gate.acquire_owned().await;
            let opened = Socket::open(&address, &init.to_string(), &subscribe).await;
            let Some(mut socket) = opened else { return notes.lost.set(notes.lost.get() + 1) };
            if socket.opened().await.is_none() {
                return notes.lost.set(notes.lost.get() + 1);
            }
            notes.open.set(notes.open.get() + 1);
            drop(permit);
            let mut count = 0;
            while socket.event().await.is_some() {
                let now = Instant::now();
                if let Some(sent) = notes.sent.borrow().get(&topic).and_then(|sent| sent.get(count)) {
                    notes.taken.borrow_mut().push(now - *sent);
                    notes.last.set(Some(now));
                }
                count += 1;
            }
            notes.lost.set(notes.lost.get() + 1);
        });
    }
    while notes.open.get() + notes.lost.get() < subscribers {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let connecting = begun.elapsed();
    tokio::time::sleep(Duration::from_secs(number("settle", 3) as u64)).await;
    let each = process::memory(pid).saturating_sub(memory) as f64 / notes.open.get().max(1) as f64;

    let (cpu, begun) = (process::cpu(pid), Instant::now());
    // Each sends the events of its own topics, one after the other.
    let senders = topics.clamp(1, 16);
    let mut sending = Vec::new();
    for sender in 0..senders {
        let (notes, mut source) = (Rc::clone(&notes), source.clone());
        sending.push(spawn_local(async move {
            let mut http = Http::open(source.address()).await;
            for n in (0..events).filter(|n| n % topics.max(1) % senders == sender) {
                let at = begun + Duration::from_secs_f64(n as f64 / rate as f64);
                tokio::time::sleep_until(at.into()).await;
                let topic = if topics == 0 { 0 } else { n % topics };
                notes.sent.borrow_mut().entry(topic).or_default().push(Instant::now());
                source.send(&mut http, topic).await;
            }
        }));
    }
    for sending in sending {
        sending.await.expect("the sender goes on");
    }
    let expected = if topics == 0 { events * subscribers } else { events * subscribers / topics };
    let patience = Instant::now() + Duration::from_secs(30);
    while notes.taken.borrow().len() < expected && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let cpu = process::cpu(pid) - cpu;
    let mut taken = notes.taken.borrow().clone();
    taken.sort_unstable();
    let at = |share: f64| taken.get(((taken.len() as f64 * share) as usize).min(taken.len().saturating_sub(1)));
    let millis = |share| at(share).map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    println!(
        "{}: {} subscribers ({} lost), {:.0} connections/s, {each:.1} KiB each; {events} events, {}/s, to {} each: \
         {} of {expected} deliveries, p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms; {:.1} µs of the server's CPU each",
        key("label").unwrap_or("server"),
        notes.open.get(),
        notes.lost.get(),
        notes.open.get() as f64 / connecting.as_secs_f64(),
        rate,
        expected / events.max(1),
        taken.len(),
        millis(0.5),
        millis(0.99),
        millis(1.0),
        cpu as f64 * 1_000.0 / taken.len().max(1) as f64,
    );
}

/// Where events come from.
#[derive(Clone)]
enum Source {
    /// A mutation that gives a case to somebody else.
    Recert { address: String, token: String, cases: Vec<(String, String)>, staff: Vec<String> },
    /// A POST to `/push` of another server.
    Push(String),
}

impl Source {
    /// Asks the gateway for as many cases as there are topics.
    async fn recert(address: &str, token: &str, topics: usize) -> Self {
        let mut http = Http::open(address).await;
        let (mut cases, mut staff, mut after) = (Vec::new(), Vec::new(), Value::Null);
        while cases.len() < topics {
            let query = "query($after: String) { cases(first: 100, after: $after) { nodes { id assignee { id } } pageInfo { endCursor } } }";
            let body = json!({ "query": query, "variables": { "after": after } }).to_string();
            let answer: Value = serde_json::from_str(&http.post("/graphql", token, &body).await).expect("JSON");
            let page = &answer["data"]["cases"];
            let nodes = page["nodes"].as_array().filter(|nodes| !nodes.is_empty()).expect("enough cases");
            for node in nodes {
                let [id, assignee] = [&node["id"], &node["assignee"]["id"]].map(|id| id.as_str().unwrap_or_default());
                cases.push((id.to_owned(), assignee.to_owned()));
                staff.push(assignee.to_owned());
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        staff.sort();
        staff.dedup();
        assert!(staff.len() > 1, "the cases need two caseworkers to go between");
        Self::Recert { address: address.to_owned(), token: token.to_owned(), cases, staff }
    }

    fn address(&self) -> &str {
        match self {
            Self::Recert { address, .. } | Self::Push(address) => address,
        }
    }

    /// The messages that open a subscription. A server of the other kind says nothing when it is open: it is asked for a
    /// sign of life.
    fn subscribe(&self, topic: Option<usize>) -> Vec<String> {
        let subscribe = |payload| json!({ "id": "1", "type": "subscribe", "payload": payload }).to_string();
        match self {
            Self::Recert { cases, .. } => {
                let query = "subscription($filter: CaseEventFilter) { caseEvents(filter: $filter) { id cursor kind occurredAt case { id number status version } } }";
                let filter = topic.map_or(json!({}), |topic| json!({ "caseIds": [cases[topic].0] }));
                vec![subscribe(json!({ "query": query, "variables": { "filter": filter } }))]
            }
            Self::Push(_) => {
                let variables = topic.map_or(json!({}), |topic| json!({ "caseId": name(topic) }));
                let payload = json!({ "query": "subscription { event }", "variables": variables });
                vec![subscribe(payload), json!({ "type": "ping" }).to_string()]
            }
        }
    }

    async fn send(&mut self, http: &mut Http, topic: usize) {
        match self {
            Self::Recert { token, cases, staff, .. } => {
                let (case, held) = &mut cases[topic];
                // To somebody else, so that it is an event every time.
                let to = staff.iter().find(|one| *one != held).expect("two caseworkers").clone();
                let query =
                    "mutation($input: AssignCaseInput!) { assignCase(input: $input) { userErrors { __typename } } }";
                let input = json!({ "caseId": case, "assigneeId": to });
                let body = json!({ "query": query, "variables": { "input": input } }).to_string();
                let answer: Value = serde_json::from_str(&http.post("/graphql", token, &body).await).expect("JSON");
                assert_eq!(answer["data"]["assignCase"]["userErrors"], json!([]), "{answer}");
                *held = to;
            }
            Self::Push(_) => {
                let body = json!({ "caseId": name(topic), "webhookId": "x".repeat(54), "status": "CASE_STATUS_CHANGED",
                    "occurredAt": "2026-11-23T13:00:00Z" });
                http.post("/push", "", &body.to_string()).await;
            }
        }
    }
}

/// A topic as the other kind of server wants it: a UUID.
fn name(topic: usize) -> String {
    format!("{topic:08x}-0000-4000-8000-000000000000")
}
