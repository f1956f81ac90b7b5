//! Lineage.
