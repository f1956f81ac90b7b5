//! Those who read: each with a sight of its own and a manner of its own, and a note of all it was told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use recert::caller::Scope;
use recert::events::Position;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::stage::{PATIENCE, Row, STAFF, Stage, World};
use super::wire::{self, Ask, Heard, Wire};
use crate::support::client::operation_of;

/// How many read; every sight meets every manner.
const READERS: usize = 20;
/// Between two looks at whether the end has come.
const LOOK: Duration = Duration::from_millis(200);

/// Which events a reader is to be told.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    agency: usize,
    row: Uuid,
    cases: Vec<Uuid>,
    assignee: Option<Uuid>,
    only_reviews: bool,
    subject: String,
    scopes: Vec<Scope>,
    filter: Value,
}

impl Sight {
    pub(super) fn admits(&self, row: &Row) -> bool {
        row.agency == self.row
            && (self.cases.is_empty() || self.cases.contains(&row.case))
            && self.assignee.is_none_or(|assignee| row.assignee == Some(assignee))
            && (!self.only_reviews || row.is_review)
    }

    /// One of five kinds.
    fn of(world: &World, number: usize) -> Self {
        let agency = usize::from(number % 5 == 4);
        let known = &world.agencies[agency];
        let mut sight = Self {
            agency,
            row: known.id.0,
            cases: Vec::new(),
            assignee: None,
            only_reviews: false,
            subject: format!("reader-{number}"),
            scopes: vec![Scope::CasesRead],
            filter: json!({}),
        };
        match number % 5 {
            1 => {
                // By the token: a caseload of one's own.
                let worker = number / 5 % STAFF;
                sight.subject = format!("worker-{worker}");
                sight.scopes = vec![Scope::CasesReadAssigned];
                sight.assignee = Some(known.worker(worker));
            }
            2 => {
                let some = &known.cases[number % 7..number % 7 + 5];
                sight.cases = some.iter().map(|case| case.row).collect();
                sight.filter = json!({ "caseIds": some.iter().map(|case| &case.id).collect::<Vec<_>>() });
            }
            3 => {
                // By the filter: somebody's caseload, and one kind.
                let worker = &known.staff[number / 5 % STAFF];
                sight.assignee = Some(worker.row);
                sight.only_reviews = true;
                sight.filter = json!({ "assigneeId": worker.id, "kinds": ["REVIEW_COMPLETED"] });
            }
            _ => {}
        }
        sight
    }
}

/// How somebody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Stays as long as it goes.
    Steady,
    /// Comes and goes.
    Restless,
    /// Reads large results slowly, and sometimes not at all.
    Slow,
    /// Stays away for long.
    Away,
}

const MANNERS: [Manner; 4] = [Manner::Steady, Manner::Restless, Manner::Slow, Manner::Away];

/// One thing that a reader was told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Told {
    /// The stream stands here; asked to go on after a place, or to begin.
    Opened(Position, Option<Position>),
    Event(Position),
    Resync,
}

/// What one reader leaves behind.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) sight: Sight,
    pub(super) name: String,
    pub(super) told: Vec<Told>,
    pub(super) faults: Vec<String>,
}

pub(super) struct Readers {
    end: watch::Sender<Option<Arc<Vec<Row>>>>,
    tasks: JoinSet<Seen>,
}

pub(super) fn start(stage: &Stage, random: &mut ChaCha8Rng) -> Readers {
    let (end, calm) = watch::channel(None);
    let mut tasks = JoinSet::new();
    for number in 0..READERS {
        let manner = MANNERS[number % MANNERS.len()];
        let sight = Sight::of(&stage.world, number);
        let name = format!("reader {number} ({manner:?}, sight {})", number % 5);
        let reader = Reader {
            world: Arc::clone(&stage.world),
            manner,
            random: ChaCha8Rng::seed_from_u64(random.random()),
            calm: calm.clone(),
            at: None,
            cursor: None,
            last_gateway: None,
            deadline: None,
            seen: Seen { sight, name, told: Vec::new(), faults: Vec::new() },
        };
        tasks.spawn(reader.read());
    }
    Readers { end, tasks }
}

impl Readers {
    /// Lets everybody read on to the end of the log.
    pub(super) async fn finish(mut self, log: &[Row]) -> Vec<Seen> {
        self.end.send_replace(Some(Arc::new(log.to_vec())));
        let mut seen = Vec::new();
        while let Some(ended) = self.tasks.join_next().await {
            seen.push(ended.unwrap());
        }
        seen
    }
}

struct Reader {
    world: Arc<World>,
    manner: Manner,
    random: ChaCha8Rng,
    /// The whole log, when nobody writes any more.
    calm: watch::Receiver<Option<Arc<Vec<Row>>>>,
    at: Option<Position>,
    cursor: Option<String>,
    last_gateway: Option<usize>,
    /// When to give up, from the moment on in which nobody writes any more.
    deadline: Option<Instant>,
    seen: Seen,
}

impl Reader {
    async fn read(mut self) -> Seen {
        while !self.is_done() {
            if self.is_late() {
                self.seen.faults.push(format!("does not come to the end of the log, stands at {:?}", self.at));
                return self.seen;
            }
            self.connect().await;
            let away = match self.manner {
                _ if self.is_calm() => 50..100,
                Manner::Away => 500..4_000,
                _ => 10..200,
            };
            tokio::time::sleep(Duration::from_millis(self.random.random_range(away))).await;
        }
        self.seen
    }

    /// Whether nobody writes any more, and has not for too long to be still on the way to the end.
    fn is_late(&mut self) -> bool {
        self.is_calm() && Instant::now() > *self.deadline.get_or_insert_with(|| Instant::now() + PATIENCE)
    }

    fn is_calm(&self) -> bool {
        self.calm.borrow().is_some()
    }

    /// Whether everything that is for this reader has come by.
    fn is_done(&self) -> bool {
        let log = self.calm.borrow();
        let Some(log) = log.as_ref() else { return false };
        let last = log.iter().rfind(|row| self.seen.sight.admits(row)).map(|row| row.at);
        last.is_none_or(|last| self.at.is_some_and(|at| at >= last))
    }

    /// One connection, for as long as the manner has it.
    async fn connect(&mut self) {
        // Sometimes somebody begins anew: what went by meanwhile is not missed.
        if !self.is_calm() && self.random.random_bool(0.1) {
            (self.cursor, self.at) = (None, None);
        }
        let Some((number, gateway)) = self.world.any_gateway(&mut self.random) else { return };
        let sight = &self.seen.sight;
        let agency = &self.world.agencies[sight.agency];
        let is_narrow = self.manner == Manner::Slow;
        let ask = Ask {
            gateway,
            token: self.world.token(&agency.slug, &sight.subject, &sight.scopes),
            document: if is_narrow { wide() } else { operation_of("CaseEvents") },
            variables: json!({ "filter": sight.filter, "after": self.cursor }),
            is_narrow,
        };
        let opening = async {
            if is_narrow || self.random.random_bool(0.7) {
                wire::socket(&ask).await
            } else {
                wire::events(&self.world.http, &ask).await
            }
        };
        let Ok(Some(mut wire)) = tokio::time::timeout(Duration::from_secs(30), opening).await else { return };
        if self.cursor.is_some() {
            self.world.count("resumed");
            if self.last_gateway.is_some_and(|last| last != number) {
                self.world.count("resumed elsewhere");
            }
        }
        self.last_gateway = Some(number);
        self.listen(&mut wire).await;
    }

    async fn listen(&mut self, wire: &mut Wire) {
        let mut left: usize = match self.manner {
            Manner::Steady => 100_000,
            Manner::Restless => self.random.random_range(1..60),
            Manner::Slow => self.random.random_range(20..300),
            Manner::Away => self.random.random_range(5..150),
        };
        while !self.is_done() && (left > 0 || self.is_calm()) {
            if self.is_late() {
                return;
            }
            match tokio::time::timeout(LOOK, wire.next()).await {
                Err(_) => {}
                Ok(Heard::Result(result)) => {
                    if !self.note(&result) {
                        return;
                    }
                    left = left.saturating_sub(1);
                    if self.manner == Manner::Slow && !self.is_calm() {
                        let pause = if self.random.random_bool(0.02) { 4_000 } else { self.random.random_range(0..20) };
                        tokio::time::sleep(Duration::from_millis(pause)).await;
                    }
                }
                Ok(Heard::End(code)) => {
                    if code == Some(1013) {
                        self.world.count("shown out for not reading");
                    }
                    return;
                }
            }
        }
    }

    /// Writes down what came; `false` when the stream has said its last.
    fn note(&mut self, result: &Value) -> bool {
        let event = &result["data"]["caseEvents"];
        let Some(kind) = event["kind"].as_str() else {
            // A gateway that is being killed may say that it cannot read; everything else is a mistake.
            if result["errors"][0]["extensions"]["code"] != "INTERNAL_SERVER_ERROR" {
                self.seen.faults.push(format!("was told {result}"));
            }
            return false;
        };
        let agency = self.world.agencies[self.seen.sight.agency].id;
        let cursor = event["cursor"].as_str().unwrap();
        let at = self.world.place(agency, cursor);
        match kind {
            "STREAM_OPENED" => self.seen.told.push(Told::Opened(at, self.at)),
            "RESYNC" => {
                self.world.count("resyncs");
                self.seen.told.push(Told::Resync);
            }
            _ => self.seen.told.push(Told::Event(at)),
        }
        self.at = Some(at);
        self.cursor = Some(cursor.to_owned());
        true
    }
}

/// A document whose results are large.
pub(super) fn wide() -> String {
    let field = |n: usize| format!("c{n}: case {{ id number status nextAction nextActor version }}");
    let fields = (0..24).map(field).collect::<Vec<_>>().join(" ");
    format!(
        "subscription($filter: CaseEventFilter, $after: String) {{ caseEvents(filter: $filter, after: $after) {{ id cursor kind {fields} }} }}"
    )
}
