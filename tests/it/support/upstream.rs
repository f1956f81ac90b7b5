//! What the simulator did, and what it is to do next.

use reqwest::Method;
use serde_json::{Value, json};

use super::world::{KnownCase, World};

/// Minutes of the clock in which a case may come to where it is waited for: retries wait an hour and a tenth of it.
const LOOKS: usize = 120;

impl World {
    /// Asks the simulator's control port for something.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("http://{}{path}", self.sim.control_addr());
        let answer = self.http.request(method, url).json(&body).send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    /// Sets the faults of the wire and of deliveries.
    pub(crate) async fn faults(&self, rules: Value) {
        self.control(Method::PUT, "/control/faults", json!({ "rules": rules })).await;
    }

    /// What later pulls of a connection do.
    pub(crate) async fn scenario(&self, link: &str, scenario: &str) {
        let path = format!("/control/links/{link}/scenario");
        self.control(Method::PUT, &path, json!({ "scenario": scenario })).await;
    }

    /// The applicant of an order does something.
    pub(crate) async fn applicant(&self, truv_order: &str, play: Value) {
        self.control(Method::POST, &format!("/control/orders/{truv_order}/applicant"), play).await;
    }

    /// What really is: orders, links, bill, notices.
    pub(crate) async fn truth(&self) -> Value {
        self.control(Method::GET, "/control/state", Value::Null).await
    }

    /// The order as the simulator knows it.
    pub(crate) async fn true_order(&self, truv_order: &str) -> Value {
        let truth = self.control(Method::GET, &format!("/control/state?order_id={truv_order}"), Value::Null).await;
        truth["orders"][0].clone()
    }

    /// How many refreshes of the case's earlier order exist at Truv.
    pub(crate) async fn true_refreshes(&self, case: &KnownCase) -> u64 {
        self.true_order(&case.truv_order).await["refreshes"].as_u64().unwrap()
    }

    /// The log's entries of one kind, `request` or `delivery`.
    pub(crate) async fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.control(Method::GET, "/control/log", Value::Null).await;
        log["entries"].as_array().unwrap().iter().filter(|entry| entry["kind"] == kind).cloned().collect()
    }

    /// Moves the clock by minutes until the case stands there: looks for orders without news come once a minute.
    pub(crate) async fn until_case_is(&self, case: &KnownCase, status: &str) {
        self.until_case(case, status, |shown| shown["status"] == status).await;
    }

    /// The same until the case, as it is shown, is as it should be.
    pub(crate) async fn until_case(&self, case: &KnownCase, what: &str, stands: impl Fn(&Value) -> bool) {
        for _ in 0..LOOKS {
            self.quiet().await;
            if stands(&self.show(case).await) {
                return;
            }
            self.clock.advance(std::time::Duration::from_secs(61));
        }
        panic!("{} does not become {what}: {:#}", case.number, self.show(case).await);
    }

    /// Fails the test where a promise was broken. Everything must be at rest.
    pub(crate) async fn assert_promises(&self) {
        let broken = super::promises::broken(&self.truth().await, &self.app.kit().db).await;
        assert!(broken.is_empty(), "{broken:#?}");
    }

    /// Fails the test where the gateway's record of an order of the case is not what the order is at Truv.
    pub(crate) async fn assert_true(&self, case: &KnownCase) {
        for order in self.orders(case).await {
            let Some(id) = order["truvOrderId"].as_str() else { continue };
            let truth = self.true_order(id).await;
            for employer in order["employers"].as_array().unwrap() {
                let same = |real: &&Value| real["link_id"] == employer["link"]["truvLinkId"];
                let real = truth["employers"].as_array().unwrap().iter().find(same).unwrap();
                // A task whose own end was lost on the way still shows where it was last seen.
                let task = &employer["latestTask"];
                let is_true = task["isTerminal"] != true || real["last_task_status"] == task["rawStatus"];
                assert!(is_true, "{order:#} {truth:#}");
                let completed = real["status"] == "completed";
                assert_eq!(employer["status"] == "COMPLETED", completed, "{order:#} {truth:#}");
            }
        }
    }
}
