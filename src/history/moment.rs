//! Everything about one case as it was at a moment.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::cases::{self, Case, Renewal};
use crate::ids::{LinkId, OrderEmployerId, OrderId, RenewalId, ReportId, TaskId};
use crate::kit::Kit;
use crate::lineage;
use crate::links::{self, Link};
use crate::orders::{self, Order, OrderEmployer, Task};
use crate::page::Window;
use crate::renewals::{self, Decision};
use crate::reports::{self, Report};
use crate::storage::{Error, past};
use crate::words::RowKind;

/// Renewals of one case that are looked through.
const MOST_RENEWALS: u64 = 480;

/// A case at a moment. Lists stand in the order in which things were stored.
#[derive(Debug)]
pub struct Moment {
    /// The moment.
    pub at: DateTime<Utc>,
    /// The case.
    pub case: Case,
    /// Its renewals.
    pub renewals: Vec<Renewal>,
    /// Its orders; of a case with very many the newest.
    pub orders: Vec<Order>,
    /// Their employer entries.
    pub employers: HashMap<OrderId, Vec<OrderEmployer>>,
    /// The tasks that counted for an entry.
    pub tasks: HashMap<TaskId, Task>,
    /// The client's connections, without those that had been removed.
    pub links: Vec<Link>,
    /// The reports that had come.
    pub reports: HashMap<ReportId, Report>,
    /// The decisions that had been taken.
    pub decisions: HashMap<RenewalId, Vec<Decision>>,
}

/// What was there at a moment, from what is there now and what was kept: a fixed number of statements. `None` when the case
/// was not here yet.
///
/// # Errors
/// When the database fails.
pub async fn load(kit: &Kit, now: &Case, at: DateTime<Utc>) -> Result<Option<Moment>, Error> {
    if now.created_at > at {
        return Ok(None);
    }
    let (db, agency) = (&kit.db, now.agency);
    let past = past::at(db, agency, &[now.id.0, now.client.0], at).await?;
    let window = Window { from_end: true, ..Window::first(MOST_RENEWALS) };
    let renewals = cases::page_renewals(db, agency, &[now.id], &window).await?.remove(&now.id).unwrap_or_default();
    let renewals: Vec<Renewal> = renewals
        .items
        .into_iter()
        .filter(|renewal| was_made(renewal.id.0, at))
        .map(|renewal| past.of(RowKind::Renewal, renewal.id.0, renewal))
        .collect();
    let orders = lineage::load_of_cases(db, agency, &[now.id]).await?.remove(&now.id).unwrap_or_default();
    let orders: Vec<Order> = orders
        .into_iter()
        .filter(|order| was_made(order.id.0, at))
        .map(|order| past.of(RowKind::Order, order.id.0, order))
        .collect();
    let ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
    let mut employers = orders::load_employers_of(db, agency, &ids).await?;
    for entries in employers.values_mut() {
        entries.retain(|entry| was_made(entry.id.0, at));
        for entry in entries.iter_mut() {
            *entry = past.of(RowKind::Employer, entry.id.0, entry.clone());
        }
    }
    let ids_of_tasks: Vec<TaskId> = employers.values().flatten().filter_map(|entry| entry.latest_task).collect();
    let tasks = orders::load_tasks(db, agency, &ids_of_tasks).await?;
    let tasks = tasks.into_iter().map(|(id, task)| (id, past.of(RowKind::Task, id.0, task))).collect();
    let reports = reports::load_all_of_orders(db, agency, &ids).await?;
    let reports = reports.into_values().flatten().filter(|report| report.created_at <= at);
    let renewal_ids: Vec<RenewalId> = renewals.iter().map(|renewal| renewal.id).collect();
    let mut decisions = renewals::load_decisions(db, agency, &renewal_ids).await?;
    for taken in decisions.values_mut() {
        taken.retain(|decision| decision.decided_at <= at);
    }
    let links = links::load_all_of_client(db, agency, now.client).await?.into_iter();
    let links = links.filter(|link| was_made(link.id.0, at)).map(|link| past.of(RowKind::Link, link.id.0, link));
    Ok(Some(Moment {
        at,
        case: past.of(RowKind::Case, now.id.0, now.clone()),
        renewals,
        employers,
        tasks,
        links: links.filter(|link| link.deleted_at.is_none()).collect(),
        reports: reports.map(|report| (report.id, report)).collect(),
        decisions,
        orders,
    }))
}

/// Whether the thing with this id had been stored: an id carries its moment, to the millisecond.
fn was_made(id: Uuid, at: DateTime<Utc>) -> bool {
    let Some(made) = id.get_timestamp() else { return true };
    let (seconds, nanos) = made.to_unix();
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, nanos))
        .is_none_or(|made| made <= at)
}

impl Moment {
    /// The connection.
    pub fn link(&self, id: LinkId) -> Option<&Link> {
        self.links.iter().find(|link| link.id == id)
    }

    /// The employer entry.
    pub fn employer(&self, id: OrderEmployerId) -> Option<&OrderEmployer> {
        self.employers.values().flatten().find(|entry| entry.id == id)
    }

    /// The newest renewal that had ended with a report.
    pub fn last_reviewed(&self) -> Option<&Renewal> {
        self.renewals.iter().rev().find(|renewal| renewal.closed_at.is_some() && renewal.current.is_some())
    }
}
