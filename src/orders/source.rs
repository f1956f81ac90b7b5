//! Which of a case's orders a refresh starts from. Pure.

use std::collections::HashSet;

use crate::ids::LinkId;
use crate::links::Link;
use crate::words::OrderKind;

/// An order that Truv knows, with the connections of its employers.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) kind: OrderKind,
    pub(super) links: Vec<&'a Link>,
}

/// The place of the order among those of its case, the oldest first: of those in which the client connected employers the one
/// with the most connections that work, of equals the one with the most, of these the oldest, since Truv refreshes from the
/// original order. `None` when no employer is connected.
///
/// A client who answers a refresh with another login leaves a connection that only the refresh has: then it counts, too.
pub(super) fn choose(candidates: &[Candidate<'_>]) -> Option<usize> {
    let of_logins: HashSet<LinkId> =
        candidates.iter().filter(|one| is_login(one.kind)).flat_map(|one| &one.links).map(|link| link.id).collect();
    let has_its_own = |one: &Candidate<'_>| one.links.iter().any(|link| link.works() && !of_logins.contains(&link.id));
    let counts = |one: &Candidate<'_>| !one.links.is_empty() && (is_login(one.kind) || has_its_own(one));
    let found = candidates.iter().enumerate().rev().filter(|(_, one)| counts(one));
    found.max_by_key(|(_, one)| worth(&one.links)).map(|(place, _)| place)
}

fn is_login(kind: OrderKind) -> bool {
    matches!(kind, OrderKind::Original | OrderKind::Reauthentication | OrderKind::Replacement)
}

fn worth(links: &[&Link]) -> (usize, usize) {
    (links.iter().filter(|link| link.works()).count(), links.len())
}
