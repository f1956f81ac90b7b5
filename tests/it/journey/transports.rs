//! Whichever way a client follows events, it sees the same ones in the same order.

use recert::caller::Scope;
use recert::simulator::Scenario;
use serde_json::{Value, json};

use crate::support::client::operation_of;
use crate::support::socket::Screen;
use crate::support::world::{COUNTY, World};

/// The two forms of an endless HTTP answer.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Events,
    Multipart,
}

/// A subscription over HTTP, read as it comes.
struct Stream {
    response: reqwest::Response,
    read: String,
    form: Form,
}

impl Stream {
    async fn open(world: &World, token: &str, form: Form) -> Self {
        let accept = match form {
            Form::Events => "text/event-stream",
            Form::Multipart => "multipart/mixed;subscriptionSpec=1.0",
        };
        let url = format!("http://{}/graphql", world.app.public_addr());
        let request = world.http.post(url).bearer_auth(token).header("accept", accept);
        let response = request.json(&json!({ "query": operation_of("CaseEvents") })).send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self { response, read: String::new(), form }
    }

    /// The next event.
    async fn event(&mut self) -> Value {
        let (begin, pointer) = match self.form {
            Form::Events => ("data: {", "/data/caseEvents"),
            Form::Multipart => ("{\"payload\"", "/payload/data/caseEvents"),
        };
        loop {
            if let Some(from) = self.read.find(begin) {
                let json = from + self.read[from..].find('{').unwrap();
                let mut values = serde_json::Deserializer::from_str(&self.read[json..]).into_iter::<Value>();
                // Half a value is what the next chunk completes.
                if let Some(Ok(mut result)) = values.next() {
                    let length = values.byte_offset();
                    self.read.drain(..json + length);
                    return result.pointer_mut(pointer).unwrap().take();
                }
            }
            let chunk = self.response.chunk().await.unwrap().unwrap();
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

/// What every transport must agree on.
fn told(event: &Value) -> Value {
    json!([event["id"], event["cursor"], event["kind"], event["occurredAt"], event["case"]["id"]])
}

#[tokio::test]
async fn all_transports_and_polling_tell_the_same_events_in_the_same_order() {
    let world = World::start().await;
    let first = world.case("1", &[Scenario::Ok, Scenario::Ok]).await;
    let second = world.case("2", &[Scenario::LoginError]).await;
    let token = world.token(COUNTY, &Scope::ALL);

    let mut socket = Screen::open(&world, &token, json!({})).await;
    let mut events = Stream::open(&world, &token, Form::Events).await;
    let mut multipart = Stream::open(&world, &token, Form::Multipart).await;
    let opened = [socket.event().await, events.event().await, multipart.event().await];
    for event in &opened {
        assert_eq!(event["kind"], "STREAM_OPENED");
        assert_eq!(event["cursor"], opened[0]["cursor"], "nothing has happened in between");
    }

    // Two cases at once, so that there is an order to get wrong.
    tokio::join!(world.refresh(&first, "a"), world.refresh(&second, "b"));
    world.quiet().await;
    world.ask(&second, "c").await;
    world.quiet().await;

    let mut polled = Vec::new();
    let mut after = opened[0]["cursor"].clone();
    loop {
        // Small pages, so that the seams between them count too.
        let page = world.send("CaseEventsPage", json!({ "first": 3, "after": after })).await["caseEvents"].clone();
        polled.extend(page["nodes"].as_array().unwrap().iter().map(told));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert!(polled.len() >= 10, "{polled:#?}");
    let (mut by_socket, mut by_events, mut by_multipart) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..polled.len() {
        by_socket.push(told(&socket.event().await));
        by_events.push(told(&events.event().await));
        by_multipart.push(told(&multipart.event().await));
    }
    assert_eq!(by_socket, polled);
    assert_eq!(by_events, polled);
    assert_eq!(by_multipart, polled);
}
