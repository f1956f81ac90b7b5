//! One batch for everything that is asked for at the same time.
//!
//! A loader collects keys while the answer is being put together, then reads them in one statement; everybody who waits for
//! the batch goes on in the same turn, and so the next level's keys are together again. (The `dataloader` crate lets the
//! waiting go on one after the other through a lock: a page of 100 then falls into ever smaller batches, 105 statements
//! where this makes 25.) Whoever waits also drives the batch, so that one who goes away leaves nobody stranded.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use super::error::ApiError;
use crate::storage;

/// Keys of one statement at most: SQLite takes 32,766 bound values.
const MOST: usize = 10_000;
/// Turns of the runtime during which keys are collected. One is enough for the siblings of a list; the others gather what
/// is reached over ways of different length.
const TURNS: usize = 4;

pub(crate) type Fetched<K, V> = BoxFuture<'static, Result<HashMap<K, V>, storage::Error>>;
type Fetch<K, V> = dyn Fn(Vec<K>) -> Fetched<K, V> + Send + Sync;
type Answer<K, V> = Result<Arc<HashMap<K, V>>, ApiError>;
type Batch<K, V> = Shared<BoxFuture<'static, Answer<K, V>>>;

/// Loads things of one kind, each key once.
pub(crate) struct Load<K, V> {
    state: Arc<Mutex<State<K, V>>>,
    fetch: Arc<Fetch<K, V>>,
}

struct State<K, V> {
    /// Keys that the open batch will read.
    waiting: Vec<K>,
    /// The batch that still takes keys.
    open: Option<Batch<K, V>>,
    /// The batch of every key that was ever asked for.
    asked: HashMap<K, Batch<K, V>>,
}

impl<K, V> Load<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Default + Send + Sync + 'static,
{
    /// Loads by a function that reads many; a key that it finds nothing for has the default answer.
    pub(crate) fn new(fetch: impl Fn(Vec<K>) -> Fetched<K, V> + Send + Sync + 'static) -> Self {
        let state = State { waiting: Vec::new(), open: None, asked: HashMap::new() };
        Self { state: Arc::new(Mutex::new(state)), fetch: Arc::new(fetch) }
    }

    /// The answer for one key, read together with whatever else is asked for at the same time.
    pub(crate) async fn get(&self, key: K) -> Result<V, ApiError> {
        let batch = self.join(&key);
        if batch.peek().is_none() {
            // Everyone waits alone: a shared wait would be over as soon as enough others had looked at it.
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
        }
        Ok(batch.await?.get(&key).cloned().unwrap_or_default())
    }

    fn join(&self, key: &K) -> Batch<K, V> {
        let mut state = lock(&self.state);
        if let Some(batch) = state.asked.get(key) {
            return batch.clone();
        }
        let batch = state.open.take().unwrap_or_else(|| self.batch());
        state.waiting.push(key.clone());
        state.asked.insert(key.clone(), batch.clone());
        state.open = Some(batch.clone());
        batch
    }

    fn batch(&self) -> Batch<K, V> {
        let (state, fetch) = (Arc::clone(&self.state), Arc::clone(&self.fetch));
        let work = async move {
            let keys = {
                let mut state = lock(&state);
                state.open = None;
                std::mem::take(&mut state.waiting)
            };
            let mut found = HashMap::with_capacity(keys.len());
            for keys in keys.chunks(MOST) {
                // A failure is logged here once, whoever waits for it.
                found.extend(fetch(keys.to_vec()).await.map_err(ApiError::from)?);
            }
            Ok(Arc::new(found))
        };
        work.boxed().shared()
    }
}

fn lock<K, V>(state: &Mutex<State<K, V>>) -> MutexGuard<'_, State<K, V>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    /// Doubles even numbers, knows no odd ones, and counts its batches.
    fn doubles() -> (Load<u32, Option<u32>>, Arc<AtomicUsize>) {
        let batches = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&batches);
        let load = Load::new(move |keys: Vec<u32>| {
            counted.fetch_add(1, Ordering::SeqCst);
            async move { Ok(keys.into_iter().filter(|key| key % 2 == 0).map(|key| (key, Some(key * 2))).collect()) }
                .boxed()
        });
        (load, batches)
    }

    #[tokio::test]
    async fn what_is_asked_for_together_is_read_once_and_kept() {
        let (load, batches) = doubles();
        let answers = join_all((0..1_000).map(|key| load.get(key % 500))).await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(Some(_)))).count(), 500);
        assert!(matches!(load.get(3).await, Ok(None)));
        assert_eq!(batches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_chain_of_loads_stays_together_level_by_level() {
        let (load, batches) = doubles();
        let chain = async |key: u32| {
            let first = load.get(key).await.ok().flatten()?;
            load.get(first + 10_000).await.ok().flatten()
        };
        let ends = join_all((0..500).map(|n| chain(n * 2))).await;
        assert!(ends.iter().all(Option::is_some));
        assert_eq!(batches.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn one_who_goes_away_leaves_nobody_stranded() {
        let (load, _) = doubles();
        let mut first = Box::pin(load.get(2));
        assert!(futures_util::poll!(first.as_mut()).is_pending());
        let mut second = Box::pin(load.get(4));
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        drop(first);
        assert!(matches!(second.await, Ok(Some(8))));
    }

    #[tokio::test]
    async fn a_failed_batch_fails_each_of_its_keys() {
        let load: Load<u32, Option<u32>> =
            Load::new(|_| async { Err(storage::Error::Corrupt("a test".to_owned())) }.boxed());
        let answers = join_all([load.get(1), load.get(2)]).await;
        assert!(answers.iter().all(Result::is_err));
    }
}
