//! The story of one case: imported, refreshed some times, its client asked and answering. Whatever is asked of a gateway
//! is asked again until it is answered, sometimes of two at once: that is what idempotency keys are for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use reqwest::Method;
use serde_json::{Value, json};

use super::stage::World;
use crate::support::client::operation_of;

/// How long a story waits for a refresh to become possible.
const LONGEST: Duration = Duration::from_mins(3);

/// A mutation that was answered with an order.
#[derive(Clone)]
pub(super) struct Intent {
    pub(super) operation: &'static str,
    pub(super) field: &'static str,
    pub(super) input: Value,
    /// The order's global id.
    pub(super) order: String,
}

/// What a gateway said.
enum Heard {
    Payload(Value),
    /// Killed, not up yet, or busy: nobody knows what became of it.
    Lost,
}

/// How a keyed mutation ended.
enum Ended {
    Order(String),
    Refused(String),
}

pub(super) async fn tell(world: Arc<World>, number: String, truv_order: String, random: ChaCha8Rng) {
    let mut story = Story { world, number, case: String::new(), random };
    story.import(&truv_order).await;
    let rounds = story.random.random_range(1..=4);
    for round in 0..rounds {
        match story.refresh(round).await {
            Ended::Order(order) => {
                if story.random.random_bool(0.08) {
                    story.cancel(&order).await;
                }
                story.until_final().await;
            }
            Ended::Refused(why) if why == "ReauthenticationRequiredError" => {
                if !story.ask(round).await {
                    break;
                }
            }
            Ended::Refused(why) => {
                story.world.count(if why == "RefreshLimitError" { "refused at the limit" } else { "refused" });
                break;
            }
        }
        let pause = story.random.random_range(0..400);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    story.world.count("stories");
}

struct Story {
    world: Arc<World>,
    number: String,
    case: String,
    random: ChaCha8Rng,
}

impl Story {
    async fn import(&mut self, truv_order: &str) {
        let case = json!({
            "number": self.number, "program": "SNAP", "dueOn": "2099-12-31", "periodStart": "2099-01-01",
            "periodEnd": "2099-12-31",
            "client": { "externalUserId": format!("client-{}", self.number), "firstName": "Rosa", "lastName": "Ortiz",
                        "email": "rosa@example.test" },
            "orders": [{ "truvOrderId": truv_order, "number": self.number }],
        });
        let payload = self.insist("ImportCases", json!({ "input": { "cases": [case] } }), "importCases").await;
        payload["cases"][0]["id"].as_str().unwrap_or_else(|| panic!("{payload}")).clone_into(&mut self.case);
        self.world.count("imports");
    }

    async fn refresh(&mut self, round: u32) -> Ended {
        let key = format!("{}-{round}", self.number);
        let input = json!({ "caseId": self.case, "purpose": "RENEWAL", "idempotencyKey": key });
        let begun = Instant::now();
        loop {
            match self.keyed("CreateRefreshOrder", "createRefreshOrder", &input).await {
                // The earlier order has not been read yet, or the last refresh still goes on. One that is left to a
                // person goes on for ever.
                Ended::Refused(why)
                    if (why == "InvalidInputError" || why == "RefreshInProgressError") && begun.elapsed() < LONGEST =>
                {
                    self.pause().await;
                }
                ended => return ended,
            }
        }
    }

    /// Sends the client a link, and plays the client. `false` when there is nothing to ask for.
    async fn ask(&mut self, round: u32) -> bool {
        let key = format!("{}-ask-{round}", self.number);
        let input = json!({ "caseId": self.case, "channels": ["EMAIL"], "idempotencyKey": key });
        let Ended::Order(order) = self.keyed("SendVerificationLink", "sendVerificationLink", &input).await else {
            return false;
        };
        loop {
            let latest = self.latest().await;
            // Truv's answer may have been lost for good; then there is nothing for the client to open.
            if latest["id"] != order.as_str() || is_over(&latest) {
                return true;
            }
            if let Some(id) = latest["truvOrderId"].as_str() {
                let path = format!("/control/orders/{id}/applicant");
                if self.world.control(Method::POST, &path, &json!({ "action": "login" })).await.is_some() {
                    break;
                }
            }
            self.pause().await;
        }
        self.world.count("clients logged in");
        self.until_final().await;
        true
    }

    async fn cancel(&mut self, order: &str) {
        self.insist("CancelOrder", json!({ "input": { "orderId": order } }), "cancelOrder").await;
        self.world.count("cancels");
    }

    async fn until_final(&mut self) {
        while !is_over(&self.latest().await) {
            self.pause().await;
        }
    }

    async fn latest(&mut self) -> Value {
        let document = "query($by: CaseBy!) { case(by: $by) { latestOrder {
            id truvOrderId status failure { reason } } } }";
        loop {
            let address = self.somebody().await;
            if let Heard::Payload(case) =
                post(&self.world, address, document, &json!({ "by": { "id": self.case } }), "case").await
            {
                return case["latestOrder"].clone();
            }
            self.pause().await;
        }
    }

    /// Sends a mutation with a key until it is answered, now and then to two gateways at once, and now and then once more
    /// after it was answered.
    async fn keyed(&mut self, operation: &'static str, field: &'static str, input: &Value) -> Ended {
        let (document, variables) = (operation_of(operation), json!({ "input": input }));
        loop {
            let (one, other) = (self.somebody().await, self.somebody().await);
            self.world.count("mutations sent");
            let heard = if self.random.random_bool(0.4) {
                self.world.count("of them doubled");
                let (first, second) = tokio::join!(
                    post(&self.world, one, &document, &variables, field),
                    post(&self.world, other, &document, &variables, field)
                );
                vec![first, second]
            } else {
                vec![post(&self.world, one, &document, &variables, field).await]
            };
            let payloads: Vec<Value> = heard
                .into_iter()
                .filter_map(|heard| if let Heard::Payload(it) = heard { Some(it) } else { None })
                .collect();
            let mut orders: Vec<String> =
                payloads.iter().filter_map(|payload| payload["order"]["id"].as_str().map(str::to_owned)).collect();
            orders.sort();
            orders.dedup();
            match (orders.as_slice(), payloads.as_slice()) {
                ([], []) => self.pause().await,
                ([], [payload, ..]) => {
                    return Ended::Refused(payload["userErrors"][0]["__typename"].as_str().unwrap().to_owned());
                }
                ([order], _) => {
                    let intent = Intent { operation, field, input: input.clone(), order: order.clone() };
                    self.world.intents.lock().unwrap().push(intent);
                    return Ended::Order(order.clone());
                }
                _ => {
                    self.world.faults.lock().unwrap().push(format!("one key, two orders: {orders:?}"));
                    return Ended::Order(orders.swap_remove(0));
                }
            }
        }
    }

    /// Sends something without a key until it is answered.
    async fn insist(&mut self, operation: &str, variables: Value, field: &str) -> Value {
        let document = operation_of(operation);
        loop {
            let address = self.somebody().await;
            if let Heard::Payload(payload) = post(&self.world, address, &document, &variables, field).await {
                return payload;
            }
            self.pause().await;
        }
    }

    /// A gateway that was alive just now.
    async fn somebody(&mut self) -> SocketAddr {
        loop {
            let alive: Vec<SocketAddr> = self.world.alive.lock().unwrap().iter().flatten().copied().collect();
            if let Some(address) = alive.choose(&mut self.random) {
                return *address;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn pause(&mut self) {
        let pause = self.random.random_range(100..400);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

/// Nothing more is expected to happen to the order by itself.
fn is_over(order: &Value) -> bool {
    match order["status"].as_str().unwrap_or_default() {
        "REQUESTED" | "PENDING" | "IN_PROGRESS" | "STALLED" => false,
        "OUTCOME_UNKNOWN" => !order["failure"].is_null(),
        _ => true,
    }
}

/// Sends once more what was answered with an order; answers the order of the repeat.
pub(super) async fn repeat(world: &World, intent: &Intent) -> Option<String> {
    let address = world.alive.lock().unwrap().iter().flatten().next().copied()?;
    let variables = json!({ "input": intent.input });
    match post(world, address, &operation_of(intent.operation), &variables, intent.field).await {
        Heard::Payload(payload) => payload["order"]["id"].as_str().map(str::to_owned),
        Heard::Lost => None,
    }
}

async fn post(world: &World, address: SocketAddr, document: &str, variables: &Value, field: &str) -> Heard {
    let request = world.http.post(format!("http://{address}/graphql")).bearer_auth(&world.token);
    let body = json!({ "query": document, "variables": variables });
    let Ok(answer) = request.json(&body).send().await else { return Heard::Lost };
    let Ok(body) = answer.json::<Value>().await else { return Heard::Lost };
    let payload = &body["data"][field];
    if body.get("errors").is_none() && !payload.is_null() {
        return Heard::Payload(payload.clone());
    }
    let code = body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
    if !matches!(code, "SERVICE_UNAVAILABLE" | "RATE_LIMITED") {
        world.faults.lock().unwrap().push(format!("{field}: {body}"));
    }
    world.count("answers that said to come back");
    Heard::Lost
}
