use recert::simulator::Scenario;
use serde_json::json;

use crate::support::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_fills_the_review() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let before = world.show(&case).await;
    assert_eq!(before["status"], "DUE", "{before}");
    assert_eq!(before["originalOrder"]["status"], "COMPLETED");
    assert_eq!(before["employerLinks"][0]["health"], "HEALTHY");

    let made = world.refresh(&case, "key-1").await;
    assert_eq!(made["order"]["kind"], "REFRESH");
    assert_eq!(made["order"]["status"], "REQUESTED");
    assert_eq!(made["case"]["status"], "REFRESHING");
    world.quiet().await;

    let after = world.show(&case).await;
    assert_eq!(after["latestOrder"]["status"], "COMPLETED", "{after}");
    assert_eq!(after["status"], "READY_FOR_REVIEW", "{after}");
    let review = world.send("Review", json!({ "by": { "id": case.id } })).await["case"]["review"].clone();
    let job = &review["current"]["employments"][0];
    assert!(job["payStatements"]["totalCount"].as_i64().unwrap() > 10, "{review}");
    assert!(review["baseline"]["id"].is_string(), "{review}");
}
