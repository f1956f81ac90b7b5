//! Before a request is carried out: the path's slash, the key, the rate.

use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HOST};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use super::answer::Answer;
use super::{Call, routes};
use crate::simulator::refusal::Refusal;
use crate::simulator::state::{Environment, KeyNumber, Owner, World};

impl World {
    /// Answers a request; also says which client asked.
    pub(crate) fn answer(
        &mut self,
        headers: &HeaderMap,
        method: &str,
        path: &str,
        query: Option<&str>,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> (Answer, Option<String>) {
        let host = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
        if self.settings.trailing_slash_required && !path.ends_with('/') {
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            let answer = match method {
                "GET" => Answer::with_slash(format!("http://{host}{path}/{query}")),
                _ => Answer::refused(Refusal::NotFound, false),
            };
            return (answer, None);
        }
        let hint = self.settings.retry_after_header;
        let Some((owner, key)) = self.authenticate(headers) else {
            return (Answer::refused(Refusal::NotAuthenticated, hint), None);
        };
        let client = self.clients.get(owner.client).map(|client| client.client_id.clone());
        let answered = self.admit(key, now).and_then(|()| check_media_type(headers, body)).and_then(|()| {
            let query = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
            routes::route(self, &Call { owner, now, method, path, query, host, body })
        });
        (answered.unwrap_or_else(|refusal| Answer::refused(refusal, hint)), client)
    }

    /// The client and environment that the two headers name, and which of the client's keys it was.
    fn authenticate(&self, headers: &HeaderMap) -> Option<(Owner, KeyNumber)> {
        let client_id = headers.get("x-access-client-id")?.to_str().ok()?;
        let secret = headers.get("x-access-secret")?.to_str().ok()?;
        let number = self.clients.iter().position(|client| client.client_id == client_id)?;
        let secrets = &self.clients.get(number)?.secrets;
        // Every key is compared, so that the time says nothing about which one was close.
        let matching: Vec<(usize, Environment)> = secrets
            .iter()
            .enumerate()
            .filter(|(_, (_, known))| bool::from(known.expose_secret().as_bytes().ct_eq(secret.as_bytes())))
            .map(|(key, (environment, _))| (key, *environment))
            .collect();
        let (key, environment) = *matching.first()?;
        Some((Owner { client: number, environment }, (number, key)))
    }

    /// Counts a request against the rate of its key: a rolling minute.
    fn admit(&mut self, key: KeyNumber, now: DateTime<Utc>) -> Result<(), Refusal> {
        let limit = usize::try_from(self.settings.requests_per_minute).unwrap_or(usize::MAX);
        if limit == 0 {
            return Ok(());
        }
        let minute = TimeDelta::seconds(60);
        let times = self.requests.entry(key).or_default();
        while times.front().is_some_and(|first| *first <= now - minute) {
            times.pop_front();
        }
        if times.len() >= limit {
            let wait = times.front().map_or(TimeDelta::zero(), |first| *first + minute - now);
            return Err(Refusal::Throttled { seconds: wait.num_seconds() + 1 });
        }
        times.push_back(now);
        Ok(())
    }
}

fn check_media_type(headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match sent {
        Some(sent) if !body.is_empty() && !sent.starts_with("application/json") => Err(Refusal::UnsupportedMediaType),
        _ => Ok(()),
    }
}
