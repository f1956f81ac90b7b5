//! One batch for everything that is asked for at the same time.
//!
//! A loader collects keys while the answer is being put together, then reads them in one statement; everybody who waits for
//! the batch goes on in the same turn, and so the next level's keys are together again. (The `dataloader` crate lets the
//! waiting go on one after the other through a lock: a page of 100 then falls into ever smaller batches, 105 statements
//! where this makes 25.) Whoever waits also drives the batch, so that one who goes away leaves nobody stranded.
//!
//! Only those who wait own a batch: the loader knows it weakly, and it knows the loader weakly. A batch that was kept while
//! nobody drives it would stand in the middle of a statement, or in the queue for a connection, and keep that connection
//! from everybody else; one that kept its own loader alive would do so for ever.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

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
type Work<K, V> = BoxFuture<'static, Answer<K, V>>;
type Batch<K, V> = Shared<Work<K, V>>;

/// Loads things of one kind, each key once.
pub(crate) struct Load<K, V> {
    state: Arc<Mutex<State<K, V>>>,
    fetch: Arc<Fetch<K, V>>,
}

struct State<K, V> {
    /// Keys that the open batch will read.
    waiting: Vec<K>,
    /// The batch that still takes keys.
    open: Option<WeakShared<Work<K, V>>>,
    /// Every key that was ever asked for.
    asked: HashMap<K, Asked<K, V>>,
}

/// How far a key has come.
enum Asked<K, V> {
    /// A batch is to read it, for as long as somebody waits for that.
    Waiting(WeakShared<Work<K, V>>),
    /// A batch has read it.
    Read(Answer<K, V>),
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
        let answer = match self.join(&key) {
            Ok(answer) => answer,
            Err(batch) => {
                // Everyone waits alone: a shared wait would be over as soon as enough others had looked at it.
                for _ in 0..TURNS {
                    tokio::task::yield_now().await;
                }
                batch.await
            }
        };
        Ok(answer?.get(&key).cloned().unwrap_or_default())
    }

    /// What has been read, or else the batch that is to read it.
    fn join(&self, key: &K) -> Result<Answer<K, V>, Batch<K, V>> {
        let mut state = lock(&self.state);
        match state.asked.get(key) {
            Some(Asked::Read(answer)) => return Ok(answer.clone()),
            Some(Asked::Waiting(batch)) => {
                if let Some(batch) = batch.upgrade() {
                    return Err(batch);
                }
            }
            None => {}
        }
        let open = state.open.as_ref().and_then(WeakShared::upgrade);
        let batch = open.unwrap_or_else(|| {
            // What is left was asked for by those who have gone away.
            state.waiting.clear();
            let batch = self.batch();
            state.open = batch.downgrade();
            batch
        });
        state.waiting.push(key.clone());
        if let Some(waiting) = batch.downgrade() {
            state.asked.insert(key.clone(), Asked::Waiting(waiting));
        }
        Err(batch)
    }

    fn batch(&self) -> Batch<K, V> {
        let (state, fetch) = (Arc::downgrade(&self.state), Arc::clone(&self.fetch));
        let work = async move {
            let keys = Weak::upgrade(&state).map(|state| close(&state)).unwrap_or_default();
            let answer = read(&keys, &*fetch).await;
            if let Some(state) = Weak::upgrade(&state) {
                lock(&state).asked.extend(keys.into_iter().map(|key| (key, Asked::Read(answer.clone()))));
            }
            answer
        };
        work.boxed().shared()
    }
}

/// The keys of the open batch, which takes no more from here on.
fn close<K, V>(state: &Mutex<State<K, V>>) -> Vec<K> {
    let mut state = lock(state);
    state.open = None;
    std::mem::take(&mut state.waiting)
}

async fn read<K: Clone + Eq + Hash, V>(keys: &[K], fetch: &Fetch<K, V>) -> Answer<K, V> {
    let mut found = HashMap::with_capacity(keys.len());
    for keys in keys.chunks(MOST) {
        // A failure is logged here once, whoever waits for it.
        found.extend(fetch(keys.to_vec()).await.map_err(ApiError::from)?);
    }
    Ok(Arc::new(found))
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

    /// A loader whose batches never end, with a count of those that are there.
    fn endless() -> (Load<u32, Option<u32>>, Arc<()>) {
        let batches = Arc::new(());
        let counted = Arc::clone(&batches);
        let load = Load::new(move |_| {
            let held = Arc::clone(&counted);
            async move {
                std::future::pending::<()>().await;
                drop(held);
                Ok(HashMap::new())
            }
            .boxed()
        });
        (load, batches)
    }

    #[tokio::test]
    async fn a_batch_goes_with_the_last_who_waits_for_it() {
        let (load, batches) = endless();
        let mut first = Box::pin(load.get(2));
        let mut second = Box::pin(load.get(4));
        for _ in 0..=TURNS {
            assert!(futures_util::poll!(first.as_mut()).is_pending());
            assert!(futures_util::poll!(second.as_mut()).is_pending());
        }
        // The loader's own, and the batch's.
        assert_eq!(Arc::strong_count(&batches), 3);
        drop(first);
        assert_eq!(Arc::strong_count(&batches), 3);
        drop(second);
        assert_eq!(Arc::strong_count(&batches), 2);
        // Who asks once more gets another batch.
        let mut third = Box::pin(load.get(4));
        for _ in 0..=TURNS {
            assert!(futures_util::poll!(third.as_mut()).is_pending());
        }
        assert_eq!(Arc::strong_count(&batches), 3);
        drop(third);
        drop(load);
        assert_eq!(Arc::strong_count(&batches), 1);
    }

    #[tokio::test]
    async fn a_failed_batch_fails_each_of_its_keys() {
        let load: Load<u32, Option<u32>> =
            Load::new(|_| async { Err(storage::Error::Corrupt("a test".to_owned())) }.boxed());
        let answers = join_all([load.get(1), load.get(2)]).await;
        assert!(answers.iter().all(Result::is_err));
    }
}
