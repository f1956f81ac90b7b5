//! Which connections a refresh of each of many cases would ask: three statements, however many cases.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::source::{self, Candidate};
use crate::ids::{AgencyId, CaseId, LinkId};
use crate::links::{self, Link};
use crate::storage::entities::{order_employers, orders};
use crate::storage::ranked::grouped;
use crate::storage::{Database, Error};
use crate::words::{OrderKind, ProductType};

/// What a refresh of a case would ask.
#[derive(Clone, Debug)]
pub struct Targets {
    /// What the order that it would start from was for.
    pub product: ProductType,
    /// The connections; at least one.
    pub links: Vec<Link>,
}

/// The order that a refresh of each case would start from, with its links. A case without any is left out.
///
/// # Errors
/// When the database fails.
pub async fn load_targets(
    db: &Database,
    agency: AgencyId,
    cases: &[CaseId],
) -> Result<HashMap<CaseId, Targets>, Error> {
    use order_employers::Column as E;
    use orders::Column as O;
    let rows: Vec<(uuid::Uuid, uuid::Uuid, OrderKind, ProductType)> = orders::Entity::find()
        .select_only()
        .columns([O::Id, O::CaseId, O::Kind, O::Product])
        .filter(O::AgencyId.eq(agency.0))
        .filter(O::CaseId.is_in(cases.iter().map(|id| id.0)))
        .filter(O::TruvOrderId.is_not_null())
        .order_by_asc(O::CreatedAt)
        .order_by_asc(O::Id)
        .into_tuple()
        .all(db.read())
        .await?;
    let entries: Vec<(uuid::Uuid, uuid::Uuid)> = order_employers::Entity::find()
        .select_only()
        .columns([E::OrderId, E::LinkId])
        .filter(E::OrderId.is_in(rows.iter().map(|(order, ..)| *order)))
        .filter(E::LinkId.is_not_null())
        .order_by_asc(E::Position)
        .into_tuple()
        .all(db.read())
        .await?;
    let mut ids: Vec<LinkId> = entries.iter().map(|(_, link)| (*link).into()).collect();
    ids.sort_unstable();
    ids.dedup();
    let known = links::load(db, agency, &ids).await?;
    let of_order = grouped(entries, |(order, _)| *order);
    let links_of = |order: &uuid::Uuid| -> Vec<&Link> {
        let entries = of_order.get(order).map_or(&[][..], Vec::as_slice);
        entries.iter().filter_map(|(_, link)| known.get(&LinkId::from(*link))).collect()
    };
    let of_case = grouped(rows, |(_, case, ..)| CaseId::from(*case));
    let targets = |(case, orders): (CaseId, Vec<(uuid::Uuid, uuid::Uuid, OrderKind, ProductType)>)| {
        let candidates: Vec<Candidate<'_>> =
            orders.iter().map(|(order, _, kind, _)| Candidate { kind: *kind, links: links_of(order) }).collect();
        let place = source::choose(&candidates)?;
        let all = || candidates.iter().flat_map(|one| one.links.iter().copied());
        let asked = candidates.get(place)?.links.iter().filter(|link| !link.is_superseded(all()));
        let links: Vec<Link> = asked.map(|link| (*link).clone()).collect();
        let product = orders.get(place)?.3;
        (!links.is_empty()).then_some((case, Targets { product, links }))
    };
    Ok(of_case.into_iter().filter_map(targets).collect())
}
