//! Evidence packets: everything that a decision on a renewal stands on, as one file that shows every later change.
//!
//! `gather` reads a renewal with its lineage, the deliveries that were used, the reports, the review with its arithmetic,
//! the decisions, and who looked; `parts` writes each of them as JSON; [`chain`] joins them into a file in which each section carries the
//! hash of everything before it. A file is checked offline, without database or settings, by [`chain::verify`]. The seal at
//! its end stands for the whole file: who keeps it elsewhere can tell a file that was made anew from the one that was
//! exported. Deliberately not here: who may export (the callers ask), and keeping packets (they are made when asked for).

pub mod chain;
mod gather;
mod parts;

use chrono::NaiveDate;

use crate::caller::{Caller, Forbidden, Scope};
use crate::cases::{self, Renewal};
use crate::ids::CaseId;
use crate::kit::Kit;
use crate::page::Window;
use crate::storage;

/// Most renewals of one case that are looked through, the newest ones.
const MOST_RENEWALS: u64 = 480;

/// One packet.
#[derive(Clone, Debug)]
pub struct Packet {
    /// A name for the file.
    pub file_name: String,
    /// The due date of its renewal.
    pub due_on: NaiveDate,
    /// The file.
    pub text: String,
    /// What stands at its end for the whole of it.
    pub seal: String,
}

/// Why there is no packet.
#[derive(Debug, thiserror::Error)]
pub enum PacketError {
    /// The caller lacks a scope.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is no such case for this caller.
    #[error("There is no such case.")]
    NotFound,
    /// A section could not be written.
    #[error("A section could not be written as JSON.")]
    Unwritable(#[from] serde_json::Error),
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// Refuses a caller who may not take evidence out: it holds income and pay data.
///
/// # Errors
/// [`Forbidden`] naming the missing scope.
pub fn require(caller: &Caller) -> Result<(), Forbidden> {
    caller.require(Scope::AuditRead)?;
    caller.require(Scope::ReportsRead)
}

/// The packet of one renewal.
///
/// # Errors
/// [`PacketError`].
pub async fn of_renewal(kit: &Kit, caller: &Caller, case: CaseId, renewal: &Renewal) -> Result<Packet, PacketError> {
    require(caller)?;
    let case = cases::find_in_tx(kit.db.read(), caller.cases()?, case).await?.ok_or(PacketError::NotFound)?;
    let gathered = gather::gather(kit, caller, case, renewal.clone()).await?;
    let sections = parts::sections(&gathered);
    let (text, seal) = chain::write(&sections)?;
    let safe: String =
        gathered.case.number.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    Ok(Packet { file_name: format!("{safe}-{}.evidence.json", renewal.due_on), due_on: renewal.due_on, text, seal })
}

/// The renewals of the case with this number, oldest first, with the case's id.
///
/// # Errors
/// [`PacketError`].
pub async fn renewals(kit: &Kit, caller: &Caller, number: &str) -> Result<(CaseId, Vec<Renewal>), PacketError> {
    require(caller)?;
    let case = cases::find_by_number(&kit.db, caller.cases()?, number).await?.ok_or(PacketError::NotFound)?;
    let window = Window { from_end: true, ..Window::first(MOST_RENEWALS) };
    let page = cases::page_renewals(&kit.db, caller.agency, &[case.id], &window).await?.remove(&case.id);
    Ok((case.id, page.map(|page| page.items).unwrap_or_default()))
}
