//! The loaders of an answer about one case at a moment: what can change is taken from the moment, what never changes is read as
//! ever. Whatever is not the case's looks absent.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::batch::Load;
use super::loaders::{Loaders, Many};
use crate::caller::CaseScope;
use crate::events;
use crate::history::Moment;
use crate::ids::{AgencyId, CaseId, OrderId};
use crate::kit::Kit;
use crate::links;
use crate::orders;
use crate::page::{Page, Window};
use crate::reports;

/// A loader that answers from the moment.
fn from<K, V>(moment: &Arc<Moment>, find: impl Fn(&Moment, &K) -> V + Send + Sync + 'static) -> Load<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Default + Send + Sync + 'static,
{
    let moment = Arc::clone(moment);
    Load::new(move |keys: Vec<K>| {
        let found: HashMap<K, V> = keys.into_iter().map(|key| (key.clone(), find(&moment, &key))).collect();
        Box::pin(async move { Ok(found) })
    })
}

fn one<T: Clone>(thing: Option<&T>) -> Option<Arc<T>> {
    thing.cloned().map(Arc::new)
}

/// A page of a list that stands in the order of its key.
fn page<T: Clone, K: PartialOrd>(list: &[T], window: &Window<K>, key: impl Fn(&T) -> K) -> Arc<Page<T>> {
    let within = |thing: &&T| {
        let key = key(thing);
        window.after.as_ref().is_none_or(|after| key > *after)
            && window.before.as_ref().is_none_or(|before| key < *before)
    };
    let mut found: Vec<T> = list.iter().filter(within).cloned().collect();
    if window.from_end {
        found.reverse();
    }
    Arc::new(Page::of(found, window))
}

/// The loaders for a case at a moment.
pub(super) fn of(kit: &Arc<Kit>, agency: AgencyId, scope: CaseScope, moment: &Arc<Moment>) -> Loaders {
    let at = moment.at;
    let is_case = |moment: &Moment, id: CaseId| moment.case.id == id;
    let (spent, timeline, count) = (Arc::clone(kit), Arc::clone(kit), Arc::clone(kit));
    Loaders {
        cases: from(moment, move |then, id: &CaseId| is_case(then, *id).then(|| Arc::new(then.case.clone()))),
        cases_of_client: from(moment, |then, id| {
            Arc::new(if then.case.client == *id { vec![then.case.clone()] } else { Vec::new() })
        }),
        renewals: from(moment, |then, id| one(then.renewals.iter().find(|renewal| renewal.id == *id))),
        last_reviewed: from(moment, |then, _: &CaseId| one(then.last_reviewed())),
        renewals_of_case: from(moment, |then, (_, window): &(CaseId, _)| {
            page(&then.renewals, window, |renewal| renewal.id)
        }),
        renewal_count: from(moment, |then, _: &CaseId| u64::try_from(then.renewals.len()).unwrap_or(u64::MAX)),
        orders: from(moment, |then, id| one(then.orders.iter().find(|order| order.id == *id))),
        orders_of_renewal: from(moment, |then, id| {
            Arc::new(then.orders.iter().filter(|order| order.renewal == Some(*id)).cloned().collect())
        }),
        orders_of_case: from(
            moment,
            |then, (_, (filter, window)): &(CaseId, (orders::pages::Filter, Window<OrderId>))| {
                page(&filtered(then, filter), window, |order| order.id)
            },
        ),
        order_count: from(moment, |then, (_, filter): &(CaseId, orders::pages::Filter)| {
            u64::try_from(filtered(then, filter).len()).unwrap_or(u64::MAX)
        }),
        lineage: from(moment, |then, _: &CaseId| Arc::new(then.orders.clone())),
        employers: from(moment, |then, id| one(then.employer(*id))),
        employers_of_order: from(moment, |then, id| Arc::new(then.employers.get(id).cloned().unwrap_or_default())),
        tasks: from(moment, |then, id| one(then.tasks.get(id))),
        links: from(moment, |then, id| one(then.link(*id))),
        links_of_client: from(moment, |then, _| Arc::new(then.links.clone())),
        spent: Load::new(move |ids: Vec<_>| {
            let kit = Arc::clone(&spent);
            Box::pin(async move {
                let mut spent = links::count_units(&kit.db, agency, &ids, at).await?;
                for moments in spent.values_mut() {
                    moments.retain(|spent_at| *spent_at <= at);
                }
                Ok(spent)
            })
        }),
        reports: from(moment, |then, id| one(then.reports.get(id))),
        report_of_order: from(moment, |then, id| one(of_order(then, *id).last())),
        reports_of_order: from(moment, |then, id| -> Many<reports::Report> { Arc::new(of_order(then, *id)) }),
        decisions_of_renewal: from(moment, |then, id| Arc::new(then.decisions.get(id).cloned().unwrap_or_default())),
        timeline: Load::new(move |keys: Vec<(CaseId, Window<events::Position>)>| {
            let kit = Arc::clone(&timeline);
            Box::pin(async move {
                let mut found = HashMap::new();
                for (case, window) in keys {
                    let pages = events::timelines(&kit.db, agency, &[case], &window, Some(at)).await?;
                    found.extend(pages.into_iter().map(|(id, page)| ((id, window.clone()), Arc::new(page))));
                }
                Ok(found)
            })
        }),
        event_count: Load::new(move |ids: Vec<CaseId>| {
            let kit = Arc::clone(&count);
            Box::pin(async move { events::count_of_cases(&kit.db, agency, &ids, Some(at)).await })
        }),
        ..Loaders::new(kit, agency, scope)
    }
}

fn filtered(then: &Moment, filter: &orders::pages::Filter) -> Vec<orders::Order> {
    then.orders.iter().filter(|order| filter.admits(order)).cloned().collect()
}

/// The reports that an order had brought, oldest first.
fn of_order(then: &Moment, order: OrderId) -> Vec<reports::Report> {
    let mut found: Vec<_> = then.reports.values().filter(|report| report.order == order).cloned().collect();
    found.sort_by_key(|report| report.id);
    found
}
