//! Puts a case into somebody's caseload.

use super::store::lock_in_tx;
use super::{Case, Error};
use crate::caller::{Caller, Scope};
use crate::ids::{CaseId, CaseworkerId};
use crate::kit::Kit;
use crate::people;

/// Assigns the case to a caseworker, or to nobody. With `expected_version`, only if the case still has that version.
///
/// # Errors
/// [`Error::NotFound`] for a case out of the caller's sight, [`Error::UnknownCaseworker`], [`Error::Stale`].
pub async fn assign(
    kit: &Kit,
    caller: &Caller,
    case: CaseId,
    assignee: Option<CaseworkerId>,
    expected_version: Option<i64>,
) -> Result<Case, Error> {
    caller.require(Scope::CasesWrite)?;
    let scope = caller.cases()?;
    if let Some(id) = assignee {
        let found = people::load_caseworkers(&kit.db, caller.agency, &[id]).await?;
        if found.is_empty() {
            return Err(Error::UnknownCaseworker);
        }
    }
    let tx = kit.db.begin().await?;
    let mut locked = lock_in_tx(&tx, scope, case).await?.ok_or(Error::NotFound)?;
    if let Some(expected) = expected_version
        && expected != locked.case().version
    {
        return Err(Error::Stale { current: locked.case().version });
    }
    locked.assign(assignee);
    let case = locked.save_in_tx(&tx, kit.clock.now()).await?;
    kit.db.commit(tx).await?;
    Ok(case)
}
