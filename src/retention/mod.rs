//! Retention: what is removed when its time is over, and what is held.
//!
//! Three classes, each with its own time (`[retention]`): the bodies of settled deliveries, the personal data of closed
//! cases, and the audit trail. A case under legal hold keeps everything, and the audit trail is kept from the first entry on
//! that speaks of one. A case that is redacted keeps its skeleton: its orders with their lineage, kinds, states and times,
//! its events, decisions and ledger, so that counts and the trail stay true; what says who the client is, where they work
//! and what they earn goes. Each case is one transaction, and nothing is done twice.

mod store;

use chrono::TimeDelta;

use crate::audit;
use crate::caller::Caller;
use crate::config::Retention;
use crate::ids::{AgencyId, CaseId};
use crate::kit::Kit;
use crate::storage::Error;

pub use self::store::{Hold, holds};

/// What was removed, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Bodies of deliveries.
    pub deliveries: u64,
    /// Cases whose personal data went.
    pub cases: u64,
    /// Closed cases that are old enough and under hold.
    pub held: u64,
    /// Entries of the audit trail.
    pub audit: u64,
}

/// Removes what is too old in one agency; with `only_count` says what would be removed.
///
/// # Errors
/// When the database fails; what was removed until then stays so.
pub async fn purge(kit: &Kit, agency: AgencyId, times: &Retention, only_count: bool) -> Result<Purged, Error> {
    let now = kit.clock.now();
    let before = |time: std::time::Duration| now - TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
    let deliveries = store::empty_deliveries(&kit.db, agency, before(times.deliveries), only_count).await?;
    let due = store::closed_before(&kit.db, agency, before(times.closed_cases)).await?;
    let held = store::held(&kit.db, agency).await?;
    let (kept, due): (Vec<CaseId>, Vec<CaseId>) = due.into_iter().partition(|case| held.contains(case));
    let mut cases = 0;
    for case in due {
        if only_count || store::redact(&kit.db, agency, case, now).await? {
            cases += 1;
        }
    }
    let held_cases: Vec<CaseId> = held.into_iter().collect();
    let audit = audit::forget_before(&kit.db, agency, before(times.audit), &held_cases, only_count).await?;
    Ok(Purged { deliveries, cases, held: u64::try_from(kept.len()).unwrap_or(u64::MAX), audit })
}

/// Puts a case under hold; `false` when there is no such case. One that is held already keeps its first reason.
///
/// # Errors
/// When the database fails.
pub async fn hold(kit: &Kit, caller: &Caller, number: &str, reason: &str) -> Result<bool, Error> {
    store::hold(&kit.db, caller, number, reason, kit.clock.now()).await
}

/// Ends a hold; `false` when there is none.
///
/// # Errors
/// When the database fails.
pub async fn release(kit: &Kit, agency: AgencyId, number: &str) -> Result<bool, Error> {
    store::release(&kit.db, agency, number).await
}
