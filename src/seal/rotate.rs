//! Brings every sealed value under the newest key, while the gateways run.

use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use super::column::{ALL, Column};
use super::envelope::prefix;
use super::{Place, Sealer};
use crate::storage::{Database, Error};

/// Rows that one transaction changes.
const BATCH: u64 = 200;

/// What a rotation did with the values of one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The column.
    pub column: Column,
    /// Values that are now under the newest key.
    pub renewed: u64,
    /// Values that do not open and were left as they are: their key is missing, or they were altered.
    pub left: u64,
}

/// How many values of a column lie under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The column.
    pub column: Column,
    /// The key of the settings; `None` for all values that are in clear or under other keys.
    pub key_id: Option<String>,
    /// Values.
    pub values: u64,
}

/// Goes through all columns. A value that is changed by somebody else in the meantime is left to them, and a second
/// rotation finds nothing to do.
///
/// # Errors
/// When the database fails; what was renewed until then stays so.
pub async fn rotate(db: &Database, sealer: &Sealer) -> Result<Vec<Rotated>, Error> {
    let mut rotated = Vec::new();
    for column in ALL {
        rotated.push(rotate_column(db, sealer, column).await?);
    }
    Ok(rotated)
}

async fn rotate_column(db: &Database, sealer: &Sealer, column: Column) -> Result<Rotated, Error> {
    let Column { table, name } = column;
    let done = format!("{}%", prefix(sealer.key_ids().next().unwrap_or_default()));
    let select = format!(
        "SELECT id, agency_id, {name} AS value FROM {table} \
         WHERE {name} IS NOT NULL AND {name} NOT LIKE $1 AND id > $2 ORDER BY id LIMIT {BATCH}"
    );
    let update = format!("UPDATE {table} SET {name} = $1 WHERE id = $2 AND {name} = $3");
    let (mut last, mut rotated) = (Uuid::nil(), Rotated { column, renewed: 0, left: 0 });
    loop {
        let query = Statement::from_sql_and_values(db.backend(), &select, [done.clone().into(), last.into()]);
        let rows = db.read().query_all_raw(query).await?;
        let mut renewed = Vec::new();
        for row in &rows {
            let (id, agency): (Uuid, Uuid) = (row.try_get("", "id")?, row.try_get("", "agency_id")?);
            let stored: String = row.try_get("", "value")?;
            last = id;
            match sealer.renew(&Place { agency: agency.into(), column, row: id }, &stored) {
                Ok(fresh) => renewed.push((id, stored, fresh)),
                Err(error) => {
                    tracing::warn!(table, column = name, row.id = %id, %error, "a sealed value was left as it is");
                    rotated.left += 1;
                }
            }
        }
        let tx = db.begin().await?;
        for (id, stored, fresh) in renewed {
            let values = [fresh.as_str().into(), id.into(), stored.into()];
            let done = tx.execute_raw(Statement::from_sql_and_values(db.backend(), &update, values)).await?;
            rotated.renewed += done.rows_affected();
        }
        tx.commit().await?;
        if u64::try_from(rows.len()).unwrap_or(BATCH) < BATCH {
            return Ok(rotated);
        }
    }
}

/// How many values lie under which key.
///
/// # Errors
/// When the database fails.
pub async fn count(db: &Database, sealer: &Sealer) -> Result<Vec<Count>, Error> {
    let mut counts = Vec::new();
    for column in ALL {
        let Column { table, name } = column;
        let like = format!("SELECT COUNT(*) AS n FROM {table} WHERE {name} LIKE $1");
        let mut others = number(db, &like, "%").await?;
        for key_id in sealer.key_ids() {
            let values = number(db, &like, &format!("{}%", prefix(key_id))).await?;
            others = others.saturating_sub(values);
            counts.push(Count { column, key_id: Some(key_id.to_owned()), values });
        }
        counts.push(Count { column, key_id: None, values: others });
    }
    Ok(counts)
}

async fn number(db: &Database, sql: &str, like: &str) -> Result<u64, Error> {
    let query = Statement::from_sql_and_values(db.backend(), sql, [like.into()]);
    let row = db.read().query_one_raw(query).await?.ok_or_else(|| Error::Corrupt("a count has no row".to_owned()))?;
    Ok(u64::try_from(row.try_get::<i64>("", "n")?).unwrap_or_default())
}
