//! What a refresh of each of many cases would meet, for plans: five statements, and two more where the agency does not pay
//! for newer data while it has some that is fresh enough, however many cases. The rules are those of `plan` and `rules`,
//! which decide when the time has come.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use super::load::load;
use super::plan::covers;
use super::store;
use super::targets::{Targets, load_targets};
use crate::config::{Freshness, RefreshRules};
use crate::ids::{AgencyId, CaseId, LinkId, OrderId};
use crate::kit::Kit;
use crate::links::{self, Allowance, Link};
use crate::reports::{self, Report};
use crate::storage::entities::{order_employers, orders};
use crate::storage::{Database, Error};
use crate::words::ProductType;

/// What a refresh of a case would meet.
#[derive(Clone, Debug, Default)]
pub struct Prospect {
    /// The connections that it would ask.
    pub links: Vec<Link>,
    /// Whether Truv does not refresh the earlier order for the product that is asked for.
    pub is_other_product: bool,
    /// Whether an order of the case over one of them is still open.
    pub is_in_progress: bool,
    /// When every connection has a refresh left; `None` when that is now.
    pub next_available_at: Option<DateTime<Utc>>,
    /// Until when the data at hand is fresh enough, where the agency then refuses to ask for newer; `None` otherwise.
    pub fresh_until: Option<DateTime<Utc>>,
}

/// What a refresh for the product would meet, by case. A case without a connection is left out.
///
/// # Errors
/// When the database fails.
pub async fn load_prospects(
    kit: &Kit,
    agency: AgencyId,
    cases: &[CaseId],
    (product, rules): (ProductType, &RefreshRules),
) -> Result<HashMap<CaseId, Prospect>, Error> {
    let now = kit.clock.now();
    let targets = load_targets(&kit.db, agency, cases).await?;
    let ids: Vec<LinkId> = targets.values().flat_map(|found| &found.links).map(|link| link.id).collect();
    let open = cases_with_open_orders(&kit.db, agency, &ids).await?;
    let spent = links::count_units(&kit.db, agency, &ids, now).await?;
    let fresh = match (rules.fresh, rules.fresh_days) {
        (Freshness::Refuse, Some(days)) => fresh_until(kit, agency, &targets, (product, days)).await?,
        _ => HashMap::new(),
    };
    let available = |link: &Link| {
        let spent = spent.get(&link.id).map_or(&[][..], Vec::as_slice);
        let counted = Allowance::from_spent(kit.renewals.refreshes_per_day, spent);
        counted.corrected(link.limited_until, now).next_available_at
    };
    let prospect = |(case, found): (CaseId, Targets)| {
        let met = Prospect {
            is_in_progress: open.contains(&case),
            is_other_product: !covers(found.product, product),
            next_available_at: found.links.iter().filter_map(available).max(),
            fresh_until: fresh.get(&case).copied(),
            links: found.links,
        };
        (case, met)
    };
    Ok(targets.into_iter().map(prospect).collect())
}

/// Until when the data of each case is fresh: its newest report tells what is asked for, and neither that nor what one of the
/// connections brought last is older than so many days.
async fn fresh_until(
    kit: &Kit,
    agency: AgencyId,
    targets: &HashMap<CaseId, Targets>,
    (product, days): (ProductType, u32),
) -> Result<HashMap<CaseId, DateTime<Utc>>, Error> {
    let age = TimeDelta::days(days.into());
    let cases: Vec<CaseId> = targets.keys().copied().collect();
    let newest = reports::load_newest(&kit.db, agency, &cases, kit.clock.now() - age).await?;
    let of_reports: Vec<OrderId> = newest.values().map(|report| report.order).collect();
    let orders = load(&kit.db, agency, &of_reports).await?;
    let until = |(case, report): (CaseId, Report)| {
        let found = targets.get(&case)?;
        let tells = orders.get(&report.order).is_some_and(|order| covers(order.product, product));
        // `None`, for a connection that never brought anything, comes before every instant.
        let brought = found.links.iter().map(|link| link.last_refreshed_at).min().flatten()?;
        let until = brought.min(report.generated_at) + age;
        (tells && until >= kit.clock.now()).then_some((case, until))
    };
    Ok(newest.into_iter().filter_map(until).collect())
}

/// The cases that have an open order over one of the links.
async fn cases_with_open_orders(db: &Database, agency: AgencyId, links: &[LinkId]) -> Result<HashSet<CaseId>, Error> {
    let over_links = order_employers::Entity::find()
        .select_only()
        .column(order_employers::Column::OrderId)
        .filter(order_employers::Column::AgencyId.eq(agency.0))
        .filter(order_employers::Column::LinkId.is_in(links.iter().map(|link| link.0)));
    let cases: Vec<uuid::Uuid> = orders::Entity::find()
        .select_only()
        .column(orders::Column::CaseId)
        .filter(orders::Column::AgencyId.eq(agency.0))
        .filter(orders::Column::Status.is_in(store::OPEN))
        .filter(orders::Column::Id.in_subquery(over_links.into_query()))
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(cases.into_iter().map(CaseId::from).collect())
}
