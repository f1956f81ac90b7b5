//! A caseworker's decision on a review.

use super::decisions::{Decision, Shown};
use super::edits::{self, BadEdit, Edit};
use super::prefill::{Prefill, prefill};
use super::store;
use crate::caller::{Caller, CaseScope, Forbidden, Scope};
use crate::cases::{self, Case, Renewal, Standing};
use crate::events::Change;
use crate::ids::CaseId;
use crate::kit::Kit;
use crate::notices::{self, News};
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
    /// Corrections to lines of the review; only with `CONFIRMED_WITH_EDITS`.
    pub edits: Vec<Edit>,
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
    /// Corrections came with another decision than `CONFIRMED_WITH_EDITS`.
    #[error("Corrections need the decision CONFIRMED_WITH_EDITS.")]
    NeedlessEdits,
    /// A correction does not fit its line.
    #[error("{}", .0.message)]
    BadEdit(BadEdit),
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
    if !decide.edits.is_empty() && decide.decision != ReviewDecision::ConfirmedWithEdits {
        return Err(DecideError::NeedlessEdits);
    }
    // Reports never change, so what was on the screen can be worked out before the case is locked; its version says
    // afterwards whether it was still that.
    let seen = shown(kit, scope, decide.case).await?;
    let tx = kit.db.begin().await?;
    let mut locked = cases::lock_in_tx(&tx, scope, decide.case).await?.ok_or(DecideError::NotFound)?;
    let current_version = locked.case().version;
    if current_version != decide.expected_version || seen.version != current_version {
        return Err(DecideError::Stale { current_version });
    }
    let (mut renewal, prefill) = seen.review.ok_or(DecideError::NoReview { current_version })?;
    let edits = edits::read(&decide.edits, &prefill.filled.fields).map_err(DecideError::BadEdit)?;
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
    let decision = Decision {
        id: kit.ids.next(),
        case: decide.case,
        renewal: renewal.id,
        decision: decide.decision,
        note: decide.note.clone(),
        decided_by: caller.subject.clone(),
        decided_at: now,
        case_version: current_version,
        baseline: renewal.baseline,
        current: renewal.current,
        next_due_on: renewal.closed_at.map(|_| locked.case().due_on),
        shown: Shown::from(&prefill.filled),
        edits,
    };
    store::insert_decision_in_tx(&tx, &kit.ids, caller.agency, &decision).await?;
    cases::save_renewal_in_tx(&tx, &renewal, decide.note.clone(), now).await?;
    let case = locked.save_in_tx(&tx, now).await?;
    let Decision { decision, next_due_on, .. } = decision;
    let news = News::Decided { due_on: renewal.due_on, decision, next_due_on };
    notices::append_in_tx(&tx, case.about(), news, now).await?;
    kit.db.commit(tx).await?;
    Ok(case)
}

/// What the caseworker had before them.
struct Seen {
    version: i64,
    review: Option<(Renewal, Prefill)>,
}

async fn shown(kit: &Kit, scope: CaseScope, id: CaseId) -> Result<Seen, DecideError> {
    let case = cases::find_in_tx(kit.db.read(), scope, id).await?.ok_or(DecideError::NotFound)?;
    let renewal = match case.renewal {
        Some(renewal) => cases::load_renewals(&kit.db, case.agency, &[renewal]).await?.remove(&renewal),
        None => None,
    };
    let review = match renewal {
        Some(renewal) => prefill(kit, &case, &renewal).await?.map(|prefill| (renewal, prefill)),
        None => None,
    };
    Ok(Seen { version: case.version, review })
}
