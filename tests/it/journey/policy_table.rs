//! The policy table from outside, in every order of deliveries: whatever a refresh ends in, and however what Truv sends is
//! shuffled and doubled, the case ends in the state and with the next action that the table says, and its client has been
//! contacted as often as it says, by whoever it was.
//!
//! ```text
//! RECERT_TEST_ORDERS=40 cargo test --test it journey::policy_table
//! ```

use std::time::Duration;

use chrono::Days;
use recert::simulator::{Scenario, Settings};
use serde_json::{Value, json};

use crate::support::caseload::Client;
use crate::support::world::{KnownCase, World};
use crate::trials::asked;

/// A row: what the refresh does, where the case ends, how often Truv is asked, and how often the client is contacted.
struct Row {
    scenario: Scenario,
    status: &'static str,
    action: &'static str,
    refreshes: u64,
    contacts: usize,
}

const fn row(
    scenario: Scenario,
    (status, action): (&'static str, &'static str),
    refreshes: u64,
    contacts: usize,
) -> Row {
    Row { scenario, status, action, refreshes, contacts }
}

const READY: (&str, &str) = ("READY_FOR_REVIEW", "REVIEW");
const ASKED: (&str, &str) = ("WAITING_ON_CLIENT", "WAIT");
const BY_HAND: (&str, &str) = ("NEEDS_CASEWORKER", "RESOLVE_BY_HAND");

/// After two days, in which what is to be tried again has been.
const TABLE: [Row; 22] = [
    row(Scenario::Ok, READY, 1, 0),
    row(Scenario::OkNoChange, READY, 1, 0),
    row(Scenario::OkNewStub, READY, 1, 0),
    row(Scenario::OkLeftJob, READY, 1, 0),
    row(Scenario::Slow, READY, 1, 0),
    row(Scenario::Suspicious, READY, 1, 0),
    row(Scenario::UnavailableThenOk(1), READY, 2, 0),
    row(Scenario::UnavailableThenOk(2), READY, 3, 0),
    row(Scenario::Unavailable, BY_HAND, 4, 0),
    row(Scenario::Error, BY_HAND, 2, 0),
    row(Scenario::NoData, BY_HAND, 1, 0),
    row(Scenario::ConfigError, BY_HAND, 1, 0),
    row(Scenario::NotSupported, BY_HAND, 1, 0),
    row(Scenario::Hang, BY_HAND, 1, 0),
    row(Scenario::LoginError, ASKED, 1, 1),
    row(Scenario::MfaError, ASKED, 1, 1),
    row(Scenario::AccountLocked, ASKED, 1, 1),
    row(Scenario::UnableToReset, ASKED, 1, 1),
    row(Scenario::AuthExpired, ASKED, 1, 1),
    // Where Truv writes, the client answers.
    row(Scenario::RecoverAfterLogin, ASKED, 1, 1),
    row(Scenario::LinkDeleted, ASKED, 0, 1),
    row(Scenario::QuotaUsed, ("RETRY_SCHEDULED", "RETRY_LATER"), 0, 0),
];

/// Two cases for each row: of one, Truv has an address and writes by itself.
fn clients(world: &World) -> Vec<Client> {
    let today = world.clock.today();
    let of_row = |(place, row): (usize, &Row)| {
        [false, true].map(|has_address_at_truv| Client {
            number: format!("{}-{place}", if has_address_at_truv { "TRUV" } else { "OURS" }),
            due_on: today + Days::new(20),
            cycle_days: 181,
            connected_on: today - Days::new(90),
            provider: "example_payroll",
            // A connection is removed after its order was read.
            scenario: if row.scenario == Scenario::LinkDeleted { Scenario::Ok } else { row.scenario },
            has_address_at_truv,
        })
    };
    TABLE.iter().enumerate().flat_map(of_row).collect()
}

/// How often somebody has written to the client of the case: Truv by itself, or because it was asked to.
fn contacts(orders: &[Value], truth: &Value) -> usize {
    let of_case = |id: &Value| orders.iter().any(|order| order["truvOrderId"] == *id);
    let notices = truth["notices"].as_array().unwrap().iter().filter(|notice| of_case(&notice["order_id"])).count();
    let asks = orders.iter().filter(|order| order["kind"] == "REAUTHENTICATION").count();
    notices + asks
}

async fn holds(world: &World, case: &KnownCase, row: &Row, truth: &Value) -> Result<(), String> {
    let shown = world.show(case).await;
    let orders = world.orders(case).await;
    let seen = (
        shown["status"].as_str().unwrap_or_default().to_owned(),
        shown["nextAction"].as_str().unwrap_or_default().to_owned(),
        world.true_refreshes(case).await,
        contacts(&orders, truth),
    );
    let answers = row.scenario == Scenario::RecoverAfterLogin && case.number.starts_with("TRUV");
    let (status, action) = if answers { READY } else { (row.status, row.action) };
    let expected = (status.to_owned(), action.to_owned(), row.refreshes, row.contacts);
    if seen == expected {
        return Ok(());
    }
    let told: Vec<String> = orders.iter().map(|order| history(order, truth)).collect();
    Err(format!("{} ({}): {seen:?} instead of {expected:?}\n{}", case.number, row.scenario, told.join("\n")))
}

/// An order and what was written about it, for whoever has to find out what went wrong.
fn history(order: &Value, truth: &Value) -> String {
    let notices = truth["notices"].as_array().unwrap();
    let written: Vec<&Value> = notices.iter().filter(|notice| notice["order_id"] == order["truvOrderId"]).collect();
    let [kind, status, made_at] = ["kind", "status", "createdAt"].map(|field| &order[field]);
    format!("    {kind} {status} of {made_at}, failure {}, notices {written:?}", order["failure"])
}

async fn plays(seed: u64) {
    // Steps and lags differ with the seed, so that what overtakes what does too.
    let step_ms = u32::try_from(seed % 4).unwrap() * 300;
    let settings = Settings { step_ms, suborder_lag_ms: 2_000, step_jitter_percent: 80, ..Settings::at_once() };
    let world = World::seeded(Some(seed), settings, |_| {}).await;
    let cases = world.bring_in(&clients(&world)).await;
    for (place, case) in cases.iter().enumerate() {
        if TABLE[place / 2].scenario == Scenario::LinkDeleted {
            world.scenario(&case.links[0], "link_deleted").await;
        }
    }
    world.quiet().await;
    let window = 4_000 * (1 + seed % 5);
    world
        .faults(json!([
            { "where": "delivery", "action": "reorder", "probability": 1.0, "params": { "ms": window } },
            { "where": "delivery", "action": "duplicate", "probability": 0.2 },
        ]))
        .await;
    let input = json!({ "name": "all", "filter": {}, "sendLinksOnFailure": true, "idempotencyKey": "all" });
    let started = world.send("StartRenewalBatch", json!({ "input": input })).await["startRenewalBatch"].clone();
    assert_eq!(started["userErrors"], json!([]), "{started}");
    world.pass(40, Duration::from_secs(3)).await;
    world.pass(60, Duration::from_mins(1)).await;
    world.pass(24, Duration::from_hours(2)).await;
    let truth = world.truth().await;
    let mut wrong = Vec::new();
    for (place, case) in cases.iter().enumerate() {
        wrong.extend(holds(&world, case, &TABLE[place / 2], &truth).await.err());
        world.assert_true(case).await;
    }
    assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_holds_in_every_order_of_deliveries() {
    for seed in 1..=asked("RECERT_TEST_ORDERS", 2) {
        plays(seed).await;
    }
}
