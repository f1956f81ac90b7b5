//! The audit trail: who read or changed which case, when, through which operation, with which token.
//!
//! An answer leaves only after its entry is stored ([`Recorder::record`]): no row, no data. What is shown is noted while
//! the answer is put together ([`Notes`]), so that an entry names the very cases that are in it, however they got there;
//! one entry is one row, however many cases it names, and entries that wait together are one statement. A mutation has an
//! entry before it begins, too. Nothing in an entry is a person's data but the subject of the token.
//!
//! Entries get their place in their agency's chain afterwards ([`chain`]), by whichever replica comes first: each carries
//! the hash of the one before, so that an altered or missing one is found ([`verify`]). Writers therefore never wait for
//! each other. Entries are never changed; the oldest are removed when their time is over, and the chain then begins after
//! the last one that was removed.

mod chain;
mod list;
mod notes;
mod record;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::caller::Caller;
use crate::ids::{AgencyId, CaseId};
use crate::words::{AuditAccess, AuditChannel, AuditOutcome};

pub use self::chain::{Head, Verdict, catch_up, chain, forget_before, head, verify};
pub use self::list::{Filter, Kept, count, export, page};
pub use self::notes::{Notes, Withheld};
pub use self::record::{NotRecorded, Recorder};

/// One act of somebody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Ours.
    pub id: Uuid,
    /// The tenant.
    pub agency: AgencyId,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// The way somebody came.
    pub channel: AuditChannel,
    /// The token's `sub`, or `system:` and a name.
    pub subject: String,
    /// The token's `jti`; `None` where there is none.
    pub token_id: Option<String>,
    /// The request, as its answer and the log name it; `None` for commands.
    pub request_id: Option<Uuid>,
    /// The operation's or the command's name; `None` for an operation without one.
    pub operation: Option<String>,
    /// SHA-256 of the document, hexadecimal; `None` for commands.
    pub document: Option<String>,
    /// What became of it.
    pub outcome: AuditOutcome,
    /// What was done, apart from single cases.
    pub access: Access,
    /// The cases.
    pub cases: Cases,
}

/// The cases of an entry, each with what was done.
pub type Cases = BTreeMap<CaseId, Access>;

impl Entry {
    /// An act of the caller's of which nothing is known yet but who and when.
    pub fn of(caller: &Caller, id: Uuid, at: DateTime<Utc>, channel: AuditChannel) -> Self {
        Self {
            id,
            agency: caller.agency,
            at,
            channel,
            subject: caller.subject.clone(),
            token_id: caller.token_id.clone(),
            request_id: None,
            operation: None,
            document: None,
            outcome: AuditOutcome::Done,
            access: Access::default(),
            cases: Cases::new(),
        }
    }
}

/// A set of kinds of access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Access(u8);

impl Access {
    /// One kind.
    pub fn of(kind: AuditAccess) -> Self {
        Self(1 << Self::place(kind))
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the kind is among them.
    pub fn has(self, kind: AuditAccess) -> bool {
        self.0 & Self::of(kind).0 != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds, in the order of the contract.
    pub fn kinds(self) -> impl Iterator<Item = AuditAccess> {
        AuditAccess::ALL.iter().copied().filter(move |kind| self.has(*kind))
    }

    /// A letter for each kind, in the order of the contract: the form in the database. Never another one for the same set.
    fn letters(self) -> String {
        self.kinds().map(Self::letter).collect()
    }

    fn of_letters(letters: &str) -> Self {
        let known = |letter: char| AuditAccess::ALL.iter().copied().find(|kind| Self::letter(*kind) == letter);
        letters.chars().filter_map(known).map(Self::of).fold(Self::default(), Self::and)
    }

    fn place(kind: AuditAccess) -> usize {
        AuditAccess::ALL.iter().position(|known| *known == kind).unwrap_or_default()
    }

    fn letter(kind: AuditAccess) -> char {
        match kind {
            AuditAccess::Read => 'R',
            AuditAccess::Contact => 'C',
            AuditAccess::Link => 'L',
            AuditAccess::Pay => 'P',
            AuditAccess::Change => 'W',
            AuditAccess::Export => 'E',
        }
    }
}

/// The cases as the database holds them: a JSON object of ids and letters, sorted by id.
fn written(cases: &Cases) -> String {
    let letters: BTreeMap<String, String> =
        cases.iter().map(|(case, access)| (case.to_string(), access.letters())).collect();
    serde_json::to_string(&letters).unwrap_or_default()
}

fn read(cases: &str) -> Cases {
    let letters: BTreeMap<Uuid, String> = serde_json::from_str(cases).unwrap_or_default();
    letters.into_iter().map(|(case, letters)| (case.into(), Access::of_letters(&letters))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_kinds_comes_back_from_its_letters() {
        for bits in 0..1_u8 << AuditAccess::ALL.len() {
            let access = Access(bits);
            assert_eq!(Access::of_letters(&access.letters()), access);
        }
        let mut letters = Access(u8::MAX).letters();
        assert_eq!(letters.len(), AuditAccess::ALL.len(), "no two kinds share a letter");
        letters.push('?');
        assert_eq!(
            Access::of_letters(&letters).letters().len(),
            AuditAccess::ALL.len(),
            "other letters are passed over"
        );
    }

    #[test]
    fn cases_come_back_as_they_were_written() {
        let cases: Cases = (1..4_u128).map(|n| (Uuid::from_u128(n).into(), Access(u8::try_from(n).unwrap()))).collect();
        assert_eq!(read(&written(&cases)), cases);
        assert_eq!(written(&Cases::new()), "{}");
    }
}
