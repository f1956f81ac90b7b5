//! Lists that come in pages: `{"count", "next", "previous", "results"}`.

use serde::Deserialize;

use super::scalars;

/// One page of a list. A bare array, which no page documents and older lists may still be, is a first and last page.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Listing<T>", bound(deserialize = "T: Deserialize<'de>"))]
pub struct Page<T> {
    /// How many there are on all pages; `None` where the list has cursors.
    pub count: Option<u64>,
    /// The absolute address of the following page; `None` on the last.
    pub next: Option<String>,
    /// The things themselves.
    pub results: Vec<T>,
}

#[derive(Deserialize)]
#[serde(untagged, bound(deserialize = "T: Deserialize<'de>"))]
enum Listing<T> {
    Bare(Vec<T>),
    Paged {
        count: Option<u64>,
        next: Option<String>,
        #[serde(deserialize_with = "scalars::list")]
        results: Vec<T>,
    },
}

impl<T> From<Listing<T>> for Page<T> {
    fn from(listing: Listing<T>) -> Self {
        match listing {
            Listing::Bare(results) => Self { count: u64::try_from(results.len()).ok(), next: None, results },
            Listing::Paged { count, next, results } => Self { count, next, results },
        }
    }
}
