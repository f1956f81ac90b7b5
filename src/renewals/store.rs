//! Rows of decisions and their corrections.

use std::collections::HashMap;

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::decisions::{Decision, Shown};
use super::edits::Edited;
use crate::ids::{AgencyId, Ids, RenewalId};
use crate::storage::entities::{review_decisions, review_edits};
use crate::storage::ranked::grouped;
use crate::storage::{Database, Error, Tx};

/// Stores a decision with its corrections.
pub(super) async fn insert_decision_in_tx(
    tx: &Tx,
    ids: &Ids,
    agency: AgencyId,
    decision: &Decision,
) -> Result<(), Error> {
    let row = review_decisions::ActiveModel {
        id: Set(decision.id.0),
        agency_id: Set(agency.0),
        case_id: Set(decision.case.0),
        renewal_id: Set(decision.renewal.0),
        decision: Set(decision.decision),
        note: Set(decision.note.clone()),
        decided_by: Set(decision.decided_by.clone()),
        decided_at: Set(decision.decided_at),
        case_version: Set(decision.case_version),
        baseline_report_id: Set(decision.baseline.map(|id| id.0)),
        current_report_id: Set(decision.current.map(|id| id.0)),
        next_due_on: Set(decision.next_due_on),
        review: Set(serde_json::to_value(&decision.shown).unwrap_or_default()),
    };
    review_decisions::Entity::insert(row).exec_without_returning(tx).await?;
    let rows: Vec<_> = (0..)
        .zip(&decision.edits)
        .map(|(position, edit)| review_edits::ActiveModel {
            id: Set(ids.next()),
            agency_id: Set(agency.0),
            decision_id: Set(decision.id.0),
            position: Set(position),
            key: Set(edit.key),
            employment_key: Set(edit.employment_key.clone()),
            label: Set(edit.label.clone()),
            original: Set(edit.original.clone()),
            value: Set(edit.value.clone()),
            reason: Set(edit.reason.clone()),
        })
        .collect();
    if !rows.is_empty() {
        review_edits::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// The decisions of each renewal, oldest first: two statements.
///
/// # Errors
/// When the database fails.
pub async fn load_decisions(
    db: &Database,
    agency: AgencyId,
    renewals: &[RenewalId],
) -> Result<HashMap<RenewalId, Vec<Decision>>, Error> {
    let rows = review_decisions::Entity::find()
        .filter(review_decisions::Column::AgencyId.eq(agency.0))
        .filter(review_decisions::Column::RenewalId.is_in(renewals.iter().map(|id| id.0)))
        .order_by_asc(review_decisions::Column::Id)
        .all(db.read())
        .await?;
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let edits = review_edits::Entity::find()
        .filter(review_edits::Column::AgencyId.eq(agency.0))
        .filter(review_edits::Column::DecisionId.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(review_edits::Column::Position)
        .all(db.read())
        .await?;
    let mut edits = grouped(edits, |edit| edit.decision_id);
    let decisions = rows.into_iter().map(|row| {
        let edits = edits.remove(&row.id).unwrap_or_default();
        Decision { edits: edits.into_iter().map(Edited::from).collect(), ..Decision::from(row) }
    });
    Ok(grouped(decisions, |decision| decision.renewal))
}

impl From<review_decisions::Model> for Decision {
    fn from(row: review_decisions::Model) -> Self {
        Self {
            id: row.id.into(),
            case: row.case_id.into(),
            renewal: row.renewal_id.into(),
            decision: row.decision,
            note: row.note,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            case_version: row.case_version,
            baseline: row.baseline_report_id.map(Into::into),
            current: row.current_report_id.map(Into::into),
            next_due_on: row.next_due_on,
            shown: serde_json::from_value::<Shown>(row.review).unwrap_or_default(),
            edits: Vec::new(),
        }
    }
}

impl From<review_edits::Model> for Edited {
    fn from(row: review_edits::Model) -> Self {
        Self {
            key: row.key,
            employment_key: row.employment_key,
            label: row.label,
            original: row.original,
            value: row.value,
            reason: row.reason,
        }
    }
}
