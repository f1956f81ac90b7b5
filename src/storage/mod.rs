//! Storage: SQLite or PostgreSQL, by URL.
//!
//! SQLite is opened twice: many readers, and one writer. Writers then queue inside the process instead of waking each
//! other through the file's lock, and a reader never waits for a writer (WAL). On PostgreSQL both are the same pool. A
//! transaction on SQLite takes the write lock at its start (`BEGIN IMMEDIATE`): one that reads first and writes later
//! would fail at once when somebody else wrote in between, whatever the busy time-out says.

pub(crate) mod entities;
mod error;
pub(crate) mod past;
mod planner;
pub(crate) mod ranked;
mod sole;
mod wall;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use migrations::{Migrator, MigratorTrait, seaql_migrations};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, EntityName, EntityTrait,
    SqliteTransactionMode, Statement, TransactionOptions,
};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection as _, PgConnection};
use tokio::sync::watch;

use crate::config;
use crate::ids::AgencyId;
use crate::opaque::Opaque;

pub use self::error::Error;
use self::error::of_migrations;
pub use self::sole::{NotSole, Sole};
pub use self::wall::{Door, WallError};
use self::wall::{Sight, see};

/// The open database: cheap to clone, shared by every part.
#[derive(Clone, Debug)]
pub struct Database {
    read: Door,
    write: Door,
    /// Counts the commits of this process.
    commits: Arc<watch::Sender<u64>>,
    /// Counts these and what other processes are said to have committed.
    wakes: Arc<watch::Sender<u64>>,
    /// Where PostgreSQL was found.
    url: Option<SecretString>,
}

/// An open transaction. Dropping it rolls back.
pub type Tx = DatabaseTransaction;

impl Database {
    /// Opens the database; on SQLite the file is created when it is missing.
    ///
    /// # Errors
    /// When the URL is of another kind, or the database cannot be reached.
    pub async fn connect(section: &config::Database) -> Result<Self, Error> {
        let url = section.url.expose_secret();
        if let Some(path) = sqlite_path(url) {
            let url = format!("sqlite://{path}?mode=rwc");
            // The writer comes first: it makes the file and switches it to WAL.
            let write = sea_orm::Database::connect(sqlite(&url, 1, section)).await?;
            let read = sea_orm::Database::connect(sqlite(&url, section.connections.clamp(2, 8), section)).await?;
            return Ok(Self::over(read, write, None, None));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let mut options = ConnectOptions::new(postgres_url(url));
            options
                .max_connections(section.connections)
                .acquire_timeout(section.busy_timeout)
                .connect_timeout(section.busy_timeout)
                .test_before_acquire(false)
                .set_application_name("recert")
                .sqlx_logging(false);
            let limit = section.transaction_timeout.as_millis();
            // After connecting, because poolers in between refuse settings at the start of a session.
            options.after_connect(move |connection| {
                Box::pin(async move {
                    let limits =
                        format!("SET idle_in_transaction_session_timeout = {limit}; SET statement_timeout = {limit}");
                    connection.execute_unprepared(&limits).await.map(|_| ())
                })
            });
            let pool = sea_orm::Database::connect(options).await?;
            let sight = section.row_security.then_some(Sight::All);
            return Ok(Self::over(pool.clone(), pool, sight, Some(section.url.clone())));
        }
        Err(Error::UnknownScheme)
    }

    fn over(
        read: DatabaseConnection,
        write: DatabaseConnection,
        sight: Option<Sight>,
        url: Option<SecretString>,
    ) -> Self {
        let count = || Arc::new(watch::Sender::new(0));
        let door = |pool| Door { pool, sight };
        Self { read: door(read), write: door(write), commits: count(), wakes: count(), url }
    }

    /// The same database as far as it is this agency's. Where row-level security stands, no row of another one is seen or
    /// written through it, whatever a statement asks for; elsewhere nothing changes.
    #[must_use]
    pub fn of(&self, agency: AgencyId) -> Self {
        let mut own = self.clone();
        for door in [&mut own.read, &mut own.write] {
            door.sight = door.sight.map(|_| Sight::Agency(agency));
        }
        own
    }

    /// Whether the settings want row-level security.
    pub fn has_walls(&self) -> bool {
        self.read.sight.is_some()
    }

    /// Whether row-level security is as the settings say, and holds this role.
    ///
    /// # Errors
    /// When the database fails; inside, what is wrong and what to do about it.
    pub async fn look_at_walls(&self) -> Result<Result<(), WallError>, Error> {
        wall::look(&self.read).await
    }

    /// Puts row-level security on every table that holds something of an agency, and grants the gateway's role what it
    /// needs. Answers how many tables there are.
    ///
    /// # Errors
    /// When the database refuses, because its user does not own the tables or there is no such role; nothing has changed.
    pub async fn raise_walls(&self, role: &str) -> Result<usize, Error> {
        let tx = self.begin().await?;
        let count = wall::raise(&tx, role).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Takes row-level security away again. Answers how many tables there are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn raze_walls(&self) -> Result<usize, Error> {
        let tx = self.begin().await?;
        let count = wall::raze(&tx).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// The address of PostgreSQL, for connections beside the pool; `None` on SQLite.
    pub fn direct_url(&self) -> Option<&SecretString> {
        self.url.as_ref()
    }

    /// For reading outside a transaction.
    pub fn read(&self) -> &Door {
        &self.read
    }

    /// For one statement that changes something by itself, outside a transaction, and is news for nobody.
    pub(crate) fn write(&self) -> &Door {
        &self.write
    }

    /// Calls `watch` after every statement that is read outside a transaction, until the database is opened anew. Call it
    /// before the database is handed out: copies made earlier are not watched.
    pub fn watch_reads(&mut self, watch: impl Fn(&sea_orm::metric::Info<'_>) + Send + Sync + 'static) {
        self.read.pool.set_metric_callback(watch);
    }

    /// The same for every statement of a transaction, and for those that write without one.
    pub fn watch_writes(&mut self, watch: impl Fn(&sea_orm::metric::Info<'_>) + Send + Sync + 'static) {
        self.write.pool.set_metric_callback(watch);
    }

    /// Which of the two databases this is.
    pub fn backend(&self) -> DbBackend {
        self.read.get_database_backend()
    }

    /// Starts a transaction that may write.
    ///
    /// # Errors
    /// When no connection could be had in time.
    pub async fn begin(&self) -> Result<Tx, Error> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        Ok(self.write.begin(options).await?)
    }

    /// Commits, and wakes whoever waits for [`Database::commits`] or [`Database::wakes`].
    ///
    /// # Errors
    /// When the database did not confirm the commit. It may have happened all the same.
    pub async fn commit(&self, tx: Tx) -> Result<(), Error> {
        tx.commit().await?;
        self.commits.send_modify(|count| *count = count.wrapping_add(1));
        self.wake();
        Ok(())
    }

    /// Changes with every commit of this process.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Changes with every commit of this process, and when another one is said to have committed: a hint to look again,
    /// never the only way to learn of a change.
    pub fn wakes(&self) -> watch::Receiver<u64> {
        self.wakes.subscribe()
    }

    /// Wakes whoever waits for [`Database::wakes`].
    pub fn wake(&self) {
        self.wakes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// The database's own epoch and key for opaque texts.
    ///
    /// # Errors
    /// When the database fails or has not been migrated.
    pub async fn opaque(&self) -> Result<Opaque, Error> {
        let row = entities::installation::Entity::find_by_id(1).one(&self.read).await?;
        let row = row.ok_or_else(|| Error::Corrupt("installation is empty".to_owned()))?;
        let key = row.cursor_key.try_into().map_err(|_| Error::Corrupt("cursor_key is not 32 bytes".to_owned()))?;
        Ok(Opaque::new(key, row.epoch))
    }

    /// Applies the migrations that are missing. Several processes may do so at once: on PostgreSQL they take turns by an
    /// advisory lock, on SQLite by the write lock.
    ///
    /// # Errors
    /// When a migration fails; everything it did is rolled back.
    pub async fn migrate(&self) -> Result<(), Error> {
        if self.backend() == DbBackend::Postgres {
            let tx = self.begin().await?;
            // It may take as long as it takes.
            tx.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
            // Walls stand for the owner, too, and a migration may touch rows.
            see(&tx, Sight::All).await?;
            // An arbitrary number of ours; held until the transaction ends.
            tx.execute_unprepared("SELECT pg_advisory_xact_lock(7291544871)").await?;
            Migrator::up(&tx, None).await.map_err(of_migrations)?;
            tx.commit().await?;
        } else {
            Migrator::up(&self.write.pool, None).await.map_err(of_migrations)?;
            planner::tell(&self.write.pool).await?;
        }
        Ok(())
    }

    /// Every migration with whether it has been applied, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn migrations(&self) -> Result<Vec<(String, bool)>, Error> {
        let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let applied = self.applied_migrations().await?;
        if let Some(newer) = applied.iter().find(|name| !known.contains(name)) {
            return Err(Error::Newer(newer.clone()));
        }
        Ok(known
            .into_iter()
            .map(|name| {
                let is_applied = applied.contains(&name);
                (name, is_applied)
            })
            .collect())
    }

    /// Read without the library, which would make its table first: a look changes nothing, and the gateway's role need not
    /// be allowed to make tables.
    async fn applied_migrations(&self) -> Result<Vec<String>, Error> {
        let table = seaql_migrations::Entity.table_name();
        let is_there = match self.backend() {
            DbBackend::Sqlite => format!("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '{table}'"),
            _ => format!("SELECT 1 WHERE to_regclass('{table}') IS NOT NULL"),
        };
        if self.read.query_one_raw(Statement::from_string(self.backend(), is_there)).await?.is_none() {
            return Ok(Vec::new());
        }
        let rows = seaql_migrations::Entity::find().all(&self.read).await?;
        Ok(rows.into_iter().map(|row| row.version).collect())
    }

    /// Sends an empty message on a channel of PostgreSQL.
    ///
    /// # Errors
    /// When the database fails, or is SQLite.
    pub(crate) async fn notify(&self, channel: &str) -> Result<(), Error> {
        let statement =
            Statement::from_sql_and_values(self.backend(), "SELECT pg_notify($1, '')", [sea_orm::Value::from(channel)]);
        self.write.execute_raw(statement).await?;
        Ok(())
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.read.pool.ping().await?)
    }

    /// Closes every connection; SQLite then folds its write-ahead log into the file.
    ///
    /// # Errors
    /// When the database could not be closed in order.
    pub async fn close(self) -> Result<(), Error> {
        self.read.pool.close().await?;
        Ok(self.write.pool.close().await?)
    }
}

/// The file that a URL of SQLite names; `None` for other URLs.
pub fn sqlite_path(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    Some(path.split_once('?').map_or(path, |(path, _)| path))
}

/// Reaches a PostgreSQL server once and lets it go. Says why not in the server's or the system's words, which a pool hides:
/// it tries again until its time is over, and then says that it is over.
///
/// # Errors
/// The reason, without the address.
pub async fn reach_postgres(url: &str, patience: Duration) -> Result<(), String> {
    let reached = tokio::time::timeout(patience, PgConnection::connect(&postgres_url(url))).await;
    match reached {
        Ok(Ok(connection)) => connection.close().await.map_err(|error| error.to_string()),
        Ok(Err(sqlx::Error::Database(error))) => Err(error.message().to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", patience.as_secs())),
    }
}

/// The URL with encryption off for a server on this machine, unless the URL says what it wants. Besides being needless there,
/// it costs: an encrypted statement of more than 16 KiB leaves in two writes, and the second one waits some 40 ms for the
/// server's delayed acknowledgement (measured; 10,000 seeded cases took 549 s with it and 56 s without).
pub(crate) fn postgres_url(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else { return url.to_owned() };
    let is_here = match parsed.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if is_here && !parsed.query_pairs().any(|(name, _)| name == "sslmode" || name == "ssl-mode") {
        parsed.query_pairs_mut().append_pair("sslmode", "disable");
    }
    parsed.to_string()
}

fn sqlite(url: &str, connections: u32, section: &config::Database) -> ConnectOptions {
    let busy_timeout = section.busy_timeout;
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(busy_timeout.max(Duration::from_secs(1)))
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(busy_timeout)
                .foreign_keys(true)
        });
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_on_this_machine_is_spoken_to_in_clear_and_only_if_the_url_does_not_say() {
        assert_eq!(postgres_url("postgres://u:p@127.0.0.1:5432/d"), "postgres://u:p@127.0.0.1:5432/d?sslmode=disable");
        assert_eq!(postgres_url("postgres://u@localhost/d?a=b"), "postgres://u@localhost/d?a=b&sslmode=disable");
        for kept in ["postgres://u@127.0.0.1/d?sslmode=require", "postgres://u@db.example/d", "postgres://u@10.0.0.1/d"]
        {
            assert_eq!(postgres_url(kept), kept);
        }
    }
}
