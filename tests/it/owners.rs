//! Every finder that takes ids asks who owns them, too. Whoever calls it has mostly looked at the case before, so that no
//! query would show a finder that does not ask; here each is asked by itself.

use recert::caller::{CaseScope, Caseload};
use recert::ids::{AgencyId, CaseId, OrderId};
use recert::page::Window;
use recert::simulator::{Scenario, Settings};
use recert::{
    audit, batches, cases, deliveries, events, history, ledger, lineage, links, notices, orders, people, renewals,
    reports, revocations,
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use uuid::Uuid;

use crate::support::seed::Seed;
use crate::support::world::{COUNTY, NEIGHBOUR, World};

/// A case with a decided renewal, one that needs its client, what was billed, asked, told and looked at, a batch, and a
/// revoked token.
async fn furnished() -> World {
    let priced = |config: &mut recert::config::Config| config.agencies[0].spending.price_cents.income = Some(250);
    let world = World::tuned(Settings::at_once(), priced).await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let refused = world.case("SNAP-2", &[Scenario::LoginError]).await;
    world.refresh(&case, "key-1").await;
    world.refresh(&refused, "key-2").await;
    world.quiet().await;
    let version = world.show(&case).await["version"].as_i64().unwrap();
    let decided = world.decide(&case, "CONFIRMED", version).await;
    assert_eq!(decided["userErrors"], json!([]), "{decided}");
    let batch = json!({ "name": "March", "filter": {}, "idempotencyKey": "batch-1" });
    let started = world.send("StartRenewalBatch", json!({ "input": batch })).await;
    assert_eq!(started["startRenewalBatch"]["userErrors"], json!([]), "{started}");
    let revoked = world.send("RevokeTokens", json!({ "input": { "subject": "who-left", "reason": "Left." } })).await;
    assert_eq!(revoked["revokeTokens"]["userErrors"], json!([]), "{revoked}");
    world.quiet().await;
    audit::chain(&world.app.kit().db).await.unwrap();
    world
}

/// The ids of everything in a table.
async fn all<T: From<Uuid>>(world: &World, table: &str) -> Vec<T> {
    let db = &world.app.kit().db;
    let statement = Statement::from_string(db.backend(), format!("SELECT id FROM {table}"));
    let rows = db.read().query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get::<Uuid>("", "id").unwrap().into()).collect()
}

#[expect(clippy::too_many_lines, reason = "a table of all finders")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_finder_finds_by_id_what_another_agency_owns() {
    let world = furnished().await;
    let (kit, seed) = (world.app.kit(), Seed(world.app.kit()));
    let (db, now) = (&kit.db, world.clock.now());
    let (owner, stranger) = (seed.agency(COUNTY).await, seed.agency(NEIGHBOUR).await);
    let (of_cases, of_orders): (Vec<CaseId>, Vec<OrderId>) = (all(&world, "cases").await, all(&world, "orders").await);
    let (of_links, of_clients) = (all(&world, "employer_links").await, all(&world, "clients").await);
    let (of_renewals, of_batches) = (all(&world, "renewals").await, all(&world, "renewal_batches").await);
    let long_ago = now - chrono::TimeDelta::days(36_500);
    let (of_reports, of_jobs) = (all(&world, "reports").await, all(&world, "employments").await);
    let truv_orders = world.column("SELECT truv_order_id AS value FROM orders WHERE truv_order_id IS NOT NULL").await;
    let worker = seed.caseworker(owner, "dana").await;
    let scope = |agency: AgencyId| CaseScope { agency, caseload: Caseload::All };
    let (every_order, every_item) = (orders::pages::Filter::default(), batches::Filter::default());
    let found = |found: bool| if found { vec![()] } else { Vec::new() };
    let mut leaks = Vec::new();

    macro_rules! finders {
        ($($name:literal: |$agency:ident| $call:expr;)+) => {$(
            let $agency = owner;
            assert!(!$call.await.unwrap().is_empty(), "{} finds nothing at all", $name);
            let $agency = stranger;
            if !$call.await.unwrap().is_empty() {
                leaks.push($name);
            }
        )+};
    }
    finders! {
        "cases": |agency| cases::load(db, scope(agency), &of_cases);
        "cases of clients": |agency| cases::load_of_clients(db, scope(agency), &of_clients);
        "renewals": |agency| cases::load_renewals(db, agency, &of_renewals);
        "renewals of cases": |agency| cases::page_renewals(db, agency, &of_cases, &Window::first(9));
        "counts of renewals": |agency| cases::count_renewals(db, agency, &of_cases);
        "last reviewed": |agency| cases::load_last_reviewed(db, agency, &of_cases);
        "decisions": |agency| renewals::load_decisions(db, agency, &of_renewals);
        "orders": |agency| orders::load(db, agency, &of_orders);
        "orders of cases": |agency| orders::pages::page(db, agency, &of_cases, &every_order, &Window::first(9));
        "counts of orders": |agency| orders::pages::count(db, agency, &of_cases, &every_order);
        "orders of renewals": |agency| orders::load_of_renewals(db, agency, &of_renewals);
        "lineage": |agency| lineage::load_of_cases(db, agency, &of_cases);
        "employers of orders": |agency| orders::load_employers_of(db, agency, &of_orders);
        "employers": |agency| orders::load_employers(db, agency, &all(&world, "order_employers").await);
        "tasks": |agency| orders::load_tasks(db, agency, &all(&world, "tasks").await);
        "refreshable connections": |agency| orders::load_targets(db, agency, &of_cases);
        "newest reports": |agency| reports::load_newest(db, agency, &of_cases, long_ago);
        "connections": |agency| links::load(db, agency, &of_links);
        "connections of clients": |agency| links::load_of_clients(db, agency, &of_clients);
        "connections of a client": |agency| links::load_all_of_client(db, agency, of_clients[0]);
        "refreshes of connections": |agency| links::count_units(db, agency, &of_links, now);
        "clients": |agency| people::load_clients(db, agency, &of_clients);
        "reports": |agency| reports::load(db, agency, &of_reports);
        "reports of orders": |agency| reports::load_of_orders(db, agency, &of_orders);
        "all reports of orders": |agency| reports::load_all_of_orders(db, agency, &of_orders);
        "jobs of reports": |agency| reports::load_employments_of(db, agency, &of_reports);
        "jobs": |agency| reports::load_employments(db, agency, &of_jobs);
        "stubs": |agency| reports::load_stubs(db, agency, &of_jobs);
        "statements": |agency| reports::load_statements(db, agency, &all(&world, "pay_statements").await);
        "statements of jobs": |agency| reports::page_statements(db, agency, &of_jobs, &Window::first(9));
        "counts of statements": |agency| reports::count_statements(db, agency, &of_jobs);
        "events of cases": |agency| events::timelines(db, agency, &of_cases, &Window::first(9), None);
        "counts of events": |agency| events::count_of_cases(db, agency, &of_cases, None);
        "earlier words of cases": |agency| history::load_cases(db, agency, &of_cases);
        "earlier words of connections": |agency| history::load_links(db, agency, &of_links);
        "deliveries": |agency| deliveries::load(db, agency, &all(&world, "deliveries").await);
        "deliveries of orders": |agency| deliveries::used(db, agency, &of_orders);
        "orders of the bill": |agency| ledger::load_orders(db, agency, &of_orders);
        "batches": |agency| batches::load(db, agency, &of_batches);
        "items of batches": |agency| batches::page_items(db, agency, &of_batches, &every_item, &Window::first(9));
        "counts of items": |agency| batches::count_items(db, agency, &of_batches, &every_item);
        "items": |agency| batches::load_items(db, agency, &all(&world, "renewal_batch_items").await);
        "one batch": |agency| async { batches::find(db, agency, of_batches[0]).await.map(|it| found(it.is_some())) };
        "an order of Truv's": |agency| async {
            orders::find_truv(db, agency, &truv_orders[0]).await.map(|it| found(it.is_some()))
        };
        "a case by number": |agency| async {
            cases::find_by_number(db, scope(agency), "SNAP-1").await.map(|it| found(it.is_some()))
        };
        "caseworkers": |agency| people::load_caseworkers(db, agency, &[worker]);
        "a caseworker by name": |agency| async {
            people::find_caseworker(db, agency, "dana").await.map(|it| found(it.is_some()))
        };
        // Lists of an agency's own, and how long they are.
        "the bill": |agency| async {
            ledger::page(db, agency, &ledger::Filter::default(), &Window::first(9)).await.map(|page| page.items)
        };
        "the list of batches": |agency| async {
            batches::page(db, agency, &Window::first(9)).await.map(|page| page.items)
        };
        "how many batches": |agency| async { batches::count(db, agency).await.map(|count| found(count > 0)) };
        "how many events": |agency| async {
            events::count(db, scope(agency), &events::Filter::default()).await.map(|count| found(count > 0))
        };
        "the list of notices": |agency| async {
            notices::page(db, agency, &[], &Window::first(9)).await.map(|page| page.items)
        };
        "the list of deliveries": |agency| async {
            deliveries::page(db, agency, &[], &Window::first(9)).await.map(|page| page.items)
        };
        "revoked tokens": |agency| async {
            revocations::page(db, agency, &Window::first(9)).await.map(|page| page.items)
        };
        "the audit trail": |agency| async {
            audit::page(db, agency, &audit::Filter::default(), &Window::first(9)).await.map(|page| page.items)
        };
    }
    assert!(leaks.is_empty(), "these find what another agency owns: {leaks:?}");
}
