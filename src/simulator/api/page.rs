//! Pages: `count`, `next`, `previous`, `results`, with absolute addresses.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Call;
use crate::simulator::refusal::Refusal;

const USUAL_SIZE: usize = 20;
const LARGEST_SIZE: usize = 100;

/// One page.
#[derive(Serialize)]
pub(crate) struct Page<T> {
    count: usize,
    next: Option<String>,
    previous: Option<String>,
    results: Vec<T>,
}

impl<T> Page<T> {
    /// The page that `?page=` and `?page_size=` ask for. `items` are only turned into results where they are shown.
    pub(crate) fn of<I>(call: &Call, items: Vec<I>, show: impl Fn(I) -> T) -> Result<Self, Refusal> {
        let number = |name: &str, usual: usize| match call.query.get(name) {
            None => Ok(usual),
            Some(text) => text.parse::<usize>().ok().filter(|number| *number > 0).ok_or(Refusal::NotFound),
        };
        let page = number("page", 1)?;
        let size = number("page_size", USUAL_SIZE)?.min(LARGEST_SIZE);
        let (count, start) = (items.len(), (page - 1).saturating_mul(size));
        if start >= count && page > 1 {
            return Err(Refusal::NotFound);
        }
        let results = items.into_iter().skip(start).take(size).map(show).collect();
        let to = |page: usize| call.address_with("page", &page.to_string());
        Ok(Self {
            count,
            next: (start + size < count).then(|| to(page + 1)),
            previous: (page > 1).then(|| to(page - 1)),
            results,
        })
    }
}

impl Call<'_> {
    /// This request's absolute address with one parameter changed.
    pub(crate) fn address_with(&self, name: &str, value: &str) -> String {
        let mut query: BTreeMap<&str, &str> =
            self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        query.insert(name, value);
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        format!("http://{}{}?{query}", self.host, self.path)
    }
}
