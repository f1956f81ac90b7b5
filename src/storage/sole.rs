//! An SQLite file serves one gateway: there is no wake-up between two, and each would take itself for the only one.

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use secrecy::ExposeSecret;

use crate::config;

/// Held by the gateway that serves from an SQLite file, and given back by the system when its process ends, however it
/// does.
#[derive(Debug)]
pub struct Sole {
    _lock: Option<File>,
}

/// Why a gateway cannot serve from the file.
#[derive(Debug, thiserror::Error)]
pub enum NotSole {
    /// Somebody else does.
    #[error(
        "another gateway serves from this SQLite file already. Stop it first; for more than one at a time use \
         PostgreSQL (RECERT_DATABASE_URL=postgres://…)"
    )]
    Taken,
    /// The lock cannot be made.
    #[error("the lock {0} beside the SQLite file cannot be taken")]
    Failed(PathBuf, #[source] std::io::Error),
}

impl Sole {
    /// Takes the file; on PostgreSQL, and for a database in memory, there is nothing to take.
    ///
    /// # Errors
    /// [`NotSole`].
    pub fn take(section: &config::Database) -> Result<Self, NotSole> {
        let url = section.url.expose_secret();
        let Some(path) = url.strip_prefix("sqlite:") else { return Ok(Self { _lock: None }) };
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        if path.is_empty() || path.contains(":memory:") {
            return Ok(Self { _lock: None });
        }
        let place = PathBuf::from(format!("{path}.serving"));
        let failed = |error| NotSole::Failed(place.clone(), error);
        let file = File::options().create(true).write(true).truncate(false).open(&place).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _lock: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(NotSole::Taken),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
