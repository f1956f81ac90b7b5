//! Wake-ups between processes: after a commit here, the others look at the log and at the queues at once.
//!
//! A wake-up is a hint and carries nothing. Whoever is woken reads the database; whoever is not woken looks by itself
//! once in every poll interval, so that without any bus everything still arrives, later. Inside one process
//! [`Database::commit`] wakes whoever waits. Between processes a bus does: PostgreSQL's `LISTEN`/`NOTIFY`, or NATS. Each
//! process has one task for it, which tells of any number of commits with one message and of at most `PACE` messages
//! in their time; it tells after the commit and never inside a transaction, where `NOTIFY` would queue all commits of the
//! server behind one lock. Whenever a bus is reached (again), both sides are woken, since anything may have been missed.

#[cfg(feature = "nats")]
mod nats;
mod postgres;

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Wake;
use crate::storage::Database;

/// Shortest distance between two messages of one process: 40 in a second, however many commits there are.
const PACE: Duration = Duration::from_millis(25);
/// How long the bus may take to accept a connection or a message.
const PATIENCE: Duration = Duration::from_secs(10);
/// Shortest and longest pause before a bus that was lost is looked for again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How long a message to ourselves may be on its way.
const ECHO: Duration = Duration::from_secs(5);

/// Why a bus was left.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// PostgreSQL's bus failed.
    #[error("PostgreSQL: {0}")]
    Postgres(#[from] sqlx::Error),
    /// The NATS server failed.
    #[cfg(feature = "nats")]
    #[error("NATS: {0}")]
    Nats(String),
    /// No answer in time.
    #[error("the bus did not answer in time")]
    Silent(#[from] tokio::time::error::Elapsed),
    /// The other side hung up.
    #[error("the connection was closed")]
    Closed,
    /// A message to ourselves did not come back.
    #[error("a message that was sent through the database did not come back within {} s", ECHO.as_secs())]
    Deaf,
}

/// What is used to wake other replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bus {
    /// None: switched off, or needless with SQLite.
    None,
    /// `LISTEN`/`NOTIFY`.
    Postgres,
    /// NATS.
    Nats,
}

/// Sends one message to ourselves and waits for it, on a channel of its own, so that nobody else is woken. For a check by
/// hand.
///
/// # Errors
/// [`Lost`], when it does not come back.
pub async fn echo(db: &Database, wake: &Wake) -> Result<Bus, Lost> {
    let channel = format!("recert_check_{}", rand::random::<u32>());
    let url = match wake {
        Wake::Off => return Ok(Bus::None),
        Wake::Database => match db.direct_url() {
            None => return Ok(Bus::None),
            Some(url) => url,
        },
        Wake::Postgres(url) => url,
        #[cfg(feature = "nats")]
        Wake::Nats(url) => return nats::echo(url, channel).await.map(|()| Bus::Nats),
    };
    postgres::echo(db, url, &channel).await.map(|()| Bus::Postgres)
}

/// Listens and tells until the token is cancelled; what was committed before that is still told of. Losing the bus is no
/// failure: it is looked for again, and meanwhile everybody looks at the database by themselves.
pub async fn run(db: Database, wake: Wake, stop: CancellationToken) {
    let mut pauses = Pauses::default();
    for direction in ["sent", "received"] {
        metrics::counter!("recert_wakes_total", "direction" => direction).absolute(0);
    }
    loop {
        let lost = match &wake {
            Wake::Off => return,
            Wake::Database => match db.direct_url() {
                // SQLite has one writing process, which wakes itself.
                None => return,
                Some(url) => postgres::attend(&db, url, &stop, &mut pauses).await,
            },
            Wake::Postgres(url) => postgres::attend(&db, url, &stop, &mut pauses).await,
            #[cfg(feature = "nats")]
            Wake::Nats(url) => nats::attend(&db, url, &stop, &mut pauses).await,
        };
        metrics::gauge!("recert_wake_connected").set(0.0);
        let Err(lost) = lost else { return };
        let pause = pauses.next();
        // Once in an outage, not once in an attempt.
        if pauses.attempts == 1 {
            tracing::warn!(error = %lost, "no wake-ups from other replicas for now; everything still arrives by looking");
        } else {
            tracing::debug!(error = %lost, "wake-ups are still cut off");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Pauses that double, with chance in them, so that replicas do not all come back at once.
#[derive(Debug, Default)]
struct Pauses {
    attempts: u32,
}

impl Pauses {
    /// The bus has been reached.
    fn reset(&mut self) {
        if self.attempts > 0 {
            tracing::info!("wake-ups from other replicas are back");
        }
        self.attempts = 0;
    }

    fn next(&mut self) -> Duration {
        let (shortest, longest) = PAUSES;
        let most = longest.min(shortest * 2_u32.saturating_pow(self.attempts.min(16)));
        self.attempts = self.attempts.saturating_add(1);
        most.mul_f64(rand::random_range(0.5..=1.0))
    }
}

/// What there is to tell: folds commits together and keeps the pace.
struct Teller {
    commits: watch::Receiver<u64>,
    is_due: bool,
    not_before: Instant,
}

impl Teller {
    /// Everything so far is news: nobody was told while there was no bus.
    fn new(db: &Database) -> Self {
        Self { commits: db.commits(), is_due: true, not_before: Instant::now() }
    }

    /// Waits until others are to be told. May be dropped and called again.
    async fn due(&mut self) {
        if !self.is_due {
            // The sender lives in the database, which the caller holds.
            let _ = self.commits.changed().await;
            self.is_due = true;
        }
        tokio::time::sleep_until(self.not_before).await;
    }

    /// What is told from now on covers everything up to now.
    fn told(&mut self) {
        self.commits.mark_unchanged();
        self.is_due = false;
        self.not_before = Instant::now() + PACE;
        metrics::counter!("recert_wakes_total", "direction" => "sent").increment(1);
    }

    /// Whether something was committed that nobody was told of.
    fn owes(&self) -> bool {
        self.is_due || self.commits.has_changed().unwrap_or(false)
    }
}

/// Another process has committed something.
fn heard(db: &Database) {
    metrics::counter!("recert_wakes_total", "direction" => "received").increment(1);
    db.wake();
}

/// The bus has been reached.
fn reached(db: &Database, pauses: &mut Pauses) {
    metrics::gauge!("recert_wake_connected").set(1.0);
    pauses.reset();
    db.wake();
}
