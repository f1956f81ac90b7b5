//! A fresh database for each test: an SQLite file, or a database on the PostgreSQL server that
//! `RECERT_TEST_DATABASE_URL` names. With the variable set, a server that does not answer fails the test. With
//! `RECERT_TEST_ROW_SECURITY=1` it stands behind row-level security, and the gateway connects with a role of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use recert::config;
use recert::storage::Database;
use sea_orm::metric::Info;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use secrecy::SecretString;

/// Removes the database when the test ends.
pub(crate) enum Scratch {
    Sqlite(tempfile::TempDir),
    Postgres {
        server: String,
        name: String,
        /// Whether a role of the same name stands before the walls.
        is_walled: bool,
    },
}

/// Notes statements while somebody asks for them: those that are read outside a transaction, and all others. A test may
/// run millions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statements {
    is_asked: Arc<AtomicBool>,
    read: Arc<Mutex<Vec<Statement>>>,
    others: Arc<Mutex<Vec<Statement>>>,
}

impl Statements {
    /// How many have been read since the last [`Statements::of`] began.
    pub(crate) fn count(&self) -> usize {
        self.read.lock().unwrap().len()
    }

    /// What `work` read outside transactions.
    pub(crate) async fn of<T>(&self, work: impl Future<Output = T>) -> (T, Vec<Statement>) {
        let (done, [read, _]) = self.all_of(work).await;
        (done, read)
    }

    /// What `work` read outside transactions, and what it did besides.
    pub(crate) async fn all_of<T>(&self, work: impl Future<Output = T>) -> (T, [Vec<Statement>; 2]) {
        let both = [&self.read, &self.others];
        for noted in both {
            noted.lock().unwrap().clear();
        }
        self.is_asked.store(true, Ordering::SeqCst);
        let done = work.await;
        self.is_asked.store(false, Ordering::SeqCst);
        (done, both.map(|noted| std::mem::take(&mut *noted.lock().unwrap())))
    }
}

/// A migrated database with nothing in it.
pub(crate) async fn fresh() -> (Scratch, Database, Statements) {
    fresh_behind(asked_for_walls()).await
}

/// The same, on PostgreSQL behind row-level security.
pub(crate) async fn fresh_walled() -> (Scratch, Database, Statements) {
    fresh_behind(true).await
}

async fn fresh_behind(walls: bool) -> (Scratch, Database, Statements) {
    let scratch = match server() {
        None => Scratch::Sqlite(tempfile::tempdir().unwrap()),
        Some(server) => {
            let name = format!("recert_test_{}", uuid::Uuid::now_v7().simple());
            run(&server, &format!("CREATE DATABASE {name}")).await;
            if walls {
                run(&server, &format!("CREATE ROLE {name} LOGIN PASSWORD '{name}' IN ROLE pg_read_all_stats")).await;
                let owner = open(in_server(&server, &name), false).await;
                owner.migrate().await.unwrap();
                owner.raise_walls(&name).await.unwrap();
                owner.close().await.unwrap();
            }
            Scratch::Postgres { server, name, is_walled: walls }
        }
    };
    let mut db = scratch.open().await;
    let statements = Statements::default();
    let note = |list: &Arc<Mutex<Vec<Statement>>>| {
        let (is_asked, list) = (Arc::clone(&statements.is_asked), Arc::clone(list));
        move |done: &Info<'_>| {
            if is_asked.load(Ordering::SeqCst) {
                list.lock().unwrap().push(done.statement.clone());
            }
        }
    };
    db.watch_reads(note(&statements.read));
    db.watch_writes(note(&statements.others));
    if !scratch.is_walled() {
        db.migrate().await.unwrap();
    }
    (scratch, db, statements)
}

#[expect(clippy::disallowed_methods, reason = "which database the tests run on")]
pub(crate) fn server() -> Option<String> {
    std::env::var("RECERT_TEST_DATABASE_URL").ok()
}

/// Whether the suite runs behind row-level security.
#[expect(clippy::disallowed_methods, reason = "how the tests run")]
fn asked_for_walls() -> bool {
    std::env::var("RECERT_TEST_ROW_SECURITY").is_ok_and(|value| value == "1")
}

async fn run(server: &str, statement: &str) {
    let admin = sea_orm::Database::connect(server).await.expect("the PostgreSQL server of the tests answers");
    assert_eq!(admin.get_database_backend(), DatabaseBackend::Postgres);
    admin.execute_unprepared(statement).await.unwrap();
    admin.close().await.unwrap();
}

impl Scratch {
    /// Where the database is, as the setting wants it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}", folder.path().join("test.sqlite").display()),
            Self::Postgres { server, name, is_walled } => {
                let mut url = in_server(server, name);
                if *is_walled {
                    url.set_username(name).unwrap();
                    url.set_password(Some(name)).unwrap();
                }
                url.to_string()
            }
        }
    }

    /// Where its owner finds it; on SQLite there is no other.
    pub(crate) fn owner_url(&self) -> String {
        match self {
            Self::Sqlite(_) => self.url(),
            Self::Postgres { server, name, .. } => in_server(server, name).to_string(),
        }
    }

    /// Whether row-level security stands in it.
    pub(crate) fn is_walled(&self) -> bool {
        matches!(self, Self::Postgres { is_walled: true, .. })
    }

    /// Opens the database, the first time or once more after it was closed.
    pub(crate) async fn open(&self) -> Database {
        open(self.url(), self.is_walled()).await
    }
}

/// The database of this name, for the user that the tests were given.
fn in_server(server: &str, name: &str) -> url::Url {
    let mut url = url::Url::parse(server).unwrap();
    url.set_path(name);
    url
}

async fn open(url: impl ToString, row_security: bool) -> Database {
    let url = SecretString::from(url.to_string());
    let section = config::Database { url, connections: 4, row_security, ..config::Database::default() };
    Database::connect(&section).await.unwrap()
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let Self::Postgres { server, name, is_walled } = self else { return };
        let mut statements = vec![format!("DROP DATABASE {name} WITH (FORCE)")];
        statements.extend(is_walled.then(|| format!("DROP ROLE {name}")));
        let server = server.clone();
        // The test's own runtime cannot wait inside a drop.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                for statement in statements {
                    run(&server, &statement).await;
                }
            });
        });
        assert!(dropped.join().is_ok() || std::thread::panicking(), "the database of the test was not dropped");
    }
}
