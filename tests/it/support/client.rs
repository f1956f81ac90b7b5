//! What a front end and a caseworker do, over HTTP.

use chrono::TimeDelta;
use recert::app::App;
use recert::caller::{Caller, Scope};
use recert::http::token::{Claims, Token};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::seed::Seed;
use super::world::{COUNTY, KnownCase, World};

const ORDERS: &str = "query($by: CaseBy!) { case(by: $by) { orders(first: 50) { nodes {
    id truvOrderId kind status isFinal parent { id } completedAt
    employers { id companyName rawStatus status latestTask { rawStatus isTerminal } link { id truvLinkId health } failure { reason nextAction } }
    failure { reason taskStatus nextAction nextActor retryAt message } } } } }";

impl World {
    /// A token of the agency with these scopes.
    pub(crate) fn token(&self, agency: &str, scopes: &[Scope]) -> String {
        self.token_of(&self.claims(agency, scopes))
    }

    /// What such a token says; it is issued now.
    pub(crate) fn claims(&self, agency: &str, scopes: &[Scope]) -> Claims {
        Claims {
            subject: "worker-1".to_owned(),
            agency: agency.to_owned(),
            scopes: scopes.to_vec(),
            name: None,
            token_id: None,
            issued_at: None,
            expires_at: self.clock.now() + TimeDelta::days(30),
        }
    }

    /// A token that says this.
    pub(crate) fn token_of(&self, claims: &Claims) -> String {
        Token::issue(&self.config.auth, claims, self.clock.now()).unwrap().expose_secret().to_owned()
    }

    /// Sends a document over HTTP with every scope, and answers the whole body.
    pub(crate) async fn query(&self, document: &str, variables: Value) -> Value {
        self.query_as(&self.token(COUNTY, &Scope::ALL), document, variables).await
    }

    /// The same with a token.
    pub(crate) async fn query_as(&self, token: &str, document: &str, variables: Value) -> Value {
        let url = format!("http://{}/graphql", self.app.public_addr());
        let request = self.http.post(url).bearer_auth(token);
        let answer = request.json(&json!({ "query": document, "variables": variables })).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// Sends a document of `schema/operations`; its errors fail the test.
    pub(crate) async fn send(&self, operation: &str, variables: Value) -> Value {
        let answer = self.query(&operation_of(operation), variables).await;
        assert!(answer.get("errors").is_none(), "{operation}: {answer}");
        answer["data"].clone()
    }

    /// Sends a document of `schema/operations` to another gateway; its errors fail the test.
    pub(crate) async fn send_to(&self, app: &App, operation: &str, variables: Value) -> Value {
        let url = format!("http://{}/graphql", app.public_addr());
        let request = self.http.post(url).bearer_auth(self.token(COUNTY, &Scope::ALL));
        let body = json!({ "query": operation_of(operation), "variables": variables });
        let answer: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
        assert!(answer.get("errors").is_none(), "{operation}: {answer}");
        answer["data"].clone()
    }

    /// Orders a refresh of the whole case; user errors fail the test.
    pub(crate) async fn refresh(&self, case: &KnownCase, key: &str) -> Value {
        let answer = self.try_refresh(case, key, json!({})).await;
        assert_eq!(answer["userErrors"], json!([]), "{answer}");
        answer
    }

    /// Asks for a refresh, with more input, and answers the payload as it comes.
    pub(crate) async fn try_refresh(&self, case: &KnownCase, key: &str, more: Value) -> Value {
        let mut input = json!({ "caseId": case.id, "purpose": "RENEWAL", "idempotencyKey": key });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.send("CreateRefreshOrder", json!({ "input": input })).await["createRefreshOrder"].clone()
    }

    /// Asks the client to log in again by e-mail; user errors fail the test.
    pub(crate) async fn ask(&self, case: &KnownCase, key: &str) -> Value {
        let input = json!({ "caseId": case.id, "channels": ["EMAIL"], "idempotencyKey": key });
        let answer = self.send("SendVerificationLink", json!({ "input": input })).await["sendVerificationLink"].clone();
        assert_eq!(answer["userErrors"], json!([]), "{answer}");
        answer
    }

    /// A caller with every scope, for verbs that no document asks for.
    pub(crate) async fn caller(&self) -> Caller {
        Caller::system(Seed(self.app.kit()).agency(COUNTY).await, "test")
    }

    /// The case as `Case.graphql` shows it.
    pub(crate) async fn show(&self, case: &KnownCase) -> Value {
        self.send("Case", json!({ "by": { "id": case.id } })).await["case"].clone()
    }

    /// The orders of the case, oldest first.
    pub(crate) async fn orders(&self, case: &KnownCase) -> Vec<Value> {
        let answer = self.query(ORDERS, json!({ "by": { "id": case.id } })).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"]["case"]["orders"]["nodes"].as_array().unwrap().clone()
    }

    /// The review of the case.
    pub(crate) async fn review(&self, case: &KnownCase) -> Value {
        self.send("Review", json!({ "by": { "id": case.id } })).await["case"]["review"].clone()
    }

    /// Decides on the review of the case and answers the payload.
    pub(crate) async fn decide(&self, case: &KnownCase, decision: &str, expected_version: i64) -> Value {
        let input = json!({ "caseId": case.id, "decision": decision, "expectedVersion": expected_version });
        self.send("CompleteReview", json!({ "input": input })).await["completeReview"].clone()
    }
}

/// A document of `schema/operations`.
pub(crate) fn operation_of(name: &str) -> String {
    std::fs::read_to_string(format!("{}/schema/operations/{name}.graphql", env!("CARGO_MANIFEST_DIR"))).unwrap()
}
