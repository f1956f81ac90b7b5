//! The report that the newest earlier order brought.
//!
//! It takes the way of real data: the simulator's payroll writes it as of the day of that order, `truv::wire` reads it,
//! and the builder of reports makes the snapshot. A refresh later finds the very same statements, and newer ones.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::household::{Household, PastOrder};
use crate::ids::{AgencyId, CaseId, Ids, LinkId, OrderId};
use crate::reports;
use crate::reports::snapshot::{Parts, Snapshot, build};
use crate::simulator::payroll::{Detail, Employment, Person, employments};
use crate::storage::Error;
use crate::truv::wire::reports::LinkReport;

/// The report of one connection as Truv writes it, as far as the builder reads it.
#[derive(Serialize)]
struct Written<'a> {
    link_id: &'a str,
    data_source: &'static str,
    is_suspicious: bool,
    employments: Vec<Employment>,
}

/// Where the report belongs.
pub(super) struct Place<'a> {
    pub(super) ids: &'a Ids,
    pub(super) agency: AgencyId,
    pub(super) case: CaseId,
    pub(super) order: OrderId,
    pub(super) links: &'a HashMap<String, LinkId>,
}

/// The snapshot of what the order read.
///
/// # Errors
/// [`Error::Corrupt`] when the simulator writes what the gateway cannot read, which would be a fault of ours.
pub(super) fn read(household: &Household, order: &PastOrder, place: &Place<'_>) -> Result<Snapshot, Error> {
    let corrupt = |error: serde_json::Error| Error::Corrupt(format!("a seeded report cannot be read: {error}"));
    let resident = &household.resident;
    let mut reports: Vec<LinkReport> = Vec::new();
    for payroll in order.entries.iter().filter_map(|entry| household.payrolls.get(entry.payroll)) {
        let person = Person {
            first_name: resident.first_name.clone(),
            last_name: resident.last_name.clone(),
            email: resident.email.clone(),
            ssn: Some(resident.ssn.clone()),
            connected_at: payroll.connected_at,
        };
        let written = serde_json::to_vec(&Written {
            link_id: &payroll.truv_link_id,
            data_source: "payroll",
            is_suspicious: false,
            employments: employments(&person, &payroll.jobs, order.ended_at, Detail::Income),
        });
        reports.push(serde_json::from_slice(&written.map_err(corrupt)?).map_err(corrupt)?);
    }
    Ok(build(Parts {
        ids: place.ids,
        agency: place.agency,
        case: place.case,
        order: place.order,
        truv_report_id: None,
        generated_at: order.ended_at,
        now: order.ended_at,
        links: place.links,
        known: None,
        person: Some(reports::Person {
            first_name: &resident.first_name,
            last_name: &resident.last_name,
            ssn_last4: resident.ssn.get(5..),
        }),
        asked: &HashSet::new(),
        jobs: reports.iter().flat_map(LinkReport::employments).collect(),
    }))
}
