//! What happened to a case: its own row, change by change.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::cases::Case;
use crate::ids::{AgencyId, CaseId};
use crate::storage::{Database, Error, past};

/// One change of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseChange {
    /// The case's version after the change.
    pub version: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// What it said before.
    pub before: Case,
    /// What it said from then on.
    pub after: Case,
    /// What changed, for people.
    pub sentences: Vec<String>,
}

/// What a case said, and up to when.
pub type KeptCase = (Case, DateTime<Utc>);

/// What the cases said before, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn load_cases(
    db: &Database,
    agency: AgencyId,
    ids: &[CaseId],
) -> Result<HashMap<CaseId, Vec<KeptCase>>, Error> {
    let rows: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    Ok(past::histories(db, agency, &rows).await?.into_iter().map(|(id, kept)| (id.into(), kept)).collect())
}

/// What happened to a case up to a moment, oldest first; `then` is what it said at that moment. Changes that show in nothing
/// but the version are left out: their events tell them.
pub fn of_case(kept: &[KeptCase], then: &Case, until: DateTime<Utc>) -> Vec<CaseChange> {
    let kept: Vec<&KeptCase> = kept.iter().filter(|(_, at)| *at <= until).collect();
    let moments: Vec<DateTime<Utc>> = kept.iter().map(|(_, at)| *at).collect();
    let states: Vec<&Case> = kept.iter().map(|(case, _)| case).chain([then]).collect();
    let changes = states.windows(2).zip(moments).filter_map(|(pair, at)| match pair {
        [before, after] => {
            let sentences = sentences(before, after);
            let change = CaseChange {
                version: after.version,
                at,
                before: (*before).clone(),
                after: (*after).clone(),
                sentences,
            };
            (!change.sentences.is_empty()).then_some(change)
        }
        _ => None,
    });
    changes.collect()
}

fn sentences(before: &Case, after: &Case) -> Vec<String> {
    let mut told = Vec::new();
    if before.status != after.status {
        told.push(format!("The status changed from {} to {}.", before.status, after.status));
    }
    if before.next_action != after.next_action {
        told.push(format!("The next action changed from {} to {}.", before.next_action, after.next_action));
    }
    if before.due_on != after.due_on {
        told.push(format!("The due date moved from {} to {}.", before.due_on, after.due_on));
    }
    if before.assignee != after.assignee {
        let text = match (before.assignee, after.assignee) {
            (_, None) => "The case left its caseload.",
            (None, Some(_)) => "The case came into a caseload.",
            (Some(_), Some(_)) => "The case moved to another caseload.",
        };
        told.push(text.to_owned());
    }
    if before.renewal != after.renewal {
        let text = if after.renewal.is_some() { "A renewal was opened." } else { "The renewal ended." };
        told.push(text.to_owned());
    }
    if before.latest_order != after.latest_order {
        told.push("An order was stored.".to_owned());
    }
    if before.program != after.program {
        told.push(format!("The program changed from {} to {}.", before.program, after.program));
    }
    told
}
