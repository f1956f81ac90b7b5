//! Lists that come in pages: `{"count", "next", "previous", "results"}`.

use serde::Deserialize;

use super::scalars;

/// One page of a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Page<T> {
    /// How many there are on all pages; `None` where the list has cursors.
    pub count: Option<u64>,
    /// The absolute address of the following page; `None` on the last.
    pub next: Option<String>,
    /// The things themselves.
    #[serde(default, deserialize_with = "scalars::list")]
    pub results: Vec<T>,
}
