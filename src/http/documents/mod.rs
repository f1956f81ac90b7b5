//! Documents that clients name by their SHA-256 instead of sending them again.
//!
//! Two kinds: those registered at start from a manifest ([`manifest`]), read and measured once; and those that clients
//! have sent with their hash (Apollo's automatic persisted queries), kept as text until newer ones push them out. The
//! mode decides what becomes of a document that is not registered.
//!
//! Clients send few documents, and each of them often: what passed the gate last is remembered as it was measured.

mod manifest;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

pub(crate) use self::manifest::Entry;

use crate::config::{DocumentsMode, Graphql};
use crate::failure::Code;
use crate::http::guard::{Guard, Measured};
use crate::http::refusal::Refusal;

/// The SHA-256 of a document's text.
pub(crate) type Hash = [u8; 32];

/// What stops the gateway from starting: every fault of the manifest, each with its document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("RECERT_GRAPHQL_DOCUMENTS: {}", .0.join("; "))]
pub struct DocumentsError(Vec<String>);

/// The document of one request.
#[derive(Clone, Debug)]
pub(crate) enum Document {
    /// Known from the start, and measured.
    Registered(Arc<Measured>),
    /// Sent with the request, or before it with its hash.
    Sent(String),
}

/// The registered documents, and those last sent with their hash. A hash names one text and nothing else, so the
/// agencies share them.
#[derive(Debug)]
pub(crate) struct Documents {
    mode: DocumentsMode,
    registered: HashMap<Hash, Arc<Measured>>,
    kept: Mutex<Recent<Arc<str>>>,
    /// What was sent last, within every limit that does not depend on variables.
    measured: Mutex<Recent<Arc<Measured>>>,
    /// Unregistered documents that have been logged.
    noted: Mutex<Recent<()>>,
}

/// Unregistered documents that are remembered so that each is logged once.
const NOTED: usize = 1_000;
/// Documents that are remembered as they were measured. The gate bounds what one takes: with the default limits 220 KiB
/// (measured), most of it the values that 2,000 tokens hold, so all of them take 28 MiB at most.
const MEASURED: usize = 128;

impl Documents {
    /// Reads the manifest, if one is named, and measures every document of it. Documents of pages that are served from
    /// here are registered beside it, so that the pages work wherever they are switched on.
    ///
    /// # Errors
    /// [`DocumentsError`]: it cannot be read, a hash is not its document's, or a document breaks a limit.
    pub(crate) fn load(
        settings: &Graphql,
        own: Vec<Entry>,
        guard: &Guard,
        is_billed: &dyn Fn(&str) -> bool,
    ) -> Result<Self, DocumentsError> {
        let mut entries = own;
        if let Some(path) = &settings.documents {
            entries.extend(manifest::read(path).map_err(|fault| DocumentsError(vec![fault]))?);
        }
        let registered = register(entries, guard, is_billed)?;
        if let Some(path) = &settings.documents {
            tracing::info!(documents = registered.len(), path = %path.display(), "documents are registered");
        }
        Ok(Self {
            mode: settings.documents_mode,
            registered,
            kept: Mutex::new(Recent::new(settings.persisted)),
            measured: Mutex::new(Recent::new(MEASURED)),
            noted: Mutex::new(Recent::new(NOTED)),
        })
    }

    /// The document that a request means: the one it sends, the one its hash names, or both when they agree.
    pub(crate) fn find(&self, query: Option<String>, hash: Option<Hash>) -> Result<Document, Refusal> {
        let query = match (query, hash) {
            (None, None) => return Err(Refusal::new(Code::BadRequest, "query must be a string that is not empty")),
            (None, Some(hash)) => return self.find_named(hash),
            (Some(query), hash) => query_of(query, hash)?,
        };
        // Where everything runs and nothing is named, nothing has to be hashed.
        if self.mode == DocumentsMode::Open && hash.is_none() {
            return Ok(Document::Sent(query));
        }
        let hash = hash.unwrap_or_else(|| digest(&query));
        if let Some(registered) = self.registered.get(&hash) {
            return Ok(Document::Registered(Arc::clone(registered)));
        }
        self.admit_unregistered(hash)?;
        Ok(Document::Sent(query))
    }

    /// Keeps a document that was sent with its hash. Called once it has passed the gate, so that nothing is kept that
    /// would be refused, or is larger than a document may be.
    pub(crate) fn keep(&self, hash: Hash, query: &str) {
        if self.mode != DocumentsMode::Only {
            lock(&self.kept).put(hash, || Arc::from(query));
        }
    }

    /// A document that was sent, measured by `measure` unless it was measured lately. What is refused is not remembered.
    pub(crate) fn measured(
        &self,
        source: String,
        measure: impl FnOnce(String, &Hash) -> Result<Measured, Refusal>,
    ) -> Result<Arc<Measured>, Refusal> {
        let hash = digest(&source);
        if let Some(known) = lock(&self.measured).get(&hash) {
            return Ok(Arc::clone(known));
        }
        let measured = Arc::new(measure(source, &hash)?);
        lock(&self.measured).put(hash, || Arc::clone(&measured));
        Ok(measured)
    }

    fn find_named(&self, hash: Hash) -> Result<Document, Refusal> {
        if let Some(registered) = self.registered.get(&hash) {
            return Ok(Document::Registered(Arc::clone(registered)));
        }
        if self.mode == DocumentsMode::Only {
            return Err(not_registered());
        }
        let kept = lock(&self.kept).get(&hash).map(ToString::to_string);
        match kept {
            Some(text) => {
                self.admit_unregistered(hash)?;
                Ok(Document::Sent(text))
            }
            // Apollo's clients look for these words, and then send the document with its hash.
            None => Err(Refusal::new(Code::PersistedQueryNotFound, "PersistedQueryNotFound")),
        }
    }

    fn admit_unregistered(&self, hash: Hash) -> Result<(), Refusal> {
        match self.mode {
            DocumentsMode::Open => Ok(()),
            DocumentsMode::Only => Err(not_registered()),
            DocumentsMode::Prefer => {
                metrics::counter!("recert_graphql_unregistered_documents_total").increment(1);
                if lock(&self.noted).put(hash, || ()) {
                    tracing::info!(document = hex::encode(hash), "a document that is not registered was run");
                }
                Ok(())
            }
        }
    }
}

fn not_registered() -> Refusal {
    Refusal::new(Code::PersistedQueryNotFound, "only registered documents run here, and this is not one of them")
}

fn query_of(query: String, hash: Option<Hash>) -> Result<String, Refusal> {
    match hash {
        Some(hash) if digest(&query) != hash => Err(Refusal::new(Code::BadRequest, "the hash is not the document's")),
        _ => Ok(query),
    }
}

/// The documents, each within the limits with every page at its default.
fn register(
    entries: Vec<Entry>,
    guard: &Guard,
    is_billed: &dyn Fn(&str) -> bool,
) -> Result<HashMap<Hash, Arc<Measured>>, DocumentsError> {
    let mut registered = HashMap::new();
    let mut faults = Vec::new();
    for Entry { name, stated, text } in entries {
        let hash = digest(&text);
        if stated.is_some_and(|stated| stated != hash) {
            faults.push(format!("{name} is not the SHA-256 of its document, which is {}", hex::encode(hash)));
            continue;
        }
        let measured = guard.measure(text, &hash, is_billed);
        match measured.and_then(|measured| guard.price(&measured).map(|()| measured)) {
            Ok(measured) => {
                registered.insert(hash, Arc::new(measured));
            }
            Err(refusal) => faults.push(format!("{name} would always be refused: {}", refusal.message())),
        }
    }
    if faults.is_empty() { Ok(registered) } else { Err(DocumentsError(faults)) }
}

fn digest(query: &str) -> Hash {
    Sha256::digest(query.as_bytes()).into()
}

fn lock<T>(recent: &Mutex<Recent<T>>) -> std::sync::MutexGuard<'_, Recent<T>> {
    recent.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came last under a hash, so many and no more.
#[derive(Debug)]
struct Recent<T> {
    most: usize,
    held: HashMap<Hash, T>,
    /// The oldest first; it is the first to go.
    order: VecDeque<Hash>,
}

impl<T> Recent<T> {
    fn new(most: usize) -> Self {
        Self { most, held: HashMap::new(), order: VecDeque::new() }
    }

    fn get(&self, hash: &Hash) -> Option<&T> {
        self.held.get(hash)
    }

    /// Puts something under a hash that holds nothing yet; `false` when it held something.
    fn put(&mut self, hash: Hash, make: impl FnOnce() -> T) -> bool {
        if self.most == 0 || self.held.contains_key(&hash) {
            return false;
        }
        if self.order.len() >= self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.held.remove(&oldest);
        }
        self.order.push_back(hash);
        self.held.insert(hash, make());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DocumentLimits;
    use crate::http::ports::Costs;

    #[test]
    fn what_is_sent_again_is_not_measured_again_and_what_is_refused_is_refused_again() {
        let guard = Guard::new(DocumentLimits::default(), true, Costs::default());
        let documents = Documents::load(&Graphql::default(), Vec::new(), &guard, &|_| false).unwrap();
        let mut measurements = 0;
        let mut send = |source: &str| {
            documents.measured(source.to_owned(), |source, hash| {
                measurements += 1;
                guard.measure(source, hash, &|_| false)
            })
        };
        for _ in 0..3 {
            assert_eq!(send("{ a }").unwrap().source(), "{ a }");
            assert!(send("{ a").is_err());
        }
        assert_eq!(measurements, 1 + 3);
    }

    #[test]
    fn the_newest_are_remembered_and_no_more() {
        let mut recent = Recent::new(2);
        for number in 0..3 {
            assert!(recent.put([number; 32], || number));
        }
        assert_eq!([0, 1, 2].map(|number| recent.get(&[number; 32]).copied()), [None, Some(1), Some(2)]);
        assert!(!recent.put([2; 32], || 9), "it is there already");
    }
}
