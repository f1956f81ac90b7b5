//! Rows of revocations.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Revocation, Whose};
use crate::caller::Scope;
use crate::ids::{AgencyId, RevocationId};
use crate::kit::Kit;
use crate::page::{Page, Window};
use crate::storage::entities::installation;
use crate::storage::entities::revocations::{ActiveModel, Column, Entity, Model};
use crate::storage::ranked::direction;
use crate::storage::{Database, Error, Tx};

/// How long a revocation can still be read about after its end.
const REMEMBERED: TimeDelta = TimeDelta::days(400);

/// Adds an entry, and says that the list has changed.
pub(super) async fn add_in_tx(tx: &Tx, agency: AgencyId, revocation: &Revocation) -> Result<(), Error> {
    let (subject, token_id, issued_before) = match &revocation.whose {
        Whose::Token(id) => (None, Some(id.clone()), None),
        Whose::Subject(subject, moment) => (Some(subject.clone()), None, Some(*moment)),
    };
    let words = |scopes: &Vec<Scope>| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
    let row = ActiveModel {
        id: Set(revocation.id.0),
        agency_id: Set(agency.0),
        subject: Set(subject),
        token_id: Set(token_id),
        issued_before: Set(issued_before),
        scopes: Set(revocation.scopes.as_ref().map(words)),
        expires_at: Set(revocation.expires_at),
        revoked_by: Set(revocation.revoked_by.clone()),
        reason: Set(revocation.reason.clone()),
        created_at: Set(revocation.created_at),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    // The row's lock puts those who revoke at the same time in an order, so that every number is seen with its entries.
    let more = Expr::col(installation::Column::Revocations).add(1);
    installation::Entity::update_many().col_expr(installation::Column::Revocations, more).exec(tx).await?;
    Ok(())
}

/// How often the list has changed.
pub(super) async fn edition(db: &Database) -> Result<i64, Error> {
    let query = installation::Entity::find().select_only().column(installation::Column::Revocations);
    let count: Option<i64> = query.into_tuple().one(db.read()).await?;
    count.ok_or_else(|| Error::Corrupt("installation is empty".to_owned()))
}

/// Every entry that still matters, of all agencies.
pub(super) async fn active(db: &Database, now: DateTime<Utc>) -> Result<Vec<(AgencyId, Revocation)>, Error> {
    let rows = Entity::find().filter(Column::ExpiresAt.gt(now)).all(db.read()).await?;
    Ok(rows.into_iter().map(|row| (row.agency_id.into(), row.into())).collect())
}

/// A page of the agency's entries, oldest first; also those that are over.
///
/// # Errors
/// When the database fails.
pub async fn page(db: &Database, agency: AgencyId, window: &Window<RevocationId>) -> Result<Page<Revocation>, Error> {
    let mut query = Entity::find().filter(Column::AgencyId.eq(agency.0));
    if let Some(after) = window.after {
        query = query.filter(Column::Id.gt(after.0));
    }
    if let Some(before) = window.before {
        query = query.filter(Column::Id.lt(before.0));
    }
    let rows = query.order_by(Column::Id, direction(window)).limit(window.limit + 1).all(db.read()).await?;
    Ok(Page::of(rows.into_iter().map(Revocation::from).collect(), window))
}

/// How many entries the agency has.
///
/// # Errors
/// When the database fails.
pub async fn count(db: &Database, agency: AgencyId) -> Result<u64, Error> {
    Ok(Entity::find().filter(Column::AgencyId.eq(agency.0)).count(db.read()).await?)
}

/// Removes entries that have been over for a long time. Answers how many.
///
/// # Errors
/// When the database fails.
pub(crate) async fn prune(kit: &Kit) -> Result<u64, Error> {
    let before = kit.clock.now() - REMEMBERED;
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lt(before)).exec(kit.db.write()).await?.rows_affected)
}

impl From<Model> for Revocation {
    fn from(row: Model) -> Self {
        let whose = match (row.token_id, row.subject) {
            (Some(id), _) => Whose::Token(id),
            // A moment always stands beside a subject.
            (None, subject) => Whose::Subject(subject.unwrap_or_default(), row.issued_before.unwrap_or(row.created_at)),
        };
        Self {
            id: row.id.into(),
            whose,
            scopes: row.scopes.map(|words| words.split(' ').filter_map(Scope::parse).collect()),
            expires_at: row.expires_at,
            revoked_by: row.revoked_by,
            reason: row.reason,
            created_at: row.created_at,
        }
    }
}
