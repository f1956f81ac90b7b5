//! Every way a refresh can end upstream, and where it leaves the order and the case (fact sheet "What to do in a renewal").

use std::time::Duration;

use recert::simulator::{Scenario, Settings};
use rstest::rstest;
use serde_json::json;

use crate::support::world::World;

const NOBODY: Option<&str> = None;

#[rstest]
#[case(Scenario::Ok, "COMPLETED", "READY_FOR_REVIEW", "REVIEW", Some("CASEWORKER"), NOBODY)]
#[case(Scenario::OkNoChange, "COMPLETED", "READY_FOR_REVIEW", "REVIEW", Some("CASEWORKER"), NOBODY)]
#[case(Scenario::OkNewStub, "COMPLETED", "READY_FOR_REVIEW", "REVIEW", Some("CASEWORKER"), NOBODY)]
#[case(Scenario::OkLeftJob, "COMPLETED", "READY_FOR_REVIEW", "REVIEW", Some("CASEWORKER"), NOBODY)]
#[case(Scenario::Slow, "COMPLETED", "READY_FOR_REVIEW", "REVIEW", Some("CASEWORKER"), NOBODY)]
#[case(Scenario::Suspicious, "COMPLETED", "READY_FOR_REVIEW", "REVIEW", Some("CASEWORKER"), NOBODY)]
#[case(Scenario::RecoverAfterLogin, "COMPLETED", "READY_FOR_REVIEW", "REVIEW", Some("CASEWORKER"), NOBODY)]
#[case(
    Scenario::LoginError,
    "FAILED",
    "NEEDS_CLIENT",
    "SEND_VERIFICATION_LINK",
    Some("CLIENT"),
    Some("CREDENTIALS_CHANGED")
)]
#[case(Scenario::MfaError, "FAILED", "NEEDS_CLIENT", "SEND_VERIFICATION_LINK", Some("CLIENT"), Some("SESSION_EXPIRED"))]
#[case(
    Scenario::AccountLocked,
    "FAILED",
    "NEEDS_CLIENT",
    "SEND_VERIFICATION_LINK",
    Some("CLIENT"),
    Some("ACCOUNT_LOCKED")
)]
#[case(
    Scenario::UnableToReset,
    "FAILED",
    "NEEDS_CLIENT",
    "SEND_VERIFICATION_LINK",
    Some("CLIENT"),
    Some("CREDENTIALS_CHANGED")
)]
#[case(Scenario::NoData, "NO_DATA", "NEEDS_CASEWORKER", "RESOLVE_BY_HAND", Some("CASEWORKER"), Some("NO_DATA"))]
#[case(
    Scenario::ConfigError,
    "FAILED",
    "NEEDS_CASEWORKER",
    "RESOLVE_BY_HAND",
    Some("CASEWORKER"),
    Some("CONFIGURATION")
)]
#[case(
    Scenario::NotSupported,
    "FAILED",
    "NEEDS_CASEWORKER",
    "RESOLVE_BY_HAND",
    Some("CASEWORKER"),
    Some("NOT_SUPPORTED")
)]
#[case(Scenario::Error, "FAILED", "RETRY_SCHEDULED", "RETRY_LATER", Some("GATEWAY"), Some("UNKNOWN"))]
#[case(
    Scenario::Unavailable,
    "FAILED",
    "RETRY_SCHEDULED",
    "RETRY_LATER",
    Some("GATEWAY"),
    Some("PROVIDER_UNAVAILABLE")
)]
#[case(Scenario::QuotaUsed, "REJECTED", "RETRY_SCHEDULED", "RETRY_LATER", Some("GATEWAY"), Some("UNKNOWN"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_ends_as_the_table_says(
    #[case] scenario: Scenario,
    #[case] order: &str,
    #[case] status: &str,
    #[case] action: &str,
    #[case] actor: Option<&str>,
    #[case] reason: Option<&str>,
) {
    let world = World::with(Settings { recover_after_ms: 5_000, ..Settings::at_once() }).await;
    let case = world.case("SNAP-1", &[scenario]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    world.advance(Duration::from_secs(10)).await;
    let shown = world.show(&case).await;
    let latest = &shown["latestOrder"];
    let seen = json!([
        latest["status"],
        shown["status"],
        shown["nextAction"],
        shown["nextActor"],
        latest["failure"]["reason"]
    ]);
    assert_eq!(seen, json!([order, status, action, actor, reason]), "{shown:#}");
    if let (Some(reason), false) = (reason, order == "REJECTED") {
        let employer = &latest["employers"][0]["failure"];
        assert_eq!((employer["reason"].as_str(), employer["nextAction"].as_str()), (Some(reason), Some(action)));
    }
    // What the client must mend is a broken connection; whatever else went wrong is none.
    let health = if actor == Some("CLIENT") { "BROKEN" } else { "HEALTHY" };
    assert_eq!(shown["employerLinks"][0]["health"], health, "{shown:#}");
    assert_eq!(shown["employerLinks"][0]["isSuspicious"], scenario == Scenario::Suspicious);
    let retries = action == "RETRY_LATER";
    assert_eq!(latest["failure"]["retryAt"].is_string(), retries, "{latest:#}");
    let posts = world.true_refreshes(&case).await;
    assert_eq!(posts, u64::from(order != "REJECTED"));
}
