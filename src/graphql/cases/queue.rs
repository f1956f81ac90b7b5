//! The queue of cases, its counts, and the look-up of one.

use async_graphql::{Context, Enum, ID, InputObject, Object, OneofObject, SimpleObject};
use futures_util::future::BoxFuture;

use super::Case;
use crate::cases::{self, queue};
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::page::{Connection, PageArgs};
use crate::graphql::scalars::{Date, DateTime};
use crate::graphql::text;
use crate::graphql::view::View;
use crate::history;
use crate::words::{CaseStatus, NextAction, Program};

/// Most values of one list in a filter.
const MOST_VALUES: usize = 50;

/// One of a case's natural keys.
#[derive(Clone, Debug, OneofObject)]
pub(crate) enum CaseBy {
    /// Its global id.
    Id(ID),
    /// The agency's own number.
    Number(String),
}

/// Calendar days, both ends included.
#[derive(Clone, Copy, Debug, Default, InputObject)]
pub(crate) struct DateRange {
    /// The first day; absent for no limit.
    from: Option<Date>,
    /// The last day; absent for no limit.
    to: Option<Date>,
}

impl DateRange {
    /// The cases that are due in the range.
    pub(crate) fn filter(self) -> queue::Filter {
        let [due_from, due_to] = [self.from, self.to].map(|day| day.map(|day| day.0));
        queue::Filter { due_from, due_to, ..queue::Filter::default() }
    }
}

/// Which cases. A list means any of it, several fields mean all of them, an absent field means no condition.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct CaseFilter {
    /// Where they stand.
    status: Option<Vec<CaseStatus>>,
    /// What is to be done next.
    next_action: Option<Vec<NextAction>>,
    /// The program.
    program: Option<Vec<Program>>,
    /// When they are due.
    due: Option<DateRange>,
    /// In this caseworker's caseload.
    assignee_id: Option<ID>,
    /// True for nobody's caseload, false for anybody's.
    is_unassigned: Option<bool>,
    /// The beginning of the case's number (exact case), or of the client's name as `last, first` (any case). At most 100
    /// characters.
    search: Option<String>,
}

impl CaseFilter {
    pub(crate) fn read(self) -> Result<queue::Filter, ApiError> {
        let due = self.due.unwrap_or_default();
        let search = self.search.filter(|text| !text.is_empty());
        if let Some(search) = &search {
            text::check(search, "search", 100)?;
        }
        Ok(queue::Filter {
            status: values(self.status)?,
            next_action: values(self.next_action)?,
            program: values(self.program)?,
            due_from: due.from.map(|day| day.0),
            due_to: due.to.map(|day| day.0),
            assignee: self.assignee_id.map(|id| ids::parse(&id, "assigneeId")).transpose()?,
            is_unassigned: self.is_unassigned,
            search,
        })
    }
}

fn values<T>(list: Option<Vec<T>>) -> Result<Vec<T>, ApiError> {
    match list {
        Some(list) if list.len() > MOST_VALUES => Err(ApiError::bad_input("a list in the filter is too long")),
        list => Ok(list.unwrap_or_default()),
    }
}

/// What the queue can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum CaseSortField {
    /// The due date.
    DueOn,
    /// The last change.
    UpdatedAt,
    /// The client's name, last name first.
    ClientName,
    /// The case's number.
    Number,
}

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum OrderDirection {
    /// Small ones first.
    Asc,
    /// Large ones first.
    Desc,
}

/// A column to sort by. The id is always the last one.
#[derive(Clone, Copy, Debug, InputObject)]
pub(crate) struct CaseSort {
    /// The column; each at most once.
    field: CaseSortField,
    /// The direction; the same for all columns.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

fn sort(columns: &[CaseSort]) -> Result<queue::Sort, ApiError> {
    let is_descending = columns.first().is_some_and(|column| column.direction == OrderDirection::Desc);
    let mut by = Vec::new();
    for column in columns {
        // One direction for all keeps the cursor a bound of one index.
        if (column.direction == OrderDirection::Desc) != is_descending {
            return Err(ApiError::bad_input("all columns of sort need the same direction"));
        }
        let field = match column.field {
            CaseSortField::DueOn => queue::SortBy::DueOn,
            CaseSortField::UpdatedAt => queue::SortBy::UpdatedAt,
            CaseSortField::ClientName => queue::SortBy::ClientName,
            CaseSortField::Number => queue::SortBy::Number,
        };
        if by.contains(&field) {
            return Err(ApiError::bad_input("sort names a column twice"));
        }
        by.push(field);
    }
    if by.is_empty() {
        by.push(queue::SortBy::DueOn);
    }
    Ok(queue::Sort { by, is_descending })
}

/// The cases of one status.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub(crate) struct CaseCount {
    /// The status.
    status: CaseStatus,
    /// How many cases have it.
    count: i64,
    /// How many of them are past their due date.
    overdue: i64,
}

/// The list's name in cursors: a cursor of one sort does not open in another.
fn cursor_name(sort: &queue::Sort) -> String {
    format!("cases by {:?}", sort.by)
}

#[derive(Default)]
pub(crate) struct CaseQuery;

#[Object]
impl CaseQuery {
    /// One case; null when it is absent or out of the caller's sight. Needs `cases:read` or `cases:read:assigned`.
    ///
    /// With `asOf` the case and everything reached from it is exactly what could be seen at that moment, with the ids that
    /// things have now: keep such an answer out of a normalised cache. Names and contact data of people are today's, and so
    /// are the thresholds of a review that is still open; `node` always shows the present. Null when the case was not here yet.
    async fn case(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which case.")] by: CaseBy,
        #[graphql(desc = "The moment to show; absent for the present.")] as_of: Option<DateTime>,
    ) -> Option<Result<Case, ApiError>> {
        let view = ctx.data_unchecked::<View>();
        match as_of {
            Some(at) => at_moment(view, by, at.0).await.transpose(),
            None => find(view, by).await.transpose(),
        }
    }

    /// The queue of cases. Needs `cases:read` or `cases:read:assigned`.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn cases(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Default 25.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which cases; absent means all.")] filter: Option<CaseFilter>,
        #[graphql(
            desc = "How to sort; absent or empty means by due date. A cursor is good for one choice of columns."
        )]
        sort: Option<Vec<CaseSort>>,
    ) -> Result<Connection<Case>, ApiError> {
        let view = ctx.data_unchecked::<View>();
        let scope = view.cases()?;
        let filter = filter.unwrap_or_default().read()?;
        let sort = self::sort(&sort.unwrap_or_default())?;
        let name = cursor_name(&sort);
        let open = |cursor: &str| view.open::<queue::Key>(&name, cursor).filter(|key| key.fits(&sort));
        let window = PageArgs { first, after, last, before }.window(open)?;
        let page = queue::page(&view.kit().db, scope, &filter, &sort, &window).await?;
        let page = page.map(|(key, row)| (view.seal(&name, &key), Case::new(row.into(), view)));
        let kit = view.kit().clone();
        let count = move || -> BoxFuture<'static, _> {
            let (kit, filter) = (kit.clone(), filter.clone());
            Box::pin(async move { Ok(queue::count(&kit.db, scope, &filter).await?) })
        };
        Ok(Connection::new(page, &window, Box::new(count)))
    }

    /// How many cases have each status; a status that no case has is left out. Needs `cases:read` or
    /// `cases:read:assigned`.
    async fn case_counts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which cases; absent means all.")] filter: Option<CaseFilter>,
    ) -> Result<Vec<CaseCount>, ApiError> {
        let view = ctx.data_unchecked::<View>();
        let filter = filter.unwrap_or_default().read()?;
        let today = view.kit().clock.today();
        let counts = queue::count_by_status(&view.kit().db, view.cases()?, &filter, today).await?;
        Ok(counts
            .into_iter()
            .map(|queue::StatusCount { status, count, overdue }| CaseCount { status, count, overdue })
            .collect())
    }
}

/// The case at a moment. Who may see it, is decided by what it says now.
async fn at_moment(view: &View, by: CaseBy, at: chrono::DateTime<chrono::Utc>) -> Result<Option<Case>, ApiError> {
    let Some(now) = find(view, by).await? else { return Ok(None) };
    let kit = view.kit();
    if at >= kit.clock.now() {
        return Ok(Some(now));
    }
    if history::forgotten_at(&kit.db, now.row().id).await?.is_some() {
        return Err(ApiError::bad_input(
            "the history of this case was removed with its personal data; ask without asOf",
        ));
    }
    let since = history::since(&kit.db).await?;
    let is_known = since.is_some_and(|since| at >= since || now.row().created_at >= since);
    if !is_known {
        let since = since.map(|since| since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        let since = since.unwrap_or_else(|| "the next start of the gateway".to_owned());
        return Err(ApiError::bad_input(format!("asOf is before {since}, from when on history is kept")));
    }
    let Some(moment) = history::load(kit, now.row(), at).await? else { return Ok(None) };
    let case = moment.case.clone();
    Ok(Some(Case::new(case.into(), &view.at(moment))))
}

async fn find(view: &View, by: CaseBy) -> Result<Option<Case>, ApiError> {
    let scope = view.cases()?;
    match by {
        CaseBy::Id(id) => Case::find(view, ids::parse(&id, "id")?).await,
        CaseBy::Number(number) => {
            text::check(&number, "number", 200)?;
            let row = cases::find_by_number(&view.kit().db, scope, &number).await?;
            Ok(row.map(|row| Case::new(row.into(), view)))
        }
    }
}
