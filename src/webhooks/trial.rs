//! Plays Truv at our own door: a signed request that means nothing, to learn whether the way in is open and whether the
//! secrets on both sides agree.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{redirect, retry};
use serde_json::json;
use url::Url;
use uuid::Uuid;

use crate::deliveries::CHECK_EVENT;
use crate::truv::signature;

/// Truv gives up after ten seconds, too.
const PATIENCE: Duration = Duration::from_secs(10);

/// One request, ready to be sent to any door.
#[derive(Clone, Debug)]
pub struct Trial {
    http: reqwest::Client,
    id: Uuid,
    body: String,
}

impl Trial {
    /// A request that is known by this id.
    ///
    /// # Errors
    /// When no HTTP client can be built.
    pub fn try_new(id: Uuid) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("recert/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .build()?;
        Ok(Self { http, id, body: json!({ "event_type": CHECK_EVENT, "webhook_id": id }).to_string() })
    }

    /// What the inbox knows it by.
    pub fn key(&self) -> String {
        format!("id:{}", self.id)
    }

    /// Sends it, signed with this secret, and answers with the status.
    ///
    /// # Errors
    /// When nobody answers. The error does not hold the address.
    pub async fn knock(&self, door: &Url, secret: &str) -> Result<u16, reqwest::Error> {
        self.send(door, &signature::sign(secret, self.body.as_bytes())).await
    }

    /// Sends it with the signature of nobody, which every gateway has to refuse.
    ///
    /// # Errors
    /// As [`Trial::knock`].
    pub async fn knock_unsigned(&self, door: &Url) -> Result<u16, reqwest::Error> {
        self.send(door, &format!("v1={}", "0".repeat(64))).await
    }

    async fn send(&self, door: &Url, signature: &str) -> Result<u16, reqwest::Error> {
        let request = self.http.post(door.clone()).header(CONTENT_TYPE, "application/json");
        let request = request.header(signature::HEADER, signature).body(self.body.clone());
        request.send().await.map(|answer| answer.status().as_u16()).map_err(reqwest::Error::without_url)
    }
}
