//! The chain, past the gateway.

use recert::audit::{Access, Cases, Entry, Head, Recorder, Verdict, chain, forget_before, head, verify};
use recert::caller::Caller;
use recert::clock::Clock;
use recert::config::AuditReads;
use recert::ids::{AgencyId, Ids};
use recert::people::enroll_agency;
use recert::storage::Database;
use recert::words::{AuditAccess, AuditChannel};
use sea_orm::{ConnectionTrait as _, Statement};

use crate::support::database::{Scratch, fresh};
use crate::support::world::noon;

struct Trail {
    db: Database,
    clock: Clock,
    ids: Ids,
    agency: AgencyId,
    _scratch: Scratch,
}

impl Trail {
    /// With `entries` of them, a minute apart.
    async fn of(entries: u32) -> Self {
        let (scratch, db, _) = fresh().await;
        let clock = Clock::still(noon());
        let ids = Ids::seeded(clock.clone(), 21);
        let agency = enroll_agency(&db, &clock, &ids, "harbor", "Harbor").await.unwrap().id;
        let trail = Self { db, clock, ids, agency, _scratch: scratch };
        for _ in 0..entries {
            trail.record(trail.agency).await;
            trail.clock.advance(std::time::Duration::from_mins(1));
        }
        chain(&trail.db).await.unwrap();
        trail
    }

    fn entry(&self, agency: AgencyId) -> Entry {
        let caller = Caller::system(agency, "test");
        let access = Access::of(AuditAccess::Pay);
        let cases: Cases = [(self.ids.next(), access)].into();
        Entry { cases, access, ..Entry::of(&caller, self.ids.next(), self.clock.now(), AuditChannel::Graphql) }
    }

    async fn record(&self, agency: AgencyId) {
        Recorder::alone(self.db.clone()).record(self.entry(agency)).await.unwrap();
    }

    async fn run(&self, statement: &str) {
        let done = self.db.read().execute_raw(Statement::from_string(self.db.backend(), statement)).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{statement}");
    }

    async fn verdict(&self) -> Verdict {
        verify(&self.db, self.agency, None).await.unwrap()
    }

    async fn head(&self) -> Head {
        head(self.db.read(), self.agency).await.unwrap()
    }
}

#[tokio::test]
async fn an_altered_a_missing_and_an_exchanged_entry_are_found() {
    for (meddling, at) in [
        ("UPDATE audit_entries SET subject = 'somebody else' WHERE seq = 3", 3),
        ("UPDATE audit_entries SET cases = '{}' WHERE seq = 2", 2),
        ("DELETE FROM audit_entries WHERE seq = 4", 4),
        ("DELETE FROM audit_entries WHERE seq = 6", 6),
        ("UPDATE audit_entries SET seq = 9 WHERE seq = 1", 1),
        ("UPDATE audit_heads SET seq = 5", 6),
    ] {
        let trail = Trail::of(6).await;
        assert!(matches!(trail.verdict().await, Verdict::Whole { entries: 6, .. }));
        trail.run(meddling).await;
        assert_eq!(trail.verdict().await, Verdict::BrokenAt(at), "{meddling}");
    }
}

#[tokio::test]
async fn each_agency_has_its_own_chain_without_a_gap() {
    let trail = Trail::of(2).await;
    let other = enroll_agency(&trail.db, &trail.clock, &trail.ids, "valley", "Valley").await.unwrap().id;
    for agency in [other, trail.agency, other] {
        trail.record(agency).await;
    }
    assert_eq!(chain(&trail.db).await.unwrap(), 3);
    assert_eq!(chain(&trail.db).await.unwrap(), 0, "each entry gets one place");
    assert_eq!(trail.head().await.seq, 3);
    assert!(matches!(verify(&trail.db, other, None).await.unwrap(), Verdict::Whole { entries: 2, .. }));
}

#[tokio::test]
async fn what_is_too_old_goes_and_the_chain_holds_from_there_on() {
    let trail = Trail::of(5).await;
    let kept = trail.head().await;
    let before = noon() + chrono::TimeDelta::minutes(3);
    assert_eq!(forget_before(&trail.db, trail.agency, before, &[], true).await.unwrap(), 3);
    assert!(matches!(trail.verdict().await, Verdict::Whole { entries: 5, .. }), "a dry run removes nothing");
    assert_eq!(forget_before(&trail.db, trail.agency, before, &[], false).await.unwrap(), 3);
    assert!(matches!(trail.verdict().await, Verdict::Whole { entries: 2, .. }));
    let known = Some((kept.seq, kept.hash.as_str()));
    assert!(matches!(verify(&trail.db, trail.agency, known).await.unwrap(), Verdict::Whole { .. }));
    trail.run("DELETE FROM audit_entries WHERE seq = 4").await;
    assert_eq!(trail.verdict().await, Verdict::BrokenAt(4), "the oldest that is left cannot be taken out");
}

#[tokio::test]
async fn the_trail_is_kept_from_the_first_entry_on_that_speaks_of_a_held_case() {
    let trail = Trail::of(2).await;
    let held = trail.entry(trail.agency);
    let case = *held.cases.keys().next().unwrap();
    Recorder::alone(trail.db.clone()).record(held).await.unwrap();
    trail.record(trail.agency).await;
    chain(&trail.db).await.unwrap();
    let later = noon() + chrono::TimeDelta::days(9_000);
    assert_eq!(forget_before(&trail.db, trail.agency, later, &[case], false).await.unwrap(), 2);
    assert!(matches!(trail.verdict().await, Verdict::Whole { entries: 2, .. }));
    assert_eq!(forget_before(&trail.db, trail.agency, later, &[], false).await.unwrap(), 2);
    assert!(matches!(trail.verdict().await, Verdict::Whole { entries: 0, .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_are_stored_and_none_after_the_end() {
    let trail = Trail::of(0).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let (recorder, keep) = Recorder::together(trail.db.clone(), AuditReads::All, stop.clone());
    let keeping = tokio_util::task::TaskTracker::new().spawn(keep);
    let all = (0..300).map(|_| {
        let (recorder, entry) = (recorder.clone(), trail.entry(trail.agency));
        async move { recorder.record(entry).await }
    });
    assert!(futures_util::future::join_all(all).await.iter().all(Result::is_ok));
    stop.cancel();
    keeping.await.unwrap();
    assert!(recorder.record(trail.entry(trail.agency)).await.is_err(), "nobody stores it, so it must not be shown");
    assert_eq!(chain(&trail.db).await.unwrap(), 300);
    assert!(matches!(trail.verdict().await, Verdict::Whole { entries: 300, .. }));
}
