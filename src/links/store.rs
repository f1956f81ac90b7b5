//! Rows of links and of the refreshes spent on them.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, ExprTrait as _, LockType};
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::{Link, WINDOW};
use crate::ids::{AgencyId, ClientId, Ids, LinkId, OrderId};
use crate::jobs::{self, NewJob, Priority};
use crate::kit::Kit;
use crate::storage::entities::{employer_links, refresh_units};
use crate::storage::past::{self, Was};
use crate::storage::{Database, Error, Tx};
use crate::words::{DataSource, JobKind, RowKind};

/// The links of the agency among `ids`.
///
/// # Errors
/// When the database fails.
pub async fn load(db: &Database, agency: AgencyId, ids: &[LinkId]) -> Result<HashMap<LinkId, Link>, Error> {
    find_all(db.read(), agency, ids).await
}

/// The same through any connection.
pub(crate) async fn find_all<C: ConnectionTrait>(
    db: &C,
    agency: AgencyId,
    ids: &[LinkId],
) -> Result<HashMap<LinkId, Link>, Error> {
    let rows = employer_links::Entity::find()
        .filter(employer_links::Column::AgencyId.eq(agency.0))
        .filter(employer_links::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.into())).collect())
}

/// The instants of the refreshes that count at `now`, for each of the links.
///
/// # Errors
/// When the database fails.
pub async fn count_units(
    db: &Database,
    agency: AgencyId,
    ids: &[LinkId],
    now: DateTime<Utc>,
) -> Result<HashMap<LinkId, Vec<DateTime<Utc>>>, Error> {
    units(db.read(), agency, ids, now).await
}

/// How many links, of all agencies, have no refresh left at `now`.
///
/// # Errors
/// When the database fails.
pub async fn count_used_up(db: &Database, per_day: u32, now: DateTime<Utc>) -> Result<u64, Error> {
    let since = now - TimeDelta::from_std(WINDOW).unwrap_or_default();
    let used_up = refresh_units::Entity::find()
        .select_only()
        .column(refresh_units::Column::LinkId)
        .filter(refresh_units::Column::IsCounted.eq(true))
        .filter(refresh_units::Column::SpentAt.gt(since))
        .group_by(refresh_units::Column::LinkId)
        .having(refresh_units::Column::LinkId.count().gte(per_day));
    Ok(used_up.count(db.read()).await?)
}

/// The same inside a transaction that has locked the links.
pub(crate) async fn units_in_tx(
    tx: &Tx,
    agency: AgencyId,
    ids: &[LinkId],
    now: DateTime<Utc>,
) -> Result<HashMap<LinkId, Vec<DateTime<Utc>>>, Error> {
    units(tx, agency, ids, now).await
}

async fn units<C: ConnectionTrait>(
    db: &C,
    agency: AgencyId,
    ids: &[LinkId],
    now: DateTime<Utc>,
) -> Result<HashMap<LinkId, Vec<DateTime<Utc>>>, Error> {
    let since = now - TimeDelta::from_std(WINDOW).unwrap_or_default();
    let rows = refresh_units::Entity::find()
        .filter(refresh_units::Column::AgencyId.eq(agency.0))
        .filter(refresh_units::Column::LinkId.is_in(ids.iter().map(|id| id.0)))
        .filter(refresh_units::Column::IsCounted.eq(true))
        .filter(refresh_units::Column::SpentAt.gt(since))
        .all(db)
        .await?;
    let mut spent: HashMap<LinkId, Vec<DateTime<Utc>>> = HashMap::new();
    for row in rows {
        spent.entry(row.link_id.into()).or_default().push(row.spent_at);
    }
    Ok(spent)
}

/// Locks the links until the transaction ends, always in the order of their ids, so that two transactions over the same
/// links wait for each other instead of blocking each other. This lock is what makes the count of refreshes exact.
pub(crate) async fn lock_in_tx(tx: &Tx, agency: AgencyId, ids: &[LinkId]) -> Result<Vec<Link>, Error> {
    let rows = employer_links::Entity::find()
        .filter(employer_links::Column::AgencyId.eq(agency.0))
        .filter(employer_links::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .order_by_asc(employer_links::Column::Id)
        .lock(LockType::Update)
        .all(tx)
        .await?;
    Ok(rows.into_iter().map(Link::from).collect())
}

/// Spends one refresh on each link.
pub(crate) async fn spend_units_in_tx(
    tx: &Tx,
    ids: &Ids,
    agency: AgencyId,
    links: &[LinkId],
    order: OrderId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let rows = links.iter().map(|link| refresh_units::ActiveModel {
        id: Set(ids.next()),
        agency_id: Set(agency.0),
        link_id: Set(link.0),
        order_id: Set(order.0),
        spent_at: Set(now),
        is_counted: Set(true),
    });
    refresh_units::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

/// Dates the refreshes of an order: Truv's window begins when the call comes in, which may be long after the intent.
pub(crate) async fn date_units_in_tx(
    tx: &Tx,
    agency: AgencyId,
    order: OrderId,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    refresh_units::Entity::update_many()
        .col_expr(refresh_units::Column::SpentAt, Expr::value(at))
        .filter(refresh_units::Column::AgencyId.eq(agency.0))
        .filter(refresh_units::Column::OrderId.eq(order.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// Gives the refreshes of an order back: Truv has definitely not carried it out.
pub(crate) async fn return_units_in_tx(tx: &Tx, agency: AgencyId, order: OrderId) -> Result<(), Error> {
    refresh_units::Entity::update_many()
        .col_expr(refresh_units::Column::IsCounted, Expr::value(false))
        .filter(refresh_units::Column::AgencyId.eq(agency.0))
        .filter(refresh_units::Column::OrderId.eq(order.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// The link that Truv knows by this id.
pub(crate) async fn find_by_truv_id_in_tx<C: ConnectionTrait>(
    db: &C,
    agency: AgencyId,
    truv_link_id: &str,
) -> Result<Option<Link>, Error> {
    let query = employer_links::Entity::find()
        .filter(employer_links::Column::AgencyId.eq(agency.0))
        .filter(employer_links::Column::TruvLinkId.eq(truv_link_id));
    Ok(query.one(db).await?.map(Link::from))
}

/// What Truv told about a link. A `None` says nothing and overwrites nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sighting {
    pub(crate) company_name: Option<String>,
    pub(crate) company_mapping_id: Option<String>,
    pub(crate) provider_id: Option<String>,
    pub(crate) provider_name: Option<String>,
    pub(crate) data_source: Option<String>,
    /// The client logged in at this time.
    pub(crate) connected_at: Option<DateTime<Utc>>,
    pub(crate) is_suspicious: Option<bool>,
}

impl Sighting {
    /// Whether it says something that the link does not.
    fn is_news(&self, link: &Link) -> bool {
        let other = |told: &Option<String>, known: &Option<String>| told.is_some() && told != known;
        other(&self.company_name, &link.company_name)
            || other(&self.company_mapping_id, &link.company_mapping_id)
            || other(&self.provider_id, &link.provider_id)
            || other(&self.provider_name, &link.provider_name)
            || self.data_source.as_deref().is_some_and(|word| DataSource::parse(word) != link.data_source)
            || (self.is_suspicious.is_some() && self.is_suspicious != link.is_suspicious)
    }
}

/// Stores what was told about a link, known or new, and answers its id. A login heals a link that was
/// found broken before it.
pub(crate) async fn see_in_tx(
    kit: &Kit,
    tx: &Tx,
    (agency, client): (AgencyId, ClientId),
    truv_link_id: &str,
    sighting: Sighting,
) -> Result<LinkId, Error> {
    let now = kit.clock.now();
    if let Some(link) = find_by_truv_id_in_tx(tx, agency, truv_link_id).await? {
        let mut heals = false;
        let is_new_login = sighting.connected_at.is_some_and(|at| link.connected_at.is_none_or(|last| at > last));
        if is_new_login || sighting.is_news(&link) {
            keep_in_tx(tx, &link, now).await?;
        }
        let keep = |told: Option<String>| told.map_or(NotSet, |told| Set(Some(told)));
        let mut row = employer_links::ActiveModel {
            company_name: keep(sighting.company_name),
            company_mapping_id: keep(sighting.company_mapping_id),
            provider_id: keep(sighting.provider_id),
            provider_name: keep(sighting.provider_name),
            data_source: keep(sighting.data_source),
            updated_at: Set(now),
            ..Default::default()
        };
        if let Some(is_suspicious) = sighting.is_suspicious {
            row.is_suspicious = Set(Some(is_suspicious));
        }
        if is_new_login {
            row.connected_at = Set(sighting.connected_at);
            if link.broken_at <= sighting.connected_at {
                row.broken_at = Set(None);
                row.broken_by = Set(None);
                heals = link.broken_at.is_some();
            }
        }
        employer_links::Entity::update_many()
            .set(row)
            .filter(employer_links::Column::Id.eq(link.id.0))
            .exec(tx)
            .await?;
        if heals {
            tell_in_tx(kit, tx, agency, link.id).await?;
        }
        return Ok(link.id);
    }
    let id: LinkId = kit.ids.next();
    let row = employer_links::ActiveModel {
        id: Set(id.0),
        agency_id: Set(agency.0),
        client_id: Set(client.0),
        truv_link_id: Set(truv_link_id.to_owned()),
        company_name: Set(sighting.company_name),
        company_mapping_id: Set(sighting.company_mapping_id),
        provider_id: Set(sighting.provider_id),
        provider_name: Set(sighting.provider_name),
        data_source: Set(sighting.data_source),
        connected_at: Set(sighting.connected_at),
        is_suspicious: Set(sighting.is_suspicious),
        created_at: Set(now),
        updated_at: Set(now),
        ..Default::default()
    };
    employer_links::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(id)
}

/// Changes a link, and keeps what it said before when that was something else. Answers with the link as it was; `None` when
/// the update did not concern it.
async fn change_in_tx(
    tx: &Tx,
    link: LinkId,
    now: DateTime<Utc>,
    update: sea_orm::UpdateMany<employer_links::Entity>,
) -> Result<Option<Link>, Error> {
    let before = employer_links::Entity::find_by_id(link.0).one(tx).await?.map(Link::from);
    let done = update.filter(employer_links::Column::Id.eq(link.0)).exec(tx).await?;
    match before {
        Some(before) if done.rows_affected > 0 => {
            keep_in_tx(tx, &before, now).await?;
            Ok(Some(before))
        }
        _ => Ok(None),
    }
}

async fn keep_in_tx(tx: &Tx, link: &Link, now: DateTime<Utc>) -> Result<(), Error> {
    let was = Was { agency: link.agency, kind: RowKind::Link, row: link.id.0, owner: link.client.0 };
    past::keep_in_tx(tx, was, link, now).await
}

/// Writes down that a link does not work any more; the first news of it stays. News from before the last login or the last
/// pull that brought data come too late to matter.
/// Answers whether it counted as working until now.
pub(crate) async fn mark_broken_in_tx(
    tx: &Tx,
    link: LinkId,
    by: &str,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let update = employer_links::Entity::update_many()
        .col_expr(employer_links::Column::BrokenAt, Expr::value(at))
        .col_expr(employer_links::Column::BrokenBy, Expr::value(by))
        .col_expr(employer_links::Column::UpdatedAt, Expr::value(now))
        .filter(
            Condition::any()
                .add(employer_links::Column::BrokenAt.is_null())
                .add(employer_links::Column::BrokenBy.eq(DISCONNECTED)),
        )
        .filter(not_after(employer_links::Column::ConnectedAt, at))
        .filter(not_after(employer_links::Column::LastRefreshedAt, at));
    let before = change_in_tx(tx, link, now, update).await?;
    Ok(before.is_some_and(|before| before.broken_at.is_none()))
}

/// Writes down that Truv allows no further refresh before then.
pub(crate) async fn mark_limited_in_tx(
    tx: &Tx,
    link: LinkId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let update =
        employer_links::Entity::update_many().col_expr(employer_links::Column::LimitedUntil, Expr::value(until));
    change_in_tx(tx, link, now, update).await?;
    Ok(())
}

/// Writes down that data and credentials were removed at Truv. Answers whether that was news.
pub(crate) async fn mark_deleted_in_tx(
    tx: &Tx,
    link: LinkId,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let update = employer_links::Entity::update_many()
        .col_expr(employer_links::Column::DeletedAt, Expr::value(at))
        .col_expr(employer_links::Column::UpdatedAt, Expr::value(now))
        .filter(employer_links::Column::DeletedAt.is_null());
    Ok(change_in_tx(tx, link, now, update).await?.is_some())
}

/// Writes down that a pull through the link brought data: whatever was broken works again. Where the client logged in
/// for it, the connection's age starts anew. Older news change nothing. Answers whether that is news for the
/// client's cases: it was broken until now, or this is the first data since the client logged in.
pub(crate) async fn mark_refreshed_in_tx(
    tx: &Tx,
    link: LinkId,
    at: DateTime<Utc>,
    is_login: bool,
    now: DateTime<Utc>,
) -> Result<Refreshed, Error> {
    let mut row =
        employer_links::ActiveModel { updated_at: Set(now), last_refreshed_at: Set(Some(at)), ..Default::default() };
    if is_login {
        row.connected_at = Set(Some(at));
    }
    let update = employer_links::Entity::update_many().set(row);
    let update = update.filter(not_after(employer_links::Column::LastRefreshedAt, at));
    let before = change_in_tx(tx, link, now, update).await?;
    let is_first = before.is_some_and(|before| before.last_refreshed_at < before.connected_at);
    let healed = employer_links::ActiveModel { broken_at: Set(None), broken_by: Set(None), ..Default::default() };
    let update = employer_links::Entity::update_many().set(healed);
    let healed = change_in_tx(tx, link, now, update.filter(employer_links::Column::BrokenAt.lte(at))).await?;
    Ok(Refreshed { is_healed: healed.is_some(), is_first_since_login: is_first })
}

/// What data that came through a link means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refreshed {
    /// It was broken until now.
    pub(crate) is_healed: bool,
    /// Nothing had come since the client logged in last.
    pub(crate) is_first_since_login: bool,
}

/// The column's instant is not after `at`, or not known.
fn not_after(column: employer_links::Column, at: DateTime<Utc>) -> Condition {
    Condition::any().add(column.is_null()).add(column.lte(at))
}

/// What `link-disconnected` says when nothing else explains why a refresh failed.
const DISCONNECTED: &str = "link-disconnected";

/// Truv says that the connection failed during a refresh. It says so for every failure, so this breaks the link only
/// until a task's own word explains it.
pub(crate) async fn mark_disconnected_in_tx(
    tx: &Tx,
    link: LinkId,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    mark_broken_in_tx(tx, link, DISCONNECTED, at, now).await
}

/// A task failed for a reason that the client need not act on: a `link-disconnected` about it means nothing. Answers
/// whether the link counted as broken for it.
pub(crate) async fn explain_in_tx(tx: &Tx, link: LinkId, now: DateTime<Utc>) -> Result<bool, Error> {
    let row = employer_links::ActiveModel {
        broken_at: Set(None),
        broken_by: Set(None),
        updated_at: Set(now),
        ..Default::default()
    };
    let update = employer_links::Entity::update_many().set(row);
    let update = update.filter(employer_links::Column::BrokenBy.eq(DISCONNECTED));
    Ok(change_in_tx(tx, link, now, update).await?.is_some())
}

/// Has the cases of the link's client told that the link broke or works again: a job of its own, because it takes the
/// locks of all of them.
pub(crate) async fn tell_in_tx(kit: &Kit, tx: &Tx, agency: AgencyId, link: LinkId) -> Result<(), Error> {
    let job = NewJob {
        agency,
        kind: JobKind::TellLink,
        subject: link.0,
        priority: Priority::Interactive,
        run_at: kit.clock.now(),
    };
    jobs::enqueue_in_tx(kit, tx, job).await
}

impl From<employer_links::Model> for Link {
    fn from(row: employer_links::Model) -> Self {
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            client: row.client_id.into(),
            truv_link_id: row.truv_link_id,
            company_name: row.company_name,
            company_mapping_id: row.company_mapping_id,
            provider_id: row.provider_id,
            provider_name: row.provider_name,
            data_source: row.data_source.as_deref().map_or(DataSource::Unknown, DataSource::parse),
            connected_at: row.connected_at,
            last_refreshed_at: row.last_refreshed_at,
            broken_at: row.broken_at,
            is_only_disconnected: row.broken_by.as_deref() == Some(DISCONNECTED),
            deleted_at: row.deleted_at,
            limited_until: row.limited_until,
            is_suspicious: row.is_suspicious,
        }
    }
}
