//! The gate in front of Truv: one for each access key, shared by all replicas through its row in the database.
//!
//! Whoever is about to call asks for a [`Turn`] and says afterwards how the call went. The gate keeps the budget of calls
//! a minute, lets interactive calls go before bulk, stops everyone for as long as a 429 asks (fact sheet "Request rate"),
//! and holds a circuit breaker: after several failures in a row, or one refused key, nobody calls until a single probe has
//! found Truv well again. What is durable is the row; each turn costs one short statement, and the budget itself bounds
//! how many there are. Deliberately not here: repeating anything, and what a call means (`truv`, `orders`).

mod breaker;
mod rules;
mod store;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::ids::{AgencyId, Ids};
use crate::storage::{Database, Error};
use crate::words::{BreakerReason, BreakerState};

use self::rules::Pace;
pub use self::rules::Urgency;

/// Nobody waits longer than this for a turn of the budget: whoever would is told to come back.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How soon to ask again while somebody else tries whether Truv is back.
const WHILE_PROBING: Duration = Duration::from_secs(1);
/// How soon to ask again when the row could not be read.
const WITHOUT_DATABASE: Duration = Duration::from_secs(5);

/// The gate of one access key. Cheap to clone; clones share what they have seen.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    db: Database,
    clock: Clock,
    ids: Ids,
    fingerprint: String,
    /// For logs and metrics.
    agency: String,
    budget: u32,
    pace: Option<Pace>,
    /// Longer than any call takes: a probe that has not ended by then was lost with its process.
    probe_time: Duration,
    /// A refusal that still holds, so that whoever asks again at once costs no statement.
    refused: Mutex<Option<Closed>>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("agency", &self.0.agency).finish_non_exhaustive()
    }
}

/// Permission for one call.
#[derive(Debug)]
#[must_use = "say how the call went"]
pub struct Turn {
    /// Whether this call tries if Truv is back.
    is_probe: bool,
    /// Failures or throttles are counted, which a success wipes out.
    is_marked: bool,
    throttles: u32,
    openings: u32,
}

/// How a call went, as far as the gate cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Truv answered, be it with a refusal.
    Answered,
    /// 429, with the wait it asked for.
    Throttled(Option<Duration>),
    /// 5xx, no answer, no connection.
    Failed,
    /// 401.
    Unauthorized,
}

/// Why no call goes out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The budget of the minute is used up.
    #[error("the budget of calls a minute is used up")]
    Budget,
    /// Truv asked to wait.
    #[error("Truv asked to wait")]
    Asked,
    /// The breaker is open.
    #[error("{}", match .0 { BreakerReason::Failing => "Truv fails", BreakerReason::Unauthorized => "Truv does not accept the access key" })]
    Broken(BreakerReason),
    /// The gate's own row could not be read.
    #[error("the database does not answer")]
    Database,
}

/// No call now; come back then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Why.
    pub why: Why,
    /// When to ask again.
    pub until: DateTime<Utc>,
}

/// The gate as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether calls go out.
    pub state: BreakerState,
    /// Why they do not; `None` while they do.
    pub reason: Option<BreakerReason>,
    /// When the state last changed.
    pub changed_at: DateTime<Utc>,
    /// When the next call tries whether Truv is back; `None` unless the breaker is open.
    pub retry_at: Option<DateTime<Utc>>,
    /// Until when Truv has asked to wait; `None` when it has not, or the time is over.
    pub held_until: Option<DateTime<Utc>>,
    /// Calls in a row that failed.
    pub failures: u32,
    /// Calls a minute; 0 for no limit.
    pub budget: u32,
}

impl Standing {
    /// Since nothing is sent before: when to try again. `None` while calls go out, or one may try.
    pub fn unavailable_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.retry_at.filter(|at| self.state == BreakerState::Open && *at > now)
    }
}

/// What a gate is made from.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Where the row is.
    pub db: &'a Database,
    /// Time.
    pub clock: &'a Clock,
    /// Chance.
    pub ids: &'a Ids,
    /// The tenant, with its name in logs and metrics.
    pub agency: (AgencyId, &'a str),
    /// What the key is recognised by: client id and secret. Only a hash of them is kept.
    pub key: [&'a str; 2],
    /// Calls a minute; 0 for no limit.
    pub budget: u32,
    /// The longest time that one call takes.
    pub call_timeout: Duration,
}

impl Gate {
    /// The gate of a key; its row is made where it is missing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(parts: Parts<'_>) -> Result<Self, Error> {
        let mut hash = Sha256::new();
        for part in ["gate"].iter().chain(&parts.key) {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        let fingerprint = hex::encode(hash.finalize());
        store::found(parts.db, &fingerprint, parts.agency.0, parts.clock.now()).await?;
        count_from_zero(parts.agency.1);
        metrics::gauge!("recert_upstream_budget", "agency" => parts.agency.1.to_owned()).set(parts.budget);
        Ok(Self(Arc::new(Inner {
            db: parts.db.clone(),
            clock: parts.clock.clone(),
            ids: parts.ids.clone(),
            fingerprint,
            agency: parts.agency.1.to_owned(),
            budget: parts.budget,
            pace: Pace::per_minute(parts.budget),
            probe_time: parts.call_timeout + Duration::from_secs(5),
            refused: Mutex::new(None),
        })))
    }

    /// The agency's name in logs and metrics.
    pub fn agency(&self) -> &str {
        &self.0.agency
    }

    /// Waits for a turn, a few seconds at most.
    ///
    /// # Errors
    /// [`Closed`], when it would take longer; nothing has then been taken.
    pub async fn turn(&self, urgency: Urgency) -> Result<Turn, Closed> {
        let inner = &*self.0;
        let (begun, waiting) = (inner.clock.now(), std::time::Instant::now());
        if let Some(closed) = inner.remembered(begun) {
            return Err(closed);
        }
        let taken = inner.take(urgency, begun + span(LONGEST_WAIT)).await;
        let taken = taken.unwrap_or_else(|error| {
            tracing::error!(%error, "the gate to Truv could not be read; nothing is sent until it can");
            Err(Closed { why: Why::Database, until: inner.clock.now() + span(WITHOUT_DATABASE) })
        });
        let agency = inner.agency.clone();
        match &taken {
            Ok(_) => {
                metrics::histogram!("recert_upstream_wait_seconds", "agency" => agency).record(waiting.elapsed());
            }
            Err(closed) => {
                metrics::counter!("recert_upstream_held_total", "agency" => agency, "why" => closed.why.word())
                    .increment(1);
            }
        }
        taken
    }

    /// Takes in how the call went.
    pub async fn done(&self, turn: Turn, signal: Signal) {
        let inner = &*self.0;
        metrics::counter!("recert_upstream_calls_total", "agency" => inner.agency.clone(), "outcome" => signal.word())
            .increment(1);
        if let Err(error) = inner.hear(&turn, signal).await {
            // The next call learns it from Truv again.
            tracing::warn!(%error, "the gate to Truv could not be written");
        }
    }

    /// How it stands, read through `db`: inside a transaction, through the transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn standing<C: ConnectionTrait>(&self, db: &C) -> Result<Standing, Error> {
        let inner = &*self.0;
        let row = store::load(db, &inner.fingerprint).await?;
        let now = inner.clock.now();
        inner.show(row.state);
        Ok(Standing {
            state: row.state,
            reason: row.reason,
            changed_at: row.changed_at,
            retry_at: (row.state == BreakerState::Open).then(|| instant(row.retry_at)),
            held_until: Some(instant(row.held_until)).filter(|until| *until > now),
            failures: u32::try_from(row.failures).unwrap_or_default(),
            budget: inner.budget,
        })
    }
}

impl Why {
    /// The word in metrics.
    fn word(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Asked => "asked",
            Self::Broken(BreakerReason::Failing) => "failing",
            Self::Broken(BreakerReason::Unauthorized) => "unauthorized",
            Self::Database => "database",
        }
    }
}

impl Signal {
    /// The word in metrics.
    fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Throttled(_) => "throttled",
            Self::Failed => "failed",
            Self::Unauthorized => "unauthorized",
        }
    }
}

/// Shows the counters of a key before they have moved, so that their rates are right from the first time on.
fn count_from_zero(agency: &str) {
    let agency = || agency.to_owned();
    for signal in [Signal::Answered, Signal::Throttled(None), Signal::Failed, Signal::Unauthorized] {
        metrics::counter!("recert_upstream_calls_total", "agency" => agency(), "outcome" => signal.word()).absolute(0);
    }
    let reasons = [BreakerReason::Failing, BreakerReason::Unauthorized];
    for why in reasons.map(Why::Broken).into_iter().chain([Why::Budget, Why::Asked, Why::Database]) {
        metrics::counter!("recert_upstream_held_total", "agency" => agency(), "why" => why.word()).absolute(0);
    }
    for reason in reasons {
        metrics::counter!("recert_upstream_stops_total", "agency" => agency(), "reason" => Why::Broken(reason).word())
            .absolute(0);
    }
    metrics::gauge!("recert_upstream_breaker", "agency" => agency()).increment(0.0);
}

fn span(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or_default()
}

fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

fn micros_of(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn instant(micros: i64) -> DateTime<Utc> {
    Utc.timestamp_micros(micros).single().unwrap_or_default()
}
