//! The queue of cases: filtered, sorted, in pages, and counted by status.
//!
//! A page is bound by a row value, `(due_on, id) > (?, ?)`: both databases take it as a bound of the index that ends with
//! the id, where the same rule written out with `OR` is a filter over the whole agency.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Order, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Case;
use super::store::in_scope;
use crate::caller::CaseScope;
use crate::ids::{CaseId, CaseworkerId};
use crate::page::{Page, Window};
use crate::storage::entities::cases;
use crate::storage::{Database, Error};
use crate::words::{CaseStatus, NextAction, Program};

/// Which cases. Several conditions mean all of them, a list means any of it, an empty list means no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Filter {
    /// Where they stand.
    pub status: Vec<CaseStatus>,
    /// What is to be done next.
    pub next_action: Vec<NextAction>,
    /// The program.
    pub program: Vec<Program>,
    /// The first due date.
    pub due_from: Option<NaiveDate>,
    /// The last due date.
    pub due_to: Option<NaiveDate>,
    /// In this caseload.
    pub assignee: Option<CaseworkerId>,
    /// In nobody's caseload, or in somebody's.
    pub is_unassigned: Option<bool>,
    /// The beginning of the case's number, or of the client's name as `last, first`.
    pub search: Option<String>,
}

/// What the queue can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortBy {
    /// The due date.
    DueOn,
    /// The last change.
    UpdatedAt,
    /// The client's name, last name first.
    ClientName,
    /// The case's number.
    Number,
}

/// How the queue is sorted: by these columns, then by id, all in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The columns, the weightiest first.
    pub by: Vec<SortBy>,
    /// Last ones first.
    pub is_descending: bool,
}

/// The value of one sorted column.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Mark {
    /// A day.
    Day(NaiveDate),
    /// An instant.
    At(DateTime<Utc>),
    /// A text.
    Text(String),
}

/// A place in the queue: the values of the sorted columns, and the id.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Key {
    marks: Vec<Mark>,
    id: CaseId,
}

impl Key {
    /// Whether the key was made for this sort: a mark of the right kind for each column.
    pub fn fits(&self, sort: &Sort) -> bool {
        self.marks.len() == sort.by.len()
            && sort.by.iter().zip(&self.marks).all(|(by, mark)| {
                matches!(
                    (by, mark),
                    (SortBy::DueOn, Mark::Day(_))
                        | (SortBy::UpdatedAt, Mark::At(_))
                        | (SortBy::ClientName | SortBy::Number, Mark::Text(_))
                )
            })
    }

    fn of(row: &cases::Model, sort: &Sort) -> Self {
        let marks = sort.by.iter().map(|by| match by {
            SortBy::DueOn => Mark::Day(row.due_on),
            SortBy::UpdatedAt => Mark::At(row.updated_at),
            SortBy::ClientName => Mark::Text(row.client_sort.clone()),
            SortBy::Number => Mark::Text(row.number.clone()),
        });
        Self { marks: marks.collect(), id: row.id.into() }
    }

    fn expression(self) -> SimpleExpr {
        let marks = self.marks.into_iter().map(|mark| match mark {
            Mark::Day(day) => Expr::value(day),
            Mark::At(at) => Expr::value(at),
            Mark::Text(text) => Expr::value(text),
        });
        Expr::tuple(marks.chain([Expr::value(self.id.0)]))
    }
}

fn column(by: SortBy) -> cases::Column {
    match by {
        SortBy::DueOn => cases::Column::DueOn,
        SortBy::UpdatedAt => cases::Column::UpdatedAt,
        SortBy::ClientName => cases::Column::ClientSort,
        SortBy::Number => cases::Column::Number,
    }
}

/// The cases that the scope and the filter admit.
pub(crate) fn filtered(scope: CaseScope, filter: &Filter) -> sea_orm::Select<cases::Entity> {
    use cases::Column as C;
    let mut query = in_scope(cases::Entity::find(), scope);
    if !filter.status.is_empty() {
        query = query.filter(C::Status.is_in(filter.status.iter().copied()));
    }
    if !filter.next_action.is_empty() {
        query = query.filter(C::NextAction.is_in(filter.next_action.iter().copied()));
    }
    if !filter.program.is_empty() {
        query = query.filter(C::Program.is_in(filter.program.iter().copied()));
    }
    if let Some(from) = filter.due_from {
        query = query.filter(C::DueOn.gte(from));
    }
    if let Some(to) = filter.due_to {
        query = query.filter(C::DueOn.lte(to));
    }
    if let Some(assignee) = filter.assignee {
        query = query.filter(C::AssigneeId.eq(assignee.0));
    }
    if let Some(is_unassigned) = filter.is_unassigned {
        query = query.filter(if is_unassigned { C::AssigneeId.is_null() } else { C::AssigneeId.is_not_null() });
    }
    if let Some(search) = &filter.search {
        let by_name = begins(C::ClientSort, &search.to_lowercase());
        query = query.filter(by_name.or(begins(C::Number, search)));
    }
    query
}

/// A prefix as a range: both databases sort these columns by bytes, and no text sorts after the last code point.
fn begins(column: cases::Column, prefix: &str) -> SimpleExpr {
    column.gte(prefix).and(column.lt(format!("{prefix}\u{10FFFF}")))
}

/// A page of the queue, each case with its place.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Database,
    scope: CaseScope,
    filter: &Filter,
    sort: &Sort,
    window: &Window<Key>,
) -> Result<Page<(Key, Case)>, Error> {
    let columns = || sort.by.iter().map(|by| column(*by)).chain([cases::Column::Id]);
    let place = || Expr::tuple(columns().map(Expr::col));
    let mut query = filtered(scope, filter);
    // Going down, "after" means smaller.
    let (above, below) =
        if sort.is_descending { (&window.before, &window.after) } else { (&window.after, &window.before) };
    if let Some(key) = above {
        query = query.filter(place().gt(key.clone().expression()));
    }
    if let Some(key) = below {
        query = query.filter(place().lt(key.clone().expression()));
    }
    let direction = if sort.is_descending == window.from_end { Order::Asc } else { Order::Desc };
    for column in columns() {
        query = query.order_by(column, direction.clone());
    }
    let rows = query.limit(window.limit.saturating_add(1)).all(db.read()).await?;
    Ok(Page::of(rows, window).map(|row| (Key::of(&row, sort), Case::from(row))))
}

/// How many cases the filter admits.
///
/// # Errors
/// When the database fails.
pub async fn count(db: &Database, scope: CaseScope, filter: &Filter) -> Result<u64, Error> {
    Ok(filtered(scope, filter).count(db.read()).await?)
}

/// The cases of one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusCount {
    /// The status.
    pub status: CaseStatus,
    /// How many cases have it.
    pub count: i64,
    /// How many of them are past their due date.
    pub overdue: i64,
}

/// How many of the cases that the filter admits have each status; a status that no case has is left out.
///
/// # Errors
/// When the database fails.
pub async fn count_by_status(
    db: &Database,
    scope: CaseScope,
    filter: &Filter,
    today: NaiveDate,
) -> Result<Vec<StatusCount>, Error> {
    let overdue =
        Expr::case(cases::Column::DueOn.lt(today).and(cases::Column::Status.ne(CaseStatus::Closed)), Expr::value(1))
            .finally(Expr::value(0));
    let rows: Vec<(CaseStatus, i64, i64)> = filtered(scope, filter)
        .select_only()
        .column(cases::Column::Status)
        .column_as(cases::Column::Id.count(), "amount")
        .column_as(Expr::expr(overdue).sum(), "overdue")
        .group_by(cases::Column::Status)
        .into_tuple()
        .all(db.read())
        .await?;
    let mut counts: Vec<StatusCount> =
        rows.into_iter().map(|(status, count, overdue)| StatusCount { status, count, overdue }).collect();
    counts.sort_by_key(|count| count.status);
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_fits_only_the_sort_it_was_made_for() {
        let key = Key { marks: vec![Mark::Text("Ortiz".to_owned())], id: uuid::Uuid::nil().into() };
        let by = |by: &[SortBy]| Sort { by: by.to_vec(), is_descending: false };
        assert!(key.fits(&by(&[SortBy::ClientName])));
        assert!(!key.fits(&by(&[SortBy::DueOn])));
        assert!(!key.fits(&by(&[SortBy::ClientName, SortBy::DueOn])));
    }
}
