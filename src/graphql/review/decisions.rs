//! Decisions as they were recorded.

use std::sync::Arc;

use async_graphql::{Object, SimpleObject};

use crate::graphql::error::ApiError;
use crate::graphql::reports::IncomeReport;
use crate::graphql::scalars::{Date, DateTime};
use crate::graphql::view::View;
use crate::renewals::Decision;
use crate::renewals::edits::Edited;
use crate::words::{ReviewDecision, ReviewFieldKey};

/// A decision as it was recorded.
#[derive(Clone)]
pub(crate) struct RecordedDecision {
    row: Arc<Decision>,
    view: View,
}

impl RecordedDecision {
    pub(crate) fn new(row: Arc<Decision>, view: &View) -> Self {
        Self { row, view: view.clone() }
    }
}

/// A correction of one line of a review. What the report says stays as it is.
#[derive(Clone, SimpleObject)]
pub(crate) struct ReviewEdit {
    /// The line.
    key: ReviewFieldKey,
    /// The `key` of the job; null on the line for the whole report.
    employment_key: Option<String>,
    /// The line in plain words.
    label: String,
    /// What the review said; null when that was not known.
    original_value: Option<String>,
    /// What it should say.
    value: String,
    /// Why.
    reason: String,
    /// The subject who corrected it.
    edited_by: String,
    /// When.
    edited_at: DateTime,
}

impl ReviewEdit {
    pub(super) fn new(decision: &Decision, edit: &Edited) -> Self {
        Self {
            key: edit.key,
            employment_key: edit.employment_key.clone(),
            label: edit.label.clone(),
            original_value: edit.original.clone(),
            value: edit.value.clone(),
            reason: edit.reason.clone(),
            edited_by: decision.decided_by.clone(),
            edited_at: DateTime(decision.decided_at),
        }
    }
}

/// A decision as it was recorded, never changed afterwards. Needs the scope `reports:read`.
#[Object]
impl RecordedDecision {
    /// What was decided.
    async fn decision(&self) -> ReviewDecision {
        self.row.decision
    }

    /// In the caseworker's words; null when they gave none.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }

    /// The subject who decided.
    async fn decided_by(&self) -> &str {
        &self.row.decided_by
    }

    /// When.
    async fn decided_at(&self) -> DateTime {
        DateTime(self.row.decided_at)
    }

    /// The version of the case that was decided on.
    async fn case_version(&self) -> i64 {
        self.row.case_version
    }

    /// When the case was due next by this decision; null when the renewal stayed open.
    async fn next_due_on(&self) -> Option<Date> {
        self.row.next_due_on.map(Date)
    }

    /// The report that was decided on.
    async fn report(&self) -> Option<Result<IncomeReport, ApiError>> {
        IncomeReport::find(&self.view, self.row.current?).await.transpose()
    }

    /// The report that it was compared with; null when there was none.
    async fn baseline(&self) -> Option<Result<IncomeReport, ApiError>> {
        IncomeReport::find(&self.view, self.row.baseline?).await.transpose()
    }

    /// What was corrected, in the order it was given.
    async fn edits(&self) -> Vec<ReviewEdit> {
        self.row.edits.iter().map(|edit| ReviewEdit::new(&self.row, edit)).collect()
    }
}
