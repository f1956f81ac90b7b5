//! Reads everything that a packet holds: a fixed number of statements, whatever the size of the case.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::audit::{self, Filter, Kept};
use crate::caller::Caller;
use crate::cases::{Case, Renewal};
use crate::deliveries::{self, Used};
use crate::events::{self, Event};
use crate::ids::{EmploymentId, LinkId, OrderId, ReportId};
use crate::kit::Kit;
use crate::lineage;
use crate::links::{self, Link};
use crate::orders::{self, Order, OrderEmployer};
use crate::page::Window;
use crate::people::{self, Client};
use crate::renewals::{self, Decision, Prefill};
use crate::reports::{self, Employment, PayStatement, Report};
use crate::storage::Error;

/// Events of the log in a packet, the newest ones.
const MOST_EVENTS: u64 = 10_000;

/// Entries of the audit trail in a packet, the newest ones.
const MOST_ENTRIES: u64 = 10_000;

/// What a packet is made from.
pub(super) struct Gathered {
    pub(super) agency: String,
    pub(super) exported_by: String,
    pub(super) exported_at: DateTime<Utc>,
    pub(super) case: Case,
    pub(super) client: Option<Client>,
    pub(super) ssn_last4: Option<String>,
    pub(super) renewal: Renewal,
    pub(super) orders: Vec<Order>,
    pub(super) employers: HashMap<OrderId, Vec<OrderEmployer>>,
    pub(super) links: HashMap<LinkId, Link>,
    pub(super) deliveries: Vec<Used>,
    /// The review as it is now; of a decided renewal the decision holds what was shown.
    pub(super) review: Option<Prefill>,
    pub(super) current: Option<Whole>,
    pub(super) baseline: Option<Whole>,
    pub(super) decisions: Vec<Decision>,
    pub(super) late: Vec<Report>,
    pub(super) events: Vec<Event>,
    /// Who looked at the case, or did something with it, newest first.
    pub(super) access: Vec<Kept>,
}

/// A report with its jobs, those it carries on included, and their statements.
pub(super) struct Whole {
    pub(super) report: Report,
    /// As received; null where it is not kept.
    pub(super) body: serde_json::Value,
    pub(super) jobs: Vec<(Employment, Vec<PayStatement>)>,
}

pub(super) async fn gather(kit: &Kit, caller: &Caller, case: Case, renewal: Renewal) -> Result<Gathered, Error> {
    let (db, agency) = (&kit.db, case.agency);
    let orders = lineage::load_of_cases(db, agency, &[case.id]).await?.remove(&case.id).unwrap_or_default();
    let ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
    let employers = orders::load_employers_of(db, agency, &ids).await?;
    let connections: Vec<LinkId> = employers.values().flatten().filter_map(|employer| employer.link).collect();
    let links = links::load(db, agency, &connections).await?;
    let of_renewal: Vec<OrderId> =
        orders.iter().filter(|order| order.renewal == Some(renewal.id)).map(|order| order.id).collect();
    let deliveries = deliveries::used(db, agency, &of_renewal).await?;
    let reports = reports::load_all_of_orders(db, agency, &of_renewal).await?;
    let mut late: Vec<Report> = match renewal.closed_at {
        Some(closed_at) => reports.into_values().flatten().filter(|report| report.created_at > closed_at).collect(),
        None => Vec::new(),
    };
    late.sort_by_key(|report| report.id);
    let window = Window { from_end: true, ..Window::first(MOST_EVENTS) };
    // The newest entries get their place in the trail first: without one they could not be found by case.
    audit::catch_up(db, agency).await?;
    let looked = Filter { case: Some(case.id), ..Filter::default() };
    let access = audit::page(db, agency, &looked, &Window::first(MOST_ENTRIES)).await?.items;
    let client = people::find_client(db.read(), agency, case.client).await?;
    let events = events::timelines(db, agency, &[case.id], &window, None).await?.remove(&case.id);
    Ok(Gathered {
        agency: kit.account(agency).map(|account| account.slug.clone()).unwrap_or_default(),
        exported_by: caller.subject.clone(),
        exported_at: kit.clock.now(),
        ssn_last4: client.as_ref().map(|client| client.ssn_last4(&kit.sealer)).transpose()?.flatten(),
        client,
        review: renewals::prefill(kit, &case, &renewal).await?,
        current: whole(kit, &case, renewal.current).await?,
        baseline: whole(kit, &case, renewal.baseline).await?,
        decisions: renewals::load_decisions(db, agency, &[renewal.id]).await?.remove(&renewal.id).unwrap_or_default(),
        case,
        renewal,
        orders,
        employers,
        links,
        deliveries,
        late,
        events: events.map(|page| page.items).unwrap_or_default(),
        access,
    })
}

async fn whole(kit: &Kit, case: &Case, id: Option<ReportId>) -> Result<Option<Whole>, Error> {
    let (db, agency) = (&kit.db, case.agency);
    let Some(id) = id else { return Ok(None) };
    let Some(report) = reports::load(db, agency, &[id]).await?.remove(&id) else { return Ok(None) };
    let mut jobs = reports::load_employments_of(db, agency, &[id]).await?.remove(&id).unwrap_or_default();
    let mut carried = reports::load_employments(db, agency, &report.carried).await?;
    jobs.extend(report.carried.iter().filter_map(|id| carried.remove(id)));
    let ids: Vec<EmploymentId> = jobs.iter().map(|job| job.id).collect();
    let all = Window::first(u64::from(u32::MAX));
    let mut statements = reports::page_statements(db, agency, &ids, &all).await?;
    let jobs = jobs.into_iter().map(|job| {
        let page = statements.remove(&job.id).unwrap_or_default();
        (job, page.items)
    });
    let jobs = jobs.collect();
    let body = reports::load_body(db, &kit.sealer, &report).await?.unwrap_or_default();
    Ok(Some(Whole { report, body, jobs }))
}
