//! Batched loading: however many things a page shows, one statement for each kind of thing.
//!
//! One set of loaders serves one answer and is never shared, because a loader keeps what it has read.

use std::collections::HashMap;
use std::sync::Arc;

use super::batch::Load;
use crate::batches;
use crate::caller::CaseScope;
use crate::cases;
use crate::events;
use crate::history;
use crate::ids::{
    AgencyId, BatchId, BatchItemId, CaseId, CaseworkerId, ClientId, EmploymentId, LinkId, OrderEmployerId, OrderId,
    PayStatementId, RenewalId, ReportId, TaskId,
};
use crate::kit::Kit;
use crate::lineage;
use crate::links;
use crate::orders;
use crate::page::{Page, Window};
use crate::people;
use crate::renewals;
use crate::reports;
use crate::storage::ranked::grouped;

/// A thing that may be missing.
pub(crate) type One<T> = Option<Arc<T>>;
/// Which page of a case's orders.
type FilteredOrders = (orders::pages::Filter, Window<OrderId>);
/// Which page of a batch's items.
type FilteredItems = (batches::Filter, Window<i32>);
/// Things in a row.
pub(crate) type Many<T> = Arc<Vec<T>>;

/// The loaders of one answer. The name says what is loaded, `…_of` says by what.
pub(crate) struct Loaders {
    /// Only those in the caller's sight.
    pub(crate) cases: Load<CaseId, One<cases::Case>>,
    /// Only those in the caller's sight.
    pub(crate) cases_of_client: Load<ClientId, Many<cases::Case>>,
    pub(crate) renewals: Load<RenewalId, One<cases::Renewal>>,
    pub(crate) last_reviewed: Load<CaseId, One<cases::Renewal>>,
    pub(crate) renewals_of_case: Load<(CaseId, Window<RenewalId>), Arc<Page<cases::Renewal>>>,
    pub(crate) renewal_count: Load<CaseId, u64>,
    pub(crate) clients: Load<ClientId, One<people::Client>>,
    pub(crate) caseworkers: Load<CaseworkerId, One<people::Caseworker>>,
    pub(crate) orders: Load<OrderId, One<orders::Order>>,
    pub(crate) orders_of_renewal: Load<RenewalId, Many<orders::Order>>,
    pub(crate) orders_of_case: Load<(CaseId, FilteredOrders), Arc<Page<orders::Order>>>,
    pub(crate) order_count: Load<(CaseId, orders::pages::Filter), u64>,
    pub(crate) lineage: Load<CaseId, Many<orders::Order>>,
    pub(crate) employers: Load<OrderEmployerId, One<orders::OrderEmployer>>,
    pub(crate) employers_of_order: Load<OrderId, Many<orders::OrderEmployer>>,
    pub(crate) tasks: Load<TaskId, One<orders::Task>>,
    pub(crate) links: Load<LinkId, One<links::Link>>,
    pub(crate) links_of_client: Load<ClientId, Many<links::Link>>,
    /// Instants of the refreshes that count now.
    pub(crate) spent: Load<LinkId, Vec<chrono::DateTime<chrono::Utc>>>,
    pub(crate) reports: Load<ReportId, One<reports::Report>>,
    pub(crate) report_of_order: Load<OrderId, One<reports::Report>>,
    pub(crate) employments: Load<EmploymentId, One<reports::Employment>>,
    pub(crate) employments_of_report: Load<ReportId, Many<reports::Employment>>,
    pub(crate) statements: Load<PayStatementId, One<reports::PayStatement>>,
    pub(crate) statements_of: Load<(EmploymentId, Window<i32>), Arc<Page<reports::PayStatement>>>,
    pub(crate) statement_count: Load<EmploymentId, u64>,
    /// What the pay statements of a job say about time.
    pub(crate) stubs: Load<EmploymentId, Many<reports::Stub>>,
    pub(crate) reports_of_order: Load<OrderId, Many<reports::Report>>,
    pub(crate) decisions_of_renewal: Load<RenewalId, Many<renewals::Decision>>,
    pub(crate) case_history: Load<CaseId, Many<history::KeptCase>>,
    pub(crate) link_history: Load<LinkId, Many<history::KeptLink>>,
    pub(crate) batches: Load<BatchId, One<batches::Batch>>,
    pub(crate) batch_progress: Load<BatchId, batches::Counts>,
    pub(crate) batch_items: Load<BatchItemId, One<batches::Item>>,
    pub(crate) items_of_batch: Load<(BatchId, FilteredItems), Arc<Page<batches::Item>>>,
    pub(crate) item_count: Load<(BatchId, batches::Filter), u64>,
    pub(crate) timeline: Load<(CaseId, Window<events::Position>), Arc<Page<events::Event>>>,
    pub(crate) event_count: Load<CaseId, u64>,
}

/// A loader whose batches are one call of a function of the core, its answers wrapped.
macro_rules! load {
    ($kit:ident, |$ids:ident| $call:expr, $wrap:expr) => {{
        let kit = Arc::clone($kit);
        Load::new(move |$ids: Vec<_>| {
            let $kit = Arc::clone(&kit);
            Box::pin(async move { Ok($call.await?.into_iter().map(|(key, found)| (key, $wrap(found))).collect()) })
        })
    }};
}

/// The same for keys of two parts: those of a batch that agree in the second one, a window mostly, are one call.
macro_rules! load_pages {
    ($kit:ident, |$ids:ident, $rest:pat_param| $call:expr, $wrap:expr) => {{
        let kit = Arc::clone($kit);
        Load::new(move |keys: Vec<_>| {
            let $kit = Arc::clone(&kit);
            Box::pin(async move {
                let mut found = HashMap::new();
                for (rest, keys) in grouped(keys, |(_, rest)| Clone::clone(rest)) {
                    let $rest = &rest;
                    let $ids: Vec<_> = keys.into_iter().map(|(id, _)| id).collect();
                    let answers = $call.await?;
                    found.extend(answers.into_iter().map(|(id, answer)| ((id, rest.clone()), $wrap(answer))));
                }
                Ok(found)
            })
        })
    }};
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of a loader's answer")]
fn some<T>(thing: T) -> One<T> {
    Some(Arc::new(thing))
}

fn same<T>(thing: T) -> T {
    thing
}

impl Loaders {
    /// Fresh loaders for one answer.
    pub(crate) fn new(kit: &Arc<Kit>, agency: AgencyId, scope: CaseScope) -> Self {
        Self {
            cases: load!(kit, |ids| cases::load(&kit.db, scope, &ids), some),
            cases_of_client: load!(kit, |ids| cases::load_of_clients(&kit.db, scope, &ids), Arc::new),
            renewals: load!(kit, |ids| cases::load_renewals(&kit.db, agency, &ids), some),
            last_reviewed: load!(kit, |ids| cases::load_last_reviewed(&kit.db, agency, &ids), some),
            renewals_of_case: load_pages!(
                kit,
                |ids, window| cases::page_renewals(&kit.db, agency, &ids, window),
                Arc::new
            ),
            renewal_count: load!(kit, |ids| cases::count_renewals(&kit.db, agency, &ids), same),
            clients: load!(kit, |ids| people::load_clients(&kit.db, agency, &ids), some),
            caseworkers: load!(kit, |ids| people::load_caseworkers(&kit.db, agency, &ids), some),
            orders: load!(kit, |ids| orders::load(&kit.db, agency, &ids), some),
            orders_of_renewal: load!(kit, |ids| orders::load_of_renewals(&kit.db, agency, &ids), Arc::new),
            orders_of_case: load_pages!(
                kit,
                |ids, (filter, window)| orders::pages::page(&kit.db, agency, &ids, filter, window),
                Arc::new
            ),
            order_count: load_pages!(kit, |ids, filter| orders::pages::count(&kit.db, agency, &ids, filter), same),
            lineage: load!(kit, |ids| lineage::load_of_cases(&kit.db, agency, &ids), Arc::new),
            employers: load!(kit, |ids| orders::load_employers(&kit.db, agency, &ids), some),
            employers_of_order: load!(kit, |ids| orders::load_employers_of(&kit.db, agency, &ids), Arc::new),
            tasks: load!(kit, |ids| orders::load_tasks(&kit.db, agency, &ids), some),
            links: load!(kit, |ids| links::load(&kit.db, agency, &ids), some),
            links_of_client: load!(kit, |ids| links::load_of_clients(&kit.db, agency, &ids), Arc::new),
            spent: load!(kit, |ids| links::count_units(&kit.db, agency, &ids, kit.clock.now()), same),
            reports: load!(kit, |ids| reports::load(&kit.db, agency, &ids), some),
            report_of_order: load!(kit, |ids| reports::load_of_orders(&kit.db, agency, &ids), some),
            employments: load!(kit, |ids| reports::load_employments(&kit.db, agency, &ids), some),
            employments_of_report: load!(kit, |ids| reports::load_employments_of(&kit.db, agency, &ids), Arc::new),
            statements: load!(kit, |ids| reports::load_statements(&kit.db, agency, &ids), some),
            statements_of: load_pages!(
                kit,
                |ids, window| reports::page_statements(&kit.db, agency, &ids, window),
                Arc::new
            ),
            statement_count: load!(kit, |ids| reports::count_statements(&kit.db, agency, &ids), same),
            stubs: load!(kit, |ids| reports::load_stubs(&kit.db, agency, &ids), Arc::new),
            reports_of_order: load!(kit, |ids| reports::load_all_of_orders(&kit.db, agency, &ids), Arc::new),
            decisions_of_renewal: load!(kit, |ids| renewals::load_decisions(&kit.db, agency, &ids), Arc::new),
            case_history: load!(kit, |ids| history::load_cases(&kit.db, agency, &ids), Arc::new),
            link_history: load!(kit, |ids| history::load_links(&kit.db, agency, &ids), Arc::new),
            batches: load!(kit, |ids| batches::load(&kit.db, agency, &ids), some),
            batch_progress: load!(kit, |ids| batches::load_progress(&kit.db, &ids, kit.clock.now()), same),
            batch_items: load!(kit, |ids| batches::load_items(&kit.db, agency, &ids), some),
            items_of_batch: load_pages!(
                kit,
                |ids, (filter, window)| batches::page_items(&kit.db, agency, &ids, filter, window),
                Arc::new
            ),
            item_count: load_pages!(kit, |ids, filter| batches::count_items(&kit.db, agency, &ids, filter), same),
            timeline: load_pages!(kit, |ids, window| events::timelines(&kit.db, agency, &ids, window, None), Arc::new),
            event_count: load!(kit, |ids| events::count_of_cases(&kit.db, agency, &ids, None), same),
        }
    }
}
