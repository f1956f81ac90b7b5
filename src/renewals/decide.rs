//! A caseworker's decision on a review.

use crate::caller::{Caller, Forbidden, Scope};
use crate::cases::{self, Case, Standing};
use crate::events::Change;
use crate::ids::CaseId;
use crate::kit::Kit;
use crate::storage;
use crate::words::{Actor, CaseEventKind, CaseStatus, NextAction, ReviewDecision};

/// The longest note, in characters.
const LONGEST_NOTE: usize = 4_000;

/// What was decided.
#[derive(Clone, Debug)]
pub struct Decide {
    /// The case.
    pub case: CaseId,
    /// The decision.
    pub decision: ReviewDecision,
    /// In the caseworker's words.
    pub note: Option<String>,
    /// The version of the case that the caseworker saw.
    pub expected_version: i64,
}

/// Why a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// The caller lacks a scope.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is no such case for this caller.
    #[error("There is no such case.")]
    NotFound,
    /// The case has changed since the caseworker saw it.
    #[error("The case has changed since you saw it. Read it again and decide on what it says now.")]
    Stale {
        /// The version it has now.
        current_version: i64,
    },
    /// There is nothing to decide on.
    #[error("The case has no open renewal with a report to decide on.")]
    NoReview {
        /// The version it has now.
        current_version: i64,
    },
    /// The note is too long or holds control characters.
    #[error("The note may have {LONGEST_NOTE} characters and no control characters except line breaks.")]
    BadNote,
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// Takes the decision. It ends the renewal, and the case is not due again until the end of its next certification
/// period; a call for documents alone keeps the renewal open and the case with the caseworker.
///
/// # Errors
/// [`DecideError`]; nothing has then changed.
pub async fn decide(kit: &Kit, caller: &Caller, decide: &Decide) -> Result<Case, DecideError> {
    caller.require(Scope::ReviewsDecide)?;
    let scope = caller.cases()?;
    if let Some(note) = &decide.note
        && (note.chars().count() > LONGEST_NOTE || note.chars().any(|c| c.is_control() && c != '\n' && c != '\r'))
    {
        return Err(DecideError::BadNote);
    }
    let tx = kit.db.begin().await?;
    let mut locked = cases::lock_in_tx(&tx, scope, decide.case).await?.ok_or(DecideError::NotFound)?;
    let current_version = locked.case().version;
    if current_version != decide.expected_version {
        return Err(DecideError::Stale { current_version });
    }
    let renewal = match locked.case().renewal {
        Some(renewal) => cases::find_renewal_in_tx(&tx, caller.agency, renewal).await?,
        None => None,
    };
    let reviewed = renewal.filter(|renewal| renewal.current.is_some());
    let mut renewal = reviewed.ok_or(DecideError::NoReview { current_version })?;
    let now = kit.clock.now();
    renewal.decision = Some(decide.decision);
    renewal.decided_by = Some(caller.subject.clone());
    renewal.decided_at = Some(now);
    locked.note(Change { report: renewal.current, ..Change::of(CaseEventKind::ReviewCompleted) });
    match decide.decision {
        ReviewDecision::Confirmed | ReviewDecision::ConfirmedWithEdits | ReviewDecision::Rejected => {
            renewal.closed_at = Some(now);
            cases::close_renewal(kit, &mut locked);
        }
        ReviewDecision::NeedsDocuments => locked.stand(Standing {
            status: CaseStatus::NeedsCaseworker,
            next_action: NextAction::ResolveByHand,
            next_actor: Some(Actor::Caseworker),
        }),
    }
    cases::save_renewal_in_tx(&tx, &renewal, decide.note.clone()).await?;
    let case = locked.save_in_tx(&tx, now).await?;
    kit.db.commit(tx).await?;
    Ok(case)
}
