//! How far the log may be read: never past a transaction that may still write into it.
//!
//! On PostgreSQL a transaction takes its number with its first write and becomes visible when it commits, so a lower
//! number can become visible after a higher one. The log is therefore read up to the lowest number that is in progress in
//! the reader's own snapshot. Numbers count for the whole server, so those of other databases are left out, but only on
//! proof: when the server's list of processes shows this very number at a process of another database. The proof is
//! sound because a number belongs to one process for its whole life, a process to one database, and the list is read
//! after the snapshot was taken: a process that is listed with a number of the snapshot has had it all the while. Whatever
//! is not proven (a process that has just ended, a prepared transaction, a process without a database) counts as ours.
//!
//! What is left holds the log back for as long as it lasts: a transaction of this very database that has written
//! something, anywhere in it, and stays open. Nothing is lost by that and nothing comes out of order; everything after it
//! comes late. The gateway's own transactions are ended by the server when they idle
//! (`database.transaction_timeout`), and [`Watch`] raises the alarm about those of others.

use std::time::Duration;

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use tokio::time::Instant;

use super::Position;
use crate::storage::{Database, Error};

/// The lowest number in progress in this statement's snapshot that is not proven to be another database's; the next
/// number to be given out when there is none. `backend_xid` is the lower half of a number.
const SETTLED: &str = "tx < COALESCE((SELECT min(running::text::bigint) FROM pg_snapshot_xip(pg_current_snapshot()) AS running \
    WHERE NOT EXISTS (SELECT 1 FROM pg_stat_get_activity(NULL) AS process \
    WHERE process.datid <> (SELECT oid FROM pg_database WHERE datname = current_database()) \
    AND process.backend_xid::text::bigint = running::text::bigint % 4294967296)), \
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint)";

/// What is true of an event that no transaction can still get in front of.
pub(super) fn settled(db: &Database) -> SimpleExpr {
    match db.backend() {
        DbBackend::Postgres => Expr::cust(SETTLED),
        // One writer, whose commits become visible in the order of their numbers.
        _ => Expr::cust("1 = 1"),
    }
}

/// Follows how long the log is held back.
#[derive(Debug, Default)]
pub(super) struct Watch {
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    first: Position,
    since: Instant,
    is_told: bool,
}

/// Distances between two looks at a log that is held back.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

impl Watch {
    /// Takes note of a look at the log: the first event that is committed and may not be read yet, and how many of those
    /// the look has met.
    pub(super) fn note(&mut self, first: Option<Position>, count: usize, now: Instant) {
        match (&mut self.held, first) {
            (Some(held), Some(first)) if first <= held.first => held.first = first,
            (held, first) => {
                if let Some(over) = held.take().filter(|held| held.is_told) {
                    let seconds = now.duration_since(over.since).as_secs();
                    tracing::info!(held_seconds = seconds, "the event log moves again");
                }
                *held = first.map(|first| Held { first, since: now, is_told: false });
            }
        }
        let age = self.held.as_ref().map_or(0.0, |held| now.duration_since(held.since).as_secs_f64());
        metrics::gauge!("recert_log_held_seconds").set(age);
        metrics::gauge!("recert_log_held_events").set(u32::try_from(count).map_or(f64::INFINITY, f64::from));
    }

    /// When to look again although nobody commits; `None` when the log is not held back.
    pub(super) fn again(&self, now: Instant) -> Option<Duration> {
        let (shortest, longest) = LOOK_AGAIN;
        self.held.as_ref().map(|held| (now.duration_since(held.since) / 2).clamp(shortest, longest))
    }

    /// Says in the log, once for each time, who has held the log back for longer than `limit`.
    pub(super) async fn alarm(&mut self, db: &Database, limit: Duration) -> Result<(), Error> {
        let Some(held) = self.held.as_mut().filter(|held| !held.is_told && held.since.elapsed() >= limit) else {
            return Ok(());
        };
        let holder = holder(db).await?;
        held.is_told = true;
        let held_seconds = held.since.elapsed().as_secs();
        if let Some(Holder { pid, database, application, state, seconds }) = holder {
            tracing::warn!(
                held_seconds,
                holder.pid = pid,
                holder.database = database,
                holder.application = application,
                holder.state = state,
                holder.age_seconds = seconds,
                "a transaction holds the event log back: subscribers get nothing that was committed after its first \
                 write until it ends. End it in its own program, or with pg_terminate_backend(pid)"
            );
        } else {
            tracing::warn!(
                held_seconds,
                "a transaction that no process shows (a prepared one?) holds the event log back; look into \
                 pg_prepared_xacts"
            );
        }
        Ok(())
    }
}

/// Who holds the log back.
struct Holder {
    pid: i32,
    database: String,
    application: String,
    state: String,
    seconds: i64,
}

async fn holder(db: &Database) -> Result<Option<Holder>, Error> {
    const OLDEST: &str = "SELECT pid, datname::text, COALESCE(application_name, ''), COALESCE(state, ''), \
        COALESCE(EXTRACT(EPOCH FROM now() - xact_start), 0)::bigint FROM pg_stat_activity \
        WHERE backend_xid IS NOT NULL AND datname = current_database() ORDER BY age(backend_xid) DESC LIMIT 1";
    if db.backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let Some(row) = db.read().query_one_raw(Statement::from_string(DbBackend::Postgres, OLDEST)).await? else {
        return Ok(None);
    };
    Ok(Some(Holder {
        pid: row.try_get_by_index(0)?,
        database: row.try_get_by_index(1)?,
        application: row.try_get_by_index(2)?,
        state: row.try_get_by_index(3)?,
        seconds: row.try_get_by_index(4)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tx: i64) -> Position {
        Position { tx, id: tx }
    }

    #[test]
    fn an_episode_lasts_until_its_first_event_can_be_read() {
        let start = Instant::now();
        let later = start + Duration::from_secs(5);
        let since = |watch: &Watch| watch.held.as_ref().map(|held| held.since);
        let mut watch = Watch::default();
        watch.note(Some(at(7)), 1, start);
        // Another transaction with a lower number has committed behind the same one.
        watch.note(Some(at(6)), 2, later);
        assert_eq!((since(&watch), watch.again(later)), (Some(start), Some(LOOK_AGAIN.1)));
        // What was held can be read; what is held now is held by somebody else.
        watch.note(Some(at(9)), 1, later);
        assert_eq!((since(&watch), watch.again(later)), (Some(later), Some(LOOK_AGAIN.0)));
        watch.note(None, 0, later);
        assert_eq!((since(&watch), watch.again(later)), (None, None));
    }
}
