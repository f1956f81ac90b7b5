//! What a refresh would do, and everything that stands against it. The preview and the mutation ask the same questions
//! here; the mutation asks them again under the locks of the case and of the links.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use super::refusal::{Refusal, input};
use super::rules::Fresh;
use super::source::{self, Candidate};
use super::{Order, OrderEmployer, store};
use crate::cases::Case;
use crate::config;
use crate::ids::{LinkId, OrderEmployerId, OrderId};
use crate::ledger::Spending;
use crate::links::{self, Allowance, Link};
use crate::storage::Error;
use crate::words::{ProductType, Program, RefreshPurpose};

/// What is to be refreshed.
#[derive(Clone, Debug)]
pub struct Target {
    /// The entry of the source order.
    pub employer: OrderEmployer,
    /// Its link.
    pub link: Link,
}

/// What a refresh would do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The order to be refreshed; `None` when there is none.
    pub source: Option<Order>,
    /// What would be asked again; each costs one billed verification.
    pub targets: Vec<Target>,
    /// Whether the targets are fewer than what the source order has.
    pub is_partial: bool,
    /// What it would cost, held against the caps of the program's month; `None` without a target, or where the agency has
    /// left the settings.
    pub spending: Option<Spending>,
    /// Data that is fresh enough by the agency's rule; `None` when there is none, or no such rule.
    pub fresh: Option<Fresh>,
    /// Everything that stands against it; empty means allowed.
    pub refusals: Vec<Refusal>,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub(super) struct Ask<'a> {
    pub(super) source: Option<OrderId>,
    pub(super) product: ProductType,
    /// Why; `None` for what was allowed before: an automatic retry.
    pub(super) purpose: Option<RefreshPurpose>,
    pub(super) employers: Option<&'a [OrderEmployerId]>,
    /// Whether a link may be tried of which Truv has said no more than that it is disconnected: an automatic retry after an
    /// outage, which Truv calls so, too.
    pub(super) tries_disconnected: bool,
}

/// Chooses source and targets. Needs no lock: what it decides on does not change, or is checked again by [`judge`].
pub(super) async fn choose<C: ConnectionTrait>(db: &C, case: &Case, ask: &Ask<'_>) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    let orders = store::list_of_case(db, case.id).await?;
    let employers = store::employers_of(db, &orders.iter().map(|order| order.id).collect::<Vec<_>>()).await?;
    let ids: Vec<LinkId> = employers.iter().filter_map(|employer| employer.link).collect();
    let links = links::find_all(db, case.agency, &ids).await?;
    let Some(source) = source(&orders, &employers, &links, ask.source) else {
        plan.refusals.push(match ask.source {
            Some(_) => Refusal::not_found(input("sourceOrderId"), "The case has no such order that Truv knows."),
            None => Refusal::invalid(
                input("caseId"),
                "The case has no earlier order with a connected employer. Send the client a verification link first.",
            ),
        });
        return Ok(plan);
    };
    if let Err(refusal) = check_product(source.product, ask.product) {
        plan.refusals.push(refusal);
    }
    let of_source: Vec<&OrderEmployer> = employers.iter().filter(|employer| employer.order == source.id).collect();
    // What the client has connected anew elsewhere is not missed here.
    let is_there = |employer: &OrderEmployer| {
        let link = employer.link.map(|id| links.get(&id));
        link.is_some_and(|link| link.is_none_or(|link| !link.is_superseded(links.values())))
    };
    let connected = of_source.iter().filter(|employer| is_there(employer)).count();
    let mut chosen = Vec::new();
    match ask.employers {
        None => chosen.extend(of_source.iter().filter(|employer| is_there(employer)).copied()),
        Some([]) => plan.refusals.push(Refusal::invalid(
            input("employerIds"),
            "The list of employers is empty. Leave it out to refresh all of them.",
        )),
        Some(ids) => {
            for (index, id) in (0..).zip(ids) {
                let path = || vec!["input".to_owned(), "employerIds".to_owned(), index.to_string()];
                match of_source.iter().find(|employer| employer.id == *id) {
                    Some(employer) if chosen.iter().any(|other: &&OrderEmployer| other.id == employer.id) => {}
                    Some(employer) if employer.link.is_some() => chosen.push(employer),
                    Some(_) => plan.refusals.push(Refusal::invalid(
                        path(),
                        "The client has not connected this employer yet, so there is nothing to refresh.",
                    )),
                    None => plan
                        .refusals
                        .push(Refusal::not_found(path(), "The order to be refreshed has no such employer.")),
                }
            }
        }
    }
    plan.is_partial = chosen.len() < connected;
    plan.targets = chosen
        .into_iter()
        .filter_map(|employer| {
            let link = links.get(&employer.link?)?.clone();
            Some(Target { employer: employer.clone(), link })
        })
        .collect();
    if plan.targets.is_empty() && plan.refusals.is_empty() {
        plan.refusals.push(Refusal::invalid(input("sourceOrderId"), "The order has no connected employer."));
    }
    plan.source = Some(source.clone());
    Ok(plan)
}

/// Judges the targets: links that do not work, refreshes at work, and the allowance. Under the locks of the links this
/// is exact.
pub(super) fn judge(
    plan: &mut Plan,
    links: &[Link],
    open: &[Order],
    spent: &HashMap<LinkId, Vec<DateTime<Utc>>>,
    limit: u32,
    tries_disconnected: bool,
    now: DateTime<Utc>,
) {
    for order in open {
        plan.refusals.push(Refusal::InProgress { order: Box::new(order.clone()) });
    }
    for target in &mut plan.targets {
        if let Some(link) = links.iter().find(|link| link.id == target.link.id) {
            target.link = link.clone();
        }
        let link = &target.link;
        let is_broken = link.broken_at.is_some() && !(tries_disconnected && link.is_only_disconnected);
        if link.deleted_at.is_some() || is_broken {
            plan.refusals.push(Refusal::Reauthenticate { link: Box::new(link.clone()) });
            continue;
        }
        let allowance = Allowance::from_spent(limit, spent.get(&link.id).map_or(&[], Vec::as_slice))
            .corrected(link.limited_until, now);
        if let Some(next_available_at) = allowance.next_available_at {
            plan.refusals.push(Refusal::Limit { link: Box::new(link.clone()), next_available_at });
        }
    }
}

/// Holds the plan against the caps. `committed_cents` is what the month has committed: read under the lock of its row, this
/// is exact.
pub(super) fn weigh(
    plan: &mut Plan,
    settings: &config::Spending,
    what: (Program, ProductType),
    committed_cents: i64,
    now: DateTime<Utc>,
) {
    let spending = Spending::of(settings, what, committed_cents, plan.targets.len(), now);
    if spending.is_forbidden() {
        plan.refusals.push(Refusal::Cap { spending: Box::new(spending.clone()) });
    }
    plan.spending = Some(spending);
}

/// The order to be refreshed: the one asked for, else the one that fits best.
fn source<'a>(
    orders: &'a [Order],
    employers: &[OrderEmployer],
    links: &HashMap<LinkId, Link>,
    asked: Option<OrderId>,
) -> Option<&'a Order> {
    if let Some(id) = asked {
        return orders.iter().find(|order| order.id == id && order.truv_order_id.is_some());
    }
    let known: Vec<&Order> = orders.iter().filter(|order| order.truv_order_id.is_some()).collect();
    let links_of = |order: &Order| {
        employers.iter().filter(|entry| entry.order == order.id).filter_map(|entry| links.get(&entry.link?)).collect()
    };
    let candidates: Vec<Candidate<'_>> =
        known.iter().map(|order| Candidate { kind: order.kind, links: links_of(order) }).collect();
    source::choose(&candidates).and_then(|place| known.get(place).copied())
}

/// What a refresh may ask for, by the original's product (Truv, "Refresh"): income gives income or employment,
/// employment gives employment; everything else itself.
fn check_product(original: ProductType, asked: ProductType) -> Result<(), Refusal> {
    if covers(original, asked) {
        return Ok(());
    }
    Err(Refusal::invalid(
        input("product"),
        format!(
            "An order for {original} cannot be refreshed for {asked}: Truv allows income to be refreshed for income or employment, and every other product for itself."
        ),
    ))
}

/// Whether what was asked for once holds what is asked for now.
pub(super) fn covers(original: ProductType, asked: ProductType) -> bool {
    match original {
        ProductType::Income => matches!(asked, ProductType::Income | ProductType::Employment),
        ProductType::Employment | ProductType::Assets | ProductType::Insurance | ProductType::Transactions => {
            asked == original
        }
        ProductType::Unknown => asked != ProductType::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_income_may_be_refreshed_for_less_than_itself() {
        assert!(check_product(ProductType::Income, ProductType::Income).is_ok());
        assert!(check_product(ProductType::Income, ProductType::Employment).is_ok());
        assert!(check_product(ProductType::Employment, ProductType::Employment).is_ok());
        assert!(check_product(ProductType::Employment, ProductType::Income).is_err());
        assert!(check_product(ProductType::Income, ProductType::Assets).is_err());
    }
}
