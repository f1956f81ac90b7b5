//! What became of refreshes by the age of their connection.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::store::find_all;
use crate::ids::{AgencyId, LinkId, OrderEmployerId};
use crate::kit::Kit;
use crate::lifetimes::{Table, Trial};
use crate::storage::entities::link_trials::{self, Column as T};
use crate::storage::{Database, Error, Tx};

/// Writes down how an attempt on a connection ended, once for an entry of an order: what comes after the first outcome (the
/// client has logged in) says nothing about the age. A connection whose login nobody knows teaches nothing.
pub(crate) async fn note_trial_in_tx(
    tx: &Tx,
    (agency, link): (AgencyId, LinkId),
    employer: OrderEmployerId,
    has_worked: bool,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let found = find_all(tx, agency, &[link]).await?;
    let Some(link) = found.get(&link) else { return Ok(()) };
    let Some(age) = link.connected_at.map(|since| (at - since).num_days()).filter(|days| *days >= 0) else {
        return Ok(());
    };
    let row = link_trials::ActiveModel {
        order_employer_id: Set(employer.0),
        agency_id: Set(agency.0),
        link_id: Set(link.id.0),
        provider_id: Set(link.provider_id.clone()),
        age_days: Set(i32::try_from(age).unwrap_or(i32::MAX)),
        has_worked: Set(has_worked),
        tried_at: Set(at),
    };
    let once = OnConflict::column(T::OrderEmployerId).do_nothing().to_owned();
    link_trials::Entity::insert(row).on_conflict(once).exec_without_returning(tx).await?;
    Ok(())
}

/// What the agency's attempts have shown so far, by provider and age.
///
/// # Errors
/// When the database fails.
pub async fn load_trials(db: &Database, agency: AgencyId) -> Result<Vec<Trial>, Error> {
    let worked = Expr::case(T::HasWorked.eq(true), Expr::value(1)).finally(Expr::value(0));
    let rows: Vec<(Option<String>, i32, i64, i64)> = link_trials::Entity::find()
        .select_only()
        .columns([T::ProviderId, T::AgeDays])
        .column_as(T::OrderEmployerId.count(), "attempts")
        .column_as(Expr::expr(worked).sum(), "worked")
        .filter(T::AgencyId.eq(agency.0))
        .group_by(T::ProviderId)
        .group_by(T::AgeDays)
        .into_tuple()
        .all(db.read())
        .await?;
    let trial = |(provider, age, attempts, worked): (Option<String>, i32, i64, i64)| Trial {
        provider,
        age_days: u32::try_from(age).unwrap_or_default(),
        worked: u64::try_from(worked).unwrap_or_default(),
        failed: u64::try_from(attempts - worked).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(trial).collect())
}

/// What is known now about how long the agency's connections last.
///
/// # Errors
/// When the database fails.
pub async fn lifetimes(kit: &Kit, agency: AgencyId) -> Result<Table, Error> {
    Ok(Table::of(&kit.renewals, load_trials(&kit.db, agency).await?))
}

/// Reads the same anew for the forecasts of this process.
///
/// # Errors
/// When the database fails.
pub async fn learn(kit: &Kit, agency: AgencyId) -> Result<(), Error> {
    let table = lifetimes(kit, agency).await?;
    kit.lifetimes.put(agency, table);
    Ok(())
}
