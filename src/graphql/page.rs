//! Relay connections: what the arguments of a page mean, and the page as clients see it.

use async_graphql::{Object, OutputType, SimpleObject, TypeName};
use futures_util::future::BoxFuture;

use super::error::ApiError;
use crate::page::{Page, Window};

/// Rows of a page that did not say how many.
const DEFAULT: i32 = 25;
/// Most rows of a page.
const MOST: i32 = 100;

/// The four arguments of every list that can grow.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageArgs {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
}

impl PageArgs {
    /// The window that the arguments ask for; `open` finds the key behind a cursor.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a page size out of range, for `first` with `last`, and for a cursor that was not made here.
    pub(crate) fn window<K>(&self, open: impl Fn(&str) -> Option<K>) -> Result<Window<K>, ApiError> {
        let (limit, from_end) = match (self.first, self.last) {
            (Some(_), Some(_)) => return Err(ApiError::bad_input("first and last cannot be used together")),
            (first, None) => (first.unwrap_or(DEFAULT), false),
            (None, Some(last)) => (last, true),
        };
        if !(1..=MOST).contains(&limit) {
            return Err(ApiError::bad_input(format!("a page has between 1 and {MOST} items")));
        }
        let key = |cursor: &Option<String>, name: &str| match cursor {
            None => Ok(None),
            Some(text) => match open(text) {
                Some(key) => Ok(Some(key)),
                None => Err(ApiError::bad_input(format!("{name} is not a cursor of this list"))),
            },
        };
        Ok(Window {
            after: key(&self.after, "after")?,
            before: key(&self.before, "before")?,
            limit: u64::try_from(limit).unwrap_or(0),
            from_end,
        })
    }
}

/// A thing that is listed in pages.
pub(crate) trait Listed: OutputType {
    /// The name of its connection type.
    const CONNECTION: &'static str;
    /// The name of its edge type.
    const EDGE: &'static str;
}

/// Counts the whole list; asked only when `totalCount` is selected.
pub(crate) type Count = Box<dyn Fn() -> BoxFuture<'static, Result<u64, ApiError>> + Send + Sync>;

/// One page of a list.
pub(crate) struct Connection<T> {
    edges: Vec<Edge<T>>,
    info: PageInfo,
    count: Count,
}

/// One item of a page, with its place in the list.
pub(crate) struct Edge<T> {
    node: T,
    cursor: String,
}

/// How a page lies in its list.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct PageInfo {
    /// Whether there are items after this page. Going backwards: whether `before` was given.
    has_next_page: bool,
    /// Whether there are items before this page. Going forwards: whether `after` was given.
    has_previous_page: bool,
    /// The first item's cursor; null on an empty page.
    start_cursor: Option<String>,
    /// The last item's cursor; null on an empty page.
    end_cursor: Option<String>,
}

impl<T> Connection<T> {
    /// A page of things with their cursors.
    pub(crate) fn new<K>(page: Page<(String, T)>, window: &Window<K>, count: Count) -> Self {
        let edges: Vec<Edge<T>> = page.items.into_iter().map(|(cursor, node)| Edge { node, cursor }).collect();
        let (next, previous) = if window.from_end {
            (window.before.is_some(), page.has_more)
        } else {
            (page.has_more, window.after.is_some())
        };
        let info = PageInfo {
            has_next_page: next,
            has_previous_page: previous,
            start_cursor: edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: edges.last().map(|edge| edge.cursor.clone()),
        };
        Self { edges, info, count }
    }
}

impl<T: Listed> TypeName for Connection<T> {
    fn type_name() -> std::borrow::Cow<'static, str> {
        T::CONNECTION.into()
    }
}

impl<T: Listed> TypeName for Edge<T> {
    fn type_name() -> std::borrow::Cow<'static, str> {
        T::EDGE.into()
    }
}

/// One page of a list. Pages have 25 items unless `first` or `last` says otherwise, and at most 100.
#[Object(name_type)]
impl<T: Listed> Connection<T> {
    /// The items with their cursors.
    async fn edges(&self) -> &[Edge<T>] {
        &self.edges
    }

    /// The items.
    async fn nodes(&self) -> Vec<&T> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// How the page lies in its list.
    async fn page_info(&self) -> &PageInfo {
        &self.info
    }

    /// How many items the whole list has, filter applied. Counted only when selected.
    async fn total_count(&self) -> Result<i64, ApiError> {
        Ok(i64::try_from((self.count)().await?).unwrap_or(i64::MAX))
    }
}

/// One item of a page.
#[Object(name_type)]
impl<T: Listed> Edge<T> {
    /// The item.
    async fn node(&self) -> &T {
        &self.node
    }

    /// Its place in the list, for `after` and `before`. Opaque, and good for the list it came from.
    async fn cursor(&self) -> &str {
        &self.cursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(first: Option<i32>, last: Option<i32>) -> Option<Window<()>> {
        PageArgs { first, last, ..PageArgs::default() }.window(|_| Some(())).ok()
    }

    #[test]
    fn a_page_has_between_1_and_100_items_and_25_by_default() {
        assert_eq!(window(None, None).map(|w| (w.limit, w.from_end)), Some((25, false)));
        assert_eq!(window(None, Some(100)).map(|w| (w.limit, w.from_end)), Some((100, true)));
        for (first, last) in [(Some(0), None), (Some(101), None), (None, Some(-1)), (Some(1), Some(1))] {
            assert_eq!(window(first, last), None, "{first:?} {last:?}");
        }
    }
}
