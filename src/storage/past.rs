//! What rows said before they changed.
//!
//! Whoever changes a row of a case keeps what it said, in the same transaction, with the moment of the change. What a row said at a time
//! is then what was kept with the earliest later moment, and without one what it says now. A row that never changed costs
//! nothing. What is kept is never changed and goes only with its agency.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::entities::superseded_rows::{ActiveModel, Column, Entity, Model};
use super::entities::{case_redactions, installation};
use super::{Database, Error, Tx};
use crate::ids::AgencyId;
use crate::words::RowKind;

/// Which row it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Was {
    pub(crate) agency: AgencyId,
    pub(crate) kind: RowKind,
    pub(crate) row: Uuid,
    /// The case; of a connection the client.
    pub(crate) owner: Uuid,
}

/// Keeps what a row says up to now, in the transaction that changes it.
pub(crate) async fn keep_in_tx(tx: &Tx, was: Was, said: &impl Serialize, until: DateTime<Utc>) -> Result<(), Error> {
    let said = serde_json::to_value(said).map_err(|_| Error::Corrupt("a row cannot be written as JSON".to_owned()))?;
    let row = ActiveModel {
        id: NotSet,
        agency_id: Set(was.agency.0),
        kind: Set(was.kind),
        row_id: Set(was.row),
        owner_id: Set(was.owner),
        until: Set(until),
        said: Set(said),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// What the rows of some owners said at a time, where they say otherwise now.
#[derive(Debug, Default)]
pub(crate) struct Past(HashMap<(RowKind, Uuid), serde_json::Value>);

impl Past {
    /// What the row said then: what was kept, else what it says now.
    pub(crate) fn of<T: DeserializeOwned>(&self, kind: RowKind, row: Uuid, now: T) -> T {
        let kept = self.0.get(&(kind, row)).and_then(|said| serde_json::from_value(said.clone()).ok());
        kept.unwrap_or(now)
    }
}

/// Reads what the rows of these owners said at a time: one statement.
///
/// # Errors
/// When the database fails.
pub(crate) async fn at(db: &Database, agency: AgencyId, owners: &[Uuid], at: DateTime<Utc>) -> Result<Past, Error> {
    let rows = Entity::find()
        .filter(Column::AgencyId.eq(agency.0))
        .filter(Column::OwnerId.is_in(owners.iter().copied()))
        .filter(Column::Until.gt(at))
        .order_by_asc(Column::Until)
        .order_by_asc(Column::Id)
        .all(db.read())
        .await?;
    let mut past = HashMap::new();
    for row in rows {
        past.entry((row.kind, row.row_id)).or_insert(row.said);
    }
    Ok(Past(past))
}

/// Everything that was kept of the given rows, oldest first, each with the moment up to which it held.
///
/// # Errors
/// When the database fails.
pub(crate) async fn histories<T: DeserializeOwned>(
    db: &Database,
    agency: AgencyId,
    rows: &[Uuid],
) -> Result<HashMap<Uuid, Vec<(T, DateTime<Utc>)>>, Error> {
    let found: Vec<Model> = Entity::find()
        .filter(Column::AgencyId.eq(agency.0))
        .filter(Column::RowId.is_in(rows.iter().copied()))
        .order_by_asc(Column::Until)
        .order_by_asc(Column::Id)
        .all(db.read())
        .await?;
    let mut histories: HashMap<Uuid, Vec<(T, DateTime<Utc>)>> = HashMap::new();
    for row in found {
        if let Ok(said) = serde_json::from_value(row.said) {
            histories.entry(row.row_id).or_default().push((said, row.until));
        }
    }
    Ok(histories)
}

/// Forgets what the rows of an owner said before: their personal data is to go.
pub(crate) async fn forget_in_tx(tx: &Tx, owner: Uuid) -> Result<(), Error> {
    Entity::delete_many().filter(Column::OwnerId.eq(owner)).exec(tx).await?;
    Ok(())
}

/// When the personal data of a case was removed, and what its rows said before with it; `None` while it is here.
pub(crate) async fn forgotten_at(db: &Database, case: Uuid) -> Result<Option<DateTime<Utc>>, Error> {
    let row = case_redactions::Entity::find_by_id(case).one(db.read()).await?;
    Ok(row.map(|row| row.redacted_at))
}

/// Since when nothing is missing; the first call decides.
///
/// # Errors
/// When the database fails.
pub(crate) async fn begin(db: &Database, now: DateTime<Utc>) -> Result<(), Error> {
    installation::Entity::update_many()
        .col_expr(installation::Column::HistorySince, Expr::value(now))
        .filter(installation::Column::Id.eq(1))
        .filter(installation::Column::HistorySince.is_null())
        .exec(db.write())
        .await?;
    Ok(())
}

/// Since when nothing is missing; `None` before the first start.
///
/// # Errors
/// When the database fails.
pub(crate) async fn since(db: &Database) -> Result<Option<DateTime<Utc>>, Error> {
    let row = installation::Entity::find_by_id(1).one(db.read()).await?;
    Ok(row.and_then(|row| row.history_since))
}
