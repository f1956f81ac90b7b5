//! Row-level security of PostgreSQL: a second wall behind the owner conditions of every statement.
//!
//! The finders ask for rows of one agency; with the setting `database.row_security` the database itself shows no others.
//! What a request, a delivery or a job of an agency does goes through a door of that agency, [`super::Database::of`]. What
//! belongs to no agency (claiming work, the tail of the log, upkeep) goes through the door of all. Whose door it is
//! is said in each transaction, for that transaction alone, so that no connection carries it on to the next one; a
//! transaction that does not say it sees nothing. The walls stand for the owner of the tables, too (`FORCE`), and only a
//! role that neither owns them nor passes them by can be held by them.

use std::fmt;

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    TransactionOptions, TransactionTrait,
};

use super::Error;
use crate::ids::AgencyId;

/// The parameter of a transaction that says whose rows it sees.
const PARAMETER: &str = "recert.agency";
/// The policy that every walled table has.
const POLICY: &str = "recert_agency";

/// Whose rows come through a door where the walls stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Those of every agency.
    All,
    /// Those of one.
    Agency(AgencyId),
}

impl fmt::Display for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Agency(id) => id.0.hyphenated().fmt(f),
        }
    }
}

/// A way into the database: a pool, and whose rows come through it. Without walls it is the pool and nothing else.
#[derive(Clone, Debug)]
pub struct Door {
    pub(super) pool: DatabaseConnection,
    pub(super) sight: Option<Sight>,
}

impl Door {
    /// Starts a transaction, and says whose it is.
    pub(super) async fn begin(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        let tx = self.pool.begin_with_options(options).await?;
        if let Some(sight) = self.sight {
            see(&tx, sight).await?;
        }
        Ok(tx)
    }
}

/// Says whose rows the transaction sees. A sight is a word or a UUID: nothing in it needs quoting.
pub(super) async fn see(tx: &DatabaseTransaction, sight: Sight) -> Result<(), DbErr> {
    tx.execute_unprepared(&format!("SET LOCAL {PARAMETER} = '{sight}'")).await.map(|_| ())
}

/// A statement by itself: behind walls it has a transaction of its own.
macro_rules! alone {
    ($door:ident, $run:ident, $statement:expr) => {
        if $door.sight.is_none() {
            $door.pool.$run($statement).await
        } else {
            let tx = $door.begin(TransactionOptions::default()).await?;
            let done = tx.$run($statement).await?;
            tx.commit().await?;
            Ok(done)
        }
    };
}

#[async_trait]
impl ConnectionTrait for Door {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        alone!(self, execute_raw, statement)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        alone!(self, execute_unprepared, sql)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        alone!(self, query_one_raw, statement)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        alone!(self, query_all_raw, statement)
    }
}

/// Why a gateway cannot work with the walls as they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WallError {
    /// Tables without a wall, though the settings want it.
    #[error("`database.row_security` is on, and {} of the tables have no wall (first: {})", .0.len(), .0.first().map_or("", String::as_str))]
    Open(Vec<String>),
    /// The role is not held by the walls.
    #[error("`database.row_security` is on, and the walls do not hold the role `{role}` of `database.url`: it {why}")]
    NotHeld {
        /// The role.
        role: String,
        /// In which way it passes the walls by.
        why: &'static str,
    },
    /// Walls that the settings know nothing of: everything would look empty.
    #[error("the tables have walls (first: {0}), and `database.row_security` is off: nothing in them would be seen")]
    Unexpected(String),
}

impl WallError {
    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Open(_) => {
                "run `recert migrate --row-security ROLE` as the owner of the tables, where ROLE is the gateway's role"
            }
            Self::NotHeld { .. } => {
                "give the gateway a role of its own (`CREATE ROLE … LOGIN`), and run `recert migrate --row-security ROLE` \
                 as the owner of the tables"
            }
            Self::Unexpected(_) => {
                "set RECERT_DATABASE_ROW_SECURITY=true, or take the walls away with `recert migrate --no-row-security`"
            }
        }
    }
}

/// Looks at the walls; `Err` inside is what is wrong with them. SQLite has none.
pub(super) async fn look(door: &Door) -> Result<Result<(), WallError>, Error> {
    if door.get_database_backend() != DbBackend::Postgres {
        return Ok(Ok(()));
    }
    let tables = tables(&door.pool).await?;
    let Some(_) = door.sight else {
        let walled = tables.into_iter().find(|table| table.is_walled);
        return Ok(walled.map_or(Ok(()), |table| Err(WallError::Unexpected(table.name))));
    };
    let open: Vec<String> = tables.iter().filter(|table| !table.is_walled).map(|table| table.name.clone()).collect();
    if !open.is_empty() {
        return Ok(Err(WallError::Open(open)));
    }
    let query = "SELECT rolname::text AS role, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user";
    let row = door.pool.query_one_raw(Statement::from_string(DbBackend::Postgres, query)).await?;
    let row = row.ok_or_else(|| Error::Corrupt("the server does not name its role".to_owned()))?;
    let role: String = row.try_get("", "role")?;
    let why = if row.try_get("", "rolsuper")? {
        "is a superuser"
    } else if row.try_get("", "rolbypassrls")? {
        "has BYPASSRLS"
    } else if tables.iter().any(|table| table.is_own) {
        "owns tables and could take them down"
    } else {
        return Ok(Ok(()));
    };
    Ok(Err(WallError::NotHeld { role, why }))
}

struct Table {
    name: String,
    is_walled: bool,
    is_own: bool,
}

/// The tables that hold something of an agency.
async fn tables(db: &impl ConnectionTrait) -> Result<Vec<Table>, Error> {
    let query = format!(
        "SELECT c.relname::text AS name, c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
                SELECT 1 FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = '{POLICY}') AS is_walled,
            pg_has_role(current_user, c.relowner, 'MEMBER') AS is_own
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND n.nspname = current_schema() AND (c.relname = 'agencies' OR EXISTS (
            SELECT 1 FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'agency_id' AND NOT a.attisdropped))
        ORDER BY c.relname"
    );
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, query)).await?;
    let table = |row: QueryResult| -> Result<Table, DbErr> {
        Ok(Table {
            name: row.try_get("", "name")?,
            is_walled: row.try_get("", "is_walled")?,
            is_own: row.try_get("", "is_own")?,
        })
    };
    Ok(rows.into_iter().map(table).collect::<Result<_, _>>()?)
}

/// Puts a wall around every table of an agency's rows, and lets the role do what the gateway does. Answers how many there
/// are. To be run by the owner of the tables, and again after migrations that make new ones.
pub(super) async fn raise(tx: &DatabaseTransaction, role: &str) -> Result<usize, Error> {
    let tables = tables(tx).await?;
    let said = format!("current_setting('{PARAMETER}', true)");
    for Table { name, .. } in &tables {
        let owner = if name == "agencies" { "id" } else { "agency_id" };
        let is_seen = format!("{said} = 'all' OR {owner} = NULLIF(NULLIF({said}, ''), 'all')::uuid");
        tx.execute_unprepared(&format!(
            "ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            DROP POLICY IF EXISTS {POLICY} ON {name};
            CREATE POLICY {POLICY} ON {name} USING ({is_seen})"
        ))
        .await?;
    }
    let role = quoted(role);
    let schema = quoted(&schema(tx).await?);
    tx.execute_unprepared(&format!(
        "GRANT USAGE ON SCHEMA {schema} TO {role};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"
    ))
    .await?;
    Ok(tables.len())
}

/// Takes the walls away; what was granted stays.
pub(super) async fn raze(tx: &DatabaseTransaction) -> Result<usize, Error> {
    let tables = tables(tx).await?;
    for Table { name, .. } in &tables {
        tx.execute_unprepared(&format!(
            "ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
            DROP POLICY IF EXISTS {POLICY} ON {name}"
        ))
        .await?;
    }
    Ok(tables.len())
}

async fn schema(db: &impl ConnectionTrait) -> Result<String, Error> {
    let query = Statement::from_string(DbBackend::Postgres, "SELECT current_schema()::text AS name");
    let row = db.query_one_raw(query).await?.ok_or_else(|| Error::Corrupt("there is no schema".to_owned()))?;
    Ok(row.try_get("", "name")?)
}

/// A name as PostgreSQL takes it, whatever it holds.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
