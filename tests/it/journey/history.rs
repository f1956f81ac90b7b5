//! A case as it could be seen at any moment, and what happened to it and to its connections.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use recert::simulator::Scenario;
use serde_json::{Value, json};

use crate::support::world::{KnownCase, World};

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

async fn shown(world: &World, case: &KnownCase, as_of: Option<DateTime<Utc>>) -> Value {
    world.send("CaseHistory", json!({ "by": { "number": case.number }, "asOf": as_of.map(text) })).await["case"].clone()
}

/// Notes what can be seen now, then lets time pass, so that no later change has this moment.
async fn noted(world: &World, case: &KnownCase, moments: &mut Vec<(DateTime<Utc>, Value)>) {
    world.quiet().await;
    let now = world.clock.now();
    moments.push((now, shown(world, case, None).await));
    world.advance(Duration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_shows_exactly_what_could_be_seen_at_each_moment() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok, Scenario::Ok]).await;
    let mut moments = Vec::new();
    noted(&world, &case, &mut moments).await;
    world.scenario(&case.links[1], "login_error").await;
    world.refresh(&case, "key-1").await;
    noted(&world, &case, &mut moments).await;
    world.ask(&case, "ask-1").await;
    noted(&world, &case, &mut moments).await;
    let version = world.show(&case).await["version"].as_i64().unwrap();
    let decided = world.decide(&case, "NEEDS_DOCUMENTS", version).await;
    assert_eq!(decided["userErrors"], json!([]), "{decided:#}");
    noted(&world, &case, &mut moments).await;
    let version = world.show(&case).await["version"].as_i64().unwrap();
    world.decide(&case, "CONFIRMED", version).await;
    noted(&world, &case, &mut moments).await;

    let states: Vec<_> = moments.iter().map(|(_, seen)| seen["status"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states.last().map(String::as_str), Some("NOT_DUE"), "{states:?}");
    for pair in moments.windows(2) {
        assert_ne!(
            pair[0].1, pair[1].1,
            "each moment differs from the next one, or nothing would be shown: {states:?}"
        );
    }
    for (at, seen) in &moments {
        let then = shown(&world, &case, Some(*at)).await;
        assert_eq!(&then, seen, "as of {at}");
    }
    let before = shown(&world, &case, Some(moments[0].0 - TimeDelta::days(2))).await;
    assert_eq!(before, Value::Null, "the case was not here yet");
    let beyond = shown(&world, &case, Some(world.clock.now() + TimeDelta::days(2))).await;
    assert_eq!(beyond["status"], "NOT_DUE", "the future is not known");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_and_connections_tell_what_happened_to_them() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.advance(Duration::from_secs(1)).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    world.advance(Duration::from_hours(25)).await;
    world.scenario(&case.links[0], "login_error").await;
    world.refresh(&case, "key-2").await;
    world.quiet().await;
    let told = shown(&world, &case, None).await;
    let kinds: Vec<_> =
        told["employerLinks"][0]["history"].as_array().unwrap().iter().map(|entry| entry["kind"].clone()).collect();
    assert!(kinds.ends_with(&[json!("REFRESHED"), json!("BROKEN")]), "{told:#}");
    let sentences: Vec<String> = told["history"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|entry| entry["sentences"].as_array().unwrap())
        .map(|sentence| sentence.as_str().unwrap().to_owned())
        .collect();
    for expected in
        ["An order was stored.", "The next action changed from WAIT to REVIEW.", "to SEND_VERIFICATION_LINK."]
    {
        assert!(sentences.iter().any(|sentence| sentence.ends_with(expected)), "{expected}: {sentences:#?}");
    }
    // The log may be forgotten; this is not.
    world.advance(Duration::from_hours(40 * 24)).await;
    let later = shown(&world, &case, None).await;
    assert_eq!(later["employerLinks"][0]["history"].as_array().map(Vec::len), Some(kinds.len()));
}
