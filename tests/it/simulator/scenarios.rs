//! Where each scenario ends.

use recert::simulator::Settings;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::rig::{Rig, order_of, rosa_with_email, rosa_with_one_job};

#[rstest]
#[case::ok("ok", "done", "completed")]
#[case::no_change("ok_no_change", "done", "completed")]
#[case::new_stub("ok_new_stub", "done", "completed")]
#[case::left_job("ok_left_job", "done", "completed")]
#[case::suspicious("suspicious", "done", "completed")]
#[case::slow("slow", "done", "completed")]
#[case::no_data("no_data", "no_data", "no_data")]
#[case::config_error("config_error", "config_error", "error")]
#[case::not_supported("not_supported", "not_supported", "error")]
#[case::error("error", "error", "error")]
#[case::login_error("login_error", "login_error", "pending")]
#[case::mfa_error("mfa_error", "mfa_error", "pending")]
#[case::account_locked("account_locked", "account_locked", "pending")]
#[case::unable_to_reset("unable_to_reset", "unable_to_reset", "pending")]
#[case::unavailable("unavailable", "unavailable", "pending")]
#[case::hang("hang", "login", "pending")]
#[tokio::test]
async fn a_scenario_ends_in_its_task_state_and_suborder_status(
    #[case] scenario: &str,
    #[case] task: &str,
    #[case] suborder: &str,
) {
    let rig = Rig::new().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    rig.scenario(scenario).await;
    let refreshed = rig.refresh(&order).await;
    let (_, read) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
    let employer = &read["employers"][0];
    assert_eq!(employer["last_task_status"], task);
    assert_eq!(employer["status"], suborder);
    assert_eq!(employer["is_suspicious"], json!(scenario == "suspicious"));
    assert_eq!(read["completed_at"].is_null(), suborder != "completed");
    let billed = rig.truth(&refreshed).await["billing"].as_array().unwrap().len();
    assert_eq!(billed, usize::from(task == "done"));
}

#[tokio::test]
async fn a_failure_is_told_by_the_task_the_link_and_the_order() {
    let rig = Rig::new().await;
    rig.subscribe().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    rig.scenario("login_error").await;
    let refreshed = rig.refresh(&order).await;
    let mut story = rig.endpoint.story();
    let mut last = story.split_off(4);
    assert_eq!(
        story,
        [
            "order-created pending",
            "task-status-updated new",
            "task-status-updated login",
            "task-status-updated login_error"
        ]
    );
    last.sort();
    assert_eq!(last, ["link-disconnected", "order-refresh-failed login_error"]);
    let failed = rig.endpoint.received().into_iter().find(|one| one.kind() == "order-refresh-failed").unwrap().json();
    assert_eq!(failed["order_id"], json!(refreshed));
    assert_eq!(failed["order_number"], "SNAP-2026-004417");
    rig.set(json!({ "refresh_failed_status": "error" })).await;
    rig.refresh(&order).await;
    assert!(rig.endpoint.story().contains(&"order-refresh-failed error".to_owned()));
}

#[tokio::test]
async fn the_order_of_the_last_two_failure_events_varies_with_the_task() {
    let rig = Rig::new().await;
    rig.set(json!({ "refreshes_per_day": 100 })).await;
    rig.subscribe().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    rig.scenario("mfa_error").await;
    for _ in 0..12 {
        rig.refresh(&order).await;
    }
    let story = rig.endpoint.story();
    let link_first = story.windows(2).filter(|two| two[0] == "link-disconnected").count();
    let after_link = story
        .windows(2)
        .filter(|two| two[0] == "link-disconnected" && two[1].starts_with("order-refresh-failed"))
        .count();
    assert!(link_first >= 11 && (1..12).contains(&after_link), "{after_link} of {link_first}");
}

#[tokio::test]
async fn no_change_sends_no_data_events_and_repeats_the_report() {
    let rig = Rig::new().await;
    rig.subscribe().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    rig.scenario("ok_no_change").await;
    let refreshed = rig.refresh(&order).await;
    assert!(!rig.endpoint.story().iter().any(|kind| kind.ends_with("-updated")));
    let (_, before) = rig.get(&format!("/v1/orders/{order}/")).await;
    let (_, after) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
    assert_eq!(before["employers"][0]["employments"], after["employers"][0]["employments"]);
}

#[tokio::test]
async fn a_new_stub_comes_even_when_no_time_has_passed() {
    let rig = Rig::new().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    let count = |order: &Value| order["employers"][0]["employments"][0]["statements"].as_array().unwrap().len();
    let first = rig.refresh(&order).await;
    let (_, first) = rig.get(&format!("/v1/orders/{first}/")).await;
    rig.scenario("ok_new_stub").await;
    rig.subscribe().await;
    let second = rig.refresh(&order).await;
    let (_, second) = rig.get(&format!("/v1/orders/{second}/")).await;
    assert_eq!(count(&second), count(&first) + 1);
    let updated = rig.endpoint.received().into_iter().find(|one| one.kind() == "statements-updated").unwrap().json();
    assert_eq!(updated["objects_count"], json!(count(&second)));
}

#[tokio::test]
async fn whoever_has_left_the_job_is_no_longer_active() {
    let rig = Rig::new().await;
    rig.subscribe().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    rig.scenario("ok_left_job").await;
    let refreshed = rig.refresh(&order).await;
    let (_, read) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
    let job = &read["employers"][0]["employments"][0];
    assert_eq!(job["is_active"], false);
    assert!(job["end_date"].as_str().unwrap().starts_with("2026-02-25"));
    assert!(rig.endpoint.story().contains(&"employment-updated".to_owned()));
    let (_, before) = rig.get(&format!("/v1/orders/{order}/")).await;
    assert_eq!(before["employers"][0]["employments"][0]["is_active"], true, "the earlier snapshot stands");
}

#[tokio::test]
async fn an_outage_ends_after_so_many_refreshes() {
    let rig = Rig::new().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    rig.scenario("unavailable_then_ok(2)").await;
    let mut ends = Vec::new();
    for _ in 0..3 {
        let refreshed = rig.refresh(&order).await;
        let (_, read) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
        ends.push(read["employers"][0]["last_task_status"].as_str().unwrap().to_owned());
    }
    assert_eq!(ends, ["unavailable", "unavailable", "done"]);
}

#[tokio::test]
async fn used_up_quota_and_deleted_links_are_refused() {
    let rig = Rig::new().await;
    let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    let path = format!("/v1/orders/{order}/");
    rig.scenario("quota_used").await;
    let (status, body) = rig.post(&path, json!({ "products": ["income"] })).await;
    assert_eq!(status, 400);
    assert!(body["error"]["message"].as_str().unwrap().contains("access_token exceeded"));
    rig.scenario("link_deleted").await;
    let (status, body) = rig.post(&path, json!({ "products": ["income"] })).await;
    assert_eq!(status, 400);
    assert_eq!(body["error"]["extra"]["invalid-params"][0]["field"], "employers");
}

#[tokio::test]
async fn a_lapsed_authorisation_fails_by_login_or_by_code_in_the_given_share() {
    for (share, expected) in [(0.0, "login_error"), (1.0, "mfa_error")] {
        let rig = Rig::with(Settings { expired_auth_mfa_share: share, ..Settings::at_once() }).await;
        let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
        // Sixty days old now; the provider lets it live for ninety.
        rig.set(json!({ "provider_lifetimes": { "example_payroll": 90 } })).await;
        let fresh = rig.refresh(&order).await;
        assert_eq!(rig.truth(&fresh).await["orders"][0]["employers"][0]["last_task_status"], "done");
        rig.advance(31 * 24 * 3_600).await;
        let stale = rig.refresh(&order).await;
        assert_eq!(rig.truth(&stale).await["orders"][0]["employers"][0]["last_task_status"], expected);
    }
}

#[tokio::test]
async fn a_silent_refresh_extends_the_authorisation_only_by_the_setting() {
    for (extends, expected) in [(false, false), (true, true)] {
        let rig = Rig::with(Settings { silent_refresh_extends_auth: extends, ..Settings::at_once() }).await;
        rig.set(json!({ "auth_lifetime_days": 90 })).await;
        let order = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
        rig.refresh(&order).await;
        rig.advance(31 * 24 * 3_600).await;
        let later = rig.refresh(&order).await;
        let done = rig.truth(&later).await["orders"][0]["employers"][0]["last_task_status"] == "done";
        assert_eq!(done, expected);
    }
}

#[tokio::test]
async fn the_applicant_who_answers_the_notice_completes_the_same_order() {
    let rig = Rig::with(Settings { recover_after_ms: 60_000, ..Settings::at_once() }).await;
    rig.subscribe().await;
    let order = order_of(&rig.sim.seed(rosa_with_email()).unwrap());
    rig.scenario("recover_after_login").await;
    let refreshed = rig.refresh(&order).await;
    let truth = rig.truth(&refreshed).await;
    assert_eq!(truth["orders"][0]["employers"][0]["status"], "sent");
    assert_eq!(truth["notices"].as_array().unwrap().len(), 1);
    let (_, failed) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
    rig.advance(60).await;
    let (_, recovered) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
    assert_eq!(recovered["employers"][0]["status"], "completed");
    assert_eq!(recovered["employers"][0]["link_id"], failed["employers"][0]["link_id"]);
    assert!(recovered["expired_at"].as_str().unwrap() > failed["expired_at"].as_str().unwrap());
    let story = rig.endpoint.story();
    assert!(story.contains(&"link-connected".to_owned()));
    assert_eq!(story.last().unwrap(), "order-status-updated completed");
    let truth = rig.control(Method::GET, "state", Value::Null).await;
    assert_eq!(truth["billing"].as_array().unwrap().len(), 1);
    assert_eq!(truth["notices"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_is_written_to_without_an_address_or_for_an_outage() {
    let rig = Rig::new().await;
    let silent = order_of(&rig.sim.seed(rosa_with_one_job()).unwrap());
    rig.scenario("login_error").await;
    let refreshed = rig.refresh(&silent).await;
    assert_eq!(rig.truth(&refreshed).await["notices"], json!([]));
    let rig = Rig::new().await;
    let order = order_of(&rig.sim.seed(rosa_with_email()).unwrap());
    rig.scenario("unavailable").await;
    let refreshed = rig.refresh(&order).await;
    assert_eq!(rig.truth(&refreshed).await["notices"], json!([]));
}
