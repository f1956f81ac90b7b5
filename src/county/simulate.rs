//! The county as the Truv simulator takes it.

use super::County;
use super::household::{Household, PastOrder, Payroll};
use crate::simulator::{SeedBatch, SeedEmployer, SeedLink, SeedOrder, SeedPerson};
use crate::words::OrderKind;

/// Everybody with connections, jobs and earlier orders.
pub fn batch(county: &County) -> SeedBatch {
    SeedBatch { client_id: None, people: county.households().map(person).collect(), webhooks: Vec::new() }
}

fn person(household: Household) -> SeedPerson {
    let original = household.orders.first().map(|order| order.truv_order_id.clone());
    let orders = household.orders.iter().map(|order| self::order(order, &household, original.as_deref())).collect();
    let resident = household.resident;
    SeedPerson {
        user_id: Some(resident.truv_user_id),
        external_user_id: resident.external_user_id,
        first_name: resident.first_name,
        last_name: resident.last_name,
        // The earlier orders carry no address, so that Truv writes to nobody by itself: the county asks.
        email: None,
        phone: None,
        ssn: Some(resident.ssn),
        links: household.payrolls.into_iter().map(link).collect(),
        orders,
    }
}

fn link(payroll: Payroll) -> SeedLink {
    let (provider_id, provider_name) = payroll.provider;
    SeedLink {
        link_id: Some(payroll.truv_link_id),
        access_token: None,
        provider_id: Some(provider_id.to_owned()),
        provider_name: Some(provider_name.to_owned()),
        company_name: payroll.company_name,
        company_mapping_id: Some(payroll.company_mapping_id),
        data_source: Some("payroll".to_owned()),
        connected_at: payroll.connected_at,
        scenario: payroll.scenario,
        jobs: payroll.jobs,
    }
}

fn order(order: &PastOrder, household: &Household, original: Option<&str>) -> SeedOrder {
    let entry = |entry: &super::household::PastEntry| SeedEmployer {
        suborder_id: Some(entry.truv_suborder_id.clone()),
        suborder_number: Some(entry.number.clone()),
        link_id: household.payrolls.get(entry.payroll).map(|payroll| payroll.truv_link_id.clone()),
        link: None,
        status: Some(order.raw_status().to_owned()),
    };
    // Upstream, only a refresh knows where it comes from: an order in which the client logged in again is a new one.
    let is_refresh = matches!(order.kind, OrderKind::Refresh | OrderKind::PartialRefresh);
    SeedOrder {
        order_id: Some(order.truv_order_id.clone()),
        order_number: Some(order.number.clone()),
        product: "income".to_owned(),
        created_at: order.created_at,
        completed_at: order.trouble.is_none().then_some(order.ended_at),
        employers: order.entries.iter().map(entry).collect(),
        initial_order: original.filter(|_| is_refresh).map(str::to_owned),
    }
}

impl PastOrder {
    /// Truv's word for the state of its employers.
    pub(super) fn raw_status(&self) -> &'static str {
        if self.trouble.is_some() { "error" } else { "completed" }
    }
}
