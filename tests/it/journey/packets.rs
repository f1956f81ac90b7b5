//! Evidence packets: everything that a decision stands on, in a file that shows every change.

use std::pin::pin;

use proptest::prelude::*;
use recert::caller::Scope;
use recert::packets::chain::verify;
use recert::simulator::Scenario;
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use serde_json::{Value, json};

use crate::support::world::{COUNTY, KnownCase, World};

async fn decided() -> (World, KnownCase) {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok, Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let version = world.show(&case).await["version"].as_i64().unwrap();
    let decided = world.decide(&case, "CONFIRMED", version).await;
    assert_eq!(decided["userErrors"], json!([]), "{decided:#}");
    (world, case)
}

async fn packet(world: &World, case: &KnownCase) -> Value {
    let data = world.send("EvidencePacket", json!({ "by": { "id": case.id } })).await;
    data["case"]["renewals"]["nodes"][0]["evidencePacket"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_holds_what_the_decision_stands_on_and_shows_every_change() {
    let (world, case) = decided().await;
    let packet = packet(&world, &case).await;
    let text = packet["text"].as_str().unwrap();
    let found = verify(text.as_bytes()).unwrap();
    assert_eq!(packet["seal"], found.seal);
    let parsed: Value = serde_json::from_str(text).unwrap();
    let section = |name: &str| {
        let found = parsed["sections"].as_array().unwrap().iter().find(|section| section["name"] == name);
        found.unwrap_or_else(|| panic!("no section {name}"))["content"].clone()
    };
    assert_eq!(section("packet")["case"], "SNAP-1");
    assert_eq!(section("lineage").as_array().map(Vec::len), Some(2), "the earlier order and its refresh");
    let deliveries = section("deliveries");
    assert!(!deliveries.as_array().unwrap().is_empty());
    assert!(deliveries.as_array().unwrap().iter().all(|one| one["body_sha256"].as_str().unwrap().len() == 64));
    let report = section("report");
    assert_eq!(report["jobs"].as_array().map(Vec::len), Some(2));
    let statements: Vec<&Value> =
        report["jobs"].as_array().unwrap().iter().flat_map(|job| job["pay_statements"].as_array().unwrap()).collect();
    assert!(statements.iter().any(|one| !one["earnings"].as_array().unwrap().is_empty()));
    let received = section("report_as_received").to_string();
    assert!(received.contains("employers"), "{received:.200}");
    for secret in ["access_token", "bridge_token", "share_url"] {
        assert!(!received.contains(secret), "{secret} is in the packet");
    }
    let arithmetic = section("arithmetic");
    let steps = arithmetic["report"][0]["ways"][0]["steps"].as_array().unwrap().clone();
    assert_eq!(steps.last().unwrap()["value"], arithmetic["report"][0]["ways"][0]["amount"]);
    assert_eq!(section("decisions")[0]["decision"], "CONFIRMED");
    assert_eq!(section("changes")["rules"]["material_percent"], 10);
    assert!(section("judgement")["stability"].as_array().is_some_and(|checks| !checks.is_empty()));
    assert!(!section("events").as_array().unwrap().is_empty());
    let access = section("access");
    let acts: Vec<&str> = access.as_array().unwrap().iter().filter_map(|entry| entry["operation"].as_str()).collect();
    assert!(acts.contains(&"CompleteReview") && acts.contains(&"Case"), "who looked and who decided: {acts:?}");
    assert_eq!(section("baseline")["jobs"].as_array().map(Vec::len), Some(2));

    let bytes = text.as_bytes();
    // Every line is a section or part of the frame: some bytes of each, besides bytes anywhere.
    let mut starts = vec![0];
    starts.extend(bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(place, _)| place + 1));
    for start in starts.iter().filter(|start| **start < bytes.len()) {
        let end =
            bytes[*start..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| start + length + 1);
        for place in (*start..end).step_by(((end - start) / 6).max(1)).chain([end - 1]) {
            let mut changed = bytes.to_vec();
            changed[place] ^= 1;
            assert!(verify(&changed).is_err(), "byte {place} of {}", bytes.len());
        }
    }
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 30, ..ProptestConfig::default() });
    runner
        .run(&(0..bytes.len(), 1..=u8::MAX), |(place, flip)| {
            let mut changed = bytes.to_vec();
            changed[place] ^= flip;
            prop_assert!(verify(&changed).is_err(), "byte {} by {}", place, flip);
            Ok(())
        })
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_needs_both_scopes() {
    let (world, case) = decided().await;
    let document = crate::support::client::operation_of("EvidencePacket");
    for missing in [Scope::AuditRead, Scope::ReportsRead] {
        let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope != missing).collect();
        let token = world.token(COUNTY, &scopes);
        let answer = world.query_as(&token, &document, json!({ "by": { "id": case.id } })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer:#}");
        assert_eq!(answer["data"]["case"]["renewals"]["nodes"][0]["evidencePacket"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_waits_for_what_is_just_being_put_into_the_trail() {
    let (world, case) = decided().await;
    if world.app.kit().db.backend() != DbBackend::Postgres {
        // One writes at a time on SQLite: nobody is passed by.
        return;
    }
    let head = async || (!world.column("SELECT hash AS value FROM audit_heads").await.is_empty()).then_some(());
    world.until("the trail has begun", head).await;
    // Somebody is at the chain, and what is looked at from here on waits for its place.
    let owner = world.owner().await;
    let busy = owner.begin().await.unwrap();
    busy.execute_unprepared("SET LOCAL recert.agency = 'all'; SELECT * FROM audit_heads FOR UPDATE").await.unwrap();
    world.show(&case).await;
    let waits = "SELECT pid::text AS value FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock'";
    let waiting = async || {
        let found = owner.query_all_raw(Statement::from_string(DbBackend::Postgres, waits)).await.unwrap();
        (!found.is_empty()).then_some(())
    };
    let mut packet = pin!(packet(&world, &case));
    tokio::select! {
        _ = &mut packet => panic!("it has not waited"),
        () = world.until("the packet waits", waiting) => busy.commit().await.unwrap(),
    }
    let packet = packet.await;
    let parsed: Value = serde_json::from_str(packet["text"].as_str().unwrap()).unwrap();
    let access = parsed["sections"].as_array().unwrap().iter().find(|section| section["name"] == "access").unwrap();
    let looks = access["content"].as_array().unwrap().iter().filter(|entry| entry["operation"] == "Case").count();
    assert_eq!(looks, 2, "before the decision and after it: {access:#}");
}
