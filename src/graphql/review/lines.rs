//! The lines of a review and the answers about it, each with the pay statements behind it.

use std::collections::HashMap;

use async_graphql::{Object, SimpleObject};

use super::decisions::ReviewEdit;
use crate::graphql::arithmetic::statements;
use crate::graphql::error::ApiError;
use crate::graphql::reports::{Employment, PayStatement};
use crate::graphql::scalars::{Date, Decimal};
use crate::graphql::view::View;
use crate::renewals::{self, Check, Decision, Field, Filled};
use crate::words::{ChangeKind, DataSource, ReviewCheckKey, ReviewFieldKey};

/// One line of a review.
#[derive(Clone)]
pub(crate) struct ReviewField {
    line: Field,
    edit: Option<ReviewEdit>,
    view: View,
}

/// The newest corrections of a renewal, by line.
pub(super) struct Edits(HashMap<(ReviewFieldKey, Option<String>), ReviewEdit>);

impl Edits {
    pub(super) fn of(decisions: &[Decision]) -> Self {
        let edits = decisions.iter().flat_map(|decision| {
            decision.edits.iter().map(|edit| ((edit.key, edit.employment_key.clone()), ReviewEdit::new(decision, edit)))
        });
        // A later one replaces an earlier one.
        Self(edits.collect())
    }
}

impl ReviewField {
    pub(super) fn new(line: Field, edits: &Edits, view: &View) -> Self {
        let edit = edits.0.get(&(line.key, line.employment_key.clone())).cloned();
        Self { line, edit, view: view.clone() }
    }
}

/// One line of a review.
#[Object]
impl ReviewField {
    /// What the line is about.
    async fn key(&self) -> ReviewFieldKey {
        self.line.key
    }

    /// The same in plain words, naming the employer.
    async fn label(&self) -> &str {
        &self.line.label
    }

    /// The `key` of the job; null on the line for the whole report.
    async fn employment_key(&self) -> Option<&str> {
        self.line.employment_key.as_deref()
    }

    /// The newest value: US dollars with two decimals, days as `2026-03-04`, words as they are read. Null when it is not
    /// known or the job is gone.
    async fn value(&self) -> Option<&str> {
        self.line.value.as_deref()
    }

    /// The value of the baseline in the same form; null when there was none.
    async fn previous_value(&self) -> Option<&str> {
        self.line.previous_value.as_deref()
    }

    /// How the two differ.
    async fn change(&self) -> ChangeKind {
        self.line.change
    }

    /// By how many percent money or hours rose or fell; null where that says nothing.
    async fn percent_change(&self) -> Option<Decimal> {
        self.line.percent_change.map(Decimal)
    }

    /// Whether the change is worth a look by the agency's thresholds.
    async fn is_material(&self) -> bool {
        self.line.is_material
    }

    /// The whole line as a sentence, for people.
    async fn sentence(&self) -> &str {
        &self.line.sentence
    }

    /// Whether the newest value was derived by Truv rather than read, or stands on something that was derived or missing:
    /// weaker evidence.
    async fn is_weak(&self) -> bool {
        self.line.is_weak
    }

    /// The pay statements that the newest value stands on; empty for what the job itself states.
    async fn evidence(&self) -> Result<Vec<PayStatement>, ApiError> {
        statements(&self.view, &self.line.evidence).await
    }

    /// The pay statements that the value of the baseline stands on.
    async fn previous_evidence(&self) -> Result<Vec<PayStatement>, ApiError> {
        statements(&self.view, &self.line.previous_evidence).await
    }

    /// The job in the newest report; null on the line for the whole report, and when the job is gone.
    async fn employment(&self) -> Result<Option<Employment>, ApiError> {
        let Some(id) = self.line.employment else { return Ok(None) };
        Ok(self.view.load().employments.get(id).await?.map(|row| Employment::new(row, &self.view)))
    }

    /// The newest correction of this line; null while nobody has corrected it. `value` stays what the report says.
    async fn edit(&self) -> Option<&ReviewEdit> {
        self.edit.as_ref()
    }

    /// Where the value comes from.
    async fn source(&self) -> DataSource {
        self.line.source
    }
}

/// A question that the rules ask of a review, with the answer.
#[derive(Clone)]
pub(crate) struct ReviewCheck {
    check: Check,
    view: View,
}

/// A question that the rules ask of a review, with the answer.
#[Object]
impl ReviewCheck {
    /// The question.
    async fn key(&self) -> ReviewCheckKey {
        self.check.key
    }

    /// The `key` of the job it is about; null for the whole review.
    async fn employment_key(&self) -> Option<&str> {
        self.check.employment_key.as_deref()
    }

    /// Whether the answer is yes.
    async fn is_met(&self) -> bool {
        self.check.is_met
    }

    /// Why, as a sentence for people.
    async fn sentence(&self) -> &str {
        &self.check.sentence
    }

    /// The pay statements that the answer stands on.
    async fn evidence(&self) -> Result<Vec<PayStatement>, ApiError> {
        statements(&self.view, &self.check.evidence).await
    }
}

pub(super) fn checks(found: &[Check], view: &View) -> Vec<ReviewCheck> {
    found.iter().map(|check| ReviewCheck { check: check.clone(), view: view.clone() }).collect()
}

/// Whether there is enough evidence.
#[derive(Clone, SimpleObject)]
pub(crate) struct ReviewSufficiency {
    /// Whether every answer is yes.
    is_sufficient: bool,
    /// The days before the newest pay statement for which the program demands statements.
    window_days: u32,
    /// The day of the newest report: how old a pay date is, is judged by it.
    as_of_date: Date,
    /// The questions with their answers, job by job.
    checks: Vec<ReviewCheck>,
}

impl ReviewSufficiency {
    pub(super) fn new(filled: &Filled, on: chrono::NaiveDate, checks: Vec<ReviewCheck>) -> Self {
        let renewals::Rules { window_days, .. } = filled.rules;
        Self { is_sufficient: filled.is_sufficient(), window_days, as_of_date: Date(on), checks }
    }
}

/// Whether anything speaks against a renewal without contact.
#[derive(Clone, SimpleObject)]
pub(crate) struct ReviewStability {
    /// Whether every answer is yes: a candidate for renewal without contact.
    is_stable: bool,
    /// The questions with their answers.
    checks: Vec<ReviewCheck>,
}

impl ReviewStability {
    pub(super) fn new(filled: &Filled, checks: Vec<ReviewCheck>) -> Self {
        Self { is_stable: filled.is_stable(), checks }
    }
}
