//! Windows of long lists: which part of a keyset list to read, and what came of it.
//!
//! A list is read from a key in one of two directions, never by counting rows off: rows that come or go meanwhile neither
//! repeat nor hide others.

/// Which part of a list to read. `K` is what the list is sorted by, the id last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Window<K> {
    /// Only rows after this key.
    pub after: Option<K>,
    /// Only rows before this key.
    pub before: Option<K>,
    /// Most rows.
    pub limit: u64,
    /// The last rows of the window instead of the first ones.
    pub from_end: bool,
}

impl<K> Window<K> {
    /// The first `limit` rows of the list.
    pub fn first(limit: u64) -> Self {
        Self { after: None, before: None, limit, from_end: false }
    }
}

/// A part of a list, always in the order of the list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Whether the window holds more, in the direction it was read.
    pub has_more: bool,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), has_more: false }
    }
}

impl<T> Page<T> {
    /// The page behind rows that were read in the window's direction, one more than its limit.
    pub(crate) fn of<K>(mut rows: Vec<T>, window: &Window<K>) -> Self {
        let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        if window.from_end {
            rows.reverse();
        }
        Self { items: rows, has_more }
    }

    /// The same page of other things.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), has_more: self.has_more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_beyond_the_limit_only_says_that_there_is_more() {
        let page = Page::of(vec![1, 2, 3], &Window::<i32>::first(2));
        assert_eq!((page.items, page.has_more), (vec![1, 2], true));
        let page = Page::of(vec![1, 2], &Window::<i32>::first(2));
        assert_eq!((page.items, page.has_more), (vec![1, 2], false));
    }

    #[test]
    fn a_page_read_from_the_end_keeps_the_order_of_the_list() {
        let window = Window { from_end: true, ..Window::<i32>::first(2) };
        let page = Page::of(vec![9, 8, 7], &window);
        assert_eq!((page.items, page.has_more), (vec![8, 9], true));
    }
}
