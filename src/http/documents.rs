//! Documents that clients name by their SHA-256 instead of sending them again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::failure::Code;
use crate::http::refusal::Refusal;

/// The documents last sent with their hash. A hash names one text and nothing else, so the agencies share them.
#[derive(Debug)]
pub(crate) struct Documents {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    texts: HashMap<[u8; 32], Arc<str>>,
    /// The oldest first; it is the first to go.
    order: VecDeque<[u8; 32]>,
}

impl Documents {
    /// Keeps as many as `most`.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    /// The document that a request means: the one it sends, the one its hash names, or both when they agree.
    pub(crate) fn find(&self, query: Option<String>, hash: Option<[u8; 32]>) -> Result<String, Refusal> {
        match (query, hash) {
            (Some(query), None) => Ok(query),
            (Some(query), Some(hash)) if digest(&query) == hash => {
                self.keep(hash, &query);
                Ok(query)
            }
            (Some(_), Some(_)) => Err(Refusal::new(Code::BadRequest, "the hash is not the document's")),
            (None, Some(hash)) => {
                let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.texts.get(&hash).map(ToString::to_string).ok_or_else(|| {
                    // Apollo's clients look for these words, and then send the document with its hash.
                    Refusal::new(Code::PersistedQueryNotFound, "PersistedQueryNotFound")
                })
            }
            (None, None) => Err(Refusal::new(Code::BadRequest, "query must be a string that is not empty")),
        }
    }

    fn keep(&self, hash: [u8; 32], query: &str) {
        // Longer documents are refused after this; keeping them would be a way to fill the memory.
        const LONGEST: usize = 64 * 1024;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if self.most == 0 || query.len() > LONGEST || kept.texts.contains_key(&hash) {
            return;
        }
        if kept.order.len() >= self.most
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.texts.remove(&oldest);
        }
        kept.order.push_back(hash);
        kept.texts.insert(hash, Arc::from(query));
    }
}

fn digest(query: &str) -> [u8; 32] {
    Sha256::digest(query.as_bytes()).into()
}
