//! What the database library reports, classified once.

use sea_orm::{DbErr, SqlErr};

/// A storage failure. The text is for the log only: it never reaches a client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL names neither SQLite nor PostgreSQL.
    #[error("the database URL must begin with sqlite:// or postgres://")]
    UnknownScheme,
    /// A unique key exists already.
    #[error("a unique key exists already")]
    Duplicate(#[source] DbErr),
    /// The database cannot be reached, is busy, or has no room.
    #[error("the database is unavailable")]
    Unavailable(#[source] DbErr),
    /// Two transactions stood in each other's way; the same work may be tried again.
    #[error("the transaction lost against another one")]
    Collision(#[source] DbErr),
    /// A row does not hold what the code expects.
    #[error("a stored row is not as expected: {0}")]
    Corrupt(String),
    /// A newer version of this program has migrated the database.
    #[error("a newer version of Recert has migrated the database: this one does not know {0}")]
    Newer(String),
    /// Anything else: a fault of ours.
    #[error("the database refused a statement")]
    Fault(#[source] DbErr),
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) {
            return Self::Duplicate(error);
        }
        match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable(error),
            DbErr::Exec(_) | DbErr::Query(_) => classify(error),
            _ => Self::Fault(error),
        }
    }
}

/// What the library reports of migrations. It has no kind of its own for one that it does not know.
pub(super) fn of_migrations(error: DbErr) -> Error {
    let DbErr::Custom(text) = &error else { return error.into() };
    match text.split_once("Migration file of version '").and_then(|(_, rest)| rest.split_once('\'')) {
        Some((name, _)) => Error::Newer(name.to_owned()),
        None => error.into(),
    }
}

/// Sorts by the codes of the two databases: PostgreSQL's SQLSTATE (appendix A of its manual) and SQLite's result codes.
fn classify(error: DbErr) -> Error {
    let (DbErr::Exec(sea_orm::RuntimeErr::SqlxError(cause)) | DbErr::Query(sea_orm::RuntimeErr::SqlxError(cause))) =
        &error
    else {
        return Error::Fault(error);
    };
    if matches!(**cause, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) {
        return Error::Unavailable(error);
    }
    let code = cause.as_database_error().and_then(sqlx::error::DatabaseError::code);
    match code.as_deref() {
        // serialization_failure, deadlock_detected; SQLITE_BUSY and SQLITE_BUSY_SNAPSHOT
        Some("40001" | "40P01" | "5" | "517") => Error::Collision(error),
        // admin_shutdown, cannot_connect_now, too_many_connections, disk_full; SQLITE_FULL, SQLITE_IOERR
        Some("57P01" | "57P03" | "53300" | "53100" | "13" | "10") => Error::Unavailable(error),
        _ => Error::Fault(error),
    }
}
