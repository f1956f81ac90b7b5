//! What an answer shows and what it withholds, noted while it is put together.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Access, Cases};
use crate::ids::CaseId;
use crate::words::AuditAccess;

/// A field that was null or masked in the answer because the token lacks a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Withheld {
    /// The field as `Type.field`.
    pub field: &'static str,
    /// The scope that would show it.
    pub scope: &'static str,
    /// Whether a part of it is shown.
    pub is_masked: bool,
}

/// The notes of one answer. Cheap to clone; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    access: Access,
    cases: Cases,
    withheld: BTreeSet<Withheld>,
}

impl Notes {
    /// Something of the case is shown.
    pub fn show(&self, case: CaseId, kind: AuditAccess) {
        let mut noted = self.lock();
        let access = noted.cases.entry(case).or_default();
        *access = access.and(Access::of(kind));
    }

    /// Something is shown that belongs to no single case.
    pub fn show_of_all(&self, kind: AuditAccess) {
        let mut noted = self.lock();
        noted.access = noted.access.and(Access::of(kind));
    }

    /// A field is withheld.
    pub fn withhold(&self, withheld: Withheld) {
        self.lock().withheld.insert(withheld);
    }

    /// What is shown: apart from single cases, and of each case.
    pub fn shown(&self) -> (Access, Cases) {
        let noted = self.lock();
        (noted.access, noted.cases.clone())
    }

    /// What is withheld, sorted.
    pub fn withheld(&self) -> Vec<Withheld> {
        self.lock().withheld.iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
