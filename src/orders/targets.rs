//! Which connections a refresh of each of many cases would ask: three statements, however many cases.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ids::{AgencyId, CaseId, LinkId, OrderId};
use crate::links::{self, Link};
use crate::storage::entities::{order_employers, orders};
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
    let sources: Vec<(uuid::Uuid, uuid::Uuid, ProductType)> = orders::Entity::find()
        .select_only()
        .columns([O::Id, O::CaseId, O::Product])
        .filter(O::AgencyId.eq(agency.0))
        .filter(O::CaseId.is_in(cases.iter().map(|id| id.0)))
        .filter(O::TruvOrderId.is_not_null())
        .filter(O::Kind.is_in([OrderKind::Original, OrderKind::Reauthentication, OrderKind::Replacement]))
        .order_by_asc(O::CreatedAt)
        .order_by_asc(O::Id)
        .into_tuple()
        .all(db.read())
        .await?;
    let connected: Vec<(uuid::Uuid, uuid::Uuid)> = order_employers::Entity::find()
        .select_only()
        .columns([E::OrderId, E::LinkId])
        .filter(E::OrderId.is_in(sources.iter().map(|(order, _, _)| *order)))
        .filter(E::LinkId.is_not_null())
        .order_by_asc(E::Position)
        .into_tuple()
        .all(db.read())
        .await?;
    let ids: Vec<LinkId> = connected.iter().map(|(_, link)| (*link).into()).collect();
    let known = links::load(db, agency, &ids).await?;
    let mut of_order: HashMap<OrderId, Vec<Link>> = HashMap::new();
    for (order, link) in connected {
        if let Some(link) = known.get(&link.into()) {
            of_order.entry(order.into()).or_default().push(link.clone());
        }
    }
    let mut of_case: HashMap<CaseId, Vec<Link>> = HashMap::new();
    for (order, case, _) in &sources {
        let links = of_order.get(&OrderId::from(*order)).cloned().unwrap_or_default();
        of_case.entry((*case).into()).or_default().extend(links);
    }
    let mut chosen: HashMap<CaseId, Targets> = HashMap::new();
    for (order, case, product) in sources {
        let Some(mut links) = of_order.remove(&order.into()) else { continue };
        let all = of_case.get(&case.into()).map_or(&[][..], Vec::as_slice);
        links.retain(|link| !link.is_superseded(all.iter()));
        if links.is_empty() {
            continue;
        }
        match chosen.entry(case.into()) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(Targets { product, links });
            }
            // As a refresh chooses: the most connections that work, then the most, then the oldest order.
            std::collections::hash_map::Entry::Occupied(mut best) if worth(&links) > worth(&best.get().links) => {
                best.insert(Targets { product, links });
            }
            std::collections::hash_map::Entry::Occupied(_) => {}
        }
    }
    Ok(chosen)
}

fn worth(links: &[Link]) -> (usize, usize) {
    (links.iter().filter(|link| link.broken_at.is_none() && link.deleted_at.is_none()).count(), links.len())
}
