//! Decisions as they are kept: who decided what, when, on which version of the case, and what was on the screen then.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::edits::Edited;
use super::review::{Check, Field, Filled};
use crate::ids::{CaseId, DecisionId, PayStatementId, RenewalId, ReportId};
use crate::words::{ChangeKind, ReviewCheckKey, ReviewDecision, ReviewFieldKey};

/// One decision. A renewal may have several: all but the last one asked for documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Our id.
    pub id: DecisionId,
    /// The case.
    pub case: CaseId,
    /// The renewal.
    pub renewal: RenewalId,
    /// What was decided.
    pub decision: ReviewDecision,
    /// In the caseworker's words.
    pub note: Option<String>,
    /// Who decided.
    pub decided_by: String,
    /// When.
    pub decided_at: DateTime<Utc>,
    /// The version of the case that was decided on.
    pub case_version: i64,
    /// What the newest report was compared with.
    pub baseline: Option<ReportId>,
    /// The newest report.
    pub current: Option<ReportId>,
    /// When the case is due next; `None` when the renewal stayed open.
    pub next_due_on: Option<NaiveDate>,
    /// What the review said.
    pub shown: Shown,
    /// What was corrected.
    pub edits: Vec<Edited>,
}

/// A review as it was shown, kept with the decision because rules and settings may change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shown {
    /// The rules it followed.
    pub rules: ShownRules,
    /// Its lines.
    pub fields: Vec<ShownField>,
    /// The answers about the evidence.
    pub evidence: Vec<ShownCheck>,
    /// The answers about stability.
    pub stability: Vec<ShownCheck>,
}

/// The agency's thresholds as they were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShownRules {
    /// The version of the arithmetic.
    pub arithmetic: u32,
    /// Percent from which a change of money is material.
    pub material_percent: u32,
    /// Days of a pause that make a gap.
    pub gap_days: u32,
    /// Days after which the newest pay date is too old.
    pub stale_days: u32,
    /// Days for which there must be pay statements.
    pub window_days: u32,
    /// Percent within which a monthly income is steady.
    pub stable_percent: u32,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownField {
    /// What it is about.
    pub key: ReviewFieldKey,
    /// The job.
    pub employment_key: Option<String>,
    /// The line in plain words.
    pub label: String,
    /// The newest value.
    pub value: Option<String>,
    /// The value of the baseline.
    pub previous_value: Option<String>,
    /// How the two differ.
    pub change: ChangeKind,
    /// By how many percent.
    pub percent_change: Option<rust_decimal::Decimal>,
    /// Whether that is worth a look.
    pub is_material: bool,
    /// The line as a sentence.
    pub sentence: String,
    /// The pay statements behind the newest value.
    pub evidence: Vec<PayStatementId>,
    /// The pay statements behind the value of the baseline.
    pub previous_evidence: Vec<PayStatementId>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownCheck {
    /// The question.
    pub key: ReviewCheckKey,
    /// The job.
    pub employment_key: Option<String>,
    /// Whether the answer is yes.
    pub is_met: bool,
    /// Why.
    pub sentence: String,
    /// The pay statements that it stands on.
    pub evidence: Vec<PayStatementId>,
}

impl From<&Filled> for Shown {
    fn from(filled: &Filled) -> Self {
        let rules = filled.rules;
        Self {
            rules: ShownRules {
                arithmetic: crate::reports::arithmetic::RULES,
                material_percent: rules.material_percent,
                gap_days: rules.gap_days,
                stale_days: rules.stale_days,
                window_days: rules.window_days,
                stable_percent: rules.stable_percent,
            },
            fields: filled.fields.iter().map(ShownField::from).collect(),
            evidence: filled.evidence.iter().map(ShownCheck::from).collect(),
            stability: filled.stability.iter().map(ShownCheck::from).collect(),
        }
    }
}

impl From<&Field> for ShownField {
    fn from(field: &Field) -> Self {
        Self {
            key: field.key,
            employment_key: field.employment_key.clone(),
            label: field.label.clone(),
            value: field.value.clone(),
            previous_value: field.previous_value.clone(),
            change: field.change,
            percent_change: field.percent_change,
            is_material: field.is_material,
            sentence: field.sentence.clone(),
            evidence: field.evidence.clone(),
            previous_evidence: field.previous_evidence.clone(),
        }
    }
}

impl From<&Check> for ShownCheck {
    fn from(check: &Check) -> Self {
        Self {
            key: check.key,
            employment_key: check.employment_key.clone(),
            is_met: check.is_met,
            sentence: check.sentence.clone(),
            evidence: check.evidence.clone(),
        }
    }
}
