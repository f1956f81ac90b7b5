//! The first rows of each parent, for many parents in one statement.
//!
//! `ROW_NUMBER` reads the same on both databases, where a lateral join does not; the index that begins with the parent
//! column gives the rows in order, so nothing is sorted.

use std::collections::HashMap;
use std::hash::Hash;

use sea_orm::sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement, WindowStatement};
use sea_orm::{ColumnTrait, EntityTrait, QuerySelect, QueryTrait, Select};

use crate::page::{Page, Window};

/// The ids of the first `limit` rows of every parent among the rows that `rows` selects.
pub(crate) fn first_of_each<E: EntityTrait>(
    rows: Select<E>,
    (id, parent): (E::Column, E::Column),
    sort: &[E::Column],
    direction: &Order,
    limit: u64,
) -> SelectStatement
where
    E::Column: ColumnTrait,
{
    let mut rank = WindowStatement::partition_by(parent.as_column_ref());
    for column in sort {
        rank.order_by(column.as_column_ref(), direction.clone());
    }
    let mut ranked = rows.select_only().column_as(id, "ranked_id").into_query();
    ranked.expr_window_as(Func::cust("ROW_NUMBER"), rank, "place");
    Query::select()
        .column("ranked_id")
        .from_subquery(ranked, "ranked")
        .and_where(Expr::col("place").lte(i64::try_from(limit).unwrap_or(i64::MAX)))
        .take()
}

/// Sorts rows that were read in the window's direction, one more than its limit of each parent, into a page of each.
pub(crate) fn pages<P: Eq + Hash, T, K>(
    rows: impl IntoIterator<Item = T>,
    window: &Window<K>,
    parent: impl Fn(&T) -> P,
) -> HashMap<P, Page<T>> {
    let grouped = grouped(rows, parent);
    grouped.into_iter().map(|(parent, rows)| (parent, Page::of(rows, window))).collect()
}

/// Sorts rows by parent; the rows of one parent keep their order.
pub(crate) fn grouped<P: Eq + Hash, T>(
    rows: impl IntoIterator<Item = T>,
    parent: impl Fn(&T) -> P,
) -> HashMap<P, Vec<T>> {
    let mut grouped: HashMap<P, Vec<T>> = HashMap::new();
    for row in rows {
        grouped.entry(parent(&row)).or_default().push(row);
    }
    grouped
}

/// The direction in which a window is read.
pub(crate) fn direction<K>(window: &Window<K>) -> Order {
    if window.from_end { Order::Desc } else { Order::Asc }
}
