//! `recert serve` as a process: what it tells operators, and how it ends.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use chrono::Days;
use futures_util::{SinkExt as _, StreamExt as _};
use recert::caller::Scope;
use recert::clock::Clock;
use recert::config::Auth;
use recert::http::token::{Claims, Token};
use recert::words::CaseEventKind;
use sea_orm::{ConnectionTrait as _, DbBackend};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::{HMAC, VARIABLES};
#[cfg(feature = "otel")]
use crate::support::collector::Collector;
use crate::support::database::fresh;
use crate::support::seed::{NewCase, Seed};
use crate::support::world::{COUNTY, World, noon};

/// How long a test waits for the process.
const PATIENCE: Duration = Duration::from_mins(2);

/// A gateway that is killed when the test is over.
pub(super) struct Served {
    pub(super) child: Child,
    lines: mpsc::Receiver<Value>,
    pub(super) public: SocketAddr,
    pub(super) admin: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Served {
    /// Starts it on a migrated database.
    pub(super) fn start(database: &str, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = command(folder.path(), database, variables).spawn().unwrap();
        let (tell, lines) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                // What is not JSON is the last word of the command line.
                let _ = tell.send(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut served = Self { child, lines, public: nowhere, admin: nowhere, _folder: folder };
        let started = served.says("the gateway answers");
        served.public = started["public"].as_str().unwrap().parse().unwrap();
        served.admin = started["admin"].as_str().unwrap().parse().unwrap();
        served
    }

    /// The next log line with this message.
    fn says(&self, message: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        let mut heard = Vec::new();
        loop {
            let line = self.lines.recv_timeout(until.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("it does not say: {message}\n{heard:#?}"));
            if line["message"].as_str().is_some_and(|said| said.contains(message)) {
                return line;
            }
            heard.push(line);
        }
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// How it ended, and how long that took.
    async fn ended(&mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        let mut look = tokio::time::interval(Duration::from_millis(10));
        while began.elapsed() < PATIENCE {
            look.tick().await;
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, began.elapsed());
            }
        }
        panic!("the process does not end");
    }

    /// The whole part of a metric's value.
    async fn metric(&self, name: &str) -> u64 {
        let text = client().get(format!("http://{}/metrics", self.admin)).send().await.unwrap().text().await.unwrap();
        let value =
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.split('.').next()?.parse().ok());
        value.unwrap_or_else(|| panic!("{name} is missing from\n{text}"))
    }

    async fn subscribe(&self) -> reqwest::Response {
        self.resume(None).await.0
    }

    /// An open event stream, and the cursor it opened with.
    async fn resume(&self, cursor: Option<&str>) -> (reqwest::Response, String) {
        let body = r#"{"query":"subscription($after: String) { caseEvents(after: $after) { kind cursor } }"}"#;
        let post = client().post(format!("http://{}/graphql", self.public)).bearer_auth(token()).body(body);
        let post = post.header("content-type", "application/json").header("accept", "text/event-stream");
        let post = cursor.into_iter().fold(post, |post, cursor| post.header("last-event-id", cursor));
        let mut stream = post.send().await.unwrap();
        let first = stream.chunk().await.unwrap().unwrap();
        let first = String::from_utf8(first.to_vec()).unwrap();
        assert!(first.contains("STREAM_OPENED"), "{first}");
        let cursor = first.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
        (stream, cursor)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(folder: &Path, database: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recert"));
    // Unless the test has a Truv: nobody answers there, and nothing is asked of anybody else.
    command.env_clear().envs(VARIABLES).env("RECERT_TRUV_URL", "http://127.0.0.1:9/").envs(variables.iter().copied());
    command.env("RECERT_DATABASE_URL", database).env("RECERT_LOG_FORMAT", "json");
    command.args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]).current_dir(folder);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

pub(super) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(super) fn token() -> String {
    let now = Clock::system().now();
    let claims = Claims {
        subject: "ana".to_owned(),
        agency: "harbor".to_owned(),
        scopes: vec![Scope::CasesRead],
        name: None,
        token_id: None,
        issued_at: None,
        expires_at: now + chrono::TimeDelta::hours(1),
    };
    let auth = Auth { hmac_secret: Some(SecretString::from(HMAC)), ..Auth::default() };
    Token::issue(&auth, &claims, now).unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn sigterm_turns_readiness_off_closes_streams_with_a_hint_and_ends_with_0() {
    let variables = [("RECERT_DRAIN_NOTICE", "5"), ("RECERT_DRAIN_SPREAD", "1")];
    let (scratch, _db, _) = fresh().await;
    let mut served = Served::start(&scratch.url(), &variables);
    let ready = async |served: &Served| {
        let answer = client().get(format!("http://{}/readyz", served.admin)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(ready(&served).await.0, 200);
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(served.subscribe().await);
    }
    assert!(served.metric("recert_streams").await >= 3);
    served.signal("-TERM");
    let mut look = tokio::time::interval(Duration::from_millis(10));
    let (status, reason) = loop {
        look.tick().await;
        let answer = ready(&served).await;
        if answer.0 != 200 {
            break answer;
        }
    };
    assert!(status == 503 && reason.contains("draining"), "{status} {reason}");
    // There is notice: who comes now is still served.
    streams.push(served.subscribe().await);
    for stream in streams {
        let rest = stream.text().await.unwrap();
        assert!(rest.contains("retry: ") && !rest.contains("complete"), "the client must come back: {rest:?}");
    }
    assert!(tokio::net::TcpStream::connect(served.public).await.is_err(), "nothing new is accepted");
    let (status, _) = served.ended().await;
    assert_eq!(status.code(), Some(0));
}

#[cfg(feature = "otel")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_traced_is_with_the_collector_when_the_gateway_has_ended() {
    let (collector, url) = Collector::start().await;
    let (scratch, _db, _) = fresh().await;
    let mut served = Served::start(&scratch.url(), &[("RECERT_TRACES_ENDPOINT", url.as_str())]);
    let query = client().post(format!("http://{}/graphql", served.public)).bearer_auth(token());
    let answer = query.json(&serde_json::json!({ "query": "{ viewer { subject } }" })).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    served.signal("-TERM");
    let (status, _) = served.ended().await;
    assert_eq!(status.code(), Some(0));
    let names: Vec<_> = collector.spans().into_iter().map(|span| span.name).collect();
    assert!(names.iter().any(|name| name == "query viewer"), "{names:?}");
}

#[tokio::test]
async fn the_service_manager_is_told_when_it_answers_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let manager = tokio::net::UnixDatagram::bind(&socket).unwrap();
    let hear = async || {
        let mut word = [0; 64];
        let length = tokio::time::timeout(PATIENCE, manager.recv(&mut word)).await.unwrap().unwrap();
        String::from_utf8(word[..length].to_vec()).unwrap()
    };
    let (scratch, _db, _) = fresh().await;
    let mut served = Served::start(&scratch.url(), &[("NOTIFY_SOCKET", socket.to_str().unwrap())]);
    assert_eq!(hear().await, "READY=1");
    served.signal("-INT");
    assert_eq!(hear().await, "STOPPING=1");
    assert_eq!(served.ended().await.0.code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let (scratch, _db, _) = fresh().await;
    let mut served = Served::start(&scratch.url(), &[("RECERT_DRAIN_NOTICE", "600")]);
    let _stream = served.subscribe().await;
    served.signal("-TERM");
    served.signal("-TERM");
    // Two signals that meet count as one.
    let again = tokio::time::timeout(Duration::from_secs(1), served.ended()).await;
    let (status, _) = if let Ok(ended) = again {
        ended
    } else {
        served.signal("-TERM");
        served.ended().await
    };
    assert_eq!(status.code(), Some(1));
}

#[tokio::test]
async fn a_person_at_the_terminal_need_not_wait() {
    let (scratch, _db, _) = fresh().await;
    let mut served = Served::start(&scratch.url(), &[("RECERT_DRAIN_NOTICE", "600"), ("RECERT_DRAIN_SPREAD", "20")]);
    let stream = served.subscribe().await;
    served.signal("-INT");
    assert!(stream.text().await.unwrap().contains("retry: "));
    let (status, took) = served.ended().await;
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[tokio::test]
async fn an_open_transaction_raises_the_alarm_and_its_end_is_told() {
    let world = World::start().await;
    let seed = Seed(world.app.kit());
    let agency = seed.agency(COUNTY).await;
    let case = seed.case(agency, NewCase::due("1", noon().date_naive() + Days::new(200))).await;
    // The process lives by the system's clock, for which what is appended here is old already.
    let variables = [("RECERT_HELD_ALARM", "1"), ("RECERT_EVENT_RETENTION_DAYS", "3650")];
    let served = Served::start(&world.database_url(), &variables);
    let db = world.open_database().await;
    let open = db.begin().await.unwrap();
    open.execute_unprepared("UPDATE installation SET pruned_id = pruned_id").await.unwrap();
    if db.backend() == DbBackend::Sqlite {
        // Nobody else can write meanwhile, so there is nothing to be held back.
        assert_eq!(served.metric("recert_log_held_events").await, 0);
        return open.rollback().await.unwrap();
    }
    seed.append(case, CaseEventKind::ReviewCompleted, None, None).await;
    let alarm = served.says("a transaction holds the event log back");
    assert_eq!((&alarm["level"], &alarm["holder.application"]), (&"WARN".into(), &"recert".into()), "{alarm}");
    assert!(alarm["holder.pid"].is_i64() && alarm["holder.database"].is_string(), "{alarm}");
    assert!(served.metric("recert_log_held_seconds").await >= 1);
    assert_eq!(served.metric("recert_log_held_events").await, 1);
    let before = served.metric("recert_events_total").await;
    open.rollback().await.unwrap();
    served.says("the event log moves again");
    assert_eq!(served.metric("recert_log_held_events").await, 0);
    assert!(served.metric("recert_events_total").await > before);
}

#[tokio::test]
async fn what_becomes_of_streams_and_sockets_is_counted() {
    let (scratch, db, _) = fresh().await;
    let served = Served::start(&scratch.url(), &[]);
    let (_stream, cursor) = served.resume(None).await;
    assert_eq!(served.metric("recert_streams").await, 1);
    // The log forgets what came after this cursor.
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared("UPDATE installation SET pruned_tx = 0, pruned_id = 7").await.unwrap();
    tx.commit().await.unwrap();
    let (mut stream, _) = served.resume(Some(&cursor)).await;
    let next = stream.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&next).contains("RESYNC"), "{next:?}");
    assert_eq!(served.metric("recert_resyncs_total{reason=\"retention\"}").await, 1);
    assert_eq!(served.metric("recert_streams").await, 2);

    let mut request = format!("ws://{}/graphql", served.public).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    socket.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
    assert!(socket.next().await.unwrap().unwrap().is_text());
    assert_eq!(served.metric("recert_sockets").await, 1);
    socket.send(Message::text("nonsense")).await.unwrap();
    let frame = loop {
        match socket.next().await {
            Some(Ok(Message::Close(Some(frame)))) => break frame,
            // On a busy machine the gateway asks in between whether somebody is there.
            Some(Ok(Message::Ping(_) | Message::Text(_))) => {}
            other => panic!("no close frame: {other:?}"),
        }
    };
    assert_eq!(u16::from(frame.code), 4400);
    assert_eq!(served.metric("recert_socket_closes_total{code=\"4400\"}").await, 1);
    assert_eq!(served.metric("recert_socket_queued_frames").await, 0);
}

#[tokio::test]
async fn an_sqlite_file_serves_one_gateway_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("one.sqlite").display());
    let mut first = Served::start(&url, &[]);
    let second = tempfile::tempdir().unwrap();
    let refused = command(second.path(), &url, &[]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("another gateway serves from this SQLite file already"), "{text}");
    assert!(text.contains("RECERT_DATABASE_URL=postgres://"), "the cure: {text}");
    // However the first one ends, the file is free again.
    first.signal("-KILL");
    first.ended().await;
    drop(Served::start(&url, &[]));
}
