//! Who listens to the tail of the log, found by what can concern them.
//!
//! An event is looked up by its agency, and there by its case, by its caseload, and among those who want everything: a
//! listener whom it cannot concern is neither woken nor looked at.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use tokio::sync::mpsc::{self, error::TrySendError};

use super::{Event, Filter, Happening};
use crate::caller::{CaseScope, Caseload};
use crate::ids::{AgencyId, CaseId, CaseworkerId};

/// Events that wait for one listener. One that falls further behind reads the log instead, so that it costs no more than
/// these pointers.
pub(super) const QUEUE: usize = 128;

pub(super) type Key = u64;

/// Everybody who listens, by agency.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    last: Key,
    agencies: HashMap<AgencyId, Agency>,
}

#[derive(Debug, Default)]
struct Agency {
    listeners: HashMap<Key, Listener>,
    to_everything: Vec<Key>,
    to_caseload: HashMap<CaseworkerId, Vec<Key>>,
    to_case: HashMap<CaseId, Vec<Key>>,
}

#[derive(Debug)]
struct Listener {
    scope: CaseScope,
    filter: Filter,
    queue: mpsc::Sender<Arc<Happening>>,
}

/// By what a listener is found.
enum Place {
    Everything,
    Caseload(CaseworkerId),
    Cases(Vec<CaseId>),
    Nowhere,
}

impl Listener {
    /// The narrowest place at which every event of the listener passes by.
    fn place(&self) -> Place {
        if !self.filter.cases.is_empty() {
            let mut cases = self.filter.cases.clone();
            cases.sort_unstable();
            cases.dedup();
            return Place::Cases(cases);
        }
        match (self.scope.caseload, self.filter.assignee) {
            (Caseload::Nobody, _) => Place::Nowhere,
            (Caseload::Of(caseworker), _) | (Caseload::All, Some(caseworker)) => Place::Caseload(caseworker),
            (Caseload::All, None) => Place::Everything,
        }
    }

    fn wants(&self, event: &Event) -> bool {
        self.scope.admits(event.agency, event.assignee) && self.filter.admits(event)
    }
}

impl Listeners {
    /// Adds a listener to what happens from now on.
    pub(super) fn add(&mut self, scope: CaseScope, filter: Filter) -> (Key, mpsc::Receiver<Arc<Happening>>) {
        self.last += 1;
        let key = self.last;
        let (queue, received) = mpsc::channel(QUEUE);
        let listener = Listener { scope, filter, queue };
        let agency = self.agencies.entry(scope.agency).or_default();
        match listener.place() {
            Place::Everything => agency.to_everything.push(key),
            Place::Caseload(caseworker) => agency.to_caseload.entry(caseworker).or_default().push(key),
            Place::Cases(cases) => cases.into_iter().for_each(|case| agency.to_case.entry(case).or_default().push(key)),
            Place::Nowhere => {}
        }
        agency.listeners.insert(key, listener);
        (key, received)
    }

    /// Forgets a listener; one that is gone already is no mistake.
    pub(super) fn remove(&mut self, agency: AgencyId, key: Key) {
        let Some(held) = self.agencies.get_mut(&agency) else { return };
        let Some(listener) = held.listeners.remove(&key) else { return };
        match listener.place() {
            Place::Everything => leave(&mut held.to_everything, key),
            Place::Caseload(caseworker) => leave_place(&mut held.to_caseload, &caseworker, key),
            Place::Cases(cases) => cases.iter().for_each(|case| leave_place(&mut held.to_case, case, key)),
            Place::Nowhere => {}
        }
        if held.listeners.is_empty() {
            self.agencies.remove(&agency);
        }
    }

    /// Hands an event to those who want it, and answers how many they are. A listener whose queue is full is let go: when
    /// it has read what it holds, it finds the queue's end and reads on in the log.
    pub(super) fn tell(&mut self, happening: &Arc<Happening>) -> usize {
        let event = &happening.event;
        let Some(agency) = self.agencies.get(&event.agency) else { return 0 };
        let by_case = agency.to_case.get(&event.case);
        let by_caseload = event.assignee.and_then(|assignee| agency.to_caseload.get(&assignee));
        let mut told = 0;
        let mut full = Vec::new();
        for key in
            agency.to_everything.iter().chain(by_case.into_iter().flatten()).chain(by_caseload.into_iter().flatten())
        {
            let Some(listener) = agency.listeners.get(key).filter(|listener| listener.wants(event)) else { continue };
            match listener.queue.try_send(Arc::clone(happening)) {
                Ok(()) => told += 1,
                Err(TrySendError::Full(_)) => full.push(*key),
                // It is about to be forgotten.
                Err(TrySendError::Closed(_)) => {}
            }
        }
        for key in full {
            self.remove(happening.event.agency, key);
        }
        told
    }

    /// How many listen.
    pub(super) fn count(&self) -> usize {
        self.agencies.values().map(|agency| agency.listeners.len()).sum()
    }
}

fn leave(keys: &mut Vec<Key>, key: Key) {
    if let Some(at) = keys.iter().position(|held| *held == key) {
        keys.swap_remove(at);
    }
}

fn leave_place<P: Eq + Hash>(places: &mut HashMap<P, Vec<Key>>, place: &P, key: Key) {
    let Some(keys) = places.get_mut(place) else { return };
    leave(keys, key);
    if keys.is_empty() {
        places.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::events::{Facts, Position};
    use crate::words::CaseEventKind;

    const AGENCY: AgencyId = AgencyId(Uuid::from_u128(1));
    const CASE: CaseId = CaseId(Uuid::from_u128(2));
    const WORKER: CaseworkerId = CaseworkerId(Uuid::from_u128(3));

    fn event(id: i64) -> Arc<Happening> {
        Arc::new(Happening::new(Event {
            position: Position { tx: 0, id },
            agency: AGENCY,
            case: CASE,
            case_version: id,
            assignee: Some(WORKER),
            kind: CaseEventKind::CaseStatusChanged,
            order: None,
            employer: None,
            task: None,
            report: None,
            facts: Facts::default(),
            occurred_at: DateTime::UNIX_EPOCH,
            trace_parent: None,
        }))
    }

    fn scope(caseload: Caseload) -> CaseScope {
        CaseScope { agency: AGENCY, caseload }
    }

    #[test]
    fn an_event_reaches_those_whom_it_concerns_and_nobody_else() {
        let mut listeners = Listeners::default();
        let stranger = CaseworkerId(Uuid::from_u128(4));
        let of_case = |case: u128| Filter { cases: vec![CaseId(Uuid::from_u128(case)); 2], ..Filter::default() };
        let kinds = Filter { kinds: vec![CaseEventKind::ReportReady], ..Filter::default() };
        let theirs = Filter { assignee: Some(WORKER), ..Filter::default() };
        let elsewhere = CaseScope { agency: AgencyId(Uuid::from_u128(9)), caseload: Caseload::All };
        let who = [
            (scope(Caseload::All), Filter::default(), true),
            (scope(Caseload::Of(WORKER)), Filter::default(), true),
            (scope(Caseload::Of(stranger)), Filter::default(), false),
            (scope(Caseload::Nobody), Filter::default(), false),
            (scope(Caseload::All), of_case(2), true),
            (scope(Caseload::All), of_case(5), false),
            (scope(Caseload::Of(stranger)), of_case(2), false),
            (scope(Caseload::All), theirs.clone(), true),
            (scope(Caseload::Of(stranger)), theirs, false),
            (scope(Caseload::All), kinds, false),
            (elsewhere, Filter::default(), false),
        ];
        let mut queues: Vec<_> =
            who.iter().map(|(scope, filter, _)| (scope.agency, listeners.add(*scope, filter.clone()))).collect();
        assert_eq!((listeners.tell(&event(1)), listeners.count()), (4, who.len()));
        for ((_, (_, queue)), (scope, filter, expected)) in queues.iter_mut().zip(&who) {
            assert_eq!(queue.try_recv().is_ok(), *expected, "{scope:?} {filter:?}");
            assert!(queue.try_recv().is_err(), "told twice: {scope:?} {filter:?}");
        }
        for (agency, (key, _)) in queues {
            listeners.remove(agency, key);
        }
        assert!(listeners.agencies.is_empty(), "nothing is left behind: {listeners:?}");
    }

    #[test]
    fn a_full_queue_lets_its_listener_go_and_costs_nobody_else() {
        let mut listeners = Listeners::default();
        let (_, mut stuck) = listeners.add(scope(Caseload::All), Filter::default());
        let (_, mut quick) = listeners.add(scope(Caseload::All), Filter::default());
        for id in 1..=1_000 {
            listeners.tell(&event(id));
            assert_eq!(quick.try_recv().map(|told| told.event.position.id), Ok(id));
        }
        assert_eq!(listeners.count(), 1);
        let held: Vec<i64> = std::iter::from_fn(|| stuck.try_recv().ok()).map(|told| told.event.position.id).collect();
        // The first ones, without a hole, and then the end.
        assert_eq!(held, (1..=i64::try_from(QUEUE).unwrap()).collect::<Vec<_>>());
        assert!(stuck.is_closed() && stuck.is_empty());
    }
}
