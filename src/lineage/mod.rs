//! Lineage: the tree of a case's orders.
//!
//! Every order names the order it came from. `chain` puts the orders of a case together and touches nothing; `store` reads
//! them. A case may have more than one tree, when orders from before were imported without their parents: the trees then
//! stand one after the other. Nothing here changes an order.

mod chain;
mod store;

pub use self::chain::{Entry, Lineage, Node, chain};
pub use self::store::{MOST_ORDERS, load_of_cases};
