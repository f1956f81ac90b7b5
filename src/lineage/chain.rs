//! From a list of orders to a tree: roots, depths, the path that counts. Pure, and without recursion, so that no chain of
//! orders is too long for it. A circle of parents, which no verb makes, is cut at one of its orders.

use std::collections::{HashMap, HashSet};

use crate::ids::OrderId;
use crate::words::OrderStatus;

/// What the lineage needs to know of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// The order.
    pub id: OrderId,
    /// The order it came from; `None` for an original order.
    pub parent: Option<OrderId>,
    /// Where it stands.
    pub status: OrderStatus,
}

/// One order in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The order.
    pub order: OrderId,
    /// The order it came from; `None` for a root, and where the parent is not among the orders.
    pub parent: Option<OrderId>,
    /// Steps from its root, which has 0.
    pub depth: u32,
    /// Whether it lies on the way from the newest order to its root.
    pub is_on_active_path: bool,
}

/// The tree of a case's orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// Every order, a parent before its children and each subtree in one piece; siblings in the order they were stored.
    pub entries: Vec<Entry>,
    /// The root of the tree that the newest order belongs to.
    pub root: Option<OrderId>,
    /// The newest order.
    pub latest: Option<OrderId>,
    /// The newest order that brought data, wholly or for some employers.
    pub latest_successful: Option<OrderId>,
    /// Orders that came from another one.
    pub refresh_count: u32,
    /// Steps from a root to the farthest order.
    pub depth: u32,
}

/// Puts together the orders of one case, given in the order they were stored.
pub fn chain(orders: &[Node]) -> Lineage {
    let known: HashMap<OrderId, Option<OrderId>> = orders.iter().map(|order| (order.id, order.parent)).collect();
    let cuts = circles(orders, &known);
    let parent_of = |id: OrderId| {
        let parent = known.get(&id).copied().flatten();
        parent.filter(|parent| known.contains_key(parent) && !cuts.contains(&id))
    };

    let mut children: HashMap<OrderId, Vec<OrderId>> = HashMap::new();
    let mut waiting = Vec::new();
    // Backwards, because what is pushed last is taken first.
    for order in orders.iter().rev() {
        match parent_of(order.id) {
            Some(parent) => children.entry(parent).or_default().push(order.id),
            None => waiting.push((order.id, 0)),
        }
    }

    let latest = orders.last().map(|order| order.id);
    let mut active = HashSet::new();
    let mut root = None;
    let mut step = latest;
    while let Some(id) = step {
        active.insert(id);
        root = Some(id);
        step = parent_of(id);
    }

    let mut entries = Vec::with_capacity(orders.len());
    while let Some((order, depth)) = waiting.pop() {
        entries.push(Entry { order, parent: parent_of(order), depth, is_on_active_path: active.contains(&order) });
        let below = children.remove(&order).unwrap_or_default();
        waiting.extend(below.into_iter().map(|child| (child, depth.saturating_add(1))));
    }

    let brought_data = |status| matches!(status, OrderStatus::Completed | OrderStatus::Partial);
    Lineage {
        root,
        latest,
        latest_successful: orders.iter().rev().find(|order| brought_data(order.status)).map(|order| order.id),
        refresh_count: count(orders.iter().filter(|order| order.parent.is_some())),
        depth: entries.iter().map(|entry| entry.depth).max().unwrap_or(0),
        entries,
    }
}

/// One order of every circle of parents: the one where the walk from its oldest follower enters it.
fn circles(orders: &[Node], known: &HashMap<OrderId, Option<OrderId>>) -> HashSet<OrderId> {
    let mut ended = HashSet::new();
    let mut cuts = HashSet::new();
    for order in orders {
        let mut walked = HashSet::new();
        let mut step = Some(order.id);
        while let Some(id) = step.filter(|id| !ended.contains(id)) {
            if !walked.insert(id) {
                cuts.insert(id);
                break;
            }
            step = known.get(&id).copied().flatten();
        }
        ended.extend(walked);
    }
    cuts
}

fn count(items: impl Iterator) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(n: u128) -> OrderId {
        uuid::Uuid::from_u128(n).into()
    }

    fn node(n: u128, parent: Option<u128>, status: OrderStatus) -> Node {
        Node { id: id(n), parent: parent.map(id), status }
    }

    #[test]
    fn children_follow_their_parent_and_the_newest_order_lights_its_path() {
        let orders = [
            node(1, None, OrderStatus::Completed),
            node(2, Some(1), OrderStatus::Failed),
            node(3, Some(1), OrderStatus::Completed),
            node(4, Some(2), OrderStatus::Failed),
            node(5, Some(3), OrderStatus::Pending),
        ];
        let lineage = chain(&orders);
        let walk: Vec<_> = lineage.entries.iter().map(|e| (e.order, e.depth, e.is_on_active_path)).collect();
        assert_eq!(walk, [(id(1), 0, true), (id(2), 1, false), (id(4), 2, false), (id(3), 1, true), (id(5), 2, true)]);
        assert_eq!((lineage.root, lineage.latest), (Some(id(1)), Some(id(5))));
        assert_eq!(lineage.latest_successful, Some(id(3)));
        assert_eq!((lineage.refresh_count, lineage.depth), (4, 2));
    }

    #[test]
    fn an_order_whose_parent_is_unknown_stands_at_a_root() {
        let lineage = chain(&[node(2, Some(1), OrderStatus::Completed)]);
        assert_eq!(lineage.entries.len(), 1);
        assert_eq!((lineage.root, lineage.depth, lineage.refresh_count), (Some(id(2)), 0, 1));
        assert_eq!(lineage.entries[0].parent, None);
    }

    #[test]
    fn a_circle_is_cut_where_its_oldest_order_stands() {
        let lineage = chain(&[
            node(1, Some(3), OrderStatus::Failed),
            node(2, Some(1), OrderStatus::Failed),
            node(3, Some(2), OrderStatus::Failed),
        ]);
        let walk: Vec<_> = lineage.entries.iter().map(|e| (e.order, e.depth)).collect();
        assert_eq!(walk, [(id(1), 0), (id(2), 1), (id(3), 2)]);
    }

    proptest! {
        #[test]
        fn every_order_stands_once_and_below_its_parent(parents in prop::collection::vec(prop::option::of(0_u128..30), 0..30)) {
            let orders: Vec<Node> =
                (0..).zip(&parents).map(|(n, parent)| node(n, *parent, OrderStatus::Pending)).collect();
            let lineage = chain(&orders);
            let mut seen: HashMap<OrderId, u32> = HashMap::new();
            for entry in &lineage.entries {
                let below = entry.parent.map_or(0, |parent| seen[&parent] + 1);
                prop_assert_eq!(entry.depth, below);
                prop_assert!(seen.insert(entry.order, entry.depth).is_none());
            }
            prop_assert_eq!(seen.len(), orders.len());
        }
    }
}
