//! Webhooks of ours to an agency's own system: signed, tried for days, and sent once more when somebody asks.

use std::time::Duration;

use recert::config::Notices;
use recert::notices::{self, Which, verify};
use recert::page::Window;
use recert::simulator::{Scenario, Settings};
use recert::words::NoticeStatus;
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::world::World;

const SECRETS: [&str; 2] =
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="];

async fn world(receiver: &MockServer) -> World {
    let endpoint = Notices {
        url: format!("{}/recert", receiver.uri()).parse().unwrap(),
        secrets: SECRETS.map(SecretString::from).to_vec(),
    };
    World::tuned(Settings::at_once(), |config| config.agencies[0].notices = Some(endpoint)).await
}

async fn answers(receiver: &MockServer, with: ResponseTemplate) {
    receiver.reset().await;
    Mock::given(method("POST")).and(path("/recert")).respond_with(with).mount(receiver).await;
}

async fn received(world: &World, receiver: &MockServer, count: usize) -> Vec<Request> {
    let got = async || {
        let requests = receiver.received_requests().await.unwrap();
        (requests.len() >= count).then_some(requests)
    };
    world.until("the receiver has its notices", got).await
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).unwrap().to_str().unwrap()
}

/// Waits until the only notice of the agency stands like this.
async fn stands(world: &World, status: NoticeStatus, attempts: u32) {
    let caller = world.caller().await;
    let look = async || {
        let page = notices::page(&world.app.kit().db, caller.agency, &[], &Window::first(10)).await.unwrap();
        let [only] = page.items.as_slice() else { panic!("{:?}", page.items) };
        (only.status == status && only.attempts == attempts).then_some(())
    };
    world.until(&format!("the notice is {status} after {attempts} attempts"), look).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_that_need_a_person_and_decisions_are_told_once_and_signed() {
    let receiver = MockServer::start().await;
    answers(&receiver, ResponseTemplate::new(204)).await;
    let world = world(&receiver).await;
    let case = world.case("SNAP-1", &[Scenario::LoginError]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let [failed] = received(&world, &receiver, 1).await.try_into().unwrap();
    assert_eq!(body(&failed)["type"], "case.needs_person");
    assert_eq!(body(&failed)["data"]["case_number"], "SNAP-1");
    assert_eq!(body(&failed)["data"]["next_action"], "SEND_VERIFICATION_LINK");

    world.scenario(&case.links[0], "ok").await;
    let good = world.case("SNAP-2", &[Scenario::Ok]).await;
    world.refresh(&good, "key-2").await;
    world.quiet().await;
    let version = world.show(&good).await["version"].as_i64().unwrap();
    let decided = world.decide(&good, "CONFIRMED", version).await;
    let requests = received(&world, &receiver, 2).await;
    assert_eq!(requests.len(), 2, "a refresh that succeeds is no news for the eligibility system");
    let told = body(&requests[1]);
    assert_eq!(told["type"], "renewal.decided");
    let data = &told["data"];
    assert_eq!((&data["case_number"], &data["decision"]), (&json!("SNAP-2"), &json!("CONFIRMED")));
    assert_eq!(data["next_due_on"], decided["case"]["dueOn"]);
    assert_eq!(data["case_version"], decided["case"]["version"]);
    for request in &requests {
        let text = std::str::from_utf8(&request.body).unwrap();
        for personal in ["Rosa", "Ortiz", "example.test", "client-SNAP"] {
            assert!(!text.contains(personal), "{text}");
        }
        let (id, at) = (header(request, "webhook-id"), header(request, "webhook-timestamp").parse().unwrap());
        for secret in SECRETS {
            assert!(verify(header(request, "webhook-signature"), secret, id, at, text), "{secret}");
        }
        assert!(!verify(header(request, "webhook-signature"), SECRETS[0], "msg_other", at, text));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_fails_is_tried_for_days_then_given_up_and_sent_once_more_when_asked() {
    let receiver = MockServer::start().await;
    answers(&receiver, ResponseTemplate::new(500)).await;
    let world = world(&receiver).await;
    let case = world.case("SNAP-1", &[Scenario::LoginError]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    stands(&world, NoticeStatus::Pending, 1).await;
    let first = received(&world, &receiver, 1).await.remove(0);
    let mut attempts = 1;
    while let Some(wait) = notices::pace::wait(attempts, None, 1.0) {
        world.clock.advance(wait + Duration::from_secs(1));
        attempts += 1;
        let is_last = notices::pace::wait(attempts, None, 1.0).is_none();
        stands(&world, if is_last { NoticeStatus::GivenUp } else { NoticeStatus::Pending }, attempts).await;
    }
    assert!(attempts > 10, "{attempts} attempts");
    answers(&receiver, ResponseTemplate::new(200)).await;
    let caller = world.caller().await;
    let states = Which::InState(vec![NoticeStatus::GivenUp]);
    assert_eq!(notices::replay(world.app.kit(), caller.agency, &states).await.unwrap(), 1);
    stands(&world, NoticeStatus::Delivered, 0).await;
    let again = received(&world, &receiver, 1).await.remove(0);
    assert_eq!(header(&again, "webhook-id"), header(&first, "webhook-id"), "the receiver knows it again");
    assert_eq!(again.body, first.body);
}
