//! What happened to cases and connections, as far as it is kept with them.

use async_graphql::SimpleObject;

use super::error::ApiError;
use super::scalars::{Date, DateTime};
use super::view::View;
use crate::cases;
use crate::history::{self, CaseChange, LinkChange};
use crate::links;
use crate::words::{CaseStatus, LinkChangeKind, NextAction};

/// Most entries of one case.
const MOST: usize = 500;

/// One change of a case.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct CaseHistoryEntry {
    /// When.
    at: DateTime,
    /// The case's version after the change.
    version: i64,
    /// What changed, a sentence each, for people.
    sentences: Vec<String>,
    /// The status after the change.
    status: CaseStatus,
    /// The next action after the change.
    next_action: NextAction,
    /// The due date after the change.
    due_on: Date,
}

impl From<CaseChange> for CaseHistoryEntry {
    fn from(change: CaseChange) -> Self {
        Self {
            at: DateTime(change.at),
            version: change.version,
            sentences: change.sentences,
            status: change.after.status,
            next_action: change.after.next_action,
            due_on: Date(change.after.due_on),
        }
    }
}

impl CaseHistoryEntry {
    pub(crate) async fn of(view: &View, case: &cases::Case) -> Result<Vec<Self>, ApiError> {
        let kept = view.load().case_history.get(case.id).await?;
        let mut changes = history::of_case(&kept, case, view.now());
        let older = changes.len().saturating_sub(MOST);
        Ok(changes.drain(older..).map(Self::from).collect())
    }
}

/// One thing that happened to a payroll connection.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct LinkHistoryEntry {
    /// When it was learned here.
    at: DateTime,
    /// What.
    kind: LinkChangeKind,
    /// The same for people.
    sentence: String,
}

impl From<LinkChange> for LinkHistoryEntry {
    fn from(change: LinkChange) -> Self {
        Self { at: DateTime(change.at), kind: change.kind, sentence: change.sentence }
    }
}

impl LinkHistoryEntry {
    pub(crate) async fn of(view: &View, link: &links::Link) -> Result<Vec<Self>, ApiError> {
        let kept = view.load().link_history.get(link.id).await?;
        Ok(history::of_link(&kept, link, view.now()).into_iter().map(Self::from).collect())
    }
}
