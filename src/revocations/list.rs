//! The list in memory: what a token still counts for. Pure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{Revocation, Whose};
use crate::caller::Scope;
use crate::ids::AgencyId;

/// What there is to know about a token whose signature holds.
#[derive(Clone, Copy, Debug)]
pub struct Bearer<'a> {
    /// The tenant.
    pub agency: AgencyId,
    /// `sub`.
    pub subject: &'a str,
    /// `jti`; `None` when the token has none.
    pub token_id: Option<&'a str>,
    /// `iat`, to the second; `None` when the token has none.
    pub issued_at: Option<DateTime<Utc>>,
    /// Its scopes.
    pub scopes: &'a [Scope],
}

/// Revocations by whom they concern.
#[derive(Debug, Default)]
pub(super) struct List(HashMap<AgencyId, Agency>);

#[derive(Debug, Default)]
struct Agency {
    subjects: HashMap<String, Vec<Entry>>,
    tokens: HashMap<String, Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    issued_before: Option<DateTime<Utc>>,
    scopes: Option<Vec<Scope>>,
    expires_at: DateTime<Utc>,
}

impl Entry {
    fn concerns(&self, bearer: &Bearer<'_>, now: DateTime<Utc>) -> bool {
        let is_older = match (self.issued_before, bearer.issued_at) {
            (Some(moment), Some(issued_at)) => issued_at <= moment,
            (None, _) | (_, None) => true,
        };
        is_older && now < self.expires_at
    }
}

impl List {
    pub(super) fn of(revocations: impl IntoIterator<Item = (AgencyId, Revocation)>) -> Self {
        let mut list = Self::default();
        for (agency, Revocation { whose, scopes, expires_at, .. }) in revocations {
            let agency = list.0.entry(agency).or_default();
            let (entries, issued_before) = match whose {
                Whose::Token(id) => (agency.tokens.entry(id).or_default(), None),
                Whose::Subject(subject, moment) => (agency.subjects.entry(subject).or_default(), Some(moment)),
            };
            entries.push(Entry { issued_before, scopes, expires_at });
        }
        list
    }

    /// The scopes that a token still carries, in its own order; `None` when it does not count any more.
    pub(super) fn scopes(&self, bearer: &Bearer<'_>, now: DateTime<Utc>) -> Option<Vec<Scope>> {
        let mut left = bearer.scopes.to_vec();
        let Some(agency) = self.0.get(&bearer.agency) else { return Some(left) };
        let of_token = bearer.token_id.and_then(|id| agency.tokens.get(id));
        let of_subject = agency.subjects.get(bearer.subject);
        for entry in of_token.into_iter().chain(of_subject).flatten().filter(|entry| entry.concerns(bearer, now)) {
            let withdrawn = entry.scopes.as_ref()?;
            left.retain(|scope| !withdrawn.contains(scope));
        }
        Some(left)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;

    const AGENCY: AgencyId = AgencyId(Uuid::from_u128(1));
    const SCOPES: [Scope; 2] = [Scope::CasesRead, Scope::ReportsRead];

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    fn entry(whose: Whose, scopes: Option<Vec<Scope>>) -> (AgencyId, Revocation) {
        let revocation = Revocation {
            id: Uuid::nil().into(),
            whose,
            scopes,
            expires_at: at(1_000),
            revoked_by: "admin".to_owned(),
            reason: "a test".to_owned(),
            created_at: at(0),
        };
        (AGENCY, revocation)
    }

    fn bearer(subject: &'static str, token_id: Option<&'static str>, issued_at: Option<i64>) -> Bearer<'static> {
        Bearer { agency: AGENCY, subject, token_id, issued_at: issued_at.map(at), scopes: &SCOPES }
    }

    #[test]
    fn a_subjects_older_tokens_are_gone_and_the_newer_ones_count() {
        let list = List::of([entry(Whose::Subject("ana".to_owned(), at(100)), None)]);
        let left = |bearer: &Bearer<'_>| list.scopes(bearer, at(200)).is_some();
        assert!(!left(&bearer("ana", None, Some(99))));
        assert!(!left(&bearer("ana", None, Some(100))), "issued in the same second");
        assert!(!left(&bearer("ana", Some("1"), None)), "nobody knows when");
        assert!(left(&bearer("ana", None, Some(101))));
        assert!(left(&bearer("ben", None, Some(99))));
        assert!(left(&bearer("ben", Some("ana"), Some(99))), "a subject is no token id");
        let elsewhere = AgencyId(Uuid::from_u128(2));
        assert!(left(&Bearer { agency: elsewhere, ..bearer("ana", None, Some(99)) }));
        assert!(list.scopes(&bearer("ana", None, Some(99)), at(1_000)).is_some(), "over");
    }

    #[test]
    fn one_token_goes_and_its_subjects_others_stay() {
        let list = List::of([entry(Whose::Token("7".to_owned()), None)]);
        assert_eq!(list.scopes(&bearer("ana", Some("7"), Some(500)), at(200)), None);
        assert_eq!(list.scopes(&bearer("ana", Some("8"), Some(50)), at(200)).as_deref(), Some(&SCOPES[..]));
        assert_eq!(list.scopes(&bearer("7", None, Some(50)), at(200)).as_deref(), Some(&SCOPES[..]));
    }

    #[test]
    fn withdrawn_scopes_leave_the_others_and_add_up() {
        let some = |scope| entry(Whose::Subject("ana".to_owned(), at(100)), Some(vec![scope]));
        let list = List::of([some(Scope::ReportsRead), some(Scope::Admin)]);
        assert_eq!(list.scopes(&bearer("ana", None, Some(9)), at(200)), Some(vec![Scope::CasesRead]));
        let list = List::of([some(Scope::ReportsRead), some(Scope::CasesRead)]);
        assert_eq!(list.scopes(&bearer("ana", None, Some(9)), at(200)), Some(vec![]), "it counts, for nothing");
        let list = List::of([some(Scope::ReportsRead), entry(Whose::Token("7".to_owned()), None)]);
        assert_eq!(list.scopes(&bearer("ana", Some("7"), Some(9)), at(200)), None);
    }
}
