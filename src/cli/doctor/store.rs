//! The database: can it be opened, is its schema the one that this program knows, and what time is it there?

use std::fs;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use secrecy::ExposeSecret as _;

use super::finding::{Check, Finding, Report};
use super::{PATIENCE, Ward};
use crate::cli::Failure;
use crate::config;
use crate::events;
use crate::seal::{self, Sealer};
use crate::storage::{self, Database, Error};

/// Replicas compare times; beyond this a person should look.
const SKEW: TimeDelta = TimeDelta::seconds(1);
/// Beyond this leases and budgets go wrong.
const WRONG: TimeDelta = TimeDelta::seconds(10);

/// Opens the database and looks at it; `None` when it cannot be used by the other checks.
pub(super) async fn open(ward: &Ward, is_thorough: bool, report: &mut Report) -> Option<Database> {
    let url = ward.config.database.url.expose_secret();
    let check = Check::new("database", format!("opening {}", config::without_secrets(url)));
    if let Some(unopened) = before_opening(ward, url, check.clone()).await {
        report.add(unopened);
        return None;
    }
    let db = match Database::connect(&ward.config.database).await {
        Ok(db) => db,
        Err(error) => {
            let got = Failure::of(&error).to_string();
            report.add(check.fault(&got, cure(ward, &got)));
            return None;
        }
    };
    if let Err(error) = db.ping().await {
        let got = Failure::of(&error).to_string();
        report.add(check.fault(&got, cure(ward, &got)));
        return None;
    }
    report.add(check.ok("it answers"));
    if is_thorough && db.backend() == DbBackend::Sqlite {
        report.add(damage(&db).await);
    }
    let is_current = migrations(ward, &db, report).await;
    if db.backend() == DbBackend::Postgres {
        report.add(clock(ward, &db).await);
        report.add(connections(ward, &db).await);
        report.add(walls(&db).await);
    }
    if is_current {
        report.add(sealed(ward, &db).await);
        return Some(db);
    }
    let _ = db.close().await;
    None
}

/// What is known without opening it, so that a look makes no file and hides no reason.
async fn before_opening(ward: &Ward, url: &str, check: Check) -> Option<Finding> {
    if let Some(path) = storage::sqlite_path(url) {
        if path == ":memory:" {
            let change = "name a file in database.url; this one is for trying things out";
            return Some(check.warning("it is in memory, and everything in it is gone when the gateway ends", change));
        }
        let path = Path::new(path);
        return match fs::metadata(path) {
            Ok(about) if about.is_dir() => {
                Some(check.fault("that is a folder", format!("name a file in it in {}", ward.named("database.url"))))
            }
            Ok(_) => None,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Some(check.ok("there is no such file yet; the first start makes it"))
            }
            Err(error) => Some(check.fault(error.to_string(), "let the user that runs the gateway read and write it")),
        };
    }
    let reached = storage::reach_postgres(url, PATIENCE).await;
    let got = reached.err()?;
    let cure = cure(ward, &got);
    Some(check.fault(got, cure))
}

/// What to do about a database that cannot be opened, by the words of its refusal.
fn cure(ward: &Ward, got: &str) -> String {
    let url = ward.named("database.url");
    let has = |part: &str| got.to_ascii_lowercase().contains(part);
    if has("not a database") || has("malformed") {
        format!("the file is damaged or no SQLite database: restore a backup, or name another file in {url}")
    } else if has("readonly") || has("unable to open") {
        "let the user that runs the gateway write the file and its folder".to_owned()
    } else if has("password authentication") || has("no password") || has("scram") || has("role ") {
        format!("give user and password as the server knows them in {url}")
    } else if has("does not exist") {
        format!("make the database (createdb), or name an existing one in {url}")
    } else if has("refused") || has("no answer within") || has("timed out") || has("unreachable") {
        format!("start PostgreSQL, or mend host and port in {url}; a firewall may stand in between")
    } else if has("lookup") || has("resolve") || has("name or service") {
        format!("the host's name is not known: mend it in {url}")
    } else if has("pg_hba") {
        "let this machine in: add a line to the server's pg_hba.conf".to_owned()
    } else if has("tls") || has("ssl") || has("certificate") {
        format!("server and client do not agree on TLS: see sslmode in {url}")
    } else {
        format!("see what the database says, and {url}")
    }
}

async fn damage(db: &Database) -> Finding {
    let check = Check::new("database file", "reading all of it for damage (PRAGMA quick_check)");
    let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA quick_check(1)");
    let said = match db.read().query_one_raw(statement).await {
        Ok(row) => row.and_then(|row| row.try_get_by_index::<String>(0).ok()).unwrap_or_default(),
        Err(error) => error.to_string(),
    };
    if said == "ok" { check.ok("no damage") } else { check.fault(said, "restore a backup: the file is damaged") }
}

/// Whether the schema is this program's.
async fn migrations(ward: &Ward, db: &Database, report: &mut Report) -> bool {
    let check = Check::new("migrations", "comparing the database's with this program's");
    let known = match db.migrations().await {
        Ok(known) => known,
        Err(error) => {
            let got = Failure::of(&error).to_string();
            let change = if matches!(error, Error::Newer(_)) {
                "the database belongs to a newer version of Recert: run that one, or restore the backup from before the \
                 upgrade"
            } else {
                "the database's user must be able to read and make tables; grant it that"
            };
            report.add(check.fault(got, change));
            return false;
        }
    };
    let missing: Vec<&str> = known.iter().filter(|(_, applied)| !applied).map(|(name, _)| name.as_str()).collect();
    let first = missing.first().copied().unwrap_or_default();
    if missing.is_empty() {
        report.add(check.ok(format!("all {} are applied", known.len())));
    } else if db.backend() == DbBackend::Sqlite {
        report.add(check.ok(format!("{} are missing (first: {first}); the next start applies them", missing.len())));
        return false;
    } else {
        report.add(check.fault(format!("{} are missing (first: {first})", missing.len()), "run `recert migrate`"));
        return false;
    }
    if db.backend() == DbBackend::Postgres {
        let check = Check::new("event log", "comparing its transaction numbers with the server's");
        report.add(match events::has_foreign_numbers(db).await {
            Ok(false) => check.ok("they belong together"),
            Ok(true) => check.fault(
                "the log was written on another server, whose numbers this one has not reached; it would stand still",
                "after restoring a dump run `recert migrate --new-epoch`",
            ),
            Err(error) => check.fault(Failure::of(&error).to_string(), ward.named("database.url")),
        });
    }
    true
}

async fn clock(ward: &Ward, db: &Database) -> Finding {
    let check = Check::new("database clock", "comparing the server's clock with this machine's");
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT clock_timestamp()");
    let row = db.read().query_one_raw(statement).await;
    let there = row.ok().flatten().and_then(|row| row.try_get_by_index::<DateTime<Utc>>(0).ok());
    match there {
        Some(there) => skew(check, ward.clock.now() - there, "the database server"),
        None => check.fault("it does not say what time it is", "see what the database says"),
    }
}

/// Judges a difference between this machine's clock and another one's.
pub(super) fn skew(check: Check, ahead: TimeDelta, whose: &str) -> Finding {
    let far = ahead.abs();
    let got = if far <= SKEW {
        "they agree".to_owned()
    } else {
        let word = if ahead > TimeDelta::zero() { "ahead of" } else { "behind" };
        format!("this machine is {} s {word} {whose}", far.num_seconds())
    };
    let change = "let both machines follow the same time servers (NTP), and see which of the two is wrong";
    if far > WRONG {
        check.fault(got, change)
    } else if far > SKEW + TimeDelta::seconds(1) {
        check.warning(got, change)
    } else {
        check.ok(got)
    }
}

/// Whether the keys of the settings open what is sealed in the database.
async fn sealed(ward: &Ward, db: &Database) -> Finding {
    let check = Check::new("sealed data", "comparing the keys of sealed values with seal.keys");
    let counts = match Sealer::new(&ward.config.seal) {
        Ok(sealer) => seal::count(db, &sealer).await,
        Err(error) => return check.fault(Failure::of(&error).to_string(), ward.named("seal.keys")),
    };
    let counts = match counts {
        Ok(counts) => counts,
        Err(error) => return check.fault(Failure::of(&error).to_string(), "see what the database says"),
    };
    let closed: Vec<_> = counts.iter().filter(|count| count.key_id.is_none() && count.values > 0).collect();
    let Some(first) = closed.first() else { return check.ok("they open all of it") };
    let values: u64 = closed.iter().map(|count| count.values).sum();
    let got =
        format!("{values} values are sealed with other keys (first: {}.{})", first.column.table, first.column.name);
    let change =
        format!("put the key that they begin with back into {}, behind the first one", ward.named("seal.keys"));
    check.fault(got, format!("{change}, then `recert keys rotate`"))
}

/// Whether row-level security is as the settings say, and holds the gateway.
async fn walls(db: &Database) -> Finding {
    let check = Check::new("row security", "comparing the tables' policies and the role with database.row_security");
    match db.look_at_walls().await {
        Ok(Ok(())) => check.ok("they agree"),
        Ok(Err(error)) => check.fault(error.to_string(), error.cure()),
        Err(error) => check.fault(Failure::of(&error).to_string(), "see what the database says"),
    }
}

/// Whether the server admits as many connections as the pool may open.
async fn connections(ward: &Ward, db: &Database) -> Finding {
    let wanted = ward.config.database.connections;
    let check = Check::new("database connections", format!("comparing the pool's {wanted} with the server's limit"));
    let statement = Statement::from_string(
        DbBackend::Postgres,
        "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int",
    );
    let row = db.read().query_one_raw(statement).await;
    let Some(most) = row.ok().flatten().and_then(|row| row.try_get_by_index::<i32>(0).ok()) else {
        return check.skipped("the server does not say how many it admits");
    };
    if i64::from(wanted) + 1 > i64::from(most) {
        let change = format!("raise max_connections of the server, or lower {}", ward.named("database.connections"));
        return check.fault(format!("the server admits {most}; one more is needed for wake-ups"), change);
    }
    check.ok(format!("the server admits {most}, for all replicas together"))
}
