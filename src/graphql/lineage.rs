//! The tree of a case's orders.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::SimpleObject;

use super::error::ApiError;
use super::orders::Order;
use super::view::View;
use crate::ids::{CaseId, OrderId};
use crate::lineage;

/// The tree of a case's orders. Of a case with more than 480 orders, the newest 480.
#[derive(Clone, SimpleObject)]
pub(crate) struct RefreshLineage {
    /// The first order of the tree that the newest order belongs to; null without any order.
    root: Option<Order>,
    /// The newest order; null without any order.
    latest: Option<Order>,
    /// The newest order that brought data, wholly or for some employers; null when none has.
    latest_successful: Option<Order>,
    /// Orders that came from another one.
    refresh_count: u32,
    /// Steps from a root to the farthest order.
    depth: u32,
    /// Every order as a pre-order walk: a parent stands before its children, each subtree in one piece, so that the list
    /// with its depths draws the tree. Siblings stand in the order they were stored.
    entries: Vec<LineageEntry>,
}

/// One order in its place.
#[derive(Clone, SimpleObject)]
pub(crate) struct LineageEntry {
    /// The order.
    order: Order,
    /// The order it came from; null for a root.
    parent: Option<Order>,
    /// Steps from its root, which has 0.
    depth: u32,
    /// Whether it lies on the way from the newest order to its root.
    is_on_active_path: bool,
}

impl RefreshLineage {
    pub(crate) async fn load(view: &View, case: CaseId) -> Result<Self, ApiError> {
        let rows = view.load().lineage.get(case).await?;
        let nodes: Vec<lineage::Node> = rows
            .iter()
            .map(|order| lineage::Node { id: order.id, parent: order.parent, status: order.status })
            .collect();
        let tree = lineage::chain(&nodes);
        let orders: HashMap<OrderId, Order> =
            rows.iter().map(|row| (row.id, Order::new(Arc::new(row.clone()), view))).collect();
        let order = |id: Option<OrderId>| id.and_then(|id| orders.get(&id).cloned());
        let entries = tree.entries.iter().filter_map(|entry| {
            Some(LineageEntry {
                order: orders.get(&entry.order).cloned()?,
                parent: order(entry.parent),
                depth: entry.depth,
                is_on_active_path: entry.is_on_active_path,
            })
        });
        Ok(Self {
            root: order(tree.root),
            latest: order(tree.latest),
            latest_successful: order(tree.latest_successful),
            refresh_count: tree.refresh_count,
            depth: tree.depth,
            entries: entries.collect(),
        })
    }
}
