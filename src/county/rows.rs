//! One household as the gateway's rows.

use std::collections::HashMap;

use chrono::{DateTime, Days, Months, Utc};
use sea_orm::ActiveValue::Set;

use super::County;
use super::household::{Household, PastOrder, Payroll, Trouble};
use super::reports::{self, Place};
use crate::config::Renewals;
use crate::ids::{AgencyId, CaseId, CaseworkerId, ClientId, Ids, LinkId, OrderEmployerId, OrderId, RenewalId, TaskId};
use crate::orders::{OrderEmployer, policy};
use crate::reports::snapshot::Snapshot;
use crate::seal::{self, Sealer, column};
use crate::storage::Error;
use crate::storage::entities::{cases, clients, employer_links, order_employers, orders, renewals, tasks};
use crate::words::{Actor, CaseStatus, NextAction, OrderKind, OrderStatus, ProductType, RefreshPurpose, TaskStatus};

/// Who asked for the orders of earlier years.
const REQUESTED_BY: &str = "system:county";

/// What the rows of every household share.
pub(super) struct Ground<'a> {
    pub(super) county: &'a County,
    pub(super) agency: AgencyId,
    pub(super) staff: &'a [CaseworkerId],
    pub(super) ids: &'a Ids,
    pub(super) sealer: &'a Sealer,
    pub(super) renewals: &'a Renewals,
}

/// The rows of some households, table by table.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) clients: Vec<clients::ActiveModel>,
    pub(super) cases: Vec<cases::ActiveModel>,
    pub(super) renewals: Vec<renewals::ActiveModel>,
    pub(super) links: Vec<employer_links::ActiveModel>,
    pub(super) orders: Vec<orders::ActiveModel>,
    pub(super) employers: Vec<order_employers::ActiveModel>,
    pub(super) tasks: Vec<tasks::ActiveModel>,
    pub(super) reports: Vec<Snapshot>,
    /// The cases that became due, with their caseworkers: each has one event.
    pub(super) opened: Vec<(CaseId, Option<CaseworkerId>)>,
}

/// An order of a household with the ids of its rows.
struct Placed<'a> {
    id: OrderId,
    order: &'a PastOrder,
    employers: Vec<OrderEmployerId>,
}

impl Rows {
    /// Adds the rows of a household.
    ///
    /// # Errors
    /// As [`reports::read`].
    pub(super) fn add(&mut self, ground: &Ground<'_>, household: &Household) -> Result<(), Error> {
        let client: ClientId = ground.ids.next();
        let case: CaseId = ground.ids.next();
        self.clients.push(ground.client(client, household)?);
        let links: Vec<LinkId> = household.payrolls.iter().map(|_| ground.ids.next()).collect();
        for (id, payroll) in links.iter().zip(&household.payrolls) {
            self.links.push(ground.link(*id, client, payroll, household));
        }
        let placed: Vec<Placed<'_>> = household
            .orders
            .iter()
            .map(|order| Placed {
                id: ground.ids.next(),
                order,
                employers: order.entries.iter().map(|_| ground.ids.next()).collect(),
            })
            .collect();
        for one in &placed {
            self.add_order(ground, case, household, &links, one, placed.first());
        }
        self.add_case(ground, (case, client), household, &placed);
        if let Some(newest) = household.newest_read()
            && let Some(one) = placed.iter().find(|one| one.order.truv_order_id == newest.truv_order_id)
        {
            let upstream = household.payrolls.iter().map(|payroll| payroll.truv_link_id.clone());
            let links: HashMap<String, LinkId> = upstream.zip(links.iter().copied()).collect();
            let place = Place { ids: ground.ids, agency: ground.agency, case, order: one.id, links: &links };
            self.reports.push(reports::read(household, newest, &place)?);
        }
        Ok(())
    }

    fn add_case(
        &mut self,
        ground: &Ground<'_>,
        (case, client): (CaseId, ClientId),
        household: &Household,
        placed: &[Placed<'_>],
    ) {
        let (now, today) = (ground.county.founded_at, ground.county.today());
        let assignee = household.assignee.and_then(|place| ground.staff.get(place)).copied();
        let window = Days::new(ground.renewals.window_days.into());
        let is_due = household.due_on <= today + window;
        let renewal: Option<RenewalId> = is_due.then(|| ground.ids.next());
        if let Some(id) = renewal {
            self.opened.push((case, assignee));
            self.renewals.push(renewals::ActiveModel {
                id: Set(id.0),
                agency_id: Set(ground.agency.0),
                case_id: Set(case.0),
                due_on: Set(household.due_on),
                opened_on: Set(today.min(household.due_on - window)),
                created_at: Set(now),
                ..Default::default()
            });
        }
        let start = household.due_on.checked_sub_months(Months::new(household.cycle_months));
        let resident = &household.resident;
        self.cases.push(cases::ActiveModel {
            id: Set(case.0),
            agency_id: Set(ground.agency.0),
            number: Set(household.case_number.clone()),
            program: Set(household.program),
            client_id: Set(client.0),
            client_sort: Set(format!("{}, {}", resident.last_name, resident.first_name).to_lowercase()),
            assignee_id: Set(assignee.map(|id| id.0)),
            status: Set(if is_due { CaseStatus::Due } else { CaseStatus::NotDue }),
            next_action: Set(if is_due { NextAction::CreateRefreshOrder } else { NextAction::None }),
            next_actor: Set(is_due.then_some(Actor::Caseworker)),
            due_on: Set(household.due_on),
            period_start: Set(start.and_then(|day| day.succ_opt())),
            period_end: Set(Some(household.due_on)),
            cycle_months: Set(i32::try_from(household.cycle_months).unwrap_or(12)),
            original_order_id: Set(placed.first().map(|one| one.id.0)),
            latest_order_id: Set(placed.last().map(|one| one.id.0)),
            renewal_id: Set(renewal.map(|id| id.0)),
            version: Set(i64::from(is_due)),
            created_at: Set(placed.first().map_or(now, |one| one.order.created_at)),
            updated_at: Set(if is_due { now } else { placed.last().map_or(now, |one| one.order.ended_at) }),
        });
    }

    fn add_order(
        &mut self,
        ground: &Ground<'_>,
        case: CaseId,
        household: &Household,
        links: &[LinkId],
        one: &Placed<'_>,
        original: Option<&Placed<'_>>,
    ) {
        let parent = original.filter(|original| original.id != one.id);
        let mut failing = Vec::new();
        for (entry, (id, position)) in one.order.entries.iter().zip(one.employers.iter().zip(0..)) {
            let Some(payroll) = household.payrolls.get(entry.payroll) else { continue };
            let task: TaskId = ground.ids.next();
            let (at, task_status) = (one.order.ended_at, one.order.task_status());
            let employer = OrderEmployer {
                id: *id,
                agency: ground.agency,
                order: one.id,
                position,
                source: parent.and_then(|parent| parent.employers.get(entry.payroll)).copied(),
                link: links.get(entry.payroll).copied(),
                truv_suborder_id: Some(entry.truv_suborder_id.clone()),
                suborder_number: Some(entry.number.clone()),
                company_name: Some(payroll.company_name.clone()),
                raw_status: one.order.raw_status().to_owned(),
                status_at: Some(at),
                task_status: Some(task_status.to_owned()),
                task_at: Some(at),
                latest_task: Some(task),
                told: None,
                message: None,
                updated_at: at,
            };
            self.tasks.push(tasks::ActiveModel {
                id: Set(task.0),
                agency_id: Set(ground.agency.0),
                order_employer_id: Set(id.0),
                truv_task_id: Set(entry.truv_task_id.clone()),
                raw_status: Set(task_status.to_owned()),
                status_at: Set(at),
                created_at: Set(one.order.created_at),
                updated_at: Set(at),
                ..Default::default()
            });
            self.employers.push(employer_row(&employer));
            failing.push(employer);
        }
        self.orders.push(ground.order(case, household, one, parent, &failing));
    }
}

impl Ground<'_> {
    fn client(&self, id: ClientId, household: &Household) -> Result<clients::ActiveModel, Error> {
        let resident = &household.resident;
        let known_since = household.orders.first().map_or(self.county.founded_at, |order| order.created_at);
        let sealed = |column, text| {
            let place = seal::Place { agency: self.agency, column, row: id.0 };
            self.sealer.seal_some(&place, text)
        };
        Ok(clients::ActiveModel {
            id: Set(id.0),
            agency_id: Set(self.agency.0),
            external_user_id: Set(resident.external_user_id.clone()),
            first_name: Set(resident.first_name.clone()),
            last_name: Set(resident.last_name.clone()),
            email: Set(sealed(column::CLIENT_EMAIL, resident.email.as_deref())?),
            phone: Set(sealed(column::CLIENT_PHONE, resident.phone.as_deref())?),
            ssn_last4: Set(sealed(column::CLIENT_SSN_LAST4, resident.ssn.get(5..))?),
            // Every fifth household or so.
            language: Set(Some(if resident.ssn.ends_with(['1', '6']) { "es" } else { "en" }.to_owned())),
            preferred_channel: Set(None),
            truv_user_id: Set(Some(resident.truv_user_id.clone())),
            created_at: Set(known_since),
            updated_at: Set(known_since),
        })
    }

    fn link(
        &self,
        id: LinkId,
        client: ClientId,
        payroll: &Payroll,
        household: &Household,
    ) -> employer_links::ActiveModel {
        let (provider_id, provider_name) = payroll.provider;
        let read_at = household.newest_read().map(|order| order.ended_at);
        employer_links::ActiveModel {
            id: Set(id.0),
            agency_id: Set(self.agency.0),
            client_id: Set(client.0),
            truv_link_id: Set(payroll.truv_link_id.clone()),
            company_name: Set(Some(payroll.company_name.clone())),
            company_mapping_id: Set(Some(payroll.company_mapping_id.clone())),
            provider_id: Set(Some(provider_id.to_owned())),
            provider_name: Set(Some(provider_name.to_owned())),
            data_source: Set(Some("payroll".to_owned())),
            connected_at: Set(payroll.is_age_known.then_some(payroll.connected_at)),
            last_refreshed_at: Set(read_at),
            broken_at: Set(payroll.trouble.map(|trouble| trouble.at)),
            broken_by: Set(payroll.trouble.map(|trouble| trouble.task_status.to_owned())),
            deleted_at: Set(None),
            limited_until: Set(None),
            is_suspicious: Set(Some(false)),
            created_at: Set(payroll.connected_at),
            updated_at: Set(payroll.trouble.map_or(payroll.connected_at, |trouble| trouble.at)),
        }
    }

    fn order(
        &self,
        case: CaseId,
        household: &Household,
        one: &Placed<'_>,
        parent: Option<&Placed<'_>>,
        employers: &[OrderEmployer],
    ) -> orders::ActiveModel {
        let order = one.order;
        // The policy of live orders explains the failure of an old one too.
        let failure = policy::of_employers(employers, &policy::Terms::default());
        let settled_at: DateTime<Utc> = order.ended_at;
        orders::ActiveModel {
            id: Set(one.id.0),
            agency_id: Set(self.agency.0),
            case_id: Set(case.0),
            parent_id: Set(parent.map(|parent| parent.id.0)),
            root_id: Set(parent.map_or(one.id.0, |parent| parent.id.0)),
            depth: Set(i32::from(parent.is_some())),
            kind: Set(order.kind),
            status: Set(if order.trouble.is_some() { OrderStatus::Failed } else { OrderStatus::Completed }),
            product: Set(ProductType::Income),
            purpose: Set((order.kind != OrderKind::Original).then_some(RefreshPurpose::Renewal)),
            truv_order_id: Set(Some(order.truv_order_id.clone())),
            truv_user_id: Set(Some(household.resident.truv_user_id.clone())),
            number: Set(Some(order.number.clone())),
            requested_by: Set(REQUESTED_BY.to_owned()),
            attempt: Set(0),
            sends: Set(1),
            sent_at: Set(Some(order.created_at)),
            failure_reason: Set(failure.as_ref().map(|failure| failure.reason)),
            failure_task_status: Set(failure.as_ref().and_then(|failure| failure.task_status).map(TaskStatus::word)),
            failure_next_action: Set(failure.as_ref().map(|failure| failure.next_action)),
            failure_next_actor: Set(failure.as_ref().map(|failure| failure.next_actor)),
            failure_at: Set(failure.as_ref().map(|failure| failure.occurred_at)),
            failure_message: Set(failure.map(|failure| failure.message)),
            completed_at: Set(order.trouble.is_none().then_some(settled_at)),
            news_at: Set(settled_at),
            created_at: Set(order.created_at),
            updated_at: Set(settled_at),
            version: Set(2),
            ..Default::default()
        }
    }
}

impl PastOrder {
    /// Truv's word for the state of its pulls.
    fn task_status(&self) -> &'static str {
        self.trouble.map_or("done", |Trouble { task_status, .. }| task_status)
    }
}

fn employer_row(employer: &OrderEmployer) -> order_employers::ActiveModel {
    order_employers::ActiveModel {
        id: Set(employer.id.0),
        agency_id: Set(employer.agency.0),
        order_id: Set(employer.order.0),
        position: Set(employer.position),
        source_id: Set(employer.source.map(|id| id.0)),
        link_id: Set(employer.link.map(|id| id.0)),
        truv_suborder_id: Set(employer.truv_suborder_id.clone()),
        suborder_number: Set(employer.suborder_number.clone()),
        company_name: Set(employer.company_name.clone()),
        raw_status: Set(employer.raw_status.clone()),
        status_at: Set(employer.status_at),
        task_status: Set(employer.task_status.clone()),
        task_at: Set(employer.task_at),
        latest_task_id: Set(employer.latest_task.map(|id| id.0)),
        updated_at: Set(employer.updated_at),
        ..Default::default()
    }
}
