//! Deliveries are lost, doubled and shuffled: every case ends where Truv says, and the time that takes is measured.

use std::time::Duration;

use recert::simulator::{Scenario, Settings};
use serde_json::json;

use crate::support::world::{KnownCase, World};

/// What hardening promises.
const LONGEST: Duration = Duration::from_mins(15);
const STEP: Duration = Duration::from_secs(15);

async fn all_are(world: &World, cast: &[(KnownCase, &str)]) -> bool {
    for (case, status) in cast {
        if world.show(case).await["status"] != *status {
            return false;
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_twentieth_lost_a_tenth_doubled_and_all_shuffled_heals_within_a_quarter_of_an_hour() {
    let settings = Settings { step_ms: 500, suborder_lag_ms: 2_000, recover_after_ms: 60_000, ..Settings::at_once() };
    let world = World::with(settings).await;
    let scenarios: [(&[Scenario], &str); 8] = [
        (&[Scenario::Ok], "READY_FOR_REVIEW"),
        (&[Scenario::OkNewStub], "READY_FOR_REVIEW"),
        (&[Scenario::OkNoChange], "READY_FOR_REVIEW"),
        (&[Scenario::LoginError], "NEEDS_CLIENT"),
        (&[Scenario::NoData], "NEEDS_CASEWORKER"),
        (&[Scenario::Unavailable], "RETRY_SCHEDULED"),
        (&[Scenario::Ok, Scenario::MfaError], "NEEDS_CLIENT"),
        // The client answers Truv's own notice a minute later: nobody is expected to ask, so only a webhook tells.
        (&[Scenario::RecoverAfterLogin], "READY_FOR_REVIEW"),
    ];
    let mut cast = Vec::new();
    for n in 0..24 {
        let (links, status) = scenarios[n % scenarios.len()];
        cast.push((world.case(&format!("SNAP-{n}"), links).await, status));
    }
    let rule = |action: &str, probability: f64, params| json!({ "where": "delivery", "action": action, "probability": probability, "params": params });
    let shuffle = rule("reorder", 1.0, json!({ "ms": 20_000 }));
    world.faults(json!([shuffle, rule("drop", 0.05, json!({})), rule("duplicate", 0.1, json!({}))])).await;
    for (case, _) in &cast {
        world.refresh(case, &format!("key-{}", case.number)).await;
    }
    let begun = world.clock.now();
    while !all_are(&world, &cast).await {
        let passed = (world.clock.now() - begun).to_std().unwrap();
        if passed > LONGEST {
            let mut wrong = Vec::new();
            for (case, status) in &cast {
                let shown = world.show(case).await;
                if shown["status"] != *status {
                    wrong.push(format!("{} is {}, not {status}", case.number, shown["status"]));
                }
            }
            panic!("not healed after {passed:?}: {wrong:?}");
        }
        world.advance(STEP).await;
    }
    let took = (world.clock.now() - begun).num_seconds();
    let log = world.log("delivery").await;
    let hit = |fault: &str| log.iter().filter(|entry| entry["fault"] == fault).count();
    assert!(hit("drop") > 0 && hit("duplicate") > 0, "the faults hit: {} and {}", hit("drop"), hit("duplicate"));
    crate::trials::say!(
        "convergence: {} deliveries, {} lost, {} doubled; healed after {took} s of the clock",
        log.len(),
        hit("drop"),
        hit("duplicate")
    );
    for (case, _) in &cast {
        world.assert_true(case).await;
    }
    world.assert_promises().await;
}
