//! How far the log may be read while transactions are open.

use std::pin::pin;
use std::time::Duration;

use chrono::Days;
use recert::caller::{CaseScope, Caseload, Scope};
use recert::config::Wake;
use recert::events::{Filter, Window, page};
use recert::simulator::Settings;
use recert::storage::{Database, Tx};
use recert::words::CaseEventKind;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::seed::{NewCase, Seed, Seeded};
use crate::support::socket::Screen;
use crate::support::world::{COUNTY, World, noon};

/// A transaction that has written something and stays open.
async fn open_transaction(db: &Database) -> Tx {
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared("UPDATE installation SET pruned_id = pruned_id").await.unwrap();
    tx
}

async fn world() -> (World, Seeded, Screen) {
    let world = World::tuned(Settings::at_once(), |config| config.work.wake = Wake::Database).await;
    let agency = Seed(world.app.kit()).agency(COUNTY).await;
    let case = Seed(world.app.kit()).case(agency, NewCase::due("1", noon().date_naive() + Days::new(200))).await;
    let token = world.token(COUNTY, &[Scope::CasesRead]);
    let mut screen = Screen::open(&world, &token, json!({})).await;
    assert_eq!(screen.event().await["kind"], "STREAM_OPENED");
    (world, case, screen)
}

async fn stored(world: &World) -> i64 {
    let db = &world.app.kit().db;
    let count = Statement::from_string(db.backend(), "SELECT COUNT(*) AS n FROM events");
    db.read().query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap()
}

async fn readable(world: &World, case: Seeded) -> usize {
    let scope = CaseScope { agency: case.agency, caseload: Caseload::All };
    let window = Window { after: None, before: None, limit: 10, from_end: false };
    page(&world.app.kit().db, scope, &Filter::default(), window).await.unwrap().events.len()
}

#[tokio::test]
async fn a_transaction_of_another_database_holds_nothing_back() {
    let (world, case, mut screen) = world().await;
    let (_elsewhere, other, _) = fresh().await;
    let open = open_transaction(&other).await;
    Seed(world.app.kit()).append(case, CaseEventKind::ReviewCompleted, None, None).await;
    assert_eq!(screen.event().await["kind"], "REVIEW_COMPLETED");
    assert_eq!(readable(&world, case).await, 1);
    open.rollback().await.unwrap();
}

#[tokio::test]
async fn an_open_transaction_holds_back_what_comes_after_it_and_nothing_is_lost() {
    let (world, case, mut screen) = world().await;
    let open = open_transaction(&world.app.kit().db).await;
    {
        let seed = Seed(world.app.kit());
        let mut append = pin!(seed.append(case, CaseEventKind::ReviewCompleted, None, None));
        if world.app.kit().db.backend() == DbBackend::Postgres {
            append.await;
            assert_eq!((stored(&world).await, readable(&world, case).await), (1, 0));
            open.rollback().await.unwrap();
        } else {
            // The one writer has to wait for its turn.
            assert!(tokio::time::timeout(Duration::from_millis(50), &mut append).await.is_err());
            assert_eq!((stored(&world).await, readable(&world, case).await), (0, 0));
            open.rollback().await.unwrap();
            append.await;
        }
    }
    // Nobody wakes the tail for a transaction that is rolled back.
    assert_eq!(screen.event().await["kind"], "REVIEW_COMPLETED");
    assert_eq!(readable(&world, case).await, 1);
}

#[tokio::test]
async fn a_lower_number_that_is_committed_later_is_not_passed_by() {
    let (world, case, mut screen) = world().await;
    if world.app.kit().db.backend() == DbBackend::Postgres {
        // This one has its number first and commits last.
        let seed = Seed(world.app.kit());
        let early = open_transaction(&world.app.kit().db).await;
        seed.append(case, CaseEventKind::ReviewCompleted, None, None).await;
        seed.append_in_tx(&early, case, CaseEventKind::CaseStatusChanged, None, None).await;
        world.app.kit().db.commit(early).await.unwrap();
    } else {
        let seed = Seed(world.app.kit());
        seed.append(case, CaseEventKind::CaseStatusChanged, None, None).await;
        seed.append(case, CaseEventKind::ReviewCompleted, None, None).await;
    }
    assert_eq!(screen.event().await["kind"], "CASE_STATUS_CHANGED");
    assert_eq!(screen.event().await["kind"], "REVIEW_COMPLETED");
}

/// Takes three cases in, or moves their dates, in one transaction.
async fn import(world: &World, due_on: &str) -> Value {
    let case = |number: &str| {
        json!({
            "number": number, "program": "SNAP", "dueOn": due_on, "periodStart": "2099-01-01", "periodEnd": "2099-12-31",
            "client": { "externalUserId": format!("client-{number}"), "firstName": "Rosa", "lastName": "Ortiz" },
            "assignee": { "externalId": "w1", "displayName": "Dana Reyes" },
        })
    };
    let cases = ["first", "held", "contested"].map(case);
    world.send("ImportCases", json!({ "input": { "cases": cases } })).await["importCases"].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_transaction_that_comes_to_a_case_later_stands_behind_what_it_found() {
    let world = World::start().await;
    let contested = import(&world, "2099-11-30").await["cases"][2]["id"].clone();
    let assign = async || {
        let input = json!({ "caseId": contested });
        let answer = world.send("AssignCase", json!({ "input": input })).await;
        assert_eq!(answer["assignCase"]["userErrors"], json!([]), "{answer}");
    };
    let db = &world.app.kit().db;
    if db.backend() == DbBackend::Postgres {
        let holder = db.begin().await.unwrap();
        holder.execute_unprepared("UPDATE cases SET version = version WHERE number = 'held'").await.unwrap();
        let meanwhile = async {
            // The import has changed the first case and waits for the second one.
            let waits = "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
            let is_waiting = async || {
                let row = db.read().query_one_raw(Statement::from_string(db.backend(), waits)).await.unwrap().unwrap();
                (row.try_get::<i64>("", "n").unwrap() > 0).then_some(())
            };
            world.until("the import waits", is_waiting).await;
            assign().await;
            holder.rollback().await.unwrap();
        };
        tokio::join!(import(&world, "2099-12-31"), meanwhile);
    } else {
        assign().await;
        import(&world, "2099-12-31").await;
    }
    let agency = Seed(world.app.kit()).agency(COUNTY).await;
    let scope = CaseScope { agency, caseload: Caseload::All };
    let window = Window { after: None, before: None, limit: 100, from_end: false };
    let events = page(db, scope, &Filter::default(), window).await.unwrap().events;
    let contested = events
        .iter()
        .map(|event| event.case)
        .max_by_key(|case| events.iter().filter(|event| event.case == *case).count());
    let versions: Vec<i64> =
        events.iter().filter(|event| Some(event.case) == contested).map(|event| event.case_version).collect();
    assert!(versions.len() >= 2, "{events:#?}");
    assert!(versions.is_sorted(), "{versions:?}");
}
