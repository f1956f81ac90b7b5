//! One trace: from the mutation over the call to Truv and its webhooks to the frame on an open screen.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Said;
use opentelemetry_proto::tonic::trace::v1::Span;
use recert::caller::Scope;
use recert::simulator::Scenario;
use recert::telemetry::Exporter;
use serde_json::{Value, json};
use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::client::operation_of;
use crate::support::collector::Collector;
use crate::support::socket::Screen;
use crate::support::traced;
use crate::support::world::{COUNTY, World};

const OUTSIDE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// What runs while `act` does is traced; answers the spans that came to the collector.
///
/// The runtime of these tests has one thread, so that whoever listens hears everything of this test and nothing of others. Where
/// somebody listens to the whole process already there is no room for a second one: spans that end on a thread of the
/// database's would be looked for with the first.
async fn traced(share: f64, act: impl AsyncFnOnce(&World)) -> Option<Vec<Span>> {
    if traced::begin().is_some() {
        return None;
    }
    // With one listener alone the library asks the thread that comes to a span first whether anybody listens to it, and
    // remembers the answer for all threads: that may be another test's, where nobody does. With two it asks them both.
    let _another = Dispatch::new(NoSubscriber::default());
    let (collector, url) = Collector::start().await;
    let exporter = Exporter::new(&url, share).unwrap();
    let listening = tracing::subscriber::set_default(Registry::default().with(exporter.layer()));
    let world = World::start().await;
    act(&world).await;
    world.quiet().await;
    drop(listening);
    exporter.end().await;
    Some(collector.spans())
}

async fn post_traced(world: &World, operation: &str, variables: Value) -> Value {
    let url = format!("http://{}/graphql", world.app.public_addr());
    let request = world.http.post(url).bearer_auth(world.token(COUNTY, &Scope::ALL)).header("traceparent", OUTSIDE);
    let body = json!({ "query": operation_of(operation), "variables": variables });
    let answer: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"].clone()
}

/// The names from a span up to what came from outside.
fn way(spans: &[Span], span: &Span) -> Vec<String> {
    let mut way = vec![span.name.clone()];
    let mut parent = &span.parent_span_id;
    while let Some(found) = spans.iter().find(|span| span.span_id == *parent) {
        way.push(found.name.clone());
        parent = &found.parent_span_id;
    }
    way.reverse();
    way
}

#[tokio::test]
async fn a_mutation_its_call_its_webhooks_and_the_frames_are_one_trace() {
    let traced = traced(1.0, async |world| {
        let case = world.case("SNAP-1", &[Scenario::Ok]).await;
        let token = world.token(COUNTY, &Scope::ALL);
        let mut screen = Screen::open(world, &token, json!({})).await;
        screen.event().await;
        let input = json!({ "caseId": case.id, "purpose": "RENEWAL", "idempotencyKey": "key-1" });
        let answer = post_traced(world, "CreateRefreshOrder", json!({ "input": input })).await;
        assert_eq!(answer["createRefreshOrder"]["userErrors"], json!([]), "{answer}");
        world.quiet().await;
        screen.events_until(|event| event["case"]["status"] == "READY_FOR_REVIEW").await;
    });
    let Some(spans) = traced.await else { return };
    let trace = hex::decode(&OUTSIDE[3..35]).unwrap();
    let ours: Vec<Span> = spans.iter().filter(|span| span.trace_id == trace).cloned().collect();
    let ways: Vec<String> = ours.iter().map(|span| way(&ours, span).join(" > ")).collect();
    let begun = "POST graphql > mutation createRefreshOrder";
    for expected in [
        begun.to_owned(),
        format!("{begun} > job SEND_ORDER > POST /v1/orders/{{}}/"),
        format!("{begun} > delivery"),
        format!("{begun} > delivery > frame"),
        format!("{begun} > delivery > job FETCH_REPORT > GET /v1/orders/{{}}/"),
    ] {
        assert!(ways.contains(&expected), "{expected} is not in {ways:#?}");
    }
    let http = ours.iter().find(|span| span.name == "POST graphql").unwrap();
    assert_eq!(hex::encode(&http.parent_span_id), OUTSIDE[36..52]);
    // Nothing of a person, and nothing that is not ours, is in a span.
    let said: Vec<&str> = spans
        .iter()
        .flat_map(|span| span.attributes.iter())
        .filter_map(|attribute| match attribute.value.as_ref()?.value.as_ref()? {
            Said::StringValue(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert!(said.contains(&"finished"), "{said:?}");
    for private in ["Rosa", "Ortiz", "6789", "Employer 0", "worker-1", "Bearer"] {
        assert!(!said.iter().any(|text| text.contains(private)), "{private}: {said:?}");
    }
}

#[tokio::test]
async fn whether_a_trace_is_kept_is_not_for_the_caller_to_say() {
    let traced = traced(0.0, async |world| {
        post_traced(world, "Viewer", json!({})).await;
    });
    let Some(spans) = traced.await else { return };
    assert!(spans.is_empty(), "{spans:?}");
}
